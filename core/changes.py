"""The feed of facts: append-only rows in the transaction of what happened.

Live pages, search, webhooks and triggers are consumers, each with a position of its own. ``kind`` is ``noun.verb`` in
the past tense: ``message.arrived``, ``thread.assigned``, ``grant.removed``.

**Order.** On SQLite facts are committed in the order of their ids. On PostgreSQL they are not: an id may appear after a
higher one. There each fact also carries the number of its transaction, facts are read in the order (transaction, id),
and only those of transactions older than every running one: behind a position nothing can appear any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Index,
    Text,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    select,
    tuple_,
    update,
)

from core import clock
from core.columns import Id, Json, id_column, instant, number, table, text
from core.database import ReadTx, WriteTx
from core.errors import Invalid

TOPIC = "changes"
# Longer than any session of the browser may sleep: nobody who comes back misses a fact.
KEPT = 30 * clock.DAY
SWEPT_AT_ONCE = 2_000

change = table(
    "change",
    id_column(),
    number("transaction", 0),
    text("kind"),
    number("entity_id"),
    Column("scope_id", Id),
    Column("fields", Json, nullable=False),
    text("cause"),
    instant("at"),
)
Index(None, change.c.transaction, change.c.id)

consumer = table(
    "consumer",
    Column("name", Text, primary_key=True),
    number("transaction", 0),
    number("position", 0),
)


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in the feed. As text it is ``transaction-id``, the ``Last-Event-ID`` of the event stream."""

    transaction: int = 0
    id: int = 0

    def __str__(self) -> str:
        return f"{self.transaction}-{self.id}"

    @classmethod
    def parse(cls, words: str) -> Position:
        """Read what ``str`` wrote. Raises Invalid."""
        before, dash, after = words.partition("-")
        if not (dash and before.isascii() and before.isdigit() and after.isascii() and after.isdigit()):
            raise Invalid("This is not a position in the feed of changes.")
        return cls(int(before), int(after))


@dataclass(frozen=True, slots=True)
class Change:
    """One fact. ``scope_id`` says whose it is (None: not tied to a mailbox); ``cause`` who or what made it."""

    position: Position
    kind: str
    entity_id: int
    scope_id: int | None
    fields: dict[str, Any]
    cause: str
    at: int


_ADD = insert(change)
_ADD_NUMBERED = _ADD.values(transaction=literal_column("pg_current_xact_id()::text::bigint"))


def record_change(
    tx: WriteTx,
    kind: str,
    entity_id: int,
    *,
    scope_id: int | None = None,
    fields: dict[str, Any] | None = None,
    cause: str = "house",
) -> None:
    """Write a fact beside what it is about, in the same transaction; listeners hear of it after the commit."""
    tx.announce(TOPIC)
    tx.later(
        _ADD if tx.is_sqlite else _ADD_NUMBERED,
        kind=kind,
        entity_id=entity_id,
        scope_id=scope_id,
        fields=fields or {},
        cause=cause,
        at=clock.now(),
    )


_PLACE = tuple_(change.c.transaction, change.c.id)
_AFTER = (
    select(change)
    .where(tuple_(bindparam("transaction"), bindparam("id")) < _PLACE)
    .order_by(change.c.transaction, change.c.id)
    .limit(bindparam("most"))
)
_FINAL: ColumnElement[int] = literal_column("pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
_AFTER_FINAL = _AFTER.where(change.c.transaction < _FINAL)
_NEWEST = select(change.c.transaction, change.c.id).order_by(change.c.transaction.desc(), change.c.id.desc()).limit(1)
_NEWEST_FINAL = _NEWEST.where(change.c.transaction < _FINAL)


def list_changes(tx: ReadTx, after: Position, most: int = 500) -> list[Change]:
    """The facts behind a position in their order, as far as nothing can still appear before them."""
    statement = _AFTER if tx.is_sqlite else _AFTER_FINAL
    rows = tx.rows(statement, {"transaction": after.transaction, "id": after.id, "most": most})
    return [
        Change(Position(row.transaction, row.id), row.kind, row.entity_id, row.scope_id, row.fields, row.cause, row.at)
        for row in rows
    ]


def newest_position(tx: ReadTx) -> Position:
    """Where a consumer that only cares for the future begins."""
    row = tx.row(_NEWEST if tx.is_sqlite else _NEWEST_FINAL)
    return Position() if row is None else Position(*row)


def find_position(tx: ReadTx, name: str) -> Position:
    """Where the consumer stands; the beginning for one that never ran."""
    row = tx.row(select(consumer.c.transaction, consumer.c.position).where(consumer.c.name == name))
    return Position() if row is None else Position(*row)


def move_consumer(tx: WriteTx, name: str, position: Position) -> None:
    """Set where a consumer stands, in the transaction of what it did with the facts before."""
    values = {"transaction": position.transaction, "position": position.id}
    if not tx.execute(update(consumer).where(consumer.c.name == name).values(values)):
        tx.insert(consumer, name=name, **values)


_OLDEST = select(change.c.id).order_by(change.c.id).limit(SWEPT_AT_ONCE)
_SLOWEST = select(
    func.min(consumer.c.transaction).label("transaction"), func.min(consumer.c.position).label("position")
)


def sweep(tx: WriteTx) -> int:
    """Delete old facts that every consumer has read, a few thousand at a time. Returns how many."""
    gone = (change.c.id.in_(_OLDEST), change.c.at < clock.now() - KEPT)
    slowest = tx.row(_SLOWEST)
    if slowest is None or slowest.position is None:
        return tx.execute(delete(change).where(*gone))
    read = (change.c.transaction <= slowest.transaction, change.c.id <= slowest.position)
    return tx.execute(delete(change).where(*gone, *read))
