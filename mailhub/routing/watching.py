"""The loop of execution: deadlines that move with the calendar, reminders, and what is told when they have passed."""

from __future__ import annotations

import asyncio

from core import jobs
from core.database import Database
from core.errors import Conflict, HouseError
from core.log import get_log
from mailhub.mailboxes.terms import DEADLINES_MOVED, move_part
from mailhub.mailboxes.watching import MOST_AT_ONCE, watch

LOOK_SECONDS = 20.0
log = get_log(__name__)


class Watching:
    """Runs until it is cancelled; ``wake`` makes it look at once."""

    def __init__(self, database: Database, boot: str) -> None:
        self._database = database
        self._boot = boot
        self._bell = asyncio.Event()

    def wake(self) -> None:
        """There may be something to do."""
        self._bell.set()

    async def run(self) -> None:
        """Move deadlines first, then look which have come; then sleep until woken or for a while."""
        while True:
            self._bell.clear()
            try:
                while await self.move():
                    pass
                while await self._database.work(watch) >= MOST_AT_ONCE:
                    pass
            except HouseError as problem:
                log.warning("deadlines are not looked at", reason=str(problem))
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._bell.wait()
            except TimeoutError:
                continue

    async def move(self) -> bool:
        """One part of one job. False when nothing waits."""
        claimed = await self._database.work(jobs.claim, DEADLINES_MOVED, self._boot, 1)
        for job in claimed:
            try:
                await self._database.work(move_part, job)
            except Conflict as problem:
                await self._database.work(jobs.give_up, job, str(problem))
        return bool(claimed)
