"""Bytes go when nothing refers to them, and never while somebody wants them."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from functools import partial
from pathlib import Path

import pytest

from core import clock
from core.blobs import (
    BlobFiles,
    find_content,
    keep,
    keep_settled,
    letting_go,
    list_unsettled,
    read_blob,
    record_settled,
)
from core.blobs.letting_go import doubt, drop_strays, is_referred, let_go, settle_aside, walk_blobs
from core.database import Database, WriteTx
from core.errors import Conflict, NotFound, Unavailable
from tests.support.engines import count

CONTENT = b"We need pumps."
HASH = hashlib.sha256(CONTENT).digest()


def _age(files: BlobFiles) -> None:
    old = time.time() - 86400 * 2
    os.utime(files.path(HASH), (old, old))


@pytest.fixture
def files(tmp_path: Path) -> BlobFiles:
    return BlobFiles(tmp_path / "blobs")


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + 2 * clock.DAY)


def _settled(database: Database, files: BlobFiles) -> int:
    blob_id = database.write_now(keep, CONTENT)
    ((found, sha256, content),) = database.read_now(list_unsettled, 10, clock.now() + clock.DAY)
    files.write(sha256, content)
    database.write_now(record_settled, [found])
    _age(files)
    return blob_id


def test_a_blob_that_nothing_refers_to_is_found_and_goes_with_its_file(
    database: Database, files: BlobFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob_id, now = _settled(database, files), clock.now()
    assert not database.read_now(is_referred, blob_id)
    monkeypatch.setattr(clock, "now", lambda: now + 2 * clock.DAY)
    assert database.write_now(walk_blobs, 0) == blob_id
    assert database.write_now(walk_blobs, blob_id) == 0
    assert asyncio.run(let_go(database, files)) == 0  # the doubt is young
    monkeypatch.setattr(clock, "now", lambda: now + 3 * clock.DAY)
    assert asyncio.run(let_go(database, files)) == 1
    assert (count(database, "blob"), count(database, "blob_doubt"), files.path(HASH).exists()) == (0, 0, False)
    with pytest.raises(NotFound):
        database.read_now(find_content, blob_id)


def test_bytes_that_are_wanted_again_stay(
    database: Database, files: BlobFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob_id, now = _settled(database, files), clock.now()
    database.write_now(doubt, [blob_id])
    monkeypatch.setattr(clock, "now", lambda: now + 2 * clock.DAY)
    files.write(HASH, CONTENT)  # somebody brings the same bytes, and will refer to them in a moment
    assert asyncio.run(let_go(database, files)) == 1
    assert files.read(HASH) == CONTENT
    assert database.write_now(partial(keep_settled, sha256=HASH, size=len(CONTENT))) == blob_id
    assert count(database, "blob_doubt") == 1


def test_what_killed_writers_left_is_swept(files: BlobFiles) -> None:
    files.write(HASH, CONTENT)
    _age(files)
    folder = files.path(HASH).parent
    left, young = folder / ".new-1-1-0", folder / ".new-1-1-1"
    for one in (left, young):
        one.write_bytes(b"half")
    os.utime(left, (0, 0))
    assert files.sweep() == 1
    assert not left.exists()
    assert young.exists()
    assert files.read(HASH) == CONTENT


def test_two_who_let_go_of_the_same_file_do_not_mind_each_other(files: BlobFiles) -> None:
    files.write(HASH, CONTENT)
    _age(files)
    assert files.set_aside(HASH, 10)
    assert files.set_aside(HASH, 10)
    assert files.read(HASH) == CONTENT
    files.drop(HASH)
    files.drop(HASH)
    files.put_back(HASH)
    assert files.set_aside(b"\0" * 32, 10)
    with pytest.raises(NotFound):
        files.read(HASH)


def test_a_sweep_that_meets_another_goes_on(files: BlobFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    files.write(HASH, CONTENT)
    folder = files.path(HASH).parent
    for number in range(3):
        (folder / f".new-1-1-{number}").write_bytes(b"half")
        os.utime(folder / f".new-1-1-{number}", (0, 0))
    real = Path.stat

    def and_the_other_was_quicker(path: Path, **more: bool) -> os.stat_result:
        if path.name == ".new-1-1-1":
            path.unlink(missing_ok=True)
        return real(path, **more)

    monkeypatch.setattr(Path, "stat", and_the_other_was_quicker)
    assert files.sweep() == 2


def _in_doubt(database: Database, files: BlobFiles, monkeypatch: pytest.MonkeyPatch) -> int:
    blob_id, now = _settled(database, files), clock.now()
    database.write_now(doubt, [blob_id])
    monkeypatch.setattr(clock, "now", lambda: now + clock.DAY)
    return blob_id


def test_the_file_goes_only_after_its_row(
    database: Database, files: BlobFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the database cannot commit leaves row and bytes as they were."""
    blob_id = _in_doubt(database, files, monkeypatch)

    def fail(_tx: WriteTx, _blob_id: int) -> bool:
        raise Unavailable("The database cannot write now (%(reason)s). Try again in a minute.", reason="full")

    with monkeypatch.context() as patch:
        patch.setattr(letting_go, "_delete", fail)
        with pytest.raises(Unavailable):
            asyncio.run(let_go(database, files))
    assert read_blob(database, files, blob_id) == CONTENT
    assert files.path(HASH).exists()


