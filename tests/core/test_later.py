"""What a unit writes later is there for every statement that could see it, and in one go with its like."""

from __future__ import annotations

import pytest
from sqlalchemy import bindparam, exists, func, literal_column, select, update

from core.blobs import blob
from core.changes import change, consumer
from core.database import Database, WriteTx
from core.database.prepared import tables_of
from core.errors import Conflict
from core.jobs import job

COUNT = select(func.count()).select_from(consumer)


def add(tx: WriteTx, *names: str) -> None:
    for name in names:
        tx.later(consumer, name=name, position=1)


def test_it_is_written_by_the_end(database: Database) -> None:
    database.write_now(add, "one", "two")
    assert database.read_now(lambda tx: tx.value(COUNT)) == 2


def test_whoever_asks_for_its_table_sees_it(database: Database) -> None:
    def ask(tx: WriteTx) -> list[int]:
        seen = []
        for number in range(3):
            add(tx, f"one {number}")
            seen.append(tx.value(COUNT))
        add(tx, "text")
        seen.append(tx.sql("SELECT count(*) FROM consumer").scalar_one())
        add(tx, "inside")
        inside = exists(select(1).where(consumer.c.name == "inside"))
        seen.append(tx.value(select(func.count()).select_from(blob).where(~inside)))
        return seen

    assert database.write_now(ask) == [1, 2, 3, 4, 0]


def test_what_changes_it_comes_behind_it(database: Database) -> None:
    def go(tx: WriteTx) -> None:
        add(tx, "one")
        tx.execute(update(consumer).values(position=2))
        tx.later(consumer, name="two", position=3, transaction=7)
        add(tx, "three")
        tx.insert(consumer, name="four", position=4)
        tx.later(update(consumer).where(consumer.c.name == bindparam("of")).values(position=9), of="four")

    database.write_now(go)
    rows = database.read_now(lambda tx: tx.rows(select(consumer.c.name, consumer.c.position)))
    assert dict(map(tuple, rows)) == {"one": 2, "two": 3, "three": 1, "four": 9}


def test_a_unit_that_fails_leaves_nothing(database: Database) -> None:
    def fail(tx: WriteTx) -> None:
        add(tx, "one", "one")

    with pytest.raises(Conflict):
        database.write_now(fail)
    assert database.read_now(lambda tx: tx.value(COUNT)) == 0


def test_the_tables_of_a_statement() -> None:
    alias = consumer.alias()
    inner = select(job.c.id).where(job.c.kind == literal_column("'x'")).subquery()
    assert tables_of(select(consumer.c.name)) == {"consumer"}
    assert tables_of(select(alias.c.name, inner.c.id)) == {"consumer", "job"}
    assert tables_of(select(1).where(exists(select(1).where(blob.c.id == change.c.id)))) == {"blob", "change"}
    assert tables_of(blob.join(change, blob.c.id == change.c.id).select()) == {"blob", "change"}
    assert tables_of(update(consumer).where(consumer.c.position.in_(select(job.c.id)))) == {"consumer", "job"}
    assert tables_of(consumer.insert()) == tables_of(consumer.delete()) == {"consumer"}
