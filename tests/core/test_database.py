"""What the one door to the database promises, on both engines."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.database import Database, ReadTx, WriteTx, open_database
from core.errors import Invalid, NotFound, Unavailable
from core.jobs import job
from tests.support.engines import count, look


@pytest.fixture(autouse=True)
def notes(as_in_life: None, database: Database) -> None:
    database.write_now(lambda tx: tx.sql("CREATE TABLE remark (id bigint PRIMARY KEY, words text)"))


def add_note(tx: WriteTx, number: int, words: str = "") -> int:
    tx.sql("INSERT INTO remark (id, words) VALUES (:id, :words)", id=number, words=words)
    return number


def count_notes(tx: ReadTx) -> int:
    return tx.sql("SELECT count(*) FROM remark").scalar_one()


def ask(call, *args):
    """``await call(*args)`` in a loop of its own, at most ten seconds."""

    async def inner():
        return await asyncio.wait_for(call(*args), 10)

    return asyncio.run(inner())


def fail(tx: WriteTx, number: int) -> None:
    add_note(tx, number)
    raise Invalid("Nobody wants this remark.")


def test_whoever_is_told_done_is_read_by_a_stranger(database: Database) -> None:
    async def ask() -> None:
        assert await database.write(add_note, 1, words="ї") == 1
        assert look(database, "SELECT words FROM remark") == [("ї",)]
        assert await database.work(add_note, 2) == 2
        assert await database.read(count_notes) == await database.search(count_notes) == 2

    asyncio.run(ask())


def test_a_failing_unit_harms_nobody_else(database: Database) -> None:
    async def many() -> list[object]:
        units = [database.write(fail if number % 3 == 0 else add_note, number) for number in range(60)]
        return await asyncio.gather(*units, return_exceptions=True)

    told = asyncio.run(many())
    assert all(isinstance(answer, Invalid) for answer in told[::3])
    kept = [number for number in range(60) if number % 3]
    assert [answer for answer in told if isinstance(answer, int)] == kept
    assert [row[0] for row in look(database, "SELECT id FROM remark ORDER BY id")] == kept


@pytest.mark.parametrize("problem", [ZeroDivisionError("bug"), StopIteration()])
def test_a_verb_may_raise_anything(database: Database, problem: BaseException) -> None:
    def raise_it(tx: WriteTx) -> None:
        raise problem

    async def ask() -> list[object]:
        units = [
            database.write(raise_it),
            database.write(add_note, 1),
            database.read(raise_it),
            database.read(count_notes),
        ]
        return await asyncio.wait_for(asyncio.gather(*units, return_exceptions=True), 10)

    told = asyncio.run(ask())
    assert all(isinstance(told[place], BaseException) for place in (0, 2))
    assert told[1] == 1
    assert count(database, "remark") == 1


def test_a_reader_cannot_write(database: Database) -> None:
    for call in (database.read, database.search):
        with pytest.raises(Exception, match=r"readonly database|read-only transaction"):
            ask(call, add_note, 1)
    assert count(database, "remark") == 0
    assert database.read_now(count_notes) == 0


def test_a_read_sees_one_snapshot(database: Database) -> None:
    looked, written = threading.Event(), threading.Event()

    def look_twice(tx: ReadTx) -> tuple[int, int]:
        before = count_notes(tx)
        looked.set()
        assert written.wait(10)
        return before, count_notes(tx)

    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(database.read_now, look_twice)
        assert looked.wait(10)
        database.write_now(add_note, 1)
        written.set()
        assert reading.result() == (0, 0)
    assert database.read_now(count_notes) == 1


def snapshots_open(database: Database) -> bool:
    """Does anybody hold a snapshot now?"""
    if database.is_sqlite:
        return bool(look(database, "PRAGMA wal_checkpoint(TRUNCATE)")[0][0])
    state = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'"
    return bool(look(database, state)[0][0])


def test_a_page_is_rendered_after_its_snapshot_was_let_go(database: Database) -> None:
    threads = []

    def find(tx: ReadTx) -> tuple[int, bool]:
        threads.append(threading.current_thread())
        number = count_notes(tx)
        database.write_now(add_note, 1)
        return number, snapshots_open(database)

    def render(found: tuple[int, bool]) -> tuple[int, bool, bool]:
        # Another reader that connects just now holds one for a moment too; this thread's own would stay all the time.
        threads.append(threading.current_thread())
        until = time.monotonic() + 5
        while (still := snapshots_open(database)) and time.monotonic() < until:
            time.sleep(0.02)
        return *found, still

    assert ask(database.page, render, find) == (0, True, False)
    assert threads[0] is threads[1]
    with pytest.raises(ZeroDivisionError):
        ask(database.page, lambda number: 1 / number, lambda tx: 0)


def test_people_come_before_work(database: Database) -> None:
    """The lane of work stands still behind its gates; a person passes."""
    gate = threading.Event()
    order: list[str] = []

    def wait_and_note(tx: WriteTx, words: str) -> None:
        assert gate.wait(10)
        order.append(words)

    async def crowd() -> None:
        # On SQLite the first unit holds the one writer while all the others queue; on PostgreSQL work has threads of
        # its own, all of them held here, and people do not even wait.
        work = [asyncio.ensure_future(database.work(wait_and_note, "work")) for _ in range(8)]
        await asyncio.sleep(0.2)
        people = [asyncio.ensure_future(database.write(lambda tx: order.append("person"))) for _ in range(8)]
        if not database.is_sqlite:
            await asyncio.gather(*people)
        gate.set()
        await asyncio.gather(*people, *work)

    asyncio.run(crowd())
    first_work = 1 if database.is_sqlite else 0
    assert order == ["work"] * first_work + ["person"] * 8 + ["work"] * (8 - first_work)


def test_a_caller_who_goes_away_leaves_the_rest_alone(database: Database) -> None:
    gate = threading.Event()

    def slow(tx: WriteTx, number: int) -> None:
        assert gate.wait(10)
        add_note(tx, number)

    async def leave() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(database.write(slow, 1), 0.05)
        gate.set()
        assert await database.write(add_note, 2) == 2

    asyncio.run(leave())

    async def die() -> None:
        gate.clear()
        database.write(slow, 3).close()  # nobody ever awaits it, and the loop is closed before it is done

    asyncio.run(die())
    gate.set()
    assert database.write_now(add_note, 4) == 4
    database.close()
    assert count(database, "remark") == 4


def test_close_finishes_what_waits_and_refuses_the_rest(database: Database) -> None:
    gate = threading.Event()

    def slow(tx: WriteTx, number: int) -> int:
        assert gate.wait(10)
        return add_note(tx, number)

    with ThreadPoolExecutor(30) as pool:
        waiting = [pool.submit(database.write_now, slow, number) for number in range(30)]
        time.sleep(0.2)
        closing = pool.submit(database.close)
        time.sleep(0.1)
        gate.set()
        assert sorted(unit.result(10) for unit in waiting) == list(range(30))
        closing.result(10)
    assert count(database, "remark") == 30
    database.close()
    for call in (database.write, database.work, database.read, database.search):
        with pytest.raises(Unavailable):
            ask(call, count_notes)
    with pytest.raises(Unavailable):
        database.read_now(count_notes)


def test_listeners_hear_after_the_commit_and_only_then(database: Database) -> None:
    heard: list[tuple[frozenset[str], int]] = []
    database.listen(lambda topics: heard.append((topics, count(database, "remark"))))

    def add_and_tell(tx: WriteTx, number: int) -> None:
        tx.announce("notes")
        add_note(tx, number)

    def fail_and_tell(tx: WriteTx) -> None:
        tx.announce("nothing")
        raise Invalid("No.")

    with pytest.raises(Invalid):
        database.write_now(fail_and_tell)
    database.write_now(add_and_tell, 1)
    assert heard == [(frozenset({"notes"}), 1)]


def test_a_listener_that_fails_stops_neither_the_writer_nor_other_listeners(database: Database) -> None:
    heard: list[frozenset[str]] = []
    database.listen(lambda topics: (_ for _ in ()).throw(RuntimeError("loop closed")))
    database.listen(heard.append)
    for number in range(10):
        database.write_now(lambda tx, number=number: (tx.announce("notes"), add_note(tx, number)))
    assert heard == [frozenset({"notes"})] * 10
    assert count(database, "remark") == 10


def test_another_process_hears_a_commit_soon(database: Database) -> None:
    other = Database(database.url)
    rung = threading.Event()
    other.listen(lambda topics: rung.set())
    other.start(hear_others=True)
    ringing = Database(database.url)
    ringing.start(hear_others=True)
    try:
        time.sleep(1)
        rung.clear()
        began = time.monotonic()
        ringing.write_now(lambda tx: (tx.announce("notes"), add_note(tx, 1)))
        assert rung.wait(2)
        assert time.monotonic() - began < 2
    finally:
        other.close()
        ringing.close()


def test_locks_need_a_row_and_names_need_none(database: Database) -> None:
    with pytest.raises(NotFound):
        database.write_now(lambda tx: tx.get(job, 5))
    database.write_now(lambda tx: tx.lock_key("anything", 5, "ї"))
    with pytest.raises(Invalid, match=r"sqlite:///"):
        Database("mysql://x")


def test_a_blocking_call_inside_a_loop_is_refused(database: Database) -> None:
    async def block() -> None:
        database.read_now(count_notes)

    with pytest.raises(AssertionError):
        asyncio.run(block())


def test_opening_what_cannot_be_opened_says_so(database: Database, tmp_path) -> None:
    if database.is_sqlite:
        (tmp_path / "folder").mkdir()
        with pytest.raises(Unavailable):
            open_database(f"sqlite:///{tmp_path / 'folder'}")
        return
    away = open_database(database.url.replace("test_", "gone_"))
    for call in (away.write_now, away.read_now):
        with pytest.raises(Unavailable):
            call(count_notes)
    away.close()
