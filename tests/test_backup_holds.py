"""A backup names no file that is gone: nothing is let go from before its snapshot until its files are copied."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core import clock
from core.blobs import BlobFiles, keep, list_unsettled, record_settled
from core.blobs.letting_go import doubt, let_go
from core.database import Database
from mailhub.upkeep import backup
from tests.support.engines import only


@only("sqlite")
def test_what_is_let_go_during_a_backup_waits_for_its_end(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = BlobFiles(tmp_path / "blobs")
    blob_id = database.write_now(keep, b"We need pumps.")
    ((_, sha256, content),) = database.read_now(list_unsettled, 1, clock.now() + clock.DAY)
    files.write(sha256, content)
    os.utime(files.path(sha256), (0, 0))
    database.write_now(record_settled, [blob_id])
    database.write_now(doubt, [blob_id])
    now = clock.now() + clock.DAY
    monkeypatch.setattr(clock, "now", lambda: now)
    real = backup._copy_files

    def and_meanwhile(*args: Any) -> Any:
        assert asyncio.run(let_go(database, files)) == 0
        return real(*args)

    monkeypatch.setattr(backup, "_copy_files", and_meanwhile)
    key = tmp_path / "secret.key"
    key.write_bytes(bytes(32))
    settings: Any = SimpleNamespace(
        database=SimpleNamespace(url=database.url),
        blobs=SimpleNamespace(url=f"file://{files.folder}"),
        secret=SimpleNamespace(key_file=key),
    )
    made = backup.make_backup(settings, tmp_path / "saved", settings_file=None, with_key=False, told=lambda *_: None)
    assert (made.blobs, made.missing) == (1, [])
    assert asyncio.run(let_go(database, files)) == 1
    assert not files.path(sha256).exists()
    assert BlobFiles(tmp_path / "saved" / "blobs").read(sha256) == content
