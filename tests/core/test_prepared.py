"""A statement that is said for the second time goes another way on SQLite; it has to mean the same."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import bindparam, delete, func, insert, literal_column, select, text, update
from sqlalchemy.exc import IntegrityError

from core.blobs import blob
from core.changes import change
from core.database import Database, ReadTx, WriteTx
from core.errors import Conflict

FACT = {"kind": "a.b", "entity_id": 7, "scope_id": None, "fields": {"ключ": ["в", None, 1.5]}, "cause": "test", "at": 1}
STATEMENTS: list[tuple[Any, dict[str, Any]]] = [
    (select(change), {}),
    (select(change.c.fields, change.c.id).where(change.c.kind == bindparam("kind")), {"kind": "a.b"}),
    (
        select(change.c.id, blob.c.id, func.length(change.c.kind).label("size")).where(
            blob.c.size == 3, blob.c.id == change.c.id
        ),
        {},
    ),
    (select(blob.c.content, blob.c.sha256).where(blob.c.sha256 == bindparam("hash")), {"hash": b"\x00\xff"}),
    (select(change.c.scope_id, func.max(change.c.at)).group_by(change.c.scope_id), {}),
    (select(change.c.id).where(change.c.id.in_(bindparam("ids", expanding=True))), {"ids": [1, 2]}),
    (
        select(change.c.id).where(
            change.c.kind.not_in(bindparam("kinds", expanding=True)),
            change.c.id > bindparam("after"),
            change.c.at.in_([1, 2, 3]),
        ),
        {"kinds": ["x", "y", "z"], "after": 0},
    ),
    (select(blob.c.id).where(blob.c.sha256.in_(bindparam("hashes", expanding=True))), {"hashes": [b"\x00\xff", b""]}),
    (select(change.c.id).where(change.c.kind.not_in(bindparam("kinds", expanding=True))), {"kinds": []}),
    (select(change.c.id, literal_column("'?'").label("why")).where(change.c.id == bindparam("id")), {"id": 1}),
    (text("SELECT id, kind FROM change WHERE kind = :kind"), {"kind": "a.b"}),
    (select(change.c.id).order_by(change.c.id).limit(bindparam("most")), {"most": 1}),
    (select(change.c.id).where(change.c.id == 99), {}),
    (select(change.c.id).where(change.c.id.in_(bindparam("ids", expanding=True))), {"ids": []}),
]


def fill(tx: WriteTx) -> None:
    tx.insert(change, **FACT)
    tx.insert(blob, sha256=b"\x00\xff", size=3, content=b"\x00abc", created_at=5)


def ask(tx: ReadTx, statement: Any, parameters: dict[str, Any]) -> Any:
    rows = tx.rows(statement, parameters)
    first = tx.row(statement, parameters)
    described = [(tuple(row), dict(row._mapping), row._fields) for row in rows]
    return described, first and tuple(first), tx.value(statement, parameters), tx.values(statement, parameters)


@pytest.mark.parametrize("number", range(len(STATEMENTS)))
def test_the_third_answer_is_the_first(database: Database, number: int) -> None:
    database.write_now(fill)
    statement, parameters = STATEMENTS[number]
    answers = []
    for _ in range(3):
        fresh = statement._clone()  # never met: the way of SQLAlchemy
        answers.append(database.read_now(ask, fresh, parameters))
        answers.append(database.read_now(ask, statement, parameters))
    assert all(answer == answers[0] for answer in answers)
    assert answers[0][0] or number >= len(STATEMENTS) - 2


def test_rows_are_changed_and_counted_alike(database: Database) -> None:
    add, change_it = insert(change), update(change).where(change.c.kind == bindparam("of")).values(at=bindparam("now"))
    take = delete(change).where(change.c.id == bindparam("id"))

    def verb(tx: WriteTx) -> list[Any]:
        for _ in range(3):
            tx.execute(add, FACT)
        seen: list[Any] = [tx.execute(change_it, {"of": "a.b", "now": now}) for now in (8, 9, 10)]
        ids = [tx.insert(change, **FACT) for _ in range(3)]
        assert ids == [ids[0], ids[0] + 1, ids[0] + 2]
        seen += [tx.execute(take, {"id": row_id}) for row_id in (*ids, ids[0])]
        return [*seen, tx.value(select(func.count()).select_from(change)), tx.values(select(change.c.fields).limit(1))]

    assert database.write_now(verb) == [3, 3, 3, 1, 1, 1, 0, 3, [FACT["fields"]]]


def test_a_list_of_another_length_finds_its_own(database: Database) -> None:
    statement = select(change.c.id).where(change.c.id.in_(bindparam("ids", expanding=True))).order_by(change.c.id)

    def verb(tx: WriteTx) -> list[list[int]]:
        for count in (1, 3):
            tx.insert_many(change, [{**FACT, "entity_id": number} for number in range(count)])
        return [tx.values(statement, {"ids": ids}) for ids in ([1, 2], [3], [], [4, 2, 1, 9], (2,))]

    assert database.write_now(verb) == [[1, 2], [3], [], [1, 2, 4], [2]]


def test_a_broken_rule_is_the_same_error(database: Database) -> None:
    kinds = []

    def twice(tx: WriteTx) -> None:
        try:
            fill(tx)
            tx.insert(blob, sha256=b"\x00\xff", size=3, created_at=5)
        except IntegrityError as problem:
            kinds.append(type(problem))
            raise

    for _ in range(3):
        with pytest.raises(Conflict):
            database.write_now(twice)
    assert set(kinds) == {IntegrityError}


def test_json_that_utf8_cannot_say_comes_back(database: Database) -> None:
    if not database.is_sqlite:
        pytest.skip("PostgreSQL takes no half pairs")
    odd = {"helo": "\ud800", "name": "ї"}
    change_id = database.write_now(lambda tx: tx.insert(change, **{**FACT, "fields": odd}))
    assert database.read_now(lambda tx: tx.get(change, change_id).fields) == odd


def test_a_forgotten_value_is_an_error_not_a_null(database: Database) -> None:
    statement = select(change.c.id).where(change.c.kind == bindparam("kind"))

    def verb(tx: ReadTx) -> None:
        tx.rows(statement, {"kind": "x"})
        tx.rows(statement, {"kind": "x"})
        tx.rows(statement, {"other": "x"})

    with pytest.raises(Exception, match="kind"):
        database.read_now(verb)
