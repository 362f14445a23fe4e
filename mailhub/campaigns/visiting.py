"""Openings and clicks on their way into the database: a reader is sent on at once, and what many of them did is written
in one unit, so that a letter to a million that is read at nine o'clock costs a few writes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from core.database import Database
from core.errors import Unavailable
from core.log import get_log
from core.rounds import Rounds
from mailhub.campaigns.machines import Machines
from mailhub.campaigns.visits import Visit, record_visits

LOOK_SECONDS = 5.0
REST_SECONDS = 0.5
"""So long others are waited for, to be written together."""
BATCH = 500
MOST_WAITING = 20_000
log = get_log(__name__)


class VisitBook(Rounds):
    """One for a process. What was noted is in the database within a second; a process that is killed loses that much
    of what was opened, and of letters nothing."""

    def __init__(self, database: Database, networks: Iterable[str]) -> None:
        """``networks`` are those that a company knows to be of scanners."""
        super().__init__("openings and clicks", LOOK_SECONDS)
        self._database = database
        self._machines = Machines(networks)
        self._waiting: list[Visit] = []
        self._writes = asyncio.Lock()

    async def note(self, visit: Visit) -> None:
        """Write it down soon. Waits only while far too many do."""
        self._waiting.append(visit)
        self.wake()
        if len(self._waiting) >= MOST_WAITING:
            await self.write()

    async def look(self) -> None:
        """What waits, after a moment in which more may come."""
        if self._waiting:
            await asyncio.sleep(REST_SECONDS)
            await self.write()

    async def write(self) -> None:
        """All that waits, some hundreds in each unit. Raises Unavailable, and nothing is lost. What cannot be written
        for another reason is not tried for ever: each goes by itself, so that nothing stands behind it, and one that
        cannot is said in the log and let go."""
        async with self._writes:
            while self._waiting:
                some = self._waiting[:BATCH]
                try:
                    await self._database.work(record_visits, self._machines, some)
                except Unavailable:
                    raise
                except Exception as problem:
                    log.error("openings and clicks could not be written together", count=len(some), exc_info=problem)
                    await self._write_apart(len(some))
                else:
                    del self._waiting[: len(some)]

    async def _write_apart(self, count: int) -> None:
        """The first of those that wait, each by itself. Raises Unavailable."""
        for _ in range(count):
            one = self._waiting[0]
            try:
                await self._database.work(record_visits, self._machines, [one])
            except Unavailable:
                raise
            except Exception as problem:
                log.error("an opening or click is lost", mailing=one.mailing_id, kind=one.kind, exc_info=problem)
            del self._waiting[0]
