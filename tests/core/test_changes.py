"""The feed of facts: in order, whole, and only of what was committed. (Late commits: test_database_postgres.)"""

from __future__ import annotations

import pytest

from core import changes, clock
from core.changes import (
    KEPT,
    Position,
    find_position,
    list_changes,
    move_consumer,
    newest_position,
    record_change,
    sweep,
)
from core.database import Database, WriteTx
from core.errors import Invalid


def test_facts_are_read_in_their_order_from_a_position_on(database: Database) -> None:
    def record_two(tx: WriteTx, number: int) -> None:
        record_change(tx, "note.made", number, scope_id=None, fields={"words": "ї"}, cause="test")
        record_change(tx, "note.read", number)

    assert database.read_now(newest_position) == Position()
    for number in range(5):
        database.write_now(record_two, number)
    everything = database.read_now(list_changes, Position())
    assert [(fact.kind, fact.entity_id) for fact in everything] == [
        (kind, number) for number in range(5) for kind in ("note.made", "note.read")
    ]
    assert everything[0].fields == {"words": "ї"}
    assert (everything[0].cause, everything[1].cause) == ("test", "house")
    assert sorted(everything, key=lambda fact: fact.position) == everything
    assert database.read_now(newest_position) == everything[-1].position
    assert database.read_now(list_changes, everything[3].position, 2) == everything[4:6]
    assert database.read_now(list_changes, everything[-1].position) == []


def test_a_fact_that_was_rolled_back_never_was(database: Database) -> None:
    heard: list[frozenset[str]] = []
    database.listen(heard.append)

    def fail(tx: WriteTx) -> None:
        record_change(tx, "note.made", 1)
        raise Invalid("No.")

    with pytest.raises(Invalid):
        database.write_now(fail)
    assert database.read_now(list_changes, Position()) == []
    assert heard == []
    database.write_now(record_change, "note.made", 2)
    assert heard == [frozenset({"changes"})]


def test_a_consumer_stands_where_it_was_put(database: Database) -> None:
    assert database.read_now(find_position, "live") == Position()
    database.write_now(move_consumer, "live", Position(3, 4))
    database.write_now(move_consumer, "live", Position(5, 1))
    database.write_now(move_consumer, "search", Position(1, 1))
    assert database.read_now(find_position, "live") == Position(5, 1)
    assert database.read_now(find_position, "search") == Position(1, 1)


def test_a_position_survives_being_text() -> None:
    assert Position.parse(str(Position(12, 345))) == Position(12, 345)
    assert Position(1, 9) < Position(2, 1) < Position(2, 2)
    for words in ("", "1", "1-", "-1", "1-2-3", "a-b", "1--2", "١-٢", "1 - 2"):
        with pytest.raises(Invalid):
            Position.parse(words)


def test_old_facts_are_swept_once_every_consumer_has_read_them(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        database.write_now(record_change, "note.made", number)
    first, second, *_ = database.read_now(list_changes, Position())
    now = clock.now()
    assert database.write_now(sweep) == 0, "they are young"
    monkeypatch.setattr(changes.clock, "now", lambda: now + KEPT + clock.MINUTE)
    database.write_now(record_change, "note.made", 4)
    database.write_now(move_consumer, "slow", second.position)
    database.write_now(move_consumer, "fast", database.read_now(newest_position))
    assert database.write_now(sweep) == 2, "the slow one has not read the others"
    database.write_now(move_consumer, "slow", database.read_now(newest_position))
    assert database.write_now(sweep) == 2
    assert [fact.entity_id for fact in database.read_now(list_changes, first.position)] == [4]
