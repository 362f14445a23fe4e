"""A backup taken while letters arrive, put back elsewhere, holds every letter acknowledged before it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.support import Place, make_mbox
from tests.cli.test_serve import send
from tests.support.world import letter

INTO = ("--mailbox", "sales@firm.example")


@pytest.fixture
def elsewhere(request: pytest.FixtureRequest, place: Place, tmp_path: Path) -> Iterator[Place]:
    """Another machine: nothing in it."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    if place.url.startswith("sqlite:"):
        yield Place(folder)
        return
    cluster = request.getfixturevalue("cluster")
    cluster.run("CREATE DATABASE elsewhere")
    yield Place(folder, cluster.url("elsewhere"))
    cluster.drop(cluster.url("elsewhere"))


def test_while_letters_arrive(place: Place, elsewhere: Place) -> None:
    place.facts("import", "mail", make_mbox(place.folder / "old.mbox", 100), *INTO)
    acknowledged: list[str] = []
    stop = threading.Event()
    with place.serving("--roles", "ingest") as (_, ports):

        def arrive() -> None:
            number = 0
            while not stop.is_set():
                number += 1
                send(ports["smtp"], letter(f"Live {number}", f"live{number}@client"))
                acknowledged.append(f"live{number}@client")

        sender = threading.Thread(target=arrive)
        sender.start()
        try:
            for enough in (0, 6):
                while len(acknowledged) < enough and sender.is_alive():
                    time.sleep(0.05)
                before = list(acknowledged)
                manifest = place.facts("backup", place.folder / "saved")
        finally:
            stop.set()
            sender.join()
    assert len(before) > 5
    assert manifest["missing"] == []
    assert manifest["copied"] < manifest["blobs"], "the second backup copies only what is new"
    assert len(list((place.folder / "saved").glob("database-*"))) == 1

    elsewhere.facts("restore", place.folder / "saved")
    assert elsewhere.facts("check")["problems"] == []
    assert elsewhere.ask("SELECT value FROM mark WHERE name = 'held'") == "yes"
    assert elsewhere.ask("SELECT value FROM mark WHERE name = 'epoch'") == "2"
    with elsewhere.serving("--roles", "ingest"):
        elsewhere.wait_for("SELECT count(*) FROM incoming WHERE state = 'waiting'", 0)
    quoted = ", ".join(f"'{one}'" for one in before)
    assert elsewhere.ask(f"SELECT count(*) FROM letter WHERE message_id IN ({quoted})") == len(before)
    assert elsewhere.ask("SELECT count(*) FROM letter WHERE message_id LIKE 'm%'") == 100
    assert elsewhere.facts("check")["problems"] == []
    assert "There is a database already" in elsewhere.run("restore", place.folder / "saved", code=1).stderr


def test_the_key_leaves_only_when_asked(empty: Place, tmp_path: Path) -> None:
    with empty.serving("--roles", "ingest"):
        pass
    key = empty.folder / "data" / "secret.key"
    plain, whole = tmp_path / "plain", tmp_path / "whole"
    assert "key file is not in it" in empty.run("backup", plain).stdout
    assert not [path for path in plain.rglob("*") if path.is_file() and key.read_bytes().strip() in path.read_bytes()]
    empty.run("backup", whole, "--with-key")
    assert (whole / "secret.key").read_bytes() == key.read_bytes()
    for path in (plain, whole):
        assert path.stat().st_mode & 0o077 == 0
    (tmp_path / "new").mkdir()
    other = Place(tmp_path / "new")
    other.run("restore", whole)
    assert (other.folder / "data" / "secret.key").read_bytes() == key.read_bytes()


def test_a_damaged_backup_is_refused_before_anything_is_written(empty: Place, tmp_path: Path) -> None:
    empty.run("upgrade")
    empty.run("mailbox", "add", "sales@firm.example", "--name", "Sales", "--kind", "public")
    empty.run("import", "mail", make_mbox(empty.folder / "old.mbox", 3), *INTO)
    saved = tmp_path / "saved"
    empty.run("backup", saved)
    (tmp_path / "new").mkdir()
    other = Place(tmp_path / "new")
    one = next(path for path in (saved / "blobs").rglob("*") if path.is_file())
    good = one.read_bytes()
    one.write_bytes(good[:-1] + b"!")
    assert "was changed" in other.run("restore", saved, code=1).stderr
    one.unlink()
    assert "has lost a file" in other.run("restore", saved, code=1).stderr
    one.write_bytes(good)
    database = next(saved.glob("database-*"))
    kept = database.read_bytes()
    database.write_bytes(kept[:-1])
    assert "missing or was changed" in other.run("restore", saved, code=1).stderr
    assert not (other.folder / "data").exists()
    database.write_bytes(kept)
    other.run("restore", saved)
    assert other.facts("check")["problems"] == []
    assert "There is no backup" in other.run("restore", tmp_path / "none", code=1).stderr
    manifest = json.loads((saved / "manifest.json").read_text())
    assert manifest["counts"]["message"] == 3


def test_check_names_what_is_broken(place: Place) -> None:
    place.run("import", "mail", make_mbox(place.folder / "old.mbox", 3), *INTO)
    assert place.run("check").stdout.endswith("Everything is in order.\n")
    one, two, _ = (path for path in (place.folder / "data" / "blobs").rglob("*") if path.is_file())
    one.write_bytes(b"other bytes")
    two.unlink()
    problems = place.facts("check", code=1)["problems"]
    assert sorted(problem.split(": ")[0].split(" ", 2)[2] for problem in problems) == [
        "is missing on the disk", "was changed",
    ]  # fmt: skip
    saved = place.run("backup", place.folder / "saved", "--json", code=1)
    assert len(json.loads(saved.stdout)["missing"]) == 2
