"""When a rule has something to send, by the clock: what is planned, dates of clients and people, letters of ours that
nobody answered. The same query finds what is due now, what is to come, and what would have gone in the past."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, Table, bindparam, func, or_, select, tuple_

from core import clock
from core.database import ReadTx
from core.fulltext import fold
from core.zones import find_zone
from crm.attributes import Holder, list_attributes, value_of
from crm.interactions import HOUSE, interaction
from crm.parties.tables import contact, counterparty
from crm.planner import instant_of
from crm.planner.tables import event, occurrence
from mailhub.automatic.shapes import BIRTHDAY, Occasion, Rule, shift
from mailhub.automatic.zones import Hours, zones_of


@dataclass(frozen=True, slots=True)
class Window:
    """Behind ``since`` up to ``until``, on the clock of ``zone`` where nobody knows another; ``past`` asks what would
    have been. ``most``: when so many are found, no more are asked for."""

    zone: ZoneInfo
    since: int
    until: int
    past: bool
    most: int


Find = Callable[[ReadTx, Rule, Window], list[Occasion]]
LONGEST_REST = 14 * clock.DAY
LONGEST_WINDOW = 31 * clock.DAY
MOST, PAGE = 20_000, 5_000
_LAST = (1 << 62) - 1
_EVENTS = (
    select(
        occurrence.c.id, occurrence.c.event_id, occurrence.c.starts, occurrence.c.due_at, occurrence.c.counterparty_id,
        event.c.contact_id, event.c.kind, event.c.subject, event.c.zone, event.c.based_thread_id,
    )
    .join(event, event.c.id == occurrence.c.event_id)
    .where(tuple_(occurrence.c.due_at, occurrence.c.id) > tuple_(bindparam("since"), bindparam("after_id")))
    .where(occurrence.c.due_at <= bindparam("until"))
    .where(or_(occurrence.c.scope_id == HOUSE, occurrence.c.scope_id == bindparam("scope_id")))
    .where(or_(occurrence.c.counterparty_id.is_not(None), event.c.contact_id.is_not(None)))
    .where(occurrence.c.due_at >= event.c.created_at - bindparam("shift"))
    .order_by(occurrence.c.due_at, occurrence.c.id)
    .limit(bindparam("most"))
)  # fmt: skip


def list_occasions(
    tx: ReadTx, rule: Rule, zone: ZoneInfo, since: int, until: int, *, past: bool = False
) -> list[tuple[Occasion, int]]:
    """What comes due behind ``since`` up to ``until``, by its moment, each with when its letter goes; of what
    is planned and of letters ``MOST`` at most.
    ``zone`` is that of the house; ``past`` asks what would have been, so what is done counts as if it were still open.

    In working hours a letter goes as soon as they begin; one before something that is planned goes in the last ones
    ahead of its moment, since later would be too late."""
    find, told = _FINDERS[rule.told.kind], rule.told
    if told.hours == "any":
        return [(one, one.due_at) for one in find(tx, rule, Window(zone, since, until, past, MOST))]
    hours = Hours(tx, rule.scope_id)
    if told.kind != "event" or told.minutes >= 0:
        zones = zones_of(tx, find(tx, rule, Window(zone, since, until, past, MOST)), zone)
        return [(one, hours.following(there, one.due_at)) for one, there in zones]
    # Of those of the next days each has to be asked: which of them go now, only their hours say.
    zones = zones_of(tx, find(tx, rule, Window(zone, since, until + LONGEST_REST, past, _LAST)), zone)
    moved = [(one, hours.last(there, one.due_at)) for one, there in zones]
    return [(one, at) for one, at in moved if since < at <= until]


def _events(tx: ReadTx, rule: Rule, window: Window) -> list[Occasion]:
    by = shift(rule.told)
    asked = _EVENTS.where(occurrence.c.state != "dropped" if window.past or by > 0 else occurrence.c.state == "open")
    if rule.told.what:
        asked = asked.where(event.c.kind == rule.told.what)
    # Who writes rules for a mailbox may see nothing of what is planned in conversations of another.
    times = {"since": window.since - by, "until": window.until - by, "shift": by}
    rows = _page_through(tx, asked, {"scope_id": rule.scope_id, **times}, "due_at", rule.told.words, window.most)
    return [_of_event(row, by) for row in rows]


def _page_through(tx: ReadTx, asked: Any, told: dict[str, Any], moment: str, words: str, most: int) -> list[Row[Any]]:
    """The rows with these words in their subject, until they are ``most``: what another subject has counts for none."""
    found: list[Row[Any]] = []
    place, folded = {"since": told["since"], "after_id": _LAST}, fold(words)
    while len(found) < most:
        rows = tx.rows(asked, {**told, **place, "most": PAGE})
        found += [row for row in rows if folded in fold(row.subject)]
        if len(rows) < PAGE:
            break
        place = {"since": getattr(rows[-1], moment), "after_id": rows[-1].id}
    return found


def _of_event(row: Row[Any], by: int) -> Occasion:
    day, _, hour = row.starts.partition("T")
    facts = {"kind": row.kind, "subject": row.subject, "date": day, "time": hour, "occurrence_id": row.id}
    return Occasion(
        "event", row.event_id, row.starts, row.due_at + by, row.counterparty_id, row.contact_id, facts,
        row.based_thread_id,
    )  # fmt: skip


def _dates(tx: ReadTx, rule: Rule, window: Window) -> list[Occasion]:
    told, days_on = rule.told, rule.told.minutes // (24 * 60)
    found = find_date(tx, told.field)
    if found is None:
        return []
    table, column = found
    # A day begins somewhere up to fourteen hours before it does in UTC, and twelve behind.
    first = clock.to_datetime(window.since).date() - timedelta(days=1)
    last = clock.to_datetime(window.until).date() + timedelta(days=1)
    days = [first + timedelta(days=one) for one in range((last - first).days + 1)]
    wanted = {spelt: day for day in days for spelt in _spell(day - timedelta(days=days_on), told.yearly)}
    said = func.substr(column, func.length(column) - 4, 5) if told.yearly else column
    rows = tx.rows(
        select(table.c.id, table.c.time_zone, column.label("said"), said.label("key"))
        .where(table.c.merged_into.is_(None), said.in_(sorted(wanted)))
        .order_by(table.c.id)
    )
    kind = table.name
    occasions = []
    for row in rows:
        day = wanted[row.key]
        local = datetime.combine(day, datetime.min.time()) + timedelta(minutes=told.at_minute)
        at = instant_of(local, find_zone(row.time_zone) or window.zone)
        if window.since < at <= window.until:
            facts = {"field": told.field, "date": row.said}
            client = row.id if kind == "counterparty" else None
            person = row.id if kind == "contact" else None
            occasions.append(Occasion(kind, row.id, day.isoformat(), at, client, person, facts))
    return sorted(occasions, key=lambda one: (one.due_at, one.subject_id))


def find_date(tx: ReadTx, name: str) -> tuple[Table, ColumnElement[Any]] | None:
    """Where a date stands: ``contact.birthday``, ``counterparty.attributes.KEY``; None for one that is gone."""
    party, _, rest = name.partition(".")
    table = contact if party == "contact" else counterparty
    if rest == BIRTHDAY:
        return table, table.c.birthday
    key = rest.removeprefix("attributes.")
    holder: Holder = "contact" if table is contact else "counterparty"
    for one in list_attributes(tx, holder):
        if one.key == key and one.type == "date":
            return table, value_of(one, table)
    return None


def _spell(day: date, yearly: bool) -> Iterator[str]:
    """How a date is written that is kept on this day: the 29th of February on the 28th where there is none."""
    yield day.strftime("%m-%d") if yearly else day.isoformat()
    if yearly and (day.month, day.day) == (2, 28) and (day + timedelta(days=1)).month == 3:
        yield "02-29"


_LATER = interaction.alias("later")
_SILENCE = (
    select(
        interaction.c.id, interaction.c.message_id, interaction.c.thread_id, interaction.c.counterparty_id,
        interaction.c.contact_id, interaction.c.subject, interaction.c.happened_at,
    )
    .where(interaction.c.direction == "out", interaction.c.counts == 1, interaction.c.scope_id == bindparam("scope_id"))
    .where(tuple_(interaction.c.happened_at, interaction.c.id) > tuple_(bindparam("since"), bindparam("after_id")))
    .where(interaction.c.happened_at <= bindparam("until"))
    .where(
        ~select(_LATER.c.id)
        .where(_LATER.c.thread_id == interaction.c.thread_id, _LATER.c.id != interaction.c.id)
        .where(_LATER.c.happened_at >= interaction.c.happened_at)
        .where(_LATER.c.happened_at <= interaction.c.happened_at + bindparam("shift"))
        .where(or_(_LATER.c.direction == "in", _LATER.c.counts == 1))
        .correlate(interaction)
        .exists()
    )
    .order_by(interaction.c.happened_at, interaction.c.id)
    .limit(bindparam("most"))
)  # fmt: skip


def _silences(tx: ReadTx, rule: Rule, window: Window) -> list[Occasion]:
    by = shift(rule.told)
    asked = {
        "scope_id": rule.scope_id,
        "since": window.since - by,
        "until": window.until - by,
        "shift": by,
    }
    rows = _page_through(tx, _SILENCE, asked, "happened_at", rule.told.words, window.most)
    return [
        Occasion(
            "thread", row.thread_id, str(row.message_id), row.happened_at + by, row.counterparty_id, row.contact_id,
            {"subject": row.subject, "sent_at": row.happened_at}, row.thread_id,
        )
        for row in rows
    ]  # fmt: skip


_FINDERS: dict[str, Find] = {"event": _events, "date": _dates, "silence": _silences}
