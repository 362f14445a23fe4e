"""A statement that is said for the second time goes another way, to the driver; it has to mean the same."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import Float, bindparam, cast, delete, func, insert, literal_column, select, text, update
from sqlalchemy.exc import IntegrityError

from core.blobs import blob
from core.changes import change, consumer
from core.database import Database, ReadTx, WriteTx
from core.errors import Conflict
from tests.support.engines import only

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
    (select(change.c.id, bindparam("any").is_(None).label("none")), {"any": 5}),  # of a kind that the server asks for
    (select(change.c.id, literal_column("'100%'").label("per")).where(change.c.kind.like("a.%")), {}),
    (select(func.sum(change.c.at), func.avg(change.c.at), cast(func.max(change.c.at), Float)), {}),
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


@only("postgresql")
def test_what_a_connection_keeps_is_bounded(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.database.prepared_postgres.MOST_NAMED", 3)
    statements = [select(change.c.id, literal_column(str(number)).label("n")) for number in range(8)]

    def verb(tx: WriteTx) -> list[int]:
        tx.insert(change, **FACT)
        tx.insert(change, **FACT)
        for _ in range(3):
            assert [tx.rows(one)[0].n for one in statements] == list(range(8))
        return tx.values(text("SELECT count(*) FROM pg_prepared_statements"))

    assert database.write_now(verb) == [3]


@only("postgresql")
def test_a_fault_that_a_verb_swallowed_is_not_committed(database: Database) -> None:
    """PostgreSQL takes back what follows a fault, without a word, when it is told to commit."""

    def careless(tx: WriteTx) -> None:
        fill(tx)
        with suppress(IntegrityError):
            fill(tx)

    for _ in range(2):
        with pytest.raises(Exception, match="failed"):
            database.write_now(careless)
    assert database.read_now(lambda tx: tx.rows(select(blob))) == []


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


@pytest.mark.parametrize("count", [1, 7, 8, 73, 150])
def test_many_rows_are_those_that_were_said_and_their_ids_too(database: Database, count: int) -> None:
    """Few are said one by one, more at once: by statements of many rows on SQLite, by COPY on PostgreSQL."""
    facts = [FACT | {"entity_id": number, "scope_id": number if number % 2 else None} for number in range(count)]

    def lay(tx: WriteTx) -> list[int]:
        tx.insert(change, **FACT | {"entity_id": -1})
        tx.insert_many(change, [FACT | {"entity_id": -2, "fields": {"a": None}}] * count)
        tx.insert_many(consumer, [{"position": number, "name": f"c\t{number}\\N"} for number in range(count)])
        return tx.insert_all(change, facts)

    minted = [number for _ in range(2) for number in database.write_now(_twice, lay)]
    assert minted == sorted(set(minted))
    rows = database.read_now(lambda tx: tx.rows(select(change).where(change.c.id.in_(minted)).order_by(change.c.id)))
    told = [{name: getattr(row, name) for name in FACT} for row in rows]
    assert told == facts * 2
    others = database.read_now(lambda tx: tx.rows(select(change.c.fields).where(change.c.entity_id == -2)))
    assert [row.fields for row in others] == [{"a": None}] * count * 2
    said = database.read_now(lambda tx: tx.rows(select(consumer).order_by(consumer.c.position)))
    assert [(row.name, row.position, row.transaction) for row in said] == [
        (f"c\t{number}\\N", number, 0) for number in range(count)
    ]


def _twice(tx: WriteTx, lay: Callable[[WriteTx], list[int]]) -> list[int]:
    tx.execute(delete(consumer))
    return lay(tx)


@pytest.mark.parametrize("count", [2, 20])
def test_rows_of_which_one_may_not_stand_are_refused_together(database: Database, count: int) -> None:
    names = [f"c{number}" for number in range(count - 1)]
    with pytest.raises(Conflict):
        database.write_now(lambda tx: tx.insert_many(consumer, [{"name": name} for name in [*names, "c0"]]))
    assert database.read_now(lambda tx: tx.rows(select(consumer))) == []


def test_a_reading_unit_asks_once_and_a_writing_one_anew(database: Database) -> None:
    """What was told is not mixed up by values, nor changed by who got it; long answers are asked for again."""
    mine = select(change.c.id).where(change.c.entity_id == bindparam("entity")).order_by(change.c.id)
    everything = select(change.c.id).where(change.c.id > bindparam("after"))

    def count(tx: ReadTx) -> int:
        return len(tx.rows(mine, {"entity": 7}))

    def write(tx: WriteTx) -> list[int]:
        seen = [count(tx), count(tx)]
        tx.insert(change, **FACT)
        return [*seen, count(tx)]

    def read(tx: ReadTx) -> list[list[int]]:
        said: list[Any] = []
        plain = type(tx)._directly

        def note(self: ReadTx, statement: Any, parameters: Any) -> Any:
            said.append(statement)
            return plain(self, statement, parameters)

        with patch.object(type(tx), "_directly", note):
            first = tx.values(mine, {"entity": 7})
            first.clear()
            found = [tx.values(mine, {"entity": 7}), tx.values(mine, {"entity": 8}), tx.values(mine, {"entity": 7})]
            found += [tx.values(everything, {"after": 0}), tx.values(everything, {"after": 0})]
        assert (said.count(mine), said.count(everything)) == (2, 2)
        return found

    database.write_now(fill)
    assert database.write_now(write) == [1, 1, 2]
    database.write_now(lambda tx: tx.insert_many(change, [{**FACT, "entity_id": 9}] * 250))
    database.read_now(lambda tx: (count(tx), tx.values(everything, {"after": 0})))  # both were met before now
    mine_now, of_8, again, all_once, all_again = database.read_now(read)
    assert mine_now == again
    assert (len(mine_now), of_8, len(all_once)) == (2, [], 252)
    assert all_once == all_again
