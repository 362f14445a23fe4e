"""The loops of one process: what runs beside each other, what rings them, and how one that ends by a fault is heard."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from core.database import Database
from core.log import get_log

log = get_log(__name__)


class Loops:
    """``open`` inside a running event loop before anything else."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._tasks: list[asyncio.Task[None]] = []
        self._failed: asyncio.Future[None] | None = None

    def open(self) -> None:
        self._failed = asyncio.get_running_loop().create_future()

    def begin(self, name: str, loop: Coroutine[Any, Any, None]) -> None:
        """Run a loop from now on; its name is what the log says when it ends."""
        task = asyncio.create_task(loop, name=name)
        task.add_done_callback(self._ended)
        self._tasks.append(task)

    def wake_by(self, topic: str, wake: Callable[[], None]) -> None:
        """Ring a loop when something of this topic was committed, here or in another process. A topic that ends with
        a star is about all that begin like it."""
        loop = asyncio.get_running_loop()

        def heard(topics: frozenset[str]) -> None:
            if any(one.startswith(topic) or (one.endswith("*") and topic.startswith(one[:-1])) for one in topics):
                loop.call_soon_threadsafe(wake)

        self.database.listen(heard)

    async def failed(self) -> None:
        """Wait until a loop ends by a fault, and raise it."""
        assert self._failed is not None, "open the loops first"
        await self._failed

    async def stop(self) -> None:
        """End every loop and wait for its end."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or self._failed is None or self._failed.done():
            return
        problem = task.exception()
        if problem is not None:
            log.error("a loop of the server ended", loop=task.get_name(), exc_info=problem)
            self._failed.set_exception(problem)
