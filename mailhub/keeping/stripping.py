"""Files of old letters go while the letters stay, where a mailbox says so.

A letter that lies in several mailboxes keeps its files until the rule of each of them would take them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, bindparam, select, update

from core import clock
from core.blobs import keep
from core.blobs.letting_go import doubt
from core.database import ReadTx, WriteTx
from mailhub.keeping.purging import is_held, note_gone
from mailhub.keeping.tables import retention
from mailhub.keeping.timing import MONTH
from mailhub.letters.stripping import strip_files
from mailhub.mailboxes.account_tables import placement
from mailhub.mailboxes.messages import COUNTER_BITS
from mailhub.mailboxes.tables import incoming, letter, message, thread

CHUNK = 50
_DUE = (
    select(message.c.id, message.c.blob_id, message.c.letter_id, letter.c.parsed)
    .join(letter, letter.c.id == message.c.letter_id)
    .join(thread, thread.c.id == message.c.thread_id)
    .where(
        message.c.mailbox_id == bindparam("mailbox_id"),
        message.c.id > bindparam("after"),
        message.c.id < bindparam("before"),
        ~is_held(),
    )
    .order_by(message.c.id)
    .limit(CHUNK)
)


def list_due(tx: ReadTx, rule: Any) -> Sequence[Row[Any]]:
    """The next letters of a mailbox that are old enough by its rule (a row of ``retention``)."""
    moment = (clock.now() - rule.months * MONTH) // clock.SECOND << COUNTER_BITS
    asked = {"mailbox_id": rule.mailbox_id, "after": rule.cursor, "before": moment}
    return tx.rows(_DUE, asked)


def strip(tx: WriteTx, row: Row[Any], raw: bytes) -> bool:
    """Take the files out of a letter, of all its messages with these bytes. False when it keeps them, or its bytes are
    others by now. Raises NotFound for one that has gone."""
    tx.lock(letter, row.letter_id)
    if tx.get(message, row.id).blob_id != row.blob_id:
        return False
    parsed = tx.get(letter, row.letter_id).parsed
    found = strip_files(raw, parsed["attachments"]) if _all_strip(tx, row.letter_id) else None
    if found is None:
        return False
    content, parts = found
    blob_id = keep(tx, content)
    tx.change(letter, row.letter_id, parsed={**parsed, "attachments": parts})
    for table in (message, incoming):
        tx.execute(update(table).where(table.c.blob_id == row.blob_id).values(blob_id=blob_id))
    tx.execute(update(placement).where(placement.c.blob_id == row.blob_id).values(blob_id=None))
    doubt(tx, [row.blob_id])
    note_gone(tx, "files", sum(1 for part in parts if part.get("stripped")))
    return True


def get_behind(tx: WriteTx, mailbox_id: int, last_id: int) -> None:
    """Remember how far a mailbox was gone through."""
    tx.execute(update(retention).where(retention.c.mailbox_id == mailbox_id).values(cursor=last_id))


def _all_strip(tx: ReadTx, letter_id: int) -> bool:
    """Whether every mailbox that has the letter lets its files go by now. Letters of equal words but other bytes are
    left alone: their parts lie elsewhere."""
    held = select(message.c.id).join(thread, thread.c.id == message.c.thread_id)
    if tx.value(held.where(message.c.letter_id == letter_id, is_held()).limit(1)) is not None:
        return False
    rows = tx.rows(
        select(message.c.id, message.c.blob_id, retention.c.act, retention.c.months)
        .outerjoin(retention, retention.c.mailbox_id == message.c.mailbox_id)
        .where(message.c.letter_id == letter_id)
    )
    now = clock.now()
    due = all(row.act == "strip" and (row.id >> COUNTER_BITS) * clock.SECOND < now - row.months * MONTH for row in rows)
    return due and len({row.blob_id for row in rows}) == 1
