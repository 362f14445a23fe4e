"""A message: a letter in one mailbox, in its thread."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Literal

from sqlalchemy import bindparam, select

from core import clock
from core.database import ReadTx, WriteTx
from core.fulltext.index import Words, add_words
from mailhub.letters.verdicts import Verdicts
from mailhub.mailboxes.tables import message

Direction = Literal["in", "out"]
COUNTER_BITS = 20
_TAKEN = select(message.c.id).where(message.c.id == bindparam("id"))
_HERE = (
    select(message.c.id)
    .where(message.c.letter_id == bindparam("letter_id"), message.c.mailbox_id == bindparam("mailbox_id"))
    .limit(1)
)


def mint_message_id(tx: ReadTx, dated_at: int, seed: int) -> int:
    """An id whose order is the order of time: seconds since 1970 << 20, then a counter that begins at ``seed``.

    A moment before 1970 counts as 1970. The seed is the number of the arrival, so that two letters of one second,
    taken in by two processes, hardly ever ask for the same id; if they do, one of the units runs again.
    """
    seconds = max(dated_at, 0) // clock.SECOND
    mask = (1 << COUNTER_BITS) - 1
    for step in range(mask):
        candidate = seconds << COUNTER_BITS | (seed + step) & mask
        if tx.value(_TAKEN, {"id": candidate}) is None:
            return candidate
    raise AssertionError("a million letters of one second")


def find_message(tx: ReadTx, letter_id: int, mailbox_id: int) -> int | None:
    """The message that this letter already is in this mailbox, or None."""
    found = tx.value(_HERE, {"letter_id": letter_id, "mailbox_id": mailbox_id})
    return None if found is None else int(found)


def record_message(
    tx: WriteTx,
    *,
    letter_id: int,
    mailbox_id: int,
    scope_id: int,
    thread_id: int,
    blob_id: int,
    direction: Direction,
    spam: bool,
    dated_at: int,
    received_at: int,
    trace: dict[str, Any],
    words: Words,
    seed: int,
    home_id: int | None = None,
    quiet: bool = False,
    minted: int | None = None,
    verdicts: Verdicts | None = None,
    fate: str = "",
) -> int:
    """Lay a letter into a mailbox and index it there. Returns the message's id.

    ``home_id`` is the thread it belongs to by itself, where ``thread_id`` shows the letters of that one.
    ``minted`` is its id where the letter itself had to name it beforehand. ``verdicts`` are kept as they were found.
    ``fate`` ``forwarded``: a letter of ours that answers nobody from its beginning.
    """
    message_id = mint_message_id(tx, dated_at, seed) if minted is None else minted
    tx.insert(
        message,
        id=message_id,
        letter_id=letter_id,
        mailbox_id=mailbox_id,
        scope_id=scope_id,
        thread_id=thread_id,
        home_id=home_id or thread_id,
        blob_id=blob_id,
        direction=direction,
        spam=int(spam),
        quiet=int(quiet),
        dated_at=dated_at,
        received_at=received_at,
        trace=trace,
        fate=fate,
        landed_at=clock.now(),
        authentication=None if verdicts is None else asdict(verdicts),
    )
    add_words(tx, message_id, scope_id, words)
    return message_id
