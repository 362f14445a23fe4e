"""The loop that lets threads come back that were put aside until a moment."""

from __future__ import annotations

import asyncio

from core import clock
from core.database import Database
from core.errors import HouseError
from core.log import get_log
from mailhub.mailboxes.snoozing import MOST_AT_ONCE, find_next, wake_due

LOOK_SECONDS = 20.0
log = get_log(__name__)


class Waking:
    """Runs until it is cancelled; ``wake`` makes it look at once, when somebody put a thread aside."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._bell = asyncio.Event()

    def wake(self) -> None:
        """The next moment may be another."""
        self._bell.set()

    async def run(self) -> None:
        """Let come back what is due, then sleep until the next moment, or look again after a while: clocks jump."""
        while True:
            self._bell.clear()
            wait = LOOK_SECONDS
            try:
                following = await self._database.read(find_next)
                if following is not None and following <= clock.now():
                    while await self._database.work(wake_due) >= MOST_AT_ONCE:
                        pass
                    continue
                if following is not None:
                    wait = min(wait, (following - clock.now()) / clock.SECOND)
            except HouseError as problem:
                log.warning("threads that were put aside cannot come back", reason=str(problem))
            try:
                async with asyncio.timeout(max(wait, 0.0)):
                    await self._bell.wait()
            except TimeoutError:
                continue
