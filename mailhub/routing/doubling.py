"""The loop in which doubles are looked for over the whole base, from where it stopped.

Keys are read in the lane of searches, some thousands of an index at a time; names are compared in a process of their
own; pairs are written in the lane of work, where people and letters go first.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager

import msgspec

from core import jobs
from core.clock import SECOND
from core.database import Database
from core.errors import Conflict, HouseError, Unavailable
from core.log import get_log
from core.rounds import Rounds
from crm.doubles.scanning import STAGES, Found, list_names, scan_part
from crm.doubles.searching import (
    JOB,
    Search,
    begin_work,
    end_search,
    fail_dead,
    record_part,
    search_of,
    sweep_pairs,
)
from mailhub.routing.doubles_worker import Pairs, frame

SWEEP_SECONDS = 60.0
RECORDED_AT_ONCE = 100
SECONDS = 600.0
"""How long the next pairs of names may take: all names are there before the first."""
BROKEN = "The process that compares names ended. Begin again."
STOPPED = "The search stopped by a fault of the server. Look into its log, then begin again."
_NAMED = 900  # thousandths of the way at which all names are with the process
_pairs = msgspec.msgpack.Decoder(Pairs)
log = get_log(__name__)


class Doubling(Rounds):
    """Looks for doubles when somebody has asked for it."""

    def __init__(self, database: Database, boot: str) -> None:
        super().__init__("search for doubles", SWEEP_SECONDS)
        self._database = database
        self._boot = boot

    async def look(self) -> None:
        """All that waits."""
        await self._database.work(fail_dead)
        while await self.once():
            pass

    async def once(self) -> bool:
        """One search as far as it goes. False when none waits."""
        for job in await self._database.work(jobs.claim, JOB, self._boot, 1):
            try:
                if await self._take(job):
                    await self._database.work(end_search, job)
            except (Conflict, Unavailable) as problem:
                await self._database.work(jobs.give_up, job, str(problem))
            except HouseError as problem:
                await self._database.work(end_search, job, problem.sentence)
            except Exception as problem:
                log.error("a search for doubles stopped", search_id=search_of(job), exc_info=problem)
                await self._database.work(end_search, job, STOPPED)
            return True
        return False

    async def _take(self, job: jobs.Job) -> bool:
        """False when the job is gone already."""
        begun = await self._database.work(begin_work, job)
        if begun is None:
            return False
        way = _Way(self._database, job)
        if not await self._go_by_keys(way, begun) or not await self._go_by_names(way):
            return True  # somebody ended it
        while await self._database.work(sweep_pairs, job):
            pass
        return True

    async def _go_by_keys(self, way: _Way, begun: Search) -> bool:
        reached: str | None = begun.reached
        for place, stage in enumerate(STAGES):
            if stage == "name" or place < STAGES.index(begun.stage):
                continue
            reached = reached if stage == begun.stage else ""
            while reached is not None:
                found, reached = await self._database.search(scan_part, stage, reached)
                done = place * 100 + 50 if reached is not None else place * 100 + 100
                if not await way.record(found, stage, reached or "", done):
                    return False
        return True

    async def _go_by_names(self, way: _Way) -> bool:
        async with aclosing(self._compare_names(way)) as parts:
            async for pairs in parts:
                found = [Found(one, other, "name") for one, other, _ in pairs]
                if not await way.record(found, STAGES[-1], "", _NAMED):
                    return False
        return True

    async def _compare_names(self, way: _Way) -> AsyncGenerator[Pairs]:
        """Pairs whose names are alike, some at a time."""
        async with _process() as process:
            assert process.stdin is not None
            assert process.stdout is not None
            after: tuple[str, int] | None = None
            while names := await self._database.search(list_names, after):
                process.stdin.write(frame(names))
                await process.stdin.drain()
                after = (names[-1][1], names[-1][0])
                if not await way.record([], STAGES[-1], "", 400):
                    return
            process.stdin.write(frame([]))
            process.stdin.close()
            while pairs := await _read_pairs(process.stdout):
                yield pairs


class _Way:
    """How far one search is, as it is written down."""

    def __init__(self, database: Database, job: jobs.Job) -> None:
        self._database = database
        self._job = job
        self._last = time.monotonic()

    async def record(self, found: Sequence[Found], stage: str, reached: str, place: int) -> bool:
        """What was found, in units that nobody waits for. False when the search was ended. Where it is to go on is
        written with the last of them: what a kill cuts off is found again."""
        parts = [found[at : at + RECORDED_AT_ONCE] for at in range(0, len(found), RECORDED_AT_ONCE)] or [found]
        for part in parts[:-1]:
            if not await self._database.work(record_part, self._job, part, stage, None, place, self._worked()):
                return False
        return await self._database.work(record_part, self._job, parts[-1], stage, reached, place, self._worked())

    def _worked(self) -> int:
        now = time.monotonic()
        worked, self._last = now - self._last, now
        return int(worked * SECOND)


async def _read_pairs(source: asyncio.StreamReader) -> Pairs:
    """The next pairs, none at the end. Raises Unavailable where the process ended before."""
    try:
        async with asyncio.timeout(SECONDS):
            length = int.from_bytes(await source.readexactly(4), "big")
            return _pairs.decode(await source.readexactly(length))
    except (TimeoutError, asyncio.IncompleteReadError) as problem:
        raise Unavailable(BROKEN) from problem


@asynccontextmanager
async def _process() -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "mailhub.routing.doubles_worker",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
