"""The loop of what is planned and promised: series are filled, reminders come, late promises are told, and new hours of
a time zone move what is open."""

from __future__ import annotations

from core import clock
from core.database import Database
from core.log import get_log
from core.rounds import Rounds
from crm.planner import fill_due, find_next_reminder, list_changed_zones, rederive_part
from mailhub.mailboxes.planning import MOST_AT_ONCE, remind, watch_promises

LOOK_SECONDS = 20.0
ZONES_EVERY = clock.HOUR
log = get_log(__name__)


class Reminding(Rounds):
    """Runs until it is cancelled; ``wake`` makes it look at once, when something was planned."""

    def __init__(self, database: Database) -> None:
        super().__init__("reminders", LOOK_SECONDS)
        self._database = database
        self._zones_at = 0

    async def look(self) -> float | None:
        """Once through all of it, the hours of zones first: they say when anything is due. Rests until the next
        reminder, or looks again after a while: clocks jump."""
        if abs(clock.now() - self._zones_at) > ZONES_EVERY:
            await self._move_zones()
        while await self._database.work(fill_due):
            pass
        while await self._database.work(remind):
            pass
        while await self._database.work(watch_promises) >= MOST_AT_ONCE:
            pass
        following = await self._database.read(find_next_reminder)
        if following is None:
            return None
        return min(LOOK_SECONDS, max((following - clock.now()) / clock.SECOND, 0.0))

    async def _move_zones(self) -> None:
        for zone in await self._database.read(list_changed_zones):
            log.info("a time zone keeps other hours than before", zone=zone)
            after: int | None = 0
            while after is not None:
                after = await self._database.work(rederive_part, zone, after)
        self._zones_at = clock.now()
