"""The loop of what is planned and promised: series are filled, reminders come, late promises are told, and new hours of
a time zone move what is open."""

from __future__ import annotations

from core import clock
from core.database import Database, ReadTx
from core.log import get_log
from core.rounds import Rounds
from crm.execution.promises import find_next_watch
from crm.planner import fill_due, find_next_reminder, list_changed_zones, rederive_part
from mailhub.mailboxes.planning import MOST_AT_ONCE, remind, watch_promises

LOOK_SECONDS = 20.0
SHORTEST_REST = 0.2  # a moment that is over and stays is no reason to turn without end
THOROUGH_EVERY = clock.HOUR
log = get_log(__name__)


class Reminding(Rounds):
    """Runs until it is cancelled; ``wake`` makes it look at once, when something was planned. A house in which nothing
    is due writes nothing."""

    def __init__(self, database: Database) -> None:
        super().__init__("reminders", LOOK_SECONDS)
        self._database = database
        self._thorough_at = 0

    async def look(self) -> float | None:
        """What is due by now; rests until the next moment, or looks again after a while: clocks jump."""
        if abs(clock.now() - self._thorough_at) > THOROUGH_EVERY:
            await self._look_thoroughly()
            self._thorough_at = clock.now()
        following = await self._database.read(find_next_moment)
        if following is not None and following <= clock.now():
            await self._tell()
            following = await self._database.read(find_next_moment)
        if following is None:
            return None
        return min(LOOK_SECONDS, max((following - clock.now()) / clock.SECOND, SHORTEST_REST))

    async def _tell(self) -> None:
        while await self._database.work(remind):
            pass
        while await self._database.work(watch_promises) >= MOST_AT_ONCE:
            pass

    async def _look_thoroughly(self) -> None:
        """Hours of zones first, they say when anything is due; then series; and that the house is not off."""
        for zone in await self._database.read(list_changed_zones):
            log.info("a time zone keeps other hours than before", zone=zone)
            after: int | None = 0
            while after is not None:
                after = await self._database.work(rederive_part, zone, after)
        while await self._database.work(fill_due):
            pass
        await self._tell()


def find_next_moment(tx: ReadTx) -> int | None:
    """When a reminder comes or a promise is looked at next."""
    moments = [one for one in (find_next_reminder(tx), find_next_watch(tx)) if one is not None]
    return min(moments, default=None)
