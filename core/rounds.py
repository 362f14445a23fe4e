"""Loops of the house: something looks what waits whenever it is woken, and every so often by itself."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod

from core.errors import HouseError
from core.log import get_log

FAULT_SECONDS = 1.0
"""A loop that fails each time is woken often: it rests so long after a fault, and fills no log."""
log = get_log(__name__)


async def rings(bell: asyncio.Event, seconds: float) -> bool:
    """Wait for the bell, so many seconds at most. Whether it rang; it is not cleared."""
    try:
        async with asyncio.timeout(seconds):  # wait_for of Python 3.11 swallows a cancel that meets a ring
            await bell.wait()
    except TimeoutError:
        return False
    return True


class Rounds(ABC):
    """Runs until it is cancelled; ``wake`` makes it look at once.

    What cannot be done now (a full disk, a database that is away) waits for the next look and is said in the log, and
    so is a fault of our own: it never ends the loop.
    """

    def __init__(self, name: str, seconds: float) -> None:
        """``name`` says in the log what waits when a look fails; ``seconds`` is the longest rest between two looks."""
        self._name = name
        self._seconds = seconds
        self._bell = asyncio.Event()

    def wake(self) -> None:
        """There may be something to do."""
        self._bell.set()

    async def run(self) -> None:
        """Look, then sleep until woken or until it is time."""
        while True:
            self._bell.clear()
            rest = None
            try:
                rest = await self.look()
            except HouseError as problem:
                log.warning(f"waiting: {self._name}", reason=str(problem))
            except Exception as problem:
                log.error(f"a fault: {self._name}", exc_info=problem)
                await asyncio.sleep(FAULT_SECONDS)
            await rings(self._bell, self._seconds if rest is None else rest)

    @abstractmethod
    async def look(self) -> float | None:
        """Do what waits. The seconds until the next look when nobody wakes it; None for as usual. Raises HouseError for
        what can go on later."""
