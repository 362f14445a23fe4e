"""The loop that lets go of what is over and does what was asked about people, a small unit at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

from core import clock
from core.blobs import BlobFiles, read_blob
from core.blobs.letting_go import drop_strays, let_go, settle_aside, walk_blobs
from core.database import Database
from core.errors import NotFound
from core.log import get_log
from core.rounds import Rounds
from core.secrets import Keys
from mailhub.keeping import stripping, timing
from mailhub.keeping.persons import Persons

TURN_SECONDS = 60.0
REST_SECONDS = 0.05
LONGEST_REST = 5.0
REST_SHARE = 9  # of ten moments people have the database in nine
MOST_CHUNKS = 100
TURNS_OF_A_DAY = 1440
TURNS_OF_A_FOLDER = 10
"""All 256 folders of bytes are looked through in less than two days."""
log = get_log(__name__)


class Keeping(Rounds):
    """One for a process. ``look`` does once whatever is due; ``run`` does so every minute, and when it is woken."""

    def __init__(self, database: Database, files: BlobFiles, keys: Keys, exports: Path) -> None:
        super().__init__("what is over and is let go", TURN_SECONDS)
        self._database = database
        self._files = files
        self._persons = Persons(database, files, keys, exports)
        self._walked = 0
        self._turns = 0

    async def look(self) -> None:
        """Whatever is due by now."""
        work = self._database.work
        await self._persons.turn()
        await self._again(partial(work, timing.empty_trash))
        for scope_id in await self._database.read(timing.list_scopes):
            await self._again(partial(work, timing.purge_junk, scope_id))
        for rule in await self._database.read(timing.list_rules):
            if rule.act == "delete":
                await self._again(partial(work, timing.apply_retention, rule.scope_id, rule.months))
            else:
                await self._strip(rule)
        self._walked = await work(walk_blobs, self._walked)
        await self._again(partial(let_go, self._database, self._files, 20))
        if self._turns % TURNS_OF_A_DAY == 0:
            await settle_aside(self._database, self._files)
            await asyncio.to_thread(self._files.sweep)
        self._turns += 1
        if self._turns % TURNS_OF_A_FOLDER == 0:  # by the clock, so that a house that is begun anew gets to all of them
            await drop_strays(self._database, self._files, clock.now() // (TURNS_OF_A_FOLDER * clock.MINUTE) % 256)

    async def _again(self, chunk: Callable[[], Awaitable[int]]) -> None:
        """A chunk after the other while there is something, with a rest between two that grows with what they take."""
        for _ in range(MOST_CHUNKS):
            begun = time.monotonic()
            if not await chunk():
                return
            await asyncio.sleep(min(max(REST_SECONDS, REST_SHARE * (time.monotonic() - begun)), LONGEST_REST))

    async def _strip(self, rule: Any) -> None:
        rows = await self._database.read(stripping.list_due, rule)
        for row in rows:
            if any(not part["inline"] and part["length"] for part in row.parsed["attachments"]):
                try:
                    raw = await asyncio.to_thread(read_blob, self._database, self._files, row.blob_id)
                    await self._database.work(stripping.strip, row, raw)
                except NotFound as problem:
                    log.warning("a letter keeps its files", message=row.id, reason=str(problem))
                await asyncio.sleep(REST_SECONDS)
        if rows:
            await self._database.work(stripping.get_behind, rule.mailbox_id, rows[-1].id)
