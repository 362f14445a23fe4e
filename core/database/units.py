"""A unit of work on its way to the database and back, and how many results reach an event loop in one go."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

from core.database.tx import WriteTx


class Unit:
    """One function to run in a transaction, and the future that its caller waits for."""

    __slots__ = ("error", "function", "future", "loop", "result", "topics")

    def __init__(self, function: Callable[[WriteTx], Any]) -> None:
        self.function = function
        self.result: Any = None
        self.error: BaseException | None = None
        self.topics: frozenset[str] = frozenset()
        self.loop: asyncio.AbstractEventLoop | None
        self.future: asyncio.Future[Any] | Future[Any]
        try:
            self.loop = asyncio.get_running_loop()
            self.future = self.loop.create_future()
        except RuntimeError:
            self.loop = None
            self.future = Future()

    def settle(self) -> None:
        """Hand the result to the caller. Runs in the caller's loop, or in any thread for a synchronous caller."""
        if isinstance(self.future, asyncio.Future) and self.future.done():
            return  # the caller has gone away (cancelled); what was committed stays committed
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


def settle_all(units: Sequence[Unit]) -> None:
    """Hand out the results of a group: one wake-up for each event loop, however many callers wait there."""
    by_loop: defaultdict[asyncio.AbstractEventLoop, list[Unit]] = defaultdict(list)
    for unit in units:
        if unit.loop is None:
            unit.settle()
        else:
            by_loop[unit.loop].append(unit)
    for loop, waiting in by_loop.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_settle_here, waiting)


def _settle_here(units: list[Unit]) -> None:
    for unit in units:
        unit.settle()
