"""An import as a command line runs it: taken in, and understood too when no server is there to do it.

Beside a living server the command only hands letters over. Whether one lives is told by the heartbeats in ``boot``.
``jobs.start_boot`` must not be used here: on SQLite it takes the work of every other process away. The command
registers *beside* others instead, under a name of its own kind, and touches nobody's leases but those of dead imports.
Should a server start in the meantime, its start (SQLite) voids ours: our next claim is refused with Conflict, the
fences keep what we had in hand from being done twice, and from then on we only hand over. Should we have taken a
server for dead that only slept, both process side by side, each under its own fences.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import func, select

from core import clock, jobs
from core.blobs import BlobFiles
from core.database import Database, ReadTx, WriteTx
from core.errors import Conflict
from core.settings import Settings
from mailhub.ingest.archive import Archive, Piece, Progress, batches, newest_row, take_in
from mailhub.ingest.settling import Settling
from mailhub.mailboxes.boxes import Mailbox
from mailhub.mailboxes.tables import incoming
from mailhub.routing.processing import BATCHES, Processing
from mailhub.routing.workers import Workers

PREFIX = "import-"
BEAT_SECONDS = 5.0
PATIENCE_SECONDS = 20.0


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
        self._files = BlobFiles(Path(settings.blobs.url.removeprefix("file://")))
        self._workers = Workers(settings.parse.workers)
        self._progress = Progress.load(settings.data.dir, archive.path, box.address)
        self._processing: Processing | None = None
        self.report = Report(resumed=bool(self._progress.place))

    async def run(self, told: Callable[[Report], None], asked: asyncio.Event) -> Report:
        """Go through the archive, from where an unfinished run stopped; ``told`` hears after each batch. Once ``asked``
        is set it ends after the batch under way, and the next run goes on from there."""
        boot = await self._database.write(start_beside)
        beating = None
        if boot is not None:
            self._files.folder.mkdir(parents=True, exist_ok=True)
            self._processing = Processing(self._database, self._files, self._workers, boot)
            beating = asyncio.create_task(self._beat(boot))
        before = await self._database.read(newest_row)
        try:
            await self._go_through(told, asked)
            await self._drain(asked)
        finally:
            await self._workers.stop()
            if boot is not None and beating is not None:
                beating.cancel()
                await asyncio.gather(beating, return_exceptions=True)
                await self._database.write(jobs.stop_boot, boot)
        self.report.waiting = await self._database.read(_count, self._box.id, "waiting", 0)
        self.report.quarantined = await self._database.read(_count, self._box.id, "quarantined", before)
        if self.report.finished:
            self._progress.forget()
        return self.report

    async def _go_through(self, told: Callable[[Report], None], asked: asyncio.Event) -> None:
        report = self.report
        pieces = batches(self._archive.read(self._progress.place))
        while not asked.is_set():
            batch = await asyncio.to_thread(_next, pieces)
            if batch is None:
                report.finished = True
                return
            newest = await self._database.read(newest_row)
            rows = await take_in(self._database, batch, self._box.id)
            new = len({row for row in rows if row > newest})
            report.letters += len(rows)
            report.taken += new
            report.already += len(rows) - new
            report.skipped += [(piece.name, piece.fault) for piece in batch if piece.fault]
            report.position = batch[-1].position
            self._progress.place = batch[-1].place
            self._progress.letters += len(rows)
            await asyncio.to_thread(self._progress.save)
            await self._process()
            told(report)

    async def _process(self) -> int:
        """Understand what waits and bring its bytes home, unless a server does. Says how many letters that were."""
        if self._processing is None:
            return 0
        before = self._processing.letters
        done = 0
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(BATCHES):
                    group.create_task(_until_empty(self._processing))
        except* Conflict:
            self._processing = None  # a server has started and does it from now on
        if self._processing is not None:
            done = self._processing.letters - before
            settling = Settling(self._database, self._files)
            while await settling.once(clock.now()):
                pass
        return done

    async def _drain(self, asked: asyncio.Event) -> None:
        """What a dead import had in hand becomes free when its heartbeat is old; wait for that, not for ever."""
        loop = asyncio.get_running_loop()
        patience = loop.time() + PATIENCE_SECONDS
        while self._processing is not None and not asked.is_set() and loop.time() < patience:
            if await self._process():
                patience = loop.time() + PATIENCE_SECONDS
            if not await self._database.read(_count, self._box.id, "waiting", 0):
                return
            await self._database.work(release_dead_imports)
            await asyncio.sleep(0.2)

    async def _beat(self, boot: str) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            with contextlib.suppress(Conflict):
                await self._database.write(jobs.beat, boot)


def start_beside(tx: WriteTx) -> str | None:
    """Register as one who works where no server lives, without taking anything from anybody. None when one lives."""
    now = jobs.database_now(tx)
    servers = select(jobs.boot.c.name).where(
        jobs.boot.c.seen_at > now - jobs.SILENCE, jobs.boot.c.name.not_like(f"{PREFIX}%")
    )
    if tx.values(servers):
        return None
    release_dead_imports(tx)
    name = PREFIX + secrets.token_hex(8)
    tx.insert(jobs.boot, name=name, started_at=now, seen_at=now)
    return name


def release_dead_imports(tx: WriteTx) -> None:
    """Give back the leases of imports that were silent too long."""
    silent = select(jobs.boot.c.name).where(
        jobs.boot.c.seen_at < jobs.database_now(tx) - jobs.SILENCE, jobs.boot.c.name.like(f"{PREFIX}%")
    )
    for name in tx.values(silent):
        jobs.stop_boot(tx, name)


async def _until_empty(processing: Processing) -> None:
    while await processing.once():
        pass


def _next(pieces: Iterator[list[Piece]]) -> list[Piece] | None:
    return next(pieces, None)


def _count(tx: ReadTx, mailbox_id: int, state: str, after: int) -> int:
    """Letters of imports in this mailbox that are in a state."""
    mine = (incoming.c.mailbox_id == mailbox_id) & (incoming.c.source == "import") & (incoming.c.id > after)
    return int(tx.value(select(func.count()).select_from(incoming).where(mine, incoming.c.state == state)) or 0)
