"""Bytes: in the row until they are durable in a file."""

from __future__ import annotations

import asyncio
import hashlib
import os
from pathlib import Path

import pytest

from core import blobs, clock
from core.blobs import BlobFiles, find_content, keep, list_unsettled, read_blob, record_settled
from core.database import Database
from core.disk import can_sync_all, sync_all
from core.errors import Invalid, NotFound, Unavailable
from tests.support.engines import count, look


@pytest.fixture
def files(tmp_path: Path) -> BlobFiles:
    return BlobFiles(tmp_path / "blobs")


def later() -> int:
    return clock.now() + clock.HOUR


def test_bytes_are_read_the_same_before_and_after_they_settled(database: Database, files: BlobFiles) -> None:
    contents = [b"", b"\0\xff\r\n.\r\n", b"x" * 300_000]
    ids = [database.write_now(keep, content) for content in contents]
    assert [read_blob(database, files, one) for one in ids] == contents
    waiting = database.read_now(list_unsettled, 10, later())
    assert [(one, content) for one, _sha256, content in waiting] == list(zip(ids, contents, strict=True))
    assert database.read_now(list_unsettled, 10, 0) == []
    assert len(database.read_now(list_unsettled, 2, later())) == 2
    for _one, sha256, content in waiting:
        files.write(sha256, content)
    database.write_now(record_settled, ids)
    assert look(database, "SELECT count(*) FROM blob WHERE content IS NULL") == [(3,)]
    assert [read_blob(database, files, one) for one in ids] == contents
    assert database.read_now(list_unsettled, 10, later()) == []
    assert all(content is None for content, _ in (database.read_now(find_content, one) for one in ids))


def test_equal_bytes_are_one_blob_also_at_once_and_after_settling(database: Database, files: BlobFiles) -> None:
    async def crowd() -> list[int]:
        return await asyncio.gather(*(database.write(keep, b"same") for _ in range(20)))

    ids = set(asyncio.run(crowd()))
    assert len(ids) == count(database, "blob") == 1
    files.write(hashlib.sha256(b"same").digest(), b"same")
    database.write_now(record_settled, list(ids))
    assert database.write_now(keep, b"same") in ids
    assert read_blob(database, files, ids.pop()) == b"same"


def test_bytes_go_with_their_transaction(database: Database) -> None:
    def fail(tx) -> None:
        keep(tx, b"gone")
        raise Invalid("No.")

    with pytest.raises(Invalid):
        database.write_now(fail)
    assert count(database, "blob") == 0
    with pytest.raises(NotFound):
        database.read_now(find_content, 1)


def test_a_missing_file_is_told(database: Database, files: BlobFiles) -> None:
    one = database.write_now(keep, b"lost")
    database.write_now(record_settled, [one])
    with pytest.raises(NotFound, match="backup"):
        read_blob(database, files, one)


