"""The loop in which tables of clients and documents are tried, taken in and taken back, from where they stopped.

Rows are understood in a process of their own, decided and stored in the lane of work, where people and letters go
first. A part is as large as the clock allows: nobody waits for the one writer of SQLite longer than ``UNIT_SECONDS``.
On PostgreSQL nobody waits for it at all, and a larger part costs less a row.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path

from core import jobs
from core.clock import SECOND
from core.database import Database, WriteTx
from core.errors import Conflict, HouseError, NotFound, Unavailable
from core.log import get_log
from core.rounds import Rounds
from crm.parties import region_of
from crm.transfer.drafts import Known
from crm.transfer.imports import JOB, PartyImport, State
from crm.transfer.runs import (
    Read,
    Trial,
    begin_run,
    end_run,
    fail_dead,
    import_of,
    learn,
    list_needed,
    record_tried,
    run_rows,
    set_parents,
    try_rows,
    wipe_rows,
)
from crm.transfer.undoing import undo_rows
from mailhub.mailboxes.refiling import refile_all
from mailhub.routing.table_worker import Reading
from mailhub.routing.tables_read import read_drafts

SWEEP_SECONDS = 60.0
UNIT_SECONDS, UNIT_SECONDS_BESIDE = 0.04, 0.4
FEWEST, MOST = 10, 200
RETRIES = 3
_SUFFIX = ".table"
STOPPED = "The import stopped by a fault of the server: %(reason)s. Resume it to try again."
log = get_log(__name__)


def table_file(folder: Path, import_id: int) -> Path:
    """Where the file of an import lies until its way back has closed."""
    return folder / f"{import_id}{_SUFFIX}"


def _reading(path: Path, found: PartyImport, known: Known, after: int) -> Reading:
    """How to read the file of an import."""
    sheet, delimiter, encoding = (found.about.get(name) or "" for name in ("sheet", "delimiter", "encoding"))
    return Reading(str(path), sheet, delimiter, encoding, known, after, about=found.kind)


class _Pace:
    """How many rows at a time, by how long the last ones took."""

    def __init__(self, database: Database) -> None:
        self.count = FEWEST * 4
        self._seconds = UNIT_SECONDS if database.is_sqlite else UNIT_SECONDS_BESIDE

    def took(self, count: int, seconds: float) -> None:
        fair = int(count * self._seconds / max(seconds, 0.001))
        self.count = max(FEWEST, min(MOST, (self.count + fair) // 2))


class Transferring(Rounds):
    """Takes imports of clients in. ``folder`` holds their files, ``zone`` is that of the house."""

    def __init__(self, database: Database, boot: str, folder: Path, zone: str) -> None:
        super().__init__("imports of clients", SWEEP_SECONDS)
        self._database = database
        self._boot = boot
        self._folder = folder
        self._zone = zone

    async def look(self) -> None:
        """All that waits, one after the other."""
        await self._sweep()
        while await self.once():
            pass

    async def once(self) -> bool:
        """One import as far as it goes. False when none waits."""
        for job in await self._database.work(jobs.claim, JOB, self._boot, 1):
            try:
                await self._take(job)
            except Unavailable as problem:
                await self._database.work(jobs.give_up, job, str(problem))
            except Conflict as problem:
                log.warning("an import of clients waits", import_id=import_of(job), reason=str(problem))
                await self._database.work(jobs.give_up, job, str(problem))
            except HouseError as problem:
                await self._database.work(end_run, job, problem.sentence, problem.fields)
            except Exception as problem:
                log.error("an import of clients stopped", import_id=import_of(job), exc_info=problem)
                reason = f"{type(problem).__name__}: {problem}"
                await self._database.work(end_run, job, STOPPED, {"reason": reason})
            return True
        return False

    async def _take(self, job: jobs.Job) -> None:
        begun = await self._database.work(begin_run, job)
        if begun is None:
            return
        job = await self._database.work(jobs.note, job, state=begun.state)
        if begun.state == "undoing":
            await self._undo(job)
        else:
            await self._go_through(job, begun)
        await self._database.work(end_run, job)

    async def _go_through(self, job: jobs.Job, begun: PartyImport) -> None:
        path = table_file(self._folder, begun.id)
        if not path.exists():
            raise NotFound("The file that was sent is not on this server any more. Choose it again.")
        if begun.state == "trying" or not begun.place:
            while await self._database.work(wipe_rows, job):
                pass
        known = await self._database.read(learn, begun, region_of(self._zone))
        after = 0 if begun.state == "trying" else begun.place
        reading = _reading(path, begun, known, after)
        part = _Trying(self._database, job, begun) if begun.state == "trying" else _Running(self._database, job)
        async with aclosing(read_drafts(reading)) as parts:
            async for drafts in parts:
                if await part.take(drafts) != begun.state:
                    return
        if begun.state == "running":
            after_row: int | None = 0
            while after_row is not None:
                after_row = await self._database.work(set_parents, job, after_row)

    async def _undo(self, job: jobs.Job) -> None:
        pace = _Pace(self._database)
        worked, count = 0.0, 1
        while count:
            begin = time.monotonic()
            state, count = await self._database.work(undo_rows, job, refile_all, pace.count, int(worked * SECOND))
            worked = time.monotonic() - begin
            pace.took(count, worked)
            if state != "undoing":
                return

    async def _sweep(self) -> None:
        """Files that nobody needs any more go, and imports that come to nothing end."""
        await self._database.work(fail_dead)
        there = await asyncio.to_thread(_list_files, self._folder)
        needed = await self._database.read(list_needed, sorted(there)) if there else []
        for import_id in there - set(needed):
            await asyncio.to_thread(table_file(self._folder, import_id).unlink, missing_ok=True)


class _Part:
    """Rows on their way into the database, as many at a time as the clock allows."""

    def __init__(self, database: Database, job: jobs.Job) -> None:
        self._database = database
        self._job = job
        self._pace = _Pace(self._database)
        self._last = time.monotonic()

    async def take(self, drafts: Sequence[Read]) -> State:
        """Raises Conflict when another worker has the import."""
        state: State = "running"
        start = 0
        while start < len(drafts):
            part = drafts[start : start + self._pace.count]
            state = await self._store(part)
            start += len(part)
            if state not in ("trying", "running"):
                break
        return state

    async def _store(self, part: Sequence[Read]) -> State:
        raise NotImplementedError

    def _worked(self) -> int:
        now = time.monotonic()
        worked, self._last = now - self._last, now
        return int(worked * SECOND)


class _Running(_Part):
    async def _store(self, part: Sequence[Read]) -> State:
        took: list[float] = []

        def timed(tx: WriteTx, worked: int) -> State:
            begin = time.monotonic()
            state = run_rows(tx, self._job, part, worked)
            took.append(time.monotonic() - begin)
            return state

        for left in reversed(range(RETRIES)):
            try:
                state = await self._database.work(timed, self._worked())
                break
            except Conflict:
                if not left:
                    raise
        self._pace.took(len(part), took[-1])
        return state


class _Trying(_Part):
    def __init__(self, database: Database, job: jobs.Job, found: PartyImport) -> None:
        super().__init__(database, job)
        self._found = found
        self._trial = Trial()

    async def _store(self, part: Sequence[Read]) -> State:
        planned = await self._database.search(try_rows, self._trial, self._found, part)
        begin = time.monotonic()
        state = await self._database.work(record_tried, self._job, planned, self._worked())
        self._pace.took(len(part), (time.monotonic() - begin) / 2)
        return state


def _list_files(folder: Path) -> set[int]:
    names = [one.name.removesuffix(_SUFFIX) for one in folder.glob(f"*{_SUFFIX}")]
    return {int(name) for name in names if name.isdecimal()}
