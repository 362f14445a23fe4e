"""The loop of segments: who is in them follows the feed, the clock, and rules that are written anew."""

from __future__ import annotations

from core import clock
from core.database import Database
from core.rounds import Rounds
from crm.segments.following import ask_due, find_next_due, follow_part, has_news
from crm.segments.preparing import has_unprepared, prepare_part

LOOK_SECONDS = 20.0
SHORTEST_REST = 0.2
FIRST_STEP = 500
MOST_STEP = 20_000
AIM = 0.025
"""A part of a long work holds the writer so many seconds, about."""


class Grouping(Rounds):
    """Runs until it is cancelled; ``wake`` makes it look at once, when something has changed. A house without segments
    writes nothing."""

    def __init__(self, database: Database) -> None:
        super().__init__("segments", LOOK_SECONDS)
        self._database = database
        self._step = FIRST_STEP

    async def look(self) -> float | None:
        """What happened first, then whose moment has come, then rules that everybody is asked anew."""
        while True:
            if await self._database.read(has_news):
                while await self._database.work(follow_part):
                    pass
            following = await self._database.read(find_next_due)
            if following is not None and following <= clock.now():
                while await self._database.work(ask_due):
                    pass
                following = await self._database.read(find_next_due)
            if not (await self._database.read(has_unprepared) and await self._prepare()):
                break
        if following is None:
            return None
        return min(LOOK_SECONDS, max((following - clock.now()) / clock.SECOND, SHORTEST_REST))

    async def _prepare(self) -> bool:
        """One part. False when nothing waits."""
        took = await self._database.work(prepare_part, self._step)
        if took is None:
            return False
        self._step = max(100, min(MOST_STEP, int(self._step * min(2.0, max(0.5, AIM / max(took, 0.001))))))
        return True
