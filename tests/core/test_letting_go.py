"""Bytes go when nothing refers to them, and never while somebody wants them."""

from __future__ import annotations

import hashlib
import os
import time
from functools import partial
from pathlib import Path

import pytest

from core import clock
from core.blobs import BlobFiles, find_content, keep, keep_settled, list_unsettled, record_settled
from core.blobs.letting_go import doubt, is_referred, let_go, walk_blobs
from core.database import Database
from core.errors import NotFound
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
    assert database.write_now(let_go, files) == 0  # the doubt is young
    monkeypatch.setattr(clock, "now", lambda: now + 3 * clock.DAY)
    assert database.write_now(let_go, files) == 1
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
    assert database.write_now(let_go, files) == 1
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
    assert files.forget(b"\0" * 32, 10)
    files.path(HASH).rename(folder / f".gone-{HASH.hex()}")
    assert files.sweep() == 2
    assert not left.exists()
    assert young.exists()
    assert files.read(HASH) == CONTENT
