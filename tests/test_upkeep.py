"""Imports beside others, upgrades with a copy, findings of a check: what no subprocess is needed for."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from core import clock, jobs
from core.blobs import BlobFiles
from core.database import Database
from core.errors import Conflict
from core.fulltext.index import Words, remove_words
from mailhub.ingest.intake import Arrival, accept
from mailhub.mailboxes.letters import get_words
from mailhub.upkeep import check_house, upgrade_safely, upgrading
from mailhub.upkeep.importing import is_served
from tests.support.world import World, letter


def test_a_server_is_known_by_its_heartbeat(database: Database) -> None:
    assert not database.read_now(is_served)
    server = database.write_now(jobs.start_boot)
    assert database.read_now(is_served)
    old = clock.now() - 2 * jobs.SILENCE
    database.write_now(lambda tx: tx.execute(update(jobs.boot).where(jobs.boot.c.name == server).values(seen_at=old)))
    assert not database.read_now(is_served)


def test_a_check_finds_what_was_taken_away(database: Database, tmp_path: Path) -> None:
    world = World(database)
    for number in range(2):
        world.arrive(letter("Pumps", f"{number}@client"), "sales")
    files = BlobFiles(tmp_path / "blobs")
    told: list[tuple[int, int]] = []
    findings = check_house(database, files, lambda done, total: told.append((done, total)))
    assert (findings.problems, told) == ([], [(2, 2)])
    assert findings.counts == {"blobs": 2, "messages": 2, "waiting": 0, "quarantined": 0}

    row = database.read_now(lambda tx: tx.sql("SELECT id, letter_id, scope_id FROM message LIMIT 1").one())
    words: Words = database.read_now(get_words, row.letter_id)
    database.write_now(remove_words, row.id, row.scope_id, words)
    database.write_now(accept, Arrival(letter("New", "n@client"), "smtp", clock.now(), [world.box("sales").id], {}))
    database.write_now(lambda tx: tx.execute(delete(jobs.job)))
    problems = check_house(database, files, lambda *_: None).problems
    assert problems == [
        "1 messages cannot be found by their words.",
        "Letter 3 waits to be understood and no job does it.",
    ]


def test_a_check_finds_a_broken_reference(tmp_path: Path, sqlite_template: Path) -> None:
    path = tmp_path / "mailhub.db"
    path.write_bytes(sqlite_template.read_bytes())
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO mailbox_address VALUES ('a@firm.example', 7, 'own')")
        connection.commit()
    database = Database(f"sqlite:///{path}")
    database.start()
    problems = check_house(database, BlobFiles(tmp_path / "blobs"), lambda *_: None).problems
    database.close()
    assert problems == ["1 rows of mailbox_address refer to something that is not there."]


def test_an_upgrade_keeps_what_was_before(
    tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is one revision yet, so the next one is played by its name."""
    path = tmp_path / "mailhub.db"
    path.write_bytes(sqlite_template.read_bytes())
    url = f"sqlite:///{path}"
    assert upgrade_safely(url) is None
    monkeypatch.setattr(upgrading, "newest", lambda: "next")
    monkeypatch.setattr(upgrading, "upgrade", lambda _url: path.write_bytes(b"spoiled"))
    copy = upgrade_safely(url)
    assert copy is not None
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)
    path.write_bytes(sqlite_template.read_bytes())
    with pytest.raises(Conflict, match="still there"):
        upgrade_safely(url)
