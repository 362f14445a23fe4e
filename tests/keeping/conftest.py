"""A world whose time can be put forward, with the loop that lets go of what is over."""

from __future__ import annotations

import asyncio
import os
import time
from functools import partial
from pathlib import Path

import pytest

from core import clock
from core.blobs import BlobFiles, list_unsettled, record_settled
from core.database import Database
from core.secrets import Keys
from crm.parties import add_contact, add_counterparty
from crm.staff.readable import Viewer
from mailhub.keeping.loop import Keeping
from tests.support.world import World

KEYS = Keys([bytes(32)])


class Kept:
    """A world with the loop that lets go, and a clock that can be put forward."""

    def __init__(self, database: Database, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.world = World(database)
        self.files = BlobFiles(folder / "blobs")
        self.exports = folder / "exports"
        self.keeping = Keeping(database, self.files, KEYS, self.exports)
        self.patch = patch
        self.world.grant("olena", "sales", "see", "answer", "manage")
        self.world.person("chief", is_admin=True)
        client = database.write_now(add_counterparty, "Client")
        anna = partial(add_contact, emails=["anna@client.example"], counterparty_id=client)
        self.contact_id = database.write_now(anna, "Anna")

    @property
    def viewer(self) -> Viewer:
        return self.world.viewer("olena")

    def settle(self) -> None:
        """Bytes into files, as old as can be."""
        database = self.world.database
        for blob_id, sha256, content in database.read_now(list_unsettled, 100, clock.now() + 1000 * clock.DAY):
            self.files.write(sha256, content)
            os.utime(self.files.path(sha256), (0, 0))
            database.write_now(record_settled, [blob_id])

    def later(self, days: float) -> None:
        now = time.time_ns() // 1000 + int(days * clock.DAY)
        self.patch.setattr(clock, "now", lambda: now)

    def turn(self) -> None:
        asyncio.run(self.keeping.look())

    def threads(self) -> list[str]:
        return sorted(row.subject for row in self.world.threads("olena"))

    def files_left(self) -> int:
        return sum(1 for path in self.files.folder.rglob("*") if path.is_file() and path.name != ".hold")


@pytest.fixture
def kept(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kept:
    return Kept(database, tmp_path, monkeypatch)