def test_a_kill_in_between_loses_nothing_and_leaves_nothing(
    database: Database, files: BlobFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob_id = _in_doubt(database, files, monkeypatch)
    assert files.set_aside(HASH, 10)
    assert read_blob(database, files, blob_id) == CONTENT
    asyncio.run(settle_aside(database, files))
    assert files.path(HASH).exists()
    assert files.set_aside(HASH, 10)
    database.write_now(letting_go._delete, blob_id)
    asyncio.run(settle_aside(database, files))
    assert [path for path in files.folder.rglob("*") if path.is_file() and path.name != ".hold"] == []


def test_nothing_goes_while_somebody_holds_the_files(
    database: Database, files: BlobFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob_id = _in_doubt(database, files, monkeypatch)
    with files.holding(), files.holding():
        assert asyncio.run(let_go(database, files)) == 0
        asyncio.run(settle_aside(database, files))
    assert read_blob(database, files, blob_id) == CONTENT
    assert asyncio.run(let_go(database, files)) == 1
    assert count(database, "blob") == 0


def _stray(files: BlobFiles, content: bytes, days: int) -> bytes:
    """A file whose unit failed after it was written."""
    sha256 = hashlib.sha256(content).digest()
    files.write(sha256, content)
    old = time.time() - 86400 * days
    os.utime(files.path(sha256), (old, old))
    return sha256


def _strays_of(folder: int, many: int) -> list[bytes]:
    """Contents whose files lie in one folder."""
    found = (str(one).encode() for one in range(many * 2000))
    return [one for one in found if hashlib.sha256(one).digest()[0] == folder][:many]


def test_a_file_that_no_row_names_goes_after_a_month(database: Database, files: BlobFiles) -> None:
    _settled(database, files)
    os.utime(files.path(HASH), (0, 0))
    folder = HASH[0]
    one, other = _strays_of(folder, 2)
    old, young = _stray(files, one, 31), _stray(files, other, 29)
    waiting = database.write_now(keep, b"still in its row")
    with files.holding():
        assert asyncio.run(drop_strays(database, files, folder)) == 0
    assert asyncio.run(drop_strays(database, files, folder)) == 1
    assert [files.path(each).exists() for each in (HASH, old, young)] == [True, False, True]
    assert read_blob(database, files, waiting) == b"still in its row"
    assert asyncio.run(drop_strays(database, files, folder)) == 0
    assert [asyncio.run(drop_strays(database, files, each)) for each in range(256) if each != folder] == [0] * 255


def test_a_stray_whose_bytes_come_again_meanwhile_stays(
    database: Database, files: BlobFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look into the database and the delete: by a file that is touched, and by a row."""
    sha256 = _stray(files, CONTENT, 31)
    listed = letting_go._list_strays

    async def touched(*given: object) -> list[bytes]:
        found = await listed(*given)  # type: ignore[arg-type]
        files.write(sha256, CONTENT)
        return found

    monkeypatch.setattr(letting_go, "_list_strays", touched)
    assert asyncio.run(drop_strays(database, files, sha256[0])) == 0
    assert files.path(sha256).exists()

    async def named(*given: object) -> list[bytes]:
        found = await listed(*given)  # type: ignore[arg-type]
        await database.write(keep_settled, sha256, len(CONTENT))
        return found

    os.utime(files.path(sha256), (0, 0))
    monkeypatch.setattr(letting_go, "_list_strays", named)
    assert asyncio.run(drop_strays(database, files, sha256[0])) == 0
    assert files.read(sha256) == CONTENT


def test_beside_another_database_no_file_goes(database: Database, files: BlobFiles) -> None:
    strays = [_stray(files, content, 99) for content in _strays_of(7, letting_go.FEW + 1)]
    with pytest.raises(Conflict, match="belongs to this data folder"):
        asyncio.run(drop_strays(database, files, 7))
    assert all(files.path(one).exists() for one in strays)
