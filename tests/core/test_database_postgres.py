"""Units that race on PostgreSQL: run again when another was first, told the truth when the connection is gone."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest
from sqlalchemy import func, select

from core.changes import Position, change, list_changes, move_consumer, newest_position, record_change
from core.database import Database, WriteTx
from core.errors import Conflict, Unavailable
from core.jobs import enqueue
from tests.support.engines import count, look, only

pytestmark = [only("postgresql"), pytest.mark.usefixtures("as_in_life")]


@pytest.fixture(autouse=True)
def notes(database: Database) -> None:
    database.write_now(lambda tx: tx.sql("CREATE TABLE remark (id bigint PRIMARY KEY, words text)"))


def add_note(tx: WriteTx, number: int) -> int:
    tx.sql("INSERT INTO remark (id) VALUES (:id)", id=number)
    return number


def both(database: Database, first, second) -> list[object]:
    """Two units at once."""

    async def race() -> list[object]:
        units = [database.write(first), database.write(second)]
        return await asyncio.wait_for(asyncio.gather(*units, return_exceptions=True), 30)

    return asyncio.run(race())


def wait_until_one_waits(database: Database) -> None:
    """Until a unit stands before a lock of another one."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    deadline = time.monotonic() + 10
    while look(database, waiting) == [(0,)]:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_unit_that_was_second_runs_again(database: Database) -> None:
    """Both looked before either had written: the second meets the unique key, runs again and sees the first."""
    written = threading.Event()
    runs: list[str] = []

    def come_first(tx: WriteTx) -> int | None:
        runs.append("first")
        added = enqueue(tx, "test", {}, dedupe_key="one")
        written.set()
        wait_until_one_waits(database)
        return added

    def come_second(tx: WriteTx) -> int | None:
        runs.append("second")
        assert written.wait(10)
        return enqueue(tx, "test", {}, dedupe_key="one")

    told = both(database, come_first, come_second)
    assert isinstance(told[0], int)
    assert told[1] is None
    assert sorted(runs) == ["first", "second", "second"]
    assert count(database, "job") == 1


def test_serialization_failures_and_deadlocks_run_again(database: Database) -> None:
    runs: list[str] = []

    def fail_first(tx: WriteTx) -> int:
        runs.append("serialization")
        add_note(tx, 1)
        if len(runs) < 3:
            tx.sql("DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END $$")
        return 1

    assert database.write_now(fail_first) == 1
    assert len(runs) == 3
    database.write_now(add_note, 2)
    meet = threading.Barrier(2)
    tries: list[int] = []

    def touch(tx: WriteTx, numbers: tuple[int, int]) -> int:
        tries.append(1)
        first = len(tries) <= 2
        for number in numbers:
            tx.sql("UPDATE remark SET words = 'x' WHERE id = :id", id=number)
            if first and number == numbers[0]:
                meet.wait(10)
        return numbers[0]

    assert both(database, lambda tx: touch(tx, (1, 2)), lambda tx: touch(tx, (2, 1))) == [1, 2]
    assert len(tries) > 2, "whoever lost may lose once more before the other has its row"


def test_a_uniqueness_that_stays_broken_ends_as_a_conflict(database: Database) -> None:
    database.write_now(add_note, 1)
    with pytest.raises(Conflict):
        database.write_now(add_note, 1)


def test_a_killed_connection_is_unavailable_and_the_next_unit_goes_on(database: Database) -> None:
    def be_killed(tx: WriteTx) -> None:
        add_note(tx, 1)
        pid = tx.sql("SELECT pg_backend_pid()").scalar_one()
        assert look(database, f"SELECT pg_terminate_backend({pid}, 5000)") == [(True,)]
        add_note(tx, 2)

    for number in range(10, 22):
        with pytest.raises(Unavailable):
            database.write_now(be_killed)
        assert database.write_now(add_note, number) == number
    assert count(database, "remark") == 12

    def lose_reader(tx) -> None:
        look(database, f"SELECT pg_terminate_backend({tx.sql('SELECT pg_backend_pid()').scalar_one()}, 5000)")
        tx.sql("SELECT 1")

    for _ in range(6):
        with pytest.raises(Unavailable):
            database.read_now(lose_reader)
        assert database.read_now(lambda tx: tx.sql("SELECT count(*) FROM remark").scalar_one()) == 12


def test_a_connection_killed_before_its_commit_acknowledges_nothing(database: Database) -> None:
    def die_at_the_end(tx: WriteTx) -> None:
        add_note(tx, 1)
        look(database, f"SELECT pg_terminate_backend({tx.sql('SELECT pg_backend_pid()').scalar_one()}, 5000)")

    with pytest.raises(Unavailable):
        database.write_now(die_at_the_end)
    assert count(database, "remark") == 0


def test_names_are_held_until_the_commit(database: Database) -> None:
    inside: list[int] = []
    most: list[int] = []

    def alone(tx: WriteTx) -> None:
        tx.lock_key("door", 1)
        inside.append(1)
        most.append(len(inside))
        tx.sql("SELECT pg_sleep(0.01)")
        inside.pop()

    async def crowd() -> None:
        await asyncio.gather(*(database.write(alone) for _ in range(12)))

    asyncio.run(crowd())
    assert most == [1] * 12


def test_a_consumer_never_skips_a_fact_that_commits_late(database: Database) -> None:
    """The lower number commits after the higher one: the feed waits for it."""
    begun, go = threading.Event(), threading.Event()

    def record_slowly(tx: WriteTx) -> None:
        record_change(tx, "remark.late", 1)
        tx.value(select(func.count()).select_from(change))  # whoever asks the table has what waits for its end in it
        begun.set()
        assert go.wait(10)

    async def interleave() -> list[str]:
        seen: list[str] = []

        async def consume() -> None:
            while facts := await database.read(list_changes, position[0]):
                seen.extend(fact.kind for fact in facts)
                position[0] = facts[-1].position
                await database.write(move_consumer, "test", position[0])

        position = [Position()]
        slow = asyncio.ensure_future(database.write(record_slowly))
        await asyncio.to_thread(begun.wait, 10)
        await database.write(record_change, "remark.early", 2)
        assert look(database, "SELECT kind FROM change ORDER BY id") == [("remark.early",)]
        await consume()
        assert await database.read(newest_position) == Position()
        go.set()
        await slow
        assert look(database, "SELECT kind FROM change ORDER BY id") == [("remark.late",), ("remark.early",)]
        await consume()
        await database.write(record_change, "remark.last", 3)
        await consume()
        return seen

    seen = asyncio.run(interleave())
    assert sorted(seen) == ["remark.early", "remark.last", "remark.late"]
    assert seen[-1] == "remark.last"


def test_a_busy_feed_is_read_whole_and_once(database: Database) -> None:
    """Twenty writers and a consumer: every fact once, whatever the order of the commits."""

    async def crowd() -> list[int]:
        seen: list[int] = []
        position = Position()
        writing = asyncio.gather(*(database.write(record_change, "remark.made", number) for number in range(400)))
        while not writing.done() or len(seen) < 400:
            facts = await database.read(list_changes, position, 50)
            seen.extend(fact.entity_id for fact in facts)
            position = facts[-1].position if facts else position
            await asyncio.sleep(0.001)
        await writing
        return seen

    seen = asyncio.run(asyncio.wait_for(crowd(), 60))
    assert sorted(seen) == list(range(400))
