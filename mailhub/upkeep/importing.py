"""An import as the command line runs it: an archive into a mailbox, and how far it came.

The command does the work itself, also beside a living server: then it understands on what is left of the processor,
stores a few letters at a time, and leaves the database to people and live mail for as long as it held it. Whether a
server lives is told by the heartbeats in ``boot``, asked again for each batch. It does not matter how it ends: what is
stored is whole, the rest is still in the archive.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import ColumnElement, func, literal_column, select

from core import jobs
from core.blobs import BlobFiles
from core.database import Database, ReadTx
from core.settings import Settings
from mailhub.ingest.archive import Archive, Piece, Progress, batches, newest_row
from mailhub.mailboxes.boxes import Mailbox
from mailhub.mailboxes.tables import incoming
from mailhub.routing.bringing import Bringing, Prepared
from mailhub.routing.workers import Workers

AT_ONCE = 24  # letters in one transaction: a server's writes wait for it
AHEAD = 3  # batches that are prepared while one is stored
LEAST_REST = 0.02  # seconds; who waits for SQLite's lock asks for it again after 1, 2, 5, 10 and 15 ms


@dataclass(slots=True)
class Report:
    """How an import went. ``position`` counts bytes of the archive; ``quarantined`` are letters of this run that could
    not be understood; ``skipped`` names what was not taken and why."""

    letters: int = 0
    taken: int = 0
    already: int = 0
    quarantined: int = 0
    position: int = 0
    finished: bool = False
    resumed: bool = False
    skipped: list[tuple[str, str]] = field(default_factory=list)


class Import:
    """One archive into one mailbox."""

    def __init__(self, settings: Settings, database: Database, archive: Archive, box: Mailbox) -> None:
        self._database = database
        self._archive = archive
        self._box = box
        self._workers = Workers(settings.parse.workers)
        files = BlobFiles(Path(settings.blobs.url.removeprefix("file://")))
        files.folder.mkdir(parents=True, exist_ok=True)
        self._bringing = Bringing(database, files, self._workers, box.id)
        self._progress = Progress.load(settings.data.dir, archive.path, box.address)
        self.report = Report(resumed=bool(self._progress.place))

    async def run(self, told: Callable[[Report], None], asked: asyncio.Event) -> Report:
        """Go through the archive, from where an unfinished run stopped; ``told`` hears after each batch. Once ``asked``
        is set it ends after the batch under way, and the next run goes on from there."""
        before = await self._database.read(newest_row)
        try:
            await self._go_through(told, asked)
        finally:
            await self._workers.stop()
        self.report.quarantined = await self._database.read(_count_held, self._box.id, before)
        if self.report.finished:
            self._progress.forget()
        return self.report

    async def _go_through(self, told: Callable[[Report], None], asked: asyncio.Event) -> None:
        pieces = batches(self._archive.read(self._progress.place), AT_ONCE)
        ahead: deque[asyncio.Task[Prepared]] = deque()
        batch = await asyncio.to_thread(next, pieces, None)
        try:
            while (batch or ahead) and not asked.is_set():
                while batch and len(ahead) < AHEAD:
                    ahead.append(asyncio.create_task(self._bringing.prepare(batch)))
                    batch = await asyncio.to_thread(next, pieces, None)
                await self._store(await ahead.popleft())
                told(self.report)
            self.report.finished = not (batch or ahead)
        finally:
            for task in ahead:
                task.cancel()
            await asyncio.gather(*ahead, return_exceptions=True)

    async def _store(self, prepared: Prepared) -> None:
        begun = time.monotonic()
        stored = await self._bringing.store(prepared)
        held = time.monotonic() - begun
        await self._note(prepared.pieces, len(prepared.letters), stored.new)
        if await self._database.read(is_served):
            await asyncio.sleep(max(LEAST_REST, held / 2))

    async def _note(self, pieces: Sequence[Piece], letters: int, new: int) -> None:
        """What is stored counts, and the next run begins behind it."""
        report = self.report
        report.letters += letters
        report.taken += new
        report.already += letters - new
        report.skipped += [(piece.name, piece.fault) for piece in pieces if piece.fault]
        report.position = pieces[-1].position
        self._progress.place = pieces[-1].place
        self._progress.letters += letters
        await asyncio.to_thread(self._progress.save)


def is_served(tx: ReadTx) -> bool:
    """True while a server lives on this database."""
    alive = select(jobs.boot.c.name).where(jobs.boot.c.seen_at > jobs.database_now(tx) - jobs.SILENCE).limit(1)
    return tx.value(alive) is not None


def _count_held(tx: ReadTx, mailbox_id: int, after: int) -> int:
    """Letters of imports in this mailbox that are held in quarantine and came after that row."""
    mine = (incoming.c.mailbox_id == mailbox_id) & (incoming.c.source == "import") & (incoming.c.id > after)
    held: ColumnElement[bool] = literal_column(
        "state = 'quarantined' AND state <> 'done'"
    )  # as the index of what is stuck is written
    return int(tx.value(select(func.count()).select_from(incoming).where(mine, held)) or 0)
