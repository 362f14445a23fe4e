"""The one writer of SQLite: groups, and what a full or failing disk does to them."""

from __future__ import annotations

import asyncio
import sqlite3
import threading

import pytest

from core.database import Database, WriteTx
from core.database.engine import SqliteLanes
from core.database.sqlite import SqliteWriter
from core.database.units import Unit
from core.errors import Conflict, Unavailable
from tests.support.engines import count, look, only

pytestmark = [only("sqlite"), pytest.mark.usefixtures("as_in_life")]
PAGE = 4096


@pytest.fixture
def writer(database: Database) -> SqliteWriter:
    database.write_now(lambda tx: tx.sql("CREATE TABLE remark (id integer PRIMARY KEY, words text)"))
    assert isinstance(database.lanes, SqliteLanes)
    return database.lanes.writer


def add_note(tx: WriteTx, number: int, words: str = "") -> int:
    tx.sql("INSERT INTO remark (id, words) VALUES (:id, :words)", id=number, words=words)
    return number


def one_group(database: Database, *units) -> list[object]:
    """Run units ``(verb, *args)`` in one group: they queue while the writer is held by another one."""
    gate = threading.Event()

    async def crowd() -> list[object]:
        holding = asyncio.ensure_future(database.write(lambda tx: gate.wait(10)))
        await asyncio.sleep(0.05)
        waiting = [asyncio.ensure_future(database.write(*unit)) for unit in units]
        await asyncio.sleep(0.05)
        gate.set()
        assert await holding
        return await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 30)

    return asyncio.run(crowd())


def limit_pages(database: Database, more: int) -> None:
    """Let the file grow by so many pages and no further."""

    def limit(tx: WriteTx) -> None:
        free = tx.sql("PRAGMA freelist_count").scalar_one()
        pages = tx.sql("PRAGMA page_count").scalar_one()
        tx.sql(f"PRAGMA max_page_count={pages - free + more}")

    database.write_now(limit)


def test_callers_share_commits(database: Database, writer: SqliteWriter) -> None:
    before = writer.commits, writer.units

    async def caller(first: int) -> None:
        for number in range(first, first + 30):
            await database.write(add_note, number)

    async def crowd() -> None:
        await asyncio.gather(*(caller(who * 1000) for who in range(20)))

    asyncio.run(crowd())
    commits, units = writer.commits - before[0], writer.units - before[1]
    print(f"{units} units of 20 callers in {commits} commits")
    assert units == 600
    assert commits <= 150
    assert count(database, "remark") == 600


def test_a_group_closes_by_number_and_by_time(database: Database, writer: SqliteWriter) -> None:
    before = writer.commits
    told = one_group(database, *((add_note, number) for number in range(500)))
    assert told == list(range(500))
    assert 4 <= writer.commits - before <= 60
    assert 0 < database.longest_hold() < 5


def test_a_broken_uniqueness_is_a_conflict_of_its_unit_alone(database: Database, writer: SqliteWriter) -> None:
    told = one_group(database, (add_note, 1), (add_note, 1), (add_note, 2))
    assert isinstance(told[1], Conflict)
    assert [told[0], told[2]] == [1, 2]
    assert count(database, "remark") == 2


def test_a_full_disk_in_a_group_acknowledges_nothing_falsely(database: Database, writer: SqliteWriter) -> None:
    """SQLITE_FULL rolls back the whole transaction, the units before it too, though their functions had returned."""
    runs: list[int] = []

    def add_big(tx: WriteTx, number: int) -> int:
        runs.append(number)
        return add_note(tx, number, "x" * 3 * PAGE)

    limit_pages(database, 14)
    told = one_group(database, *((add_big, number) for number in range(8)))
    acknowledged = [answer for answer in told if isinstance(answer, int)]
    assert [row[0] for row in look(database, "SELECT id FROM remark ORDER BY id")] == acknowledged
    assert all(isinstance(answer, int | Unavailable) for answer in told)
    assert 0 < len(acknowledged) < 8
    assert len(runs) > len(told), "no unit was run again: the whole transaction was not lost, so nothing is shown here"
    limit_pages(database, 10_000)
    assert database.write_now(add_big, 100) == 100
    assert count(database, "remark") == len(acknowledged) + 1
    assert look(database, "PRAGMA integrity_check") == [("ok",)]


def test_a_verb_that_hides_a_full_disk_is_told_nothing_false(database: Database, writer: SqliteWriter) -> None:
    def hide(tx: WriteTx, number: int) -> int:
        try:
            return add_note(tx, number, "x" * 40 * PAGE)
        except Exception:
            return number

    limit_pages(database, 10)
    told = one_group(database, (add_note, 1), (hide, 2), (add_note, 3))
    assert told[0] == 1
    assert isinstance(told[1], Exception)
    assert told[2] == 3
    assert look(database, "SELECT id FROM remark ORDER BY id") == [(1,), (3,)]


def test_a_commit_that_fails_is_told_to_the_whole_group(
    database: Database, writer: SqliteWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = sqlite3.OperationalError("disk I/O error")
    problem.sqlite_errorname = "SQLITE_IOERR_FSYNC"
    said = []

    def fail(raw: sqlite3.Connection) -> None:
        said.append(raw)
        if len(said) > 1:  # the first is the commit of the unit that held the writer
            raise problem

    monkeypatch.setattr(writer, "_say_commit", lambda raw: fail(raw) or raw.execute("COMMIT"))
    heard: list[frozenset[str]] = []
    database.listen(heard.append)
    told = one_group(
        database, *((lambda tx, number=number: (tx.announce("remark"), add_note(tx, number)),) for number in range(10))
    )
    assert [type(answer) for answer in told] == [Unavailable] * 10
    assert "SQLITE_IOERR_FSYNC" in str(told[0])
    assert count(database, "remark") == 0
    assert heard == []
    monkeypatch.undo()
    assert database.write_now(add_note, 1) == 1
    assert count(database, "remark") == 1


def test_a_savepoint_that_cannot_be_undone_takes_the_transaction_along(
    database: Database, writer: SqliteWriter
) -> None:
    """Else the half-done unit would be committed with its neighbours."""

    class Failing:
        def __init__(self, raw: sqlite3.Connection) -> None:
            self._raw = raw

        def execute(self, statement: str) -> sqlite3.Cursor:
            if statement == "ROLLBACK TO unit":
                raise sqlite3.OperationalError("disk I/O error")
            return self._raw.execute(statement)

        def __getattr__(self, name: str) -> object:
            return getattr(self._raw, name)

    def half(tx: WriteTx) -> None:
        add_note(tx, 1)
        raise ZeroDivisionError

    with writer._engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        raw.execute("BEGIN IMMEDIATE")
        assert not writer._attempt(Unit(half), connection, Failing(raw))
        assert not raw.in_transaction
    assert count(database, "remark") == 0


def test_a_locked_file_is_unavailable_and_then_free(
    database: Database, writer: SqliteWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.write_now(lambda tx: tx.sql("PRAGMA busy_timeout=50"))
    other = sqlite3.connect(database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable):
        database.write_now(add_note, 1)
    other.execute("ROLLBACK")
    other.close()
    assert database.write_now(add_note, 1) == 1


def test_the_pragmas_that_durability_rests_on(database: Database, writer: SqliteWriter) -> None:
    def ask(tx) -> list[object]:
        return [tx.sql(f"PRAGMA {name}").scalar_one() for name in ("synchronous", "journal_mode", "foreign_keys")]

    assert database.write_now(ask) == [2, "wal", 1]
    assert database.read_now(lambda tx: tx.sql("PRAGMA query_only").scalar_one()) == 1