def test_the_file_and_every_name_on_the_way_are_synced(files: BlobFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bytes first, then the name, then each folder from the file up to the one that was there before."""
    steps: list[tuple[str, str]] = []
    real_sync, real_replace = os.fsync, Path.replace

    def sync(handle: int) -> None:
        steps.append(("sync", os.readlink(f"/proc/self/fd/{handle}")))
        real_sync(handle)

    def replace(self: Path, target: Path) -> Path:
        steps.append(("name", str(target)))
        return real_replace(self, target)

    monkeypatch.setattr(blobs.os, "fsync", sync)
    monkeypatch.setattr(Path, "replace", replace)
    sha256 = hashlib.sha256(b"bytes").digest()
    files.write(sha256, b"bytes")
    path = files.path(sha256)
    assert path.read_bytes() == files.read(sha256) == b"bytes"
    assert steps[0][0] == "sync"
    assert "/.new-" in steps[0][1]
    assert steps[1] == ("name", str(path))
    folders = [str(path.parent), str(files.folder), str(files.folder.parent)]
    assert steps[2:] == [("sync", folder) for folder in folders]
    # A process that was killed between the name and the sync comes again: the names have to be durable then too.
    steps.clear()
    files.write(sha256, b"bytes")
    assert ("sync", str(path.parent)) in steps
    assert ("sync", str(files.folder)) in steps
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("broken", ["mkdir", "open", "write", "sync", "name", "folder"])
def test_a_disk_that_fails_is_unavailable_and_leaves_nothing_behind(
    files: BlobFiles, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    place = {
        "mkdir": (Path, "mkdir"),
        "open": (blobs.os, "open"),
        "write": (blobs.os, "write"),
        "sync": (blobs.os, "fsync"),
        "name": (Path, "replace"),
        "folder": (blobs, "sync_folder"),
    }
    sha256 = hashlib.sha256(b"bytes").digest()
    with monkeypatch.context() as patch:
        patch.setattr(*place[broken], fail)
        with pytest.raises(Unavailable):
            files.write(sha256, b"bytes")
    assert [entry for entry in files.folder.rglob("*") if entry.name.startswith(".new-")] == []
    files.write(sha256, b"bytes")
    assert files.read(sha256) == b"bytes"


LETTERS = [b"letter %d" % number for number in range(9)]
MANY = [(hashlib.sha256(one).digest(), one) for one in LETTERS]


def test_many_files_take_two_turns_of_the_disk(files: BlobFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    """All bytes, then all names; and both also for files that are here already."""
    if not can_sync_all():
        pytest.skip("this system cannot sync a whole file system")
    steps: list[list[str]] = []
    real_sync = blobs.sync_all

    def sync(handle: int) -> None:
        steps.append(sorted(path.name for path in files.folder.glob("??/*")))
        real_sync(handle)

    monkeypatch.setattr(blobs, "sync_all", sync)
    monkeypatch.setattr(blobs.os, "fsync", lambda _: pytest.fail("each file is synced"))
    files.write_all(MANY)
    assert all(name.startswith(".new-") for name in steps[0])
    assert steps[1] == sorted(sha256.hex() for sha256, _ in MANY)
    assert [files.read(sha256) for sha256, _ in MANY] == LETTERS
    files.write_all(MANY)
    assert len(steps) == 4


@pytest.mark.parametrize("broken", ["sync", "name"])
def test_many_files_on_a_disk_that_fails_leave_nothing_behind(
    files: BlobFiles, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    def fail(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(blobs, "can_sync_all", lambda: True)
    place = {"sync": (blobs, "sync_all"), "name": (Path, "replace")}
    with monkeypatch.context() as patch:
        patch.setattr(*place[broken], fail)
        with pytest.raises(Unavailable):
            files.write_all(MANY)
    assert [path for path in files.folder.rglob("*") if path.is_file()] == []


def test_many_files_where_only_each_can_be_synced(files: BlobFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blobs, "can_sync_all", lambda: False)
    files.write_all(MANY)
    assert [files.read(sha256) for sha256, _ in MANY] == LETTERS


def test_what_cannot_be_synced_is_told() -> None:
    with pytest.raises(OSError, match="Bad file descriptor"):
        sync_all(-1)


def test_bytes_that_come_again_heal_a_file_that_was_lost(database: Database, tmp_path: Path) -> None:
    files = BlobFiles(tmp_path / "blobs")
    blob_id = database.write_now(keep, b"a letter")
    database.write_now(record_settled, [blob_id])
    assert database.write_now(keep, b"a letter") == blob_id
    assert read_blob(database, files, blob_id) == b"a letter"
    assert [one for one, _, _ in database.read_now(list_unsettled, 10, clock.now() + 1)] == [blob_id]


def test_a_file_that_was_cut_short_is_written_anew(tmp_path: Path) -> None:
    files = BlobFiles(tmp_path / "blobs")
    sha256 = hashlib.sha256(b"a letter").digest()
    files.path(sha256).parent.mkdir(parents=True)
    files.path(sha256).write_bytes(b"a le")
    files.write(sha256, b"a letter")
    assert files.read(sha256) == b"a letter"


def test_large_letters_are_settled_a_few_at_a_time(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blobs, "MOST_BYTES", 10)
    ids = [database.write_now(keep, bytes([65 + number]) * size) for number, size in enumerate((12, 4, 5, 6))]
    seen = []
    while batch := [one for one, _, _ in database.read_now(list_unsettled, 10, clock.now() + 1)]:
        seen.append(batch)
        database.write_now(record_settled, batch)
    assert seen == [ids[:1], ids[1:3], ids[3:]]
