"""Bytes move from the database, where they were made durable together with their letter, to their home in files."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from core import clock
from core.blobs import BlobFiles, list_unsettled, record_settled
from core.database import Database
from core.errors import Unavailable
from core.log import get_log

BATCH = 32
WAIT_SECONDS = 2.0
YOUNGEST = 20 * clock.SECOND  # while letters pour in there is better to do, and what has just come is read right now
log = get_log(__name__)


class Settling:
    """Runs until it is cancelled."""

    def __init__(self, database: Database, files: BlobFiles) -> None:
        self._database = database
        self._files = files

    async def run(self) -> None:
        """Settle what is there, then wait a little."""
        while True:
            try:
                while await self.once(clock.now() - YOUNGEST):
                    pass
            except Unavailable as problem:
                log.warning("letters stay in the database for now", reason=str(problem))
            await asyncio.sleep(WAIT_SECONDS)

    async def once(self, before: int) -> int:
        """Settle one batch of what came before the instant; says how many. Raises Unavailable on a full disk."""
        batch = await self._database.read(list_unsettled, BATCH, before)
        if batch:
            await _to_its_end(asyncio.to_thread(self._write, batch))
            await self._database.work(record_settled, [blob_id for blob_id, _, _ in batch])
        return len(batch)

    def _write(self, batch: list[tuple[int, bytes, bytes]]) -> None:
        self._files.write_all((sha256, content) for _, sha256, content in batch)


async def _to_its_end(writing: Coroutine[Any, Any, None]) -> None:
    """Wait for a thread also when we are cancelled: it cannot be, and nobody may stop the house under its feet."""
    task = asyncio.ensure_future(writing)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise
