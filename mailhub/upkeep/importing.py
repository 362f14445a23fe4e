"""An import as the command line runs it: an archive into a mailbox, and how far it came.

Beside a living server the command line only hands letters over, as rows and jobs, and the server understands them;
whether one lives is told by the heartbeats in ``boot``, asked again for each batch. Where none lives it does the work
itself, and it does not matter how it ends: what is stored is whole, the rest is still in the archive.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import func, select

from core import jobs
from core.blobs import BlobFiles
from core.database import Database, ReadTx
from core.settings import Settings
from mailhub.ingest.archive import Archive, Piece, Progress, batches, newest_row, take_in
from mailhub.mailboxes.boxes import Mailbox
from mailhub.mailboxes.tables import incoming
from mailhub.routing.bringing import Bringing, Prepared
from mailhub.routing.workers import Workers

MOST_WAITING = 300  # letters handed over that the server has yet to understand
WAIT_SECONDS = 0.1
AHEAD = 3  # batches that are prepared while one is stored


@dataclass(slots=True)
class Report:
    """How an import went. ``position`` counts bytes of the archive; ``waiting`` are letters that a server has yet to
    understand; ``quarantined`` those of this run that could not be; ``skipped`` names what was not taken and why."""

    letters: int = 0
    taken: int = 0
    already: int = 0
    waiting: int = 0
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
        self.report.waiting = await self._database.read(_count, self._box.id, "waiting", 0)
        self.report.quarantined = await self._database.read(_count, self._box.id, "quarantined", before)
        if self.report.finished:
            self._progress.forget()
        return self.report

    async def _go_through(self, told: Callable[[Report], None], asked: asyncio.Event) -> None:
        pieces = batches(self._archive.read(self._progress.place))
        ahead: deque[asyncio.Task[Prepared]] = deque()
        batch = await asyncio.to_thread(_next, pieces)
        try:
            while (batch or ahead) and not asked.is_set():
                served = await self._database.read(is_served)
                while batch and len(ahead) < AHEAD and not served:
                    ahead.append(asyncio.create_task(self._bringing.prepare(batch)))
                    batch = await asyncio.to_thread(_next, pieces)
                if ahead:
                    await self._store(await ahead.popleft())
                elif batch and await self._database.read(_count, self._box.id, "waiting", 0) > MOST_WAITING:
                    await asyncio.sleep(WAIT_SECONDS)  # the server has other things to do too
                    continue
                elif batch:
                    await self._hand_over(batch)
                    batch = await asyncio.to_thread(_next, pieces)
                told(self.report)
            self.report.finished = not (batch or ahead)
        finally:
            for task in ahead:
                task.cancel()
            await asyncio.gather(*ahead, return_exceptions=True)

    async def _store(self, prepared: Prepared) -> None:
        stored = await self._bringing.store(prepared)
        await self._note(prepared.pieces, len(prepared.letters), stored.new)

    async def _hand_over(self, batch: list[Piece]) -> None:
        newest = await self._database.read(newest_row)
        rows = await take_in(self._database, batch, self._box.id)
        await self._note(batch, len(rows), len({row for row in rows if row > newest}))

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


def _next(pieces: Iterator[list[Piece]]) -> list[Piece] | None:
    return next(pieces, None)


def _count(tx: ReadTx, mailbox_id: int, state: str, after: int) -> int:
    """Letters of imports in this mailbox that are in a state."""
    mine = (incoming.c.mailbox_id == mailbox_id) & (incoming.c.source == "import") & (incoming.c.id > after)
    return int(tx.value(select(func.count()).select_from(incoming).where(mine, incoming.c.state == state)) or 0)
