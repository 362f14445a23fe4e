"""The frame around a running house: how it ends, for whom it ends, and that everything is closed."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol

import rich_click as click

from core.errors import HouseError
from core.log import get_log
from mailhub.runtime import House

STOP_SECONDS = 10.0
log = get_log(__name__)


class Stoppable(Protocol):
    """The pages, as far as this room knows them."""

    async def stop(self) -> None:
        """Take no more requests and let those under way finish."""


@asynccontextmanager
async def closing(house: House, web: Stoppable | None) -> AsyncIterator[None]:
    """Whatever happens inside, the doors are closed, and work under way gets ``STOP_SECONDS`` to finish."""
    try:
        yield
    finally:
        try:
            async with asyncio.timeout(STOP_SECONDS):
                if web is not None:
                    await web.stop()
                await house.stop()
        except TimeoutError:
            log.warning("work under way was cut off", seconds=STOP_SECONDS)


def keep_what_stands() -> None:
    """Whatever is there now (modules, routes, statements) stays for the life of the process: the collector of cycles
    need not go through it again, and hold everybody up meanwhile."""
    gc.collect()
    gc.freeze()


async def until_the_end(asked: asyncio.Event, house: House, *others: asyncio.Task[Any], said: str) -> bool:
    """True when somebody asked for it; False when a loop of the house, or one of ``others``, failed: ``said`` begins
    the sentence that says why."""
    waiting: list[asyncio.Task[Any]] = [asyncio.create_task(asked.wait()), asyncio.create_task(house.failed())]
    done, _ = await asyncio.wait([*waiting, *others], return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    problems = [problem for task in done if (problem := task.exception()) is not None]
    for problem in problems:
        reason = str(problem) if isinstance(problem, HouseError) else f"{type(problem).__name__}: {problem}"
        click.echo(f"{said}: {reason}", err=True)
    return not problems
