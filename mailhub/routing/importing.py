"""The loop in which the server takes imports in: as people started them, one or two at a time, from where they stopped.

A batch is prepared while the one before is stored in the lane of work, where people and live mail go first. How far it
came is written in the transaction of the letters themselves: a kill at any moment loses none and counts none twice.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from pathlib import Path

from core import jobs
from core.blobs import BlobFiles
from core.clock import SECOND
from core.database import Database, WriteTx
from core.errors import Conflict, HouseError, NotFound, Unavailable
from core.log import get_log
from core.rounds import rings
from mailhub.ingest.archive import Archive, Piece, batches, open_archive
from mailhub.mailboxes.import_runs import (
    Batch,
    begin_import,
    end_import,
    fail_dead,
    forget_unfinished,
    import_of,
    list_needless,
    record_batch,
    record_opened,
)
from mailhub.mailboxes.imports import IMPORT_JOB, Import
from mailhub.routing.bringing import Bringing, Prepared, Stored
from mailhub.routing.workers import Workers

AT_A_TIME = 2
AHEAD = 2  # batches that are prepared while one is stored
AT_ONCE = 24  # letters in one transaction: people's writes wait for it
SWEEP_SECONDS = 60.0
FRAGMENT_SECONDS = 86400.0
WAIT_SECONDS = 10.0
_SUFFIX = ".upload"
STOPPED = "The import stopped by a fault of the server: %(reason)s. Resume it to try again."
log = get_log(__name__)


def upload_file(folder: Path, import_id: int) -> Path:
    """Where the bytes of an uploaded archive lie until the import ends."""
    return folder / f"{import_id}{_SUFFIX}"


def resolve_path(allowed: Path | None, path: str) -> Path:
    """A path inside the folder for imports, links followed. Raises NotFound for whatever else: what lies elsewhere on
    this server is nobody's business."""
    root = None if allowed is None else Path(os.path.realpath(allowed))
    found = None if root is None or "\0" in path else Path(os.path.realpath(root / path))
    if root is None or found is None or not found.is_relative_to(root) or not found.exists():
        raise NotFound("There is no %(path)s in the folder for imports.", path=path)
    return found


class Importing:
    """Runs until it is cancelled; ``wake`` makes it look at once. ``folder`` holds what was uploaded, ``allowed`` what
    an administrator laid down."""

    def __init__(
        self, database: Database, files: BlobFiles, workers: Workers, boot: str, folder: Path, allowed: Path | None
    ) -> None:
        self._database = database
        self._files = files
        self._workers = workers
        self._boot = boot
        self._folder = folder
        self._allowed = allowed
        self._bells = [asyncio.Event() for _ in range(AT_A_TIME)]

    def wake(self) -> None:
        """There may be something to do."""
        for bell in self._bells:
            bell.set()

    async def run(self) -> None:
        """Take what waits, then sleep until woken or for a sweep."""
        async with asyncio.TaskGroup() as group:
            for bell in self._bells:
                group.create_task(self._serve(bell))

    async def _serve(self, bell: asyncio.Event) -> None:
        while True:
            bell.clear()
            try:
                await self._sweep()
                while await self.once():
                    pass
            except HouseError as problem:
                log.warning("imports wait", reason=str(problem))
            await rings(bell, SWEEP_SECONDS)

    async def once(self) -> bool:
        """One import as far as it goes. False when none waits."""
        for job in await self._database.work(jobs.claim, IMPORT_JOB, self._boot, 1):
            try:
                await self._take(job)
            except Unavailable as problem:
                log.warning("an import waits", import_id=import_of(job), reason=str(problem))
                await asyncio.sleep(WAIT_SECONDS)
                await self._database.work(jobs.give_up, job, str(problem))
            except Conflict as problem:
                log.warning("an import was given to another worker", import_id=import_of(job), reason=str(problem))
            except HouseError as problem:
                await self._database.work(end_import, job, problem.sentence, problem.fields)
            except Exception as problem:
                log.error("an import stopped", import_id=import_of(job), exc_info=problem)
                reason = f"{type(problem).__name__}: {problem}"
                await self._database.work(end_import, job, STOPPED, {"reason": reason})
            await self._sweep()
            return True
        return False

    async def _take(self, job: jobs.Job) -> None:
        begun = await self._database.work(begin_import, job)
        if begun is None:
            return
        archive = await asyncio.to_thread(self._open, begun)
        await self._database.work(record_opened, job, archive.kind, archive.size, archive.left_out)
        bringing = Bringing(self._database, self._files, self._workers, begun.mailbox_id, begun.id)
        pieces = batches(archive.read(begun.place), AT_ONCE)
        last = time.monotonic()
        async with aclosing(prepare_ahead(bringing, pieces)) as ready:
            async for prepared in ready:
                now = time.monotonic()
                if not await self._store(job, bringing, prepared, now - last):
                    break
                last = now
        await self._database.work(end_import, job)

    def _open(self, found: Import) -> Archive:
        if found.source == "path":
            return open_archive(resolve_path(self._allowed, found.name))
        path = upload_file(self._folder, found.id)
        if not path.exists():
            raise NotFound("The file that was sent is not on this server any more. Choose it again.")
        return open_archive(path, named=found.name)

    async def _store(self, job: jobs.Job, bringing: Bringing, prepared: Prepared, seconds: float) -> bool:
        """False when a person paused or ended the import meanwhile."""
        states = []
        faults = [(piece.name, piece.fault) for piece in prepared.pieces if piece.fault]
        last = prepared.pieces[-1]

        def note(tx: WriteTx, stored: Stored) -> None:
            batch = Batch(
                len(prepared.letters), stored.new, stored.held, faults, last.place, last.position, int(seconds * SECOND)
            )
            states.append(record_batch(tx, job, batch))

        await bringing.store(prepared, note)
        return states[-1] == "running"

    async def _sweep(self) -> None:
        """Files that nobody needs any more go, and imports that come to nothing end."""
        await self._database.work(fail_dead)
        await self._database.work(forget_unfinished)
        there = await asyncio.to_thread(_list_uploads, self._folder)
        await asyncio.to_thread(_remove_fragments, self._folder)
        for import_id in await self._database.read(list_needless, sorted(there)) if there else ():
            await asyncio.to_thread(upload_file(self._folder, import_id).unlink, missing_ok=True)


async def prepare_ahead(bringing: Bringing, batches: Iterator[list[Piece]]) -> AsyncGenerator[Prepared]:
    """Batches in their order, some of them prepared while the caller works on the one before."""
    ahead: deque[asyncio.Task[Prepared]] = deque()
    batch = await asyncio.to_thread(next, batches, None)
    try:
        while batch or ahead:
            while batch and len(ahead) < AHEAD:
                ahead.append(asyncio.create_task(bringing.prepare(batch)))
                batch = await asyncio.to_thread(next, batches, None)
            yield await ahead.popleft()
    finally:
        for task in ahead:
            task.cancel()
        await asyncio.gather(*ahead, return_exceptions=True)


def _remove_fragments(folder: Path) -> None:
    """Of uploads that ended with their process."""
    for one in folder.glob(".new-*"):
        if one.stat().st_mtime < time.time() - FRAGMENT_SECONDS:
            one.unlink(missing_ok=True)


def _list_uploads(folder: Path) -> list[int]:
    names = [one.name.removesuffix(_SUFFIX) for one in folder.glob(f"*{_SUFFIX}")]
    return [int(name) for name in names if name.isdecimal()]
