"""The loop of execution: deadlines that move with the calendar, reminders, and what is told when they have passed."""

from __future__ import annotations

from core import jobs
from core.database import Database
from core.errors import Conflict
from core.rounds import Rounds
from mailhub.mailboxes.terms import DEADLINES_MOVED, move_part
from mailhub.mailboxes.watching import MOST_AT_ONCE, watch

LOOK_SECONDS = 20.0


class Watching(Rounds):
    """Watches deadlines."""

    def __init__(self, database: Database, boot: str) -> None:
        super().__init__("deadlines that are to be looked at", LOOK_SECONDS)
        self._database = database
        self._boot = boot

    async def look(self) -> None:
        """Move deadlines first, then look which have come."""
        while await self.move():
            pass
        while await self._database.work(watch) >= MOST_AT_ONCE:
            pass

    async def move(self) -> bool:
        """One part of one job. False when nothing waits."""
        claimed = await self._database.work(jobs.claim, DEADLINES_MOVED, self._boot, 1)
        for job in claimed:
            try:
                await self._database.work(move_part, job)
            except Conflict as problem:
                await self._database.work(jobs.give_up, job, str(problem))
        return bool(claimed)
