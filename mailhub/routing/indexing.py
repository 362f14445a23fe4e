"""The loop that reads files of letters for search, and brings words of older rules up to date.

One letter at a time, in a process of its own that is started when something waits and ended when nothing does. A file
that takes too long or kills it costs that letter the text of its files, and nobody anything else.
"""

from __future__ import annotations

import asyncio

from core.blobs import BlobFiles
from core.database import Database
from core.errors import HouseError, NotFound
from core.fulltext.index import Words
from core.log import get_log
from mailhub.letters.worker import Index, Indexed
from mailhub.mailboxes.reindexing import Unread, index_again, list_unread
from mailhub.routing.workers import Worker, WorkerFailed, Workers

SECONDS = 20.0
CHUNK = 16
PAUSE = 0.02
SWEEP_SECONDS = 3.0
_READER = "mailhub.letters.filereader"
log = get_log(__name__)


class Indexing:
    """Runs until it is cancelled."""

    def __init__(self, database: Database, files: BlobFiles, workers: Workers, *, seconds: float = SECONDS) -> None:
        self._database = database
        self._files = files
        self._workers = workers
        self._reader = Worker(seconds, module=_READER)

    async def run(self) -> None:
        """Do what waits, then look again every few seconds."""
        try:
            while True:
                try:
                    while await self.once():
                        pass
                except HouseError as problem:
                    log.warning("files of letters wait to be read", reason=str(problem))
                await self._reader.stop()
                await asyncio.sleep(SWEEP_SECONDS)
        finally:
            await self._reader.stop()

    async def once(self) -> int:
        """A few letters. Returns how many there were."""
        found = await self._database.search(list_unread, CHUNK)
        for one in found:
            words = await self._read(one)
            await self._database.work(index_again, one.letter_id, words)
            await asyncio.sleep(PAUSE)
        return len(found)

    async def _read(self, one: Unread) -> Words | None:
        """All its words; without those of its files when these cannot be read, None when not even the letter can."""
        if not one.sha256:
            return None
        try:
            raw = one.content if one.content is not None else await asyncio.to_thread(self._files.read, one.sha256)
        except NotFound as missing:
            log.warning("a letter cannot be read for search", letter=one.letter_id, reason=str(missing))
            return None
        try:
            answer = await self._reader.ask(Index(raw))
        except WorkerFailed as problem:
            log.info("files of a letter are not searched", letter=one.letter_id, reason=str(problem))
            try:
                answer = await self._workers.index(raw)
            except WorkerFailed:
                return None
        assert isinstance(answer, Indexed)
        return Words(answer.subject, answer.people, answer.body)
