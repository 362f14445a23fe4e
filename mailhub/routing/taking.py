"""Letters through their journeys, several in one transaction; with it their jobs end.

A unit is whole or did not happen: when one letter of it fails, whoever called takes them again one by one, and the one
that fails is held in quarantine.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.exc import SQLAlchemyError

from core import jobs
from core.database import WriteTx
from core.errors import Conflict, Unavailable
from core.fulltext.index import Words
from mailhub.ingest.intake import Arrival, enter_all
from mailhub.letters.values import ParsedLetter
from mailhub.letters.worker import Understood as Answer
from mailhub.mailboxes.continuing import NEW_AFTER
from mailhub.mailboxes.filing import file_thread
from mailhub.mailboxes.letters import Understood
from mailhub.mailboxes.placements import record_placed_message
from mailhub.mailboxes.tables import incoming
from mailhub.outbound.identity import Stamp
from mailhub.routing.asked import Asked
from mailhub.routing.journey import travel
from mailhub.routing.passage import Passage
from mailhub.routing.quarantine import hold
from mailhub.routing.sent import travel_sent


class StepFailed(Exception):
    """A step of the journey failed in a way nobody foresaw."""

    def __init__(self, step: str, problem: Exception) -> None:
        super().__init__(f"{type(problem).__name__}: {problem}")
        self.step = step


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a letter could not be understood, and in which step."""

    step: str
    error: str


_DONE = (
    update(incoming)
    .where(incoming.c.id == bindparam("row_id"))
    .values(state="done", message_id=bindparam("message"), error="", step="")
)
_ROWS = select(incoming).where(incoming.c.id.in_(bindparam("ids", expanding=True)))


def process(tx: WriteTx, job: jobs.Job, parsed: ParsedLetter, words: Words, stamp: Stamp | None = None) -> None:
    """One letter through its journey, and its job done. Raises StepFailed."""
    process_all(tx, [(job, Understood(parsed, words))], stamp)


def process_all(
    tx: WriteTx,
    letters: Sequence[tuple[jobs.Job, Understood]],
    stamp: Stamp | None = None,
    new_after: int = NEW_AFTER,
) -> None:
    """Letters through their journeys in their order, and their jobs done. Raises StepFailed.

    With the house's ``stamp`` reports find the letter of ours that they are about. What answers a thread so long
    (``new_after``) after its closing begins a new one.
    """
    rows = {row.id: row for row in tx.rows(_ROWS, {"ids": [incoming_id(job) for job, _ in letters]})}
    _hold_boxes(tx, (row.mailbox_id for row in rows.values()))
    asked = Asked(tx, [understood.parsed for _, understood in letters])
    for job, understood in letters:
        row = rows[incoming_id(job)]
        if row.state == "waiting":
            passage = Passage(
                incoming_id=row.id,
                blob_id=row.blob_id,
                box=asked.box(row.mailbox_id),
                understood=understood,
                asked=asked,
                trace=row.trace,
                received_at=row.received_at,
                quiet=bool(row.quiet),
                stamp=stamp,
                new_after=new_after,
                by_hand=(job.payload.get("by_hand") or {}).get("thread_id"),
            )
            sent = row.direction == "out" or (row.source == "import" and asked.wrote(row.mailbox_id, understood.parsed))
            _take(tx, passage, job.payload.get("by_hand"), sent=sent)
            if row.source == "imap":
                record_placed_message(tx, row.id, passage.message_id)
    jobs.finish_all(tx, [job for job, _ in letters])


def bring_in(tx: WriteTx, letters: Sequence[tuple[Arrival, Understood | Fault]]) -> int:
    """Letters that wait for nobody (an archive, whose bytes are in files already): in at the door and through their
    journeys at once; what was not understood is held. Returns how many were not here yet. Raises StepFailed."""
    new = 0
    _hold_boxes(tx, (mailbox_id for arrival, _ in letters for mailbox_id in arrival.mailbox_ids))
    asked = Asked(tx, [found.parsed for _, found in letters if isinstance(found, Understood)])
    entered = enter_all(tx, [arrival for arrival, _ in letters], asked.box)
    for (arrival, found), entries in zip(letters, entered, strict=True):
        for entry in entries:
            if isinstance(found, Fault):
                hold(tx, entry.id, found.step, found.error)
                new += 1
                continue
            passage = Passage(
                incoming_id=entry.id,
                blob_id=entry.blob_id,
                box=asked.box(entry.mailbox_id),
                understood=found,
                asked=asked,
                trace=arrival.trace,
                received_at=arrival.received_at,
                quiet=arrival.quiet,
            )
            sent = arrival.direction == "out" or asked.wrote(entry.mailbox_id, found.parsed)
            _take(tx, passage, None, sent=sent)
            new += not passage.known
    return new


def as_understood(answer: Answer) -> Understood:
    """What a worker answered, as the journey takes it."""
    return Understood(answer.parsed, Words(answer.subject, answer.people, answer.body))


def incoming_id(job: jobs.Job) -> int:
    """The row at the door of a letter whose job this is."""
    return int(job.payload["incoming_id"])


def _take(tx: WriteTx, passage: Passage, by_hand: dict[str, Any] | None, *, sent: bool) -> None:
    """One letter through its journey; ``by_hand`` is what a person decided who let it out of quarantine, ``sent`` is
    one of ours."""
    try:
        message_id = travel_sent(tx, passage) if sent else travel(tx, passage)
        if by_hand and "counterparty_id" in by_hand and passage.thread_id:
            file_thread(tx, passage.thread_id, int(by_hand["counterparty_id"]), None)
    except (Unavailable, Conflict, SQLAlchemyError):
        raise  # the database's business: run again, now or later
    except Exception as problem:
        raise StepFailed(passage.step, problem) from problem
    tx.later(_DONE, row_id=passage.incoming_id, message=message_id)


def _hold_boxes(tx: WriteTx, mailbox_ids: Iterable[int]) -> None:
    """One unit at a time for each mailbox: two that hold threads and clients in different orders would wait for each
    other."""
    tx.lock_keys(("taking", mailbox_id) for mailbox_id in mailbox_ids)
