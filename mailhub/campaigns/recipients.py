"""Who gets a mailing: the list is frozen from what was chosen, in pieces that nobody notices, and each who is left out
stays in it with the reason.

One address a person (the one last heard from), then one row an address. Those are left out who said no, whose address
must not be written to, who are named as exceptions, and who got a mailing a short while ago.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import bindparam, delete, select
from sqlalchemy import text as sql

from core import clock, jobs
from core.database import ReadTx, WriteTx, among, to_json
from core.errors import Invalid
from core.secrets import Keys
from crm.parties import consents_of
from crm.staff.readable import Viewer
from mailhub.campaigns.choosing import Candidate, Chosen, Phase, list_candidates
from mailhub.campaigns.freshness import demand_standing
from mailhub.campaigns.mailings import change, hold_draft, list_choices, stale_check
from mailhub.campaigns.tables import mailing
from mailhub.outbound.suppression import canonical_address, list_obstacles
from mailhub.outbound.tables import recipient

FREEZE_JOB = "mailing.freeze"
CLEARED = 2_000
REASONS = (
    "no_address", "no_letter_address", "refused", "no_consent", "bounce", "complaint", "unsubscribed", "hand",
    "topic", "excluded", "too_often", "twice", "no_value",
)  # fmt: skip
"""Why somebody is left out, in the order in which it is asked."""


class Laid(NamedTuple):
    """A row of the list to be: ``reason`` '' for those who get it."""

    candidate: Candidate
    canonical: str
    reason: str


class Place(NamedTuple):
    """Where the laying of a list stands: what comes next are clients or contacts behind ``after``, or nobody. Of what
    is laid: ``chain`` is the hash so far, ``done`` rows are there, ``takers`` of them get it, the others for these
    ``reasons``."""

    mailing_id: int
    phase: Phase
    after: int
    chain: bytes
    done: int
    takers: int
    reasons: dict[str, int]

    def behind(self, chosen: Chosen) -> tuple[Phase, int]:
        """What comes next when these are laid."""
        if chosen.more:
            return self.phase, chosen.after
        return ("contacts" if self.phase == "clients" else "end"), 0


class Piece(NamedTuple):
    """A piece of the list, ready to be laid: its rows by ``COLUMNS``, who gets it in their canonical form, and where
    the list stands then."""

    rows: list[tuple[str | int | None, ...]]
    takers: set[str]
    then: Place


COLUMNS = (
    "mailing_id", "epoch", "address", "canonical", "domain", "contact_id", "counterparty_id", "name", "language",
    "time_zone", "state", "reason", "fields", "changed_at",
)  # fmt: skip


def begin_piece(held: jobs.Job) -> Piece:
    """The empty piece before the first one of a job that has cleared the list as it was."""
    one = held.payload
    chain, reasons = bytes.fromhex(one["hash"]), dict(one.get("reasons", {}))
    done, count = one.get("done", 0), one.get("count", 0)
    return Piece([], set(), Place(one["mailing_id"], one["phase"], one["after"], chain, done, count, reasons))


def freeze_list(tx: WriteTx, viewer: Viewer, mailing_id: int, *, then_check: bool = False) -> None:
    """Begin to lay the list anew; a job goes on with it, and with the check where that is wanted. Raises NotFound,
    Forbidden, Invalid when nobody was chosen, Conflict once the mailing was started and where a segment was ended."""
    row = hold_draft(tx, viewer, mailing_id)
    choices = list_choices(tx, mailing_id)
    if not any(one.takes for one in choices):
        raise Invalid("Choose who shall get it first.", field="choices")
    demand_standing(tx, choices)
    run = row.list_run + 1
    change(
        tx, row, **stale_check(row) | {
            "list_state": "working", "list_run": run, "list_done": 0, "recipients_count": 0, "excluded_count": 0,
            "reasons": {},
        },
    )  # fmt: skip
    begun = {
        "mailing_id": mailing_id,
        "run": run,
        "phase": "clear",
        "after": 0,
        "hash": "",
        "reasons": {},
        "check": then_check,
    }
    jobs.enqueue(tx, FREEZE_JOB, begun)


_OLD = select(recipient.c.id).where(recipient.c.mailing_id == bindparam("id")).order_by(recipient.c.id).limit(CLEARED)
_THERE = select(recipient.c.canonical).where(
    recipient.c.mailing_id == bindparam("id"),
    among(recipient.c.canonical, "ones"),
    sql("recipient.state <> 'excluded'"),
)
# The same on PostgreSQL, each by its place in the index: of a list that was begun a moment ago the server has no
# figures yet, takes it for small and would read all of it for every piece.
_THERE_EACH = sql(
    "SELECT one FROM unnest(CAST(:ones AS text[])) AS one WHERE (SELECT recipient.id FROM recipient"
    " WHERE recipient.mailing_id = :id AND recipient.canonical = one AND recipient.state <> 'excluded') IS NOT NULL"
)
_LATELY = select(recipient.c.canonical).where(
    among(recipient.c.canonical, "ones"), recipient.c.sent_at > bindparam("since")
)


def clear_part(tx: WriteTx, held: jobs.Job) -> jobs.Job | None:
    """Take away a piece of the list as it was. The job as it is then; None when the list is not wanted any more."""
    if not _wanted(tx, held):
        return None
    old = tx.values(_OLD, {"id": held.payload["mailing_id"]})
    if old:
        tx.execute(delete(recipient).where(recipient.c.id.in_(old)))
        return jobs.note(tx, held)
    return jobs.note(tx, held, phase="clients")


def find_part(tx: ReadTx, keys: Keys, before: Piece, most: int, explicit: bool, epoch: int) -> Piece:
    """The next candidates behind a piece that may not be laid yet, ``most`` clients or contacts of them, each judged:
    all that is left to do is to write them."""
    place = before.then
    row = tx.get(mailing, place.mailing_id)
    choices = list_choices(tx, row.id)
    chosen = list_candidates(tx, choices, row.people, place.phase, place.after, most)
    since = clock.now() - row.cap_days * clock.DAY if row.cap_days else None
    laid = judge(tx, keys, chosen.candidates, explicit, since, row.topic_id)
    wanted = {one.canonical for one in laid if not one.reason}
    there = before.takers & wanted
    if wanted:
        there.update(tx.values(_THERE if tx.is_sqlite else _THERE_EACH, {"id": row.id, "ones": list(wanted)}))
    return _make_piece(place, chosen, laid, there, epoch)


def _make_piece(place: Place, chosen: Chosen, laid: Sequence[Laid], there: set[str], epoch: int) -> Piece:
    """``there`` are those in their canonical form who stand in the list already."""
    rows: list[tuple[str | int | None, ...]] = []
    takers: set[str] = set()
    chain, reasons, now = place.chain, dict(place.reasons), clock.now()
    for who, form, why in laid:
        reason, state = why, "excluded"
        if not reason and (form in there or form in takers):
            reason = "twice"
        if reason:
            reasons[reason] = reasons.get(reason, 0) + 1
        else:
            state = "queued"
            takers.add(form)
            chain = hashlib.sha256(chain + form.encode()).digest()
        rows.append(
            (
                place.mailing_id, epoch, who.address, form, form.rpartition("@")[2], who.contact_id,
                who.counterparty_id, who.name, who.language, who.time_zone, state, reason, to_json(who.fields), now,
            )
        )  # fmt: skip
    phase, after = place.behind(chosen)
    done, count = place.done + len(rows), place.takers + len(takers)
    return Piece(rows, takers, Place(place.mailing_id, phase, after, chain, done, count, reasons))


def judge(
    tx: ReadTx,
    keys: Keys,
    candidates: Sequence[Candidate],
    explicit: bool,
    since: int | None,
    topic_id: int | None = None,
) -> list[Laid]:
    """Why each of them is left out, '' for nothing. ``explicit``: also those of whom no yes is on record; ``since``:
    also those who got a mailing after that moment; ``topic_id``: also those who do not want to hear of it."""
    forms = [_canonical(one.address) for one in candidates]
    written = [form for form in forms if form]
    obstacles = list_obstacles(tx, keys, written, "mailing", topic_id)
    lately = set(tx.values(_LATELY, {"ones": written, "since": since})) if since is not None and written else set()
    said = consents_of(tx, [one.contact_id for one in candidates if one.contact_id is not None])
    laid = []
    for one, form in zip(candidates, forms, strict=True):
        words = said.get(one.contact_id or 0, [])
        if not one.address:
            reason = "no_address"
        elif not form:
            reason = "no_letter_address"
        elif words and not words[0].given:
            reason = "refused"
        elif explicit and not words:
            reason = "no_consent"
        else:
            reason = _word(obstacles.get(form)) or (
                "excluded" if one.excluded else "too_often" if form in lately else ""
            )
        laid.append(Laid(one, form, reason))
    return laid


def lay_part(tx: WriteTx, held: jobs.Job, piece: Piece) -> jobs.Job | None:
    """Write a piece of the list and where to go on. The job as it is then; None when the list is not wanted any
    more."""
    if not _wanted(tx, held):
        return None
    tx.lay(recipient, COLUMNS, piece.rows)
    then = piece.then
    tx.change(mailing, then.mailing_id, list_done=then.done)
    return jobs.note(
        tx, held, phase=then.phase, after=then.after, hash=then.chain.hex(), reasons=then.reasons, done=then.done,
        count=then.takers,
    )  # fmt: skip


def end_list(tx: WriteTx, held: jobs.Job) -> bool:
    """Let the list be seen, all at once. Whether it is to be checked now."""
    row = _wanted(tx, held)
    if row is not None:
        payload = held.payload
        count = payload.get("count", 0)
        values = {"recipients_count": count, "excluded_count": payload.get("done", 0) - count}
        values |= {"reasons": payload.get("reasons", {}), "list_hash": bytes.fromhex(payload["hash"])}
        change(tx, row, list_state="done", frozen_at=clock.now(), **values)
    jobs.finish(tx, held)
    return row is not None and bool(held.payload["check"]) and bool(row.letter_version)


def _wanted(tx: WriteTx, held: jobs.Job) -> Any:
    """The mailing, held, while this job lays its list; None when another does or nobody wants one."""
    tx.lock(mailing, held.payload["mailing_id"])
    row = tx.get(mailing, held.payload["mailing_id"])
    return row if row.list_run == held.payload["run"] and row.list_state == "working" else None


def _word(obstacle: str | None) -> str:
    """A reason as it stands in the list: which topic it was says the mailing."""
    return "topic" if obstacle is not None and obstacle.startswith("topic ") else obstacle or ""


def _canonical(address: str) -> str:
    try:
        return canonical_address(address)
    except Invalid:
        return ""
