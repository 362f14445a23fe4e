"""A unit of work on its way to the database and back, and how many results reach an event loop in one go."""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from core.database.tx import WriteTx
from core.errors import Unavailable

STOPPING = "The server is stopping. Try again in a minute."


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
        if isinstance(self.error, StopIteration):  # a future refuses it, and those behind it would wait for ever
            bug = RuntimeError("a verb raised StopIteration")
            bug.__cause__ = self.error
            self.future.set_exception(bug)
        elif self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


class Line:
    """A queue that can be closed: what stands in it is still served, nobody joins it any more.

    Of those who wait to serve, the one who came last is called first: their connection has the statements and the pages
    that were just used, while one that is called in its turn has to learn them anew.
    """

    def __init__(self) -> None:
        self._items: deque[Any] = deque()
        self._idle: list[_Bench] = []
        self._door = threading.Lock()
        self._closed = False

    def join(self, item: Any) -> None:
        """Stand at the end. Raises Unavailable when it is closed."""
        with self._door:
            if self._closed:
                raise Unavailable(STOPPING)
            if self._idle:
                self._idle.pop().call(item)
            else:
                self._items.append(item)

    def next(self) -> Any:
        """The next item, waited for; None at the end of a closed line."""
        with self._door:
            if self._items:
                return self._items.popleft()
            if self._closed:
                return None
            bench = _Bench()
            self._idle.append(bench)
        return bench.wait()

    def close(self) -> None:
        """Let each of those who serve come to the end."""
        with self._door:
            self._closed = True
            while self._idle:
                self._idle.pop().call(None)


class _Bench:
    """Where one of those who serve waits for an item."""

    __slots__ = ("_item", "_lock")

    def __init__(self) -> None:
        self._item: Any = None
        self._lock = threading.Lock()
        self._lock.acquire()

    def call(self, item: Any) -> None:
        self._item = item
        self._lock.release()

    def wait(self) -> Any:
        self._lock.acquire()
        return self._item


def settle_all(units: Sequence[Unit]) -> None:
    """Hand out the results of a group: one wake-up for each event loop, however many callers wait there."""
    by_loop: defaultdict[asyncio.AbstractEventLoop, list[Unit]] = defaultdict(list)
    for unit in units:
        if unit.loop is None:
            unit.settle()
        else:
            by_loop[unit.loop].append(unit)
    for loop, waiting in by_loop.items():
        with suppress(RuntimeError):  # the loop was closed: nobody waits there any more
            loop.call_soon_threadsafe(_settle_here, waiting)


def _settle_here(units: list[Unit]) -> None:
    for unit in units:
        unit.settle()
