"""What a rule would have sent in the past, and what the rules will send: asked with the very queries that send."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select

from core import clock
from core.changes import KEPT
from core.database import ReadTx
from core.errors import HouseError
from crm.parties import names_of
from crm.parties.tables import contact
from crm.staff.readable import Viewer
from mailhub.automatic.following import list_happened
from mailhub.automatic.occasions import LONGEST_WINDOW, list_occasions
from mailhub.automatic.rules import get_rule, list_rules
from mailhub.automatic.sending import Means, judge_letter, render_letter
from mailhub.automatic.shapes import TIMED, Occasion, Rule, shift
from mailhub.automatic.tables import automatic_letter
from mailhub.automatic.zones import Hours, zones_of
from mailhub.campaigns.letters import HOLE, Rendered

DAYS_BACK, DAYS_AHEAD = 90, 14
MOST_JUDGED = 200
MOST_AHEAD = 500
MOST_COUNTED = 2_000
"""A trial counts no further: it is one request of somebody who waits, and says “at least” then."""


@dataclass(frozen=True, slots=True)
class Would:
    """A letter that would have gone at ``at``, or was left out for a ``reason``; as its people are known today."""

    at: int
    name: str
    address: str
    counterparty_id: int | None
    contact_id: int | None
    reason: str
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tried:
    """What a rule would have done since ``since``: ``count`` times it had a reason to write (``more``: at least so
    often), of which the newest were judged one by one. ``shown`` is the newest letter as its reader would have got it,
    None without any."""

    since: int
    count: int
    more: bool
    letters: tuple[Would, ...]
    shown: Rendered | None

    @property
    def going(self) -> int:
        """How many of those judged would have gone."""
        return sum(not one.reason for one in self.letters)


@dataclass(frozen=True, slots=True)
class Coming:
    """A letter that will go at ``at``, if nothing changes; ``letter_id`` where it waits already."""

    at: int
    rule_id: int
    rule: str
    name: str
    counterparty_id: int | None
    contact_id: int | None
    facts: dict[str, Any]
    letter_id: int | None = None


def days_back(kind: str) -> int:
    """How far back a rule that waits for this can be tried: what is no planned moment is known from the changes, as
    long as they are kept."""
    return DAYS_BACK if kind in TIMED else min(DAYS_BACK, KEPT // clock.DAY)


def try_rule(tx: ReadTx, viewer: Viewer, means: Means, zone: ZoneInfo, rule_id: int) -> Tried:
    """Ask a rule of the last ``days_back``. Raises NotFound."""
    rule = get_rule(tx, viewer, rule_id)
    until = clock.now()
    since = until - days_back(rule.told.kind) * clock.DAY
    happened, more = _happened(tx, rule, zone, since, until)
    found = sorted(happened, key=lambda one: one[1], reverse=True)
    more, found = more or len(found) > MOST_COUNTED, found[:MOST_COUNTED]
    letters, shown = [], None
    for one, at in found[:MOST_JUDGED]:
        judged = judge_letter(tx, means, rule, one.counterparty_id, one.contact_id)
        name, address = ("", "") if judged.candidate is None else (judged.candidate.name, judged.candidate.address)
        reason = judged.reason
        if judged.candidate is not None and not reason:
            rendered = _render(tx, rule, judged.candidate, one.facts)
            reason = "fault" if rendered is None else "no_value" if rendered.missing else ""
            shown = shown or rendered
        letters.append(Would(at, name, address, one.counterparty_id, one.contact_id, reason, one.facts))
    return Tried(since, len(found), more, tuple(letters), shown)


def list_coming(tx: ReadTx, viewer: Viewer, zone: ZoneInfo, *, days: int = DAYS_AHEAD) -> list[Coming]:
    """What the rules that are switched on will send in the next days, by its moment: what waits, and what the calendar
    says. Raises Forbidden."""
    now = clock.now()
    until = now + days * clock.DAY
    rules = {one.id: one for one in list_rules(tx, viewer) if one.state == "on"}
    coming: list[tuple[int, Rule, Occasion, int | None]] = []
    for row in tx.rows(_WAITING, {"ids": list(rules), "until": until, "most": MOST_AHEAD}) if rules else ():
        one = Occasion(row.subject_kind, row.subject_id, row.due_key, row.due_at, row.counterparty_id, row.contact_id,
                       row.facts)  # fmt: skip
        coming.append((row.send_at, rules[row.rule_id], one, row.id))
    for rule in rules.values():
        if rule.told.kind in TIMED:
            found = list_occasions(tx, rule, zone, now, min(until, now + LONGEST_WINDOW))
            coming += [(at, rule, one, None) for one, at in found[:MOST_AHEAD]]
    coming.sort(key=lambda one: (one[0], one[1].id, one[2].subject_id))
    return _named(tx, coming[:MOST_AHEAD])


_WAITING = (
    select(automatic_letter)
    .where(automatic_letter.c.state == "waiting", automatic_letter.c.send_at <= bindparam("until"))
    .where(automatic_letter.c.rule_id.in_(bindparam("ids", expanding=True)))
    .order_by(automatic_letter.c.send_at)
    .limit(bindparam("most"))
)


def _happened(
    tx: ReadTx, rule: Rule, zone: ZoneInfo, since: int, until: int
) -> tuple[list[tuple[Occasion, int]], bool]:
    """What there was, the newest weeks first until it is enough, and whether there was more."""
    if rule.told.kind not in TIMED:
        found, more = list_happened(tx, rule, since, MOST_COUNTED)
        hours = Hours(tx, rule.scope_id)
        return [
            (one, hours.following(there, at) if rule.told.hours == "working" else at)
            for one, there in zones_of(tx, found, zone)
            if (at := one.due_at + shift(rule.told)) <= until
        ], more
    found_by_clock: list[tuple[Occasion, int]] = []
    while since < until and len(found_by_clock) <= MOST_COUNTED:
        before = max(since, until - LONGEST_WINDOW)
        found_by_clock += list_occasions(tx, rule, zone, before, until, past=True)
        until = before
    return found_by_clock, since < until


def _render(tx: ReadTx, rule: Rule, candidate: Any, facts: dict[str, Any]) -> Rendered | None:
    try:
        return render_letter(tx, rule, candidate, facts, HOLE)
    except HouseError:
        return None  # it is told as a letter that cannot be written


_PEOPLE = select(contact.c.id, contact.c.name).where(contact.c.id.in_(bindparam("ids", expanding=True)))


def _named(tx: ReadTx, coming: Sequence[tuple[int, Rule, Occasion, int | None]]) -> list[Coming]:
    ids = sorted({one.contact_id for _, _, one, _ in coming if one.contact_id is not None})
    people: dict[int, str] = {row.id: row.name for row in tx.rows(_PEOPLE, {"ids": ids})} if ids else {}
    clients = names_of(tx, {one.counterparty_id for _, _, one, _ in coming if one.counterparty_id is not None})
    return [
        Coming(
            at, rule.id, rule.name, people.get(one.contact_id or 0) or clients.get(one.counterparty_id or 0, ""),
            one.counterparty_id, one.contact_id, one.facts, letter_id,
        )
        for at, rule, one, letter_id in coming
    ]  # fmt: skip
