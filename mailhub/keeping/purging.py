"""A thread goes for good: its letters with their words, deliveries, drafts and bytes, and every row about it.

In chunks, each a short unit: whoever works beside it notices nothing, and after a kill it goes on. What rooms keep
about a thread or a message is found in their tables by its column (``thread_id``, ``message_id``), so that a new room
leaves nothing behind. An account's server is told nothing, and what lies there is not fetched again.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Integer, Table, bindparam, delete, exists, select, update
from sqlalchemy.dialects import postgresql, sqlite

from core import clock
from core.blobs.letting_go import doubt
from core.changes import record_change
from core.columns import Id, metadata
from core.database import WriteTx
from core.fulltext.index import remove_words
from crm.interactions import forget_letter, forget_thread, interaction
from mailhub.keeping.tables import hold, let_go
from mailhub.mailboxes.accounts import placement
from mailhub.mailboxes.letters import get_words, hold_words
from mailhub.mailboxes.tables import incoming, letter, message, thread
from mailhub.mailboxes.tally import count_again
from mailhub.mailboxes.threads import list_merged
from mailhub.mailboxes.trash_tables import trash
from mailhub.outbound.tables import delivery, draft, draft_file

CHUNK = 50
_LETTERS = (
    select(message.c.id, message.c.letter_id, message.c.scope_id, message.c.blob_id)
    .where(message.c.thread_id == bindparam("thread_id"))
    .order_by(message.c.id)
)
_KEEP = (message, placement, incoming, interaction, trash)


def purge_thread(tx: WriteTx, thread_id: int, *, most: int = CHUNK) -> bool:
    """Delete the next letters of a thread, and in the end the thread. True when it is gone, False when there is more.
    Not for one of which a letter is about to leave (``is_leaving``)."""
    tx.lock(thread, thread_id)
    row = tx.get(thread, thread_id)
    rows = tx.rows(_LETTERS.limit(most), {"thread_id": thread_id})
    for one in rows:
        purge_message(tx, one)
    if len(rows) == most:  # somebody may bring back what is left
        for one in rows:
            forget_letter(tx, thread_id, one.id)
        count_again(tx, thread_id)
        return False
    family = list_merged(tx, thread_id)
    forget_threads(tx, family)
    fields = {"thread_id": thread_id, "mailbox_id": row.mailbox_id}
    record_change(tx, "thread.gone", thread_id, scope_id=row.scope_id, fields=fields)
    return True


def forget_threads(tx: WriteTx, family: Sequence[int]) -> None:
    """Delete threads without letters, and whatever any room keeps about them."""
    for one in family:
        forget_thread(tx, one)
    drop_drafts(tx, tx.values(select(draft.c.id).where(draft.c.thread_id.in_(family))))
    for pointer in (one for name, one in thread.c.items() if name in ("claims_id", "continues_id", "merged_into")):
        tx.execute(update(thread).where(pointer.in_(family)).values({pointer.name: None}))
    for table in _about("thread_id"):
        tx.execute(delete(table).where(table.c.thread_id.in_(family)))
    tx.execute(delete(thread).where(thread.c.id.in_(family)))


def purge_message(tx: WriteTx, row: Any) -> None:
    """Delete one message (its id, letter_id, scope_id, blob_id), and its letter where no mailbox has that any more."""
    hold_words(tx, row.letter_id)
    remove_words(tx, row.id, row.scope_id, get_words(tx, row.letter_id))
    drop_drafts(tx, tx.values(select(draft.c.id).where(draft.c.message_id == row.id)))
    for table in _about("message_id"):
        tx.execute(delete(table).where(table.c.message_id == row.id))
    tx.execute(update(placement).where(placement.c.message_id == row.id).values(blob_id=None))
    tx.execute(delete(incoming).where(incoming.c.blob_id == row.blob_id, incoming.c.message_id == row.id))
    tx.execute(delete(interaction).where(interaction.c.message_id == row.id, interaction.c.thread_id.is_(None)))
    tx.execute(delete(message).where(message.c.id == row.id))
    if tx.value(select(message.c.id).where(message.c.letter_id == row.letter_id).limit(1)) is None:
        for table in _about("letter_id"):
            tx.execute(delete(table).where(table.c.letter_id == row.letter_id))
        tx.execute(delete(letter).where(letter.c.id == row.letter_id))
    doubt(tx, [row.blob_id])
    note_gone(tx, "letters")


def purge_letter_of(tx: WriteTx, row: Any, thread_id: int) -> None:
    """``purge_message`` for one letter among others of its thread, whose row and history then say what is left."""
    forget_letter(tx, thread_id, row.id)
    purge_message(tx, row)
    if tx.value(select(message.c.id).where(message.c.thread_id == thread_id).limit(1)) is None:
        forget_threads(tx, list_merged(tx, thread_id))
    else:
        count_again(tx, thread_id)


def is_held() -> Any:
    """The condition on ``thread`` that somebody said it must not go."""
    return exists().where((hold.c.thread_id == thread.c.id) | (hold.c.counterparty_id == thread.c.counterparty_id))


def is_leaving() -> Any:
    """The condition on ``thread`` that a letter of it is about to leave."""
    here = (message.c.thread_id == thread.c.id) & (delivery.c.message_id == message.c.id)
    return exists().where(here, delivery.c.state.in_(("queued", "deferred", "sending")))


def note_gone(tx: WriteTx, what: str, count: int = 1) -> None:
    """Count what was let go, for the health page."""
    make = sqlite.insert if tx.is_sqlite else postgresql.insert
    new = make(let_go).values(what=what, count=count, at=clock.now())
    more = {"count": let_go.c["count"] + new.excluded["count"], "at": new.excluded.at}
    tx.execute(new.on_conflict_do_update(index_elements=["what"], set_=more))


def drop_drafts(tx: WriteTx, ids: Sequence[int]) -> None:
    """Delete drafts with their files."""
    if ids:
        doubt(tx, tx.values(select(draft_file.c.blob_id).where(draft_file.c.draft_id.in_(ids))))
        tx.execute(delete(draft).where(draft.c.id.in_(ids)))


@cache
def _about(column: str) -> tuple[Table, ...]:
    """The tables whose rows go with the thing that this column names, those that refer to others first."""
    named = (one for one in reversed(metadata.sorted_tables) if column in one.c and one not in _KEEP[:4])
    return tuple(one for one in named if isinstance(one.c[column].type, (type(Id), Integer)))
