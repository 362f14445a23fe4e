"""Letters that could not be processed: kept whole, shown with the reason, run again or filed by hand."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, literal_column, select, update

from core.changes import record_change
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Invalid, NotFound
from core.jobs import enqueue
from core.paging import Page, cut_page, decode_cursor
from crm.parties import get_counterparty
from crm.staff.readable import Shape, Viewer, demand, note_read, readable, readable_by, shape_of, sight_of
from mailhub.ingest.intake import PROCESS_JOB
from mailhub.mailboxes.tables import incoming, thread

# As the index of what is stuck is written: with bound values no engine takes it.
_HELD: ColumnElement[bool] = literal_column("incoming.state = 'quarantined' AND incoming.state <> 'done'")


@dataclass(frozen=True, slots=True)
class Held:
    """A letter in quarantine: where it was going, what failed and in which step."""

    id: int
    mailbox_id: int
    scope_id: int
    blob_id: int
    received_at: int
    mail_from: str
    step: str
    error: str
    tries: int


def hold(tx: WriteTx, incoming_id: int, step: str, error: str) -> None:
    """Put a letter into quarantine with the sentence that says why and the step it was in."""
    row = tx.get(incoming, incoming_id)
    if row.state == "done":
        return
    changed = update(incoming).where(incoming.c.id == incoming_id)
    tx.execute(changed.values(state="quarantined", step=step, error=error[:1000], tries=incoming.c.tries + 1))
    record_change(
        tx,
        "letter.quarantined",
        incoming_id,
        scope_id=row.scope_id,
        fields={"mailbox_id": row.mailbox_id, "step": step},
    )


def list_held(
    tx: ReadTx, viewer: Viewer, *, after: str | None = None, limit: int = 50, import_id: int | None = None
) -> Page[Held]:
    """The letters in quarantine of the mailboxes that the viewer may see, newest first; those alone that an import
    brought."""
    statement = select(incoming).where(_HELD).order_by(incoming.c.id.desc())
    if import_id is not None:
        statement = statement.where(incoming.c.trace["import"].as_integer() == import_id)
    if after is not None:
        statement = statement.where(incoming.c.id < decode_cursor(after, (int,))[0])
    found = cut_page(tx.rows(readable(statement, viewer, incoming).limit(limit + 1)), limit, lambda row: (row.id,))
    return Page([_held(row) for row in found.items], found.next)


def count_held(tx: ReadTx, viewer: Viewer) -> int:
    """How many the viewer would see, up to 100."""
    return len(tx.values(_held_by(shape_of(viewer)), sight_of(viewer)))


@lru_cache
def _held_by(shape: Shape) -> Select[Any]:
    return readable_by(shape, select(incoming.c.id).where(_HELD), incoming).limit(literal_column("100"))


def get_held(tx: ReadTx, viewer: Viewer, incoming_id: int) -> Held:
    """One letter in quarantine. Raises NotFound, also for one whose mailbox the viewer may not see."""
    statement = select(incoming).where(incoming.c.id == incoming_id, incoming.c.state == "quarantined")
    row = tx.row(readable(statement, viewer, incoming))
    if row is None:
        raise NotFound("There is no letter in quarantine with the number %(id)s.", id=incoming_id)
    note_read(viewer, row.scope_id, None)
    return _held(row)


def retry(tx: WriteTx, viewer: Viewer, incoming_id: int) -> None:
    """Run the journey of a letter again. Raises NotFound, Forbidden."""
    held = get_held(tx, viewer, incoming_id)
    demand(viewer, "answer", held.scope_id)
    release(tx, incoming_id)


def retry_all(tx: WriteTx, viewer: Viewer) -> int:
    """Run the journeys again of all that the viewer may let out, up to 50. Returns how many."""
    able = [held for held in list_held(tx, viewer).items if viewer.may("answer", held.scope_id)]
    for held in able:
        release(tx, held.id)
    return len(able)


def file_by_hand(
    tx: WriteTx, viewer: Viewer, incoming_id: int, counterparty_id: int | None = None, *, thread_id: int | None = None
) -> None:
    """Let a letter out and say whose it is, or into which thread of its mailbox it belongs. Raises NotFound, Forbidden,
    Invalid, Conflict."""
    held = get_held(tx, viewer, incoming_id)
    demand(viewer, "answer", held.scope_id)
    if (counterparty_id is None) == (thread_id is None):
        raise Invalid("Name a client or a thread.", field="counterparty_id")
    if counterparty_id is not None:
        get_counterparty(tx, counterparty_id)
        release(tx, incoming_id, by_hand={"counterparty_id": counterparty_id})
        return
    row = tx.row(readable(select(thread).where(thread.c.id == thread_id), viewer, thread))
    if row is None:
        raise NotFound("There is no thread with the number %(id)s.", id=thread_id)
    if row.mailbox_id != held.mailbox_id:
        raise Invalid("This thread is in another mailbox than the letter.", field="thread_id")
    release(tx, incoming_id, by_hand={"thread_id": thread_id})


def release(tx: WriteTx, incoming_id: int, *, by_hand: dict[str, Any] | None = None) -> None:
    """Let a letter out of quarantine onto its journey; ``by_hand`` files it without being understood.

    Raises Conflict when it is not in quarantine (any more).
    """
    tx.lock(incoming, incoming_id)
    held = update(incoming).where(incoming.c.id == incoming_id, incoming.c.state == "quarantined")
    if not tx.execute(held.values(state="waiting")):
        raise Conflict("This letter is not in quarantine any more.")
    enqueue(tx, PROCESS_JOB, {"incoming_id": incoming_id, **({"by_hand": by_hand} if by_hand else {})})


def _held(row: Any) -> Held:
    return Held(
        id=row.id,
        mailbox_id=row.mailbox_id,
        scope_id=row.scope_id,
        blob_id=row.blob_id,
        received_at=row.received_at,
        mail_from=row.trace.get("mail_from", ""),
        step=row.step,
        error=row.error,
        tries=row.tries,
    )
