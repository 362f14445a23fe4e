"""Very many rows at once, and lists of values in statements that are said again."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from core.changes import change
from core.database import Database, ReadTx, WriteTx, among, to_json
from core.errors import Conflict
from core.jobs import job

COLUMNS = ("kind", "entity_id", "scope_id", "fields", "cause", "at")
FIELDS = {"ключ": ['в "кавычках"\\', "\t\n", None, 1.5]}


def test_rows_that_are_laid_are_rows_that_are_inserted(database: Database) -> None:
    rows = [(f"a.b{number % 3}", number, None, to_json(FIELDS), "\\N", 1) for number in range(205)]

    def lay(tx: WriteTx) -> None:
        tx.lay(change, COLUMNS, rows)
        tx.lay(change, COLUMNS, [])
        tx.insert_many(change, [dict(zip(COLUMNS, row, strict=True)) | {"fields": FIELDS} for row in rows])

    database.write_now(lay)
    found = database.read_now(lambda tx: tx.rows(select(*(change.c[one] for one in COLUMNS)).order_by(change.c.id)))
    assert len(found) == 410
    assert sorted(map(repr, found[:205])) == sorted(map(repr, found[205:]))


def test_a_row_that_stands_already_is_somebody_elses(database: Database) -> None:
    rows = [("x", "{}", 0, "same", 1)] * 2
    with pytest.raises(Conflict):
        database.write_now(lambda tx: tx.lay(job, ("kind", "payload", "run_at", "dedupe_key", "created_at"), rows))
    assert database.read_now(lambda tx: tx.values(select(job.c.id))) == []


def test_one_of_a_list(database: Database) -> None:
    database.write_now(lambda tx: tx.lay(change, COLUMNS, [("a", n, None, "{}", "t", 1) for n in range(50)]))
    asked = select(change.c.entity_id).where(among(change.c.entity_id, "ones")).order_by(change.c.id)

    def ask(tx: ReadTx) -> None:
        for ones in ([3, 7], [], [7, 3, 99], list(range(50)), [3, 7]):  # the first goes another way than those behind
            assert tx.values(asked, {"ones": ones}) == sorted(one for one in ones if one < 50)

    database.read_now(ask)


def test_a_list_is_looked_up_in_the_index(database: Database) -> None:
    asked = select(change.c.kind).where(among(change.c.id, "ones"))

    def plan(tx: ReadTx) -> str:
        text = str(asked.compile(dialect=tx._connection.dialect)).replace("(__[POSTCOMPILE_ones])", "(1, 2)")
        return " ".join(row[3] for row in tx.sql(f"EXPLAIN QUERY PLAN {text}")) if tx.is_sqlite else "SEARCH"

    assert "SEARCH" in database.read_now(plan)
