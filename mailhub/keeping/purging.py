"""A thread goes for good: its letters with their words, deliveries, drafts and bytes, and every row about it.

In chunks, each a short unit: whoever works beside it notices nothing, and after a kill it goes on. What rooms keep
about a thread or a message is found in their tables by its column (``thread_id``, ``message_id``), so that a new room
leaves nothing behind. An account's server is told nothing, and what lies there is not fetched again.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Delete, Integer, bindparam, delete, exists, select, update
from sqlalchemy.dialects import postgresql, sqlite

from core import clock
from core.blobs.letting_go import doubt
from core.changes import record_change
from core.columns import Id, metadata
from core.database import WriteTx
from core.fulltext.index import remove_words
from crm.interactions import forget_letter, forget_thread, interaction
from mailhub.keeping.tables import hold, let_go
from mailhub.mailboxes.account_tables import placement
from mailhub.mailboxes.letters import get_words, hold_words
from mailhub.mailboxes.tables import incoming, letter, message, thread
from mailhub.mailboxes.tally import count_again
from mailhub.mailboxes.threads import list_merged
from mailhub.outbound.tables import delivery, draft, draft_file

CHUNK = 20
_IDS: BindParameter[int] = bindparam("ids", expanding=True)
_LETTERS = (
    select(message.c.id, message.c.letter_id, message.c.scope_id, message.c.blob_id)
    .where(message.c.thread_id == bindparam("thread_id"))
    .order_by(message.c.id)
    .limit(bindparam("most"))
)
_KEEP = (message, placement, incoming, interaction)
# Statements stand as they are said: worked out once, they go to the driver (core/database/prepared.py).
_DRAFTS_OF_THREADS = select(draft.c.id).where(draft.c.thread_id.in_(_IDS))
_DRAFTS_OF_MESSAGES = select(draft.c.id).where(draft.c.message_id.in_(_IDS))
_POINTERS = tuple(
    update(thread).where(thread.c[name].in_(_IDS)).values({name: None})
    for name in ("claims_id", "continues_id", "merged_into")
)
_THREADS = delete(thread).where(thread.c.id.in_(_IDS))
_PLACEMENTS = update(placement).where(placement.c.message_id.in_(_IDS)).values(blob_id=None)
_ARRIVALS = delete(incoming).where(
    # Found by their bytes, for which there is an index: all that ever came in stands here.
    incoming.c.blob_id.in_(select(message.c.blob_id).where(message.c.id.in_(_IDS))),
    exists().where(
        message.c.id.in_(_IDS), message.c.id == incoming.c.message_id, message.c.blob_id == incoming.c.blob_id
    ),
)
_LINES = delete(interaction).where(interaction.c.message_id.in_(_IDS), interaction.c.thread_id.is_(None))
_MESSAGES = delete(message).where(message.c.id.in_(_IDS))
_STILL_THERE = select(message.c.letter_id).where(message.c.letter_id.in_(_IDS))
_LETTERS_GONE = delete(letter).where(letter.c.id.in_(_IDS))


def purge_thread(tx: WriteTx, thread_id: int, *, most: int = CHUNK) -> bool:
    """Delete the next letters of a thread, and in the end the thread. True when it is gone, False when there is more.
    Not for one of which a letter is about to leave (``is_leaving``)."""
    tx.lock(thread, thread_id)
    row = tx.get(thread, thread_id)
    rows = tx.rows(_LETTERS, {"thread_id": thread_id, "most": most})
    purge_messages(tx, rows)
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
    drop_drafts(tx, tx.values(_DRAFTS_OF_THREADS, {"ids": family}))
    for statement in (*_POINTERS, *_deletes("thread_id")):
        tx.execute(statement, {"ids": family})
    tx.execute(_THREADS, {"ids": family})


def purge_messages(tx: WriteTx, rows: Sequence[Any]) -> None:
    """Delete messages (their id, letter_id, scope_id, blob_id), and the letters that no mailbox has any more."""
    if not rows:
        return
    letters = sorted({one.letter_id for one in rows})
    for letter_id in letters:
        hold_words(tx, letter_id)
    for one in rows:
        remove_words(tx, one.id, one.scope_id, get_words(tx, one.letter_id))
    ids = {"ids": [one.id for one in rows]}
    drop_drafts(tx, tx.values(_DRAFTS_OF_MESSAGES, ids))
    for statement in (*_deletes("message_id"), _PLACEMENTS, _ARRIVALS, _LINES, _MESSAGES):
        tx.execute(statement, ids)
    left = set(tx.values(_STILL_THERE, {"ids": letters}))
    gone = {"ids": [one for one in letters if one not in left]}
    for statement in (*_deletes("letter_id"), _LETTERS_GONE) if gone["ids"] else ():
        tx.execute(statement, gone)
    doubt(tx, [one.blob_id for one in rows])
    note_gone(tx, "letters", len(rows))


def purge_letter_of(tx: WriteTx, row: Any, thread_id: int) -> None:
    """``purge_messages`` for one letter among others of its thread, whose row and history then say what is left."""
    forget_letter(tx, thread_id, row.id)
    purge_messages(tx, [row])
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
def _deletes(column: str) -> tuple[Delete, ...]:
    """Statements for the tables whose rows go with the things that this column names, those that refer to others
    first."""
    named = (one for one in reversed(metadata.sorted_tables) if column in one.c and one not in _KEEP[:4])
    return tuple(
        delete(one).where(one.c[column].in_(_IDS))
        for one in named
        if isinstance(one.c[column].type, (type(Id), Integer))
    )
