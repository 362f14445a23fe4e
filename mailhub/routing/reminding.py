"""The loop of what is planned and promised: series are filled, reminders come, late promises are told, and new hours of
a time zone move what is open."""

from __future__ import annotations

import asyncio

from core import clock
from core.database import Database
from core.errors import HouseError
from core.log import get_log
from crm.planner import fill_due, find_next_reminder, list_changed_zones, rederive_part
from mailhub.mailboxes.planning import MOST_AT_ONCE, remind, watch_promises

LOOK_SECONDS = 20.0
ZONES_EVERY = clock.HOUR
log = get_log(__name__)


class Reminding:
    """Runs until it is cancelled; ``wake`` makes it look at once, when something was planned."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._bell = asyncio.Event()
        self._zones_at = 0

    def wake(self) -> None:
        """The next moment may be another."""
        self._bell.set()

    async def run(self) -> None:
        """Do what has come, then sleep until the next moment, or look again after a while: clocks jump."""
        while True:
            self._bell.clear()
            wait = LOOK_SECONDS
            try:
                await self.look()
                following = await self._database.read(find_next_reminder)
                if following is not None:
                    wait = min(wait, max((following - clock.now()) / clock.SECOND, 0.0))
            except HouseError as problem:
                log.warning("reminders wait", reason=str(problem))
            try:
                async with asyncio.timeout(wait):
                    await self._bell.wait()
            except TimeoutError:
                continue

    async def look(self) -> None:
        """Once through all of it. The hours of zones come first: they say when anything is due."""
        if abs(clock.now() - self._zones_at) > ZONES_EVERY:
            for zone in await self._database.read(list_changed_zones):
                log.info("a time zone keeps other hours than before", zone=zone)
                after: int | None = 0
                while after is not None:
                    after = await self._database.work(rederive_part, zone, after)
            self._zones_at = clock.now()
        while await self._database.work(fill_due):
            pass
        while await self._database.work(remind):
            pass
        while await self._database.work(watch_promises) >= MOST_AT_ONCE:
            pass
