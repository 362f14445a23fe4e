"""The loop that lets threads come back that were put aside until a moment."""

from __future__ import annotations

from core import clock
from core.database import Database
from core.rounds import Rounds
from mailhub.mailboxes.snoozing import MOST_AT_ONCE, find_next, wake_due

LOOK_SECONDS = 20.0


class Waking(Rounds):
    """Lets threads come back; ``wake`` it when somebody put one aside."""

    def __init__(self, database: Database) -> None:
        super().__init__("threads that were put aside", LOOK_SECONDS)
        self._database = database

    async def look(self) -> float:
        """Let come back what is due; rests until the next moment, or looks again after a while: clocks jump."""
        following = await self._database.read(find_next)
        if following is not None and following <= clock.now():
            while await self._database.work(wake_due) >= MOST_AT_ONCE:
                pass
            return 0.0
        return LOOK_SECONDS if following is None else min(LOOK_SECONDS, (following - clock.now()) / clock.SECOND)
