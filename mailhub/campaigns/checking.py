"""Before a mailing may start every letter of it is rendered, in pieces that nobody notices: what is missing for whom,
what is too large, what cannot be followed. What ``stops`` has to be mended, the rest is to be looked at."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import bindparam, select, update
from sqlalchemy import text as sql

from core import clock, jobs
from core.database import ReadTx, WriteTx
from core.errors import Conflict
from crm.staff.readable import Viewer
from mailhub.campaigns.contrast import list_faint
from mailhub.campaigns.differing import Met, begin_comparing, count_met, meet, tell_difference
from mailhub.campaigns.letters import HOLE, Ready, choose_ready, hash_of, ready_letters
from mailhub.campaigns.mailings import change, hold_draft
from mailhub.campaigns.making import LEAVE
from mailhub.campaigns.pictures import HEAVY, LARGEST_INSIDE, find_named
from mailhub.campaigns.tables import mailing
from mailhub.outbound.tables import recipient
from mailhub.routing.verdicts.rspamd import Weighed

CHECK_JOB = "mailing.check"
CHUNK = 200
LARGEST = 102 * 1024
"""Gmail shows no more of a letter than these bytes."""
SAMPLE = 20
MOST_FAINT = 5
STOPS = frozenset(
    {"no_letter", "no_subject", "nobody", "no_leave", "local_link", "bad_link", "hole", "held", "too_much_inside"}
)


@dataclass(frozen=True, slots=True)
class Tried:
    """A row whose letter was rendered: its hash, or the fields that are missing in it."""

    id: int
    hash: bytes
    size: int
    missing: tuple[str, ...]


def check_mailing(tx: WriteTx, viewer: Viewer, mailing_id: int) -> None:
    """Begin to try every letter; a job goes on with it. Raises NotFound, Forbidden, Conflict once it was started and
    while there is no list or no letter."""
    row = hold_draft(tx, viewer, mailing_id)
    if row.list_state != "done":
        raise Conflict("Freeze the list of recipients first, then check.")
    if not row.letter_version:
        raise Conflict("This mailing has no letter yet. Write one.")
    begin_check(tx, row)


def begin_check(tx: WriteTx, row: Any) -> None:
    """The same of a mailing (its row, held) that has both."""
    run = row.check_run + 1
    change(tx, row, check_state="working", check_run=run, check_done=0, faults=[])
    begun = {"mailing_id": row.id, "run": run, "after": 0, "done": 0, "missing": {}, "large": [0, 0, []]}
    jobs.enqueue(tx, CHECK_JOB, begun | begin_comparing(tx, row))


_NEXT = (
    select(recipient.c.id, recipient.c.canonical, recipient.c.language, recipient.c.fields)
    .where(
        recipient.c.mailing_id == bindparam("id"),
        recipient.c.id > bindparam("after"),
        sql("recipient.state IN ('queued', 'held')"),
    )
    .order_by(recipient.c.id)
    .limit(CHUNK)
)
_TRIED = (
    update(recipient)
    .where(recipient.c.id == bindparam("row_id"))
    .values(letter_hash=bindparam("hash"), state=bindparam("then"))
)


def read_letters(tx: ReadTx, mailing_id: int) -> tuple[dict[str, Ready], dict[str, Any]]:
    """The letters as they stand now, and what they may say of their mailbox."""
    row = tx.get(mailing, mailing_id)
    return ready_letters(tx, mailing_id, row.letter_version), fields_of_box(row)


def fields_of_box(row: Any) -> dict[str, Any]:
    """What a letter may say of the mailbox of its mailing (its row)."""
    return {"name": row.sender_name, "address": row.sender}


def read_part(tx: ReadTx, held: jobs.Job) -> tuple[list[Any], Met]:
    """The next rows whose letter is to be tried, and which of them stand in other lists."""
    rows = list(tx.rows(_NEXT, {"id": held.payload["mailing_id"], "after": held.payload["after"]}))
    return rows, meet(tx, held.payload, rows)


def try_part(ready: Mapping[str, Ready], rows: Sequence[Any], box: Mapping[str, str]) -> list[Tried]:
    """Render the letter of each row. Pure, and the longest part of the work. ``box`` are the fields of the mailbox."""
    tried = []
    for row in rows:
        rendered = choose_ready(ready, row.language).render({**row.fields, "mailbox": box}, HOLE)
        tried.append(Tried(row.id, hash_of(rendered), rendered.size, rendered.missing))
    return tried


def record_part(tx: WriteTx, held: jobs.Job, tried: Sequence[Tried], met: Met) -> jobs.Job | None:
    """Write down what was found, and where to go on; those with a hole in their letter are held. None when nobody waits
    for this any more."""
    if _wanted(tx, held) is None:
        return None
    payload = held.payload
    missing, (large, largest, sample) = dict(payload["missing"]), payload["large"]
    for one in tried:
        for field in one.missing:
            number, some = missing.get(field, (0, []))
            missing[field] = (number + 1, [*some, one.id][:SAMPLE])
        if one.size > LARGEST:
            large, sample = large + 1, [*sample, one.id][:SAMPLE]
        largest = max(largest, one.size)
        tx.later(_TRIED, row_id=one.id, hash=one.hash, then="held" if one.missing else "queued")
    done = payload["done"] + len(tried)
    tx.change(mailing, payload["mailing_id"], check_done=done)
    found = count_met(payload, [one.id for one in tried], met)
    return jobs.note(tx, held, after=tried[-1].id, done=done, missing=missing, large=[large, largest, sample], **found)


def end_check(
    tx: WriteTx, held: jobs.Job, left: Sequence[int] = (), *, inside: bool, weighed: Sequence[Weighed | None] = ()
) -> None:
    """Say what was found. ``left`` are some who stood in the list of the last mailing alike; ``inside``: links to this
    machine are no fault, since the letters do not leave it; ``weighed`` is what the junk filter of the house said of a
    letter in each language, None where it did not answer."""
    row = _wanted(tx, held)
    if row is not None:
        faults = [*_faults(tx, row, held.payload, inside=inside), *map(_fault_of_junk, weighed)]
        done = {"check_state": "done", "checked_version": row.letter_version, "checked_at": clock.now()}
        change(tx, row, faults=faults, difference=tell_difference(held.payload, left), **done)
    jobs.finish(tx, held)


def stops(faults: Sequence[Mapping[str, Any]]) -> bool:
    """Whether something found forbids to start."""
    return any(one["kind"] in STOPS for one in faults)


def _wanted(tx: WriteTx, held: jobs.Job) -> Any:
    tx.lock(mailing, held.payload["mailing_id"])
    row = tx.get(mailing, held.payload["mailing_id"])
    return row if row.check_run == held.payload["run"] and row.check_state == "working" else None


def _faults(tx: ReadTx, row: Any, found: Mapping[str, Any], *, inside: bool) -> Any:
    """The faults, each: kind, whether it ``stops``, ``count`` of letters, ``what``, a ``sample`` of rows."""
    ready = ready_letters(tx, row.id, row.letter_version)
    if not row.recipients_count:
        yield fault("nobody")
    for field, (count, sample) in sorted(found["missing"].items(), key=lambda one: -one[1][0]):
        yield fault("hole", count, field, sample)
    for one in ready.values():
        letter = one.letter
        if not letter.subject.strip():
            yield fault("no_subject", what=letter.language)
        if LEAVE not in letter.plain or (letter.html and LEAVE not in letter.html):
            yield fault("no_leave", what=letter.language)
        for link in letter.links:
            kind = judge_link(link, inside=inside)
            if kind:
                yield fault(kind, what=link)
    large, largest, sample = found["large"]
    if large:
        yield fault("large", large, str(largest), sample)
    yield from _faults_of_pictures(tx, ready, inside=row.pictures == "inside")
    for one in ready.values():
        for ink, ground, words in list_faint(one.letter.html)[:MOST_FAINT]:
            yield fault("faint", what=f"{words} ({ink}, {ground})")


def _faults_of_pictures(tx: ReadTx, ready: Mapping[str, Ready], *, inside: bool) -> Any:
    for one in ready.values():
        bare = one.letter.html.count("<img ") - one.letter.html.count(" alt=")
        if bare > 0:
            yield fault("bare_picture", what=one.letter.language, count=bare)
    for one in ready.values() if inside else ():
        size = sum(each.size for each in find_named(tx, one.letter.html))
        if size > LARGEST_INSIDE:
            yield fault("too_much_inside", size, one.letter.language)
    heavy = {one.title: one.size for each in ready.values() for one in find_named(tx, each.letter.html)}
    for title, size in heavy.items():
        if size > HEAVY:
            yield fault("heavy_picture", size, title)


def _fault_of_junk(weighed: Weighed | None) -> dict[str, Any]:
    if weighed is None:
        return fault("junk_unknown")
    said = ", ".join(weighed.reasons)
    return fault("junk" if weighed.junk else "junk_no", what=f"{weighed.score:.1f}{f' ({said})' if said else ''}")


def judge_link(link: str, *, inside: bool) -> str:
    """What is wrong with an address in a letter: ``bad_link``, ``local_link``, or ''."""
    if "{{" in link or link.startswith(("mailto:", "tel:", "#")):
        return ""
    try:
        parts = urlsplit(link)
        host = parts.hostname or ""
    except ValueError:
        return "bad_link"
    if parts.scheme not in ("http", "https") or not host:
        return "bad_link"
    if inside:
        return ""
    try:
        return "" if ipaddress.ip_address(host).is_global else "local_link"
    except ValueError:
        local = host == "localhost" or "." not in host or host.endswith((".local", ".localhost", ".internal", ".lan"))
        return "local_link" if local else ""


def fault(kind: str, count: int = 0, what: str = "", sample: Sequence[int] = ()) -> dict[str, Any]:
    """Something that was found, as it is kept with the mailing."""
    return {"kind": kind, "stops": kind in STOPS, "count": count, "what": what, "sample": list(sample)}
