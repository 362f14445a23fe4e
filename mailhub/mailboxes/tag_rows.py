"""Which tags stand on which threads: the rows behind ``tags``, for whoever moves, merges and lists threads."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, func, select, update

from core.database import ReadTx, WriteTx
from mailhub.mailboxes.tables import tag, thread, thread_tag


@dataclass(frozen=True, slots=True)
class Tag:
    """A word for threads, and its colour: 0 for none, else 1 to 4."""

    id: int
    name: str
    colour: int


_OF_THREADS = (
    select(thread_tag.c.thread_id, tag.c.id, tag.c.name, tag.c.colour)
    .join(tag, tag.c.id == thread_tag.c.tag_id)
    .where(thread_tag.c.thread_id.in_(bindparam("ids", expanding=True)), tag.c.deleted_at.is_(None))
    .order_by(tag.c.key)
)
_ON = select(thread_tag.c.tag_id).where(thread_tag.c.thread_id == bindparam("thread_id"))
_ORDER = (
    update(thread_tag)
    .where(thread_tag.c.thread_id == bindparam("of_thread"))
    .values(last_message_at=bindparam("at"), scope_id=bindparam("in_scope"))
)
_COUNT = select(func.count()).where(thread_tag.c.thread_id == bindparam("thread_id"))


def fold_tag(name: str) -> str:
    """A name as tags are compared: ``tag.key``."""
    return " ".join(unicodedata.normalize("NFC", name).split()).casefold()


def find_tags(tx: ReadTx, thread_ids: Sequence[int]) -> dict[int, tuple[Tag, ...]]:
    """The tags of these threads, by their names; threads without one are left out."""
    found: dict[int, tuple[Tag, ...]] = {}
    for row in tx.rows(_OF_THREADS, {"ids": list(thread_ids)}) if thread_ids else ():
        found[row.thread_id] = (*found.get(row.thread_id, ()), Tag(row.id, row.name, row.colour))
    return found


def list_on(tx: ReadTx, thread_id: int) -> list[int]:
    """The tags of a thread, deleted ones included."""
    return sorted(int(one) for one in tx.values(_ON, {"thread_id": thread_id}))


def keep_order(tx: WriteTx, row: Any, last_message_at: int) -> None:
    """Tell the lists of its tags when the newest letter of a thread (its row) came, and in which scope it is."""
    if row.tag_count:
        tx.execute(_ORDER, {"of_thread": row.id, "at": last_message_at, "in_scope": row.scope_id})


def put_tags(tx: WriteTx, row: Any, tag_ids: Iterable[int]) -> list[int]:
    """Put tags on a thread (its row, held). Returns those that were not there."""
    new = sorted(set(tag_ids) - set(list_on(tx, row.id)))
    place = {"thread_id": row.id, "scope_id": row.scope_id, "last_message_at": row.last_message_at}
    tx.insert_many(thread_tag, [{**place, "tag_id": one} for one in new])
    if new:
        _count(tx, row.id)
    return new


def take_tags(tx: WriteTx, thread_id: int, tag_ids: Iterable[int]) -> list[int]:
    """Take tags off a thread that is held. Returns those that were there."""
    gone = sorted(set(tag_ids) & set(list_on(tx, thread_id)))
    if gone:
        tx.execute(delete(thread_tag).where(thread_tag.c.thread_id == thread_id, thread_tag.c.tag_id.in_(gone)))
        _count(tx, thread_id)
    return gone


def _count(tx: WriteTx, thread_id: int) -> None:
    tx.change(thread, thread_id, tag_count=int(tx.value(_COUNT, {"thread_id": thread_id})))
