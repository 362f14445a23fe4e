"""Letters that wait for an answer from the network wait aside, so that no other letter stands behind them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

MOST_LETTERS = 256
MOST_BYTES = 64 << 20


class Aside:
    """A bounded number of letters under way, each in a task of its own."""

    def __init__(self, done: Callable[[], None]) -> None:
        """``done`` is called when one of them failed: its owner looks with ``raise_problem``."""
        self._done = done
        self._under_way: dict[asyncio.Task[None], int] = {}
        self._problems: list[BaseException] = []

    async def put(self, work: Coroutine[Any, Any, None], size: int) -> None:
        """Begin with a letter of ``size`` bytes; waits while there is no room for it."""
        while self._under_way and not self._has_room(size):
            await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
        task = asyncio.create_task(work)
        self._under_way[task] = size
        task.add_done_callback(self._ended)

    def _has_room(self, size: int) -> bool:
        return len(self._under_way) < MOST_LETTERS and sum(self._under_way.values()) + size <= MOST_BYTES

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._under_way[task]
        problem = None if task.cancelled() else task.exception()
        if problem is not None:
            self._problems.append(problem)
            self._done()

    def raise_problem(self) -> None:
        """Raise what a letter failed with, if one did."""
        if self._problems:
            raise self._problems.pop()

    async def finish(self) -> None:
        """Wait until nothing is under way."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    async def stop(self) -> None:
        """Give up what is under way: its job is not done, whoever comes next takes it."""
        under_way = list(self._under_way)
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
