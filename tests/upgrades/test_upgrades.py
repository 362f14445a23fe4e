"""Every database that people may have becomes one of today, and loses nothing."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from core.changes import Position, list_changes
from core.database import open_database
from core.jobs import start_boot
from crm.staff.people import list_users
from crm.staff.readable import get_viewer
from mailhub.mailboxes.boxes import list_all_mailboxes
from mailhub.mailboxes.finding import search_threads
from mailhub.mailboxes.lists import list_threads
from mailhub.mailboxes.reading import get_thread
from mailhub.migrations import check_current, newest, present, upgrade
from tests.support.mail import deliver, write_letter
from tests.upgrades.make import count_rows

DUMPS = sorted(Path(__file__).parent.glob("*.sql"))


@pytest.fixture(params=DUMPS, ids=[path.stem for path in DUMPS])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A file with an old filled database."""
    path = tmp_path / "mailhub.db"
    connection = sqlite3.connect(path)
    connection.executescript(request.param.read_text())
    connection.close()
    return path


def schema(path: Path) -> dict[str, object]:
    """Columns of every table and the text of every index."""
    connection = sqlite3.connect(path)
    tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    columns = {
        name: sorted(tuple(column[1:]) for column in connection.execute(f'PRAGMA table_info("{name}")'))
        for name in tables
    }
    indexes = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"))
    connection.close()
    return columns | {name: " ".join(sql.split()) for name, sql in indexes.items()}


def test_there_is_a_database_of_each_revision() -> None:
    assert newest() in [path.stem for path in DUMPS], "run: python -m tests.upgrades.make"


def test_an_old_database_keeps_every_row(old: Path, sqlite_template: Path) -> None:
    connection = sqlite3.connect(old)
    before = count_rows(connection)
    house = connection.execute("SELECT count(*) FROM scope WHERE kind = 'house'").fetchone()[0]
    connection.close()
    upgrade(f"sqlite:///{old}")
    check_current(f"sqlite:///{old}")
    assert present(f"sqlite:///{old}") == newest()
    connection = sqlite3.connect(old)
    after = count_rows(connection)
    before["scope"] += 1 - house  # what is everybody's came with the histories that people write
    assert {name: after.get(name) for name in before} == before
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.execute("INSERT INTO word_index(word_index) VALUES ('integrity-check')")
    connection.close()
    assert schema(old) == schema(sqlite_template)


def test_an_upgraded_database_goes_on_working(old: Path) -> None:
    upgrade(f"sqlite:///{old}")
    database = open_database(f"sqlite:///{old}")
    try:
        olena = next(person.id for person in database.read_now(list_users) if person.name == "olena")
        viewer = database.read_now(get_viewer, olena)
        found = database.read_now(search_threads, viewer, "pumps")
        assert len(found) == 8
        assert {row.id for row in found} <= {row.id for row in database.read_now(list_threads, viewer, "all").items}
        box = next(box for box in database.read_now(list_all_mailboxes) if box.kind == "public")
        boot = database.write_now(start_boot)
        deliver(database, boot, write_letter(300, answers=3), box.id)
        (joined,) = database.read_now(search_threads, viewer, "300")
        assert joined.message_count == 3
        assert len(database.read_now(get_thread, viewer, joined.id).messages) == 3
        facts = database.read_now(list_changes, Position())
        assert facts[-1].position > facts[0].position
    finally:
        database.close()


def test_servers_that_no_administrator_named_are_not_reached_inside(tmp_path: Path) -> None:
    """Their names may come to mean a place inside: nobody who might have meant that keeps the way there."""
    path = tmp_path / "mailhub.db"
    connection = sqlite3.connect(path)
    connection.executescript((Path(__file__).parent / "0002.sql").read_text())
    accounts = [row[0] for row in connection.execute("SELECT id FROM account ORDER BY id")]
    admin, other = (connection.execute(f"SELECT id FROM user WHERE is_admin = {flag}").fetchone() for flag in (1, 0))
    assert (len(accounts), admin is not None, other is not None) == (2, True, True)
    for account_id, hands in zip(accounts, ([admin[0]], [admin[0], other[0]]), strict=True):
        for user_id in hands:
            connection.execute(
                "INSERT INTO audit (at, user_id, action, subject, details, previous, hash) "
                "VALUES (1, ?, 'account-changed', ?, '{}', x'00', x'00')",
                (user_id, str(account_id)),
            )
    connection.commit()
    connection.close()
    upgrade(f"sqlite:///{path}")
    connection = sqlite3.connect(path)
    inside = connection.execute("SELECT inside, smtp_inside FROM account ORDER BY id").fetchall()
    connection.close()
    assert inside == [(1, 1), (0, 0)]
