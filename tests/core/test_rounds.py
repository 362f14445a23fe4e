"""A loop looks when it is woken and when it is time, and nothing ends it but a cancel."""

from __future__ import annotations

import asyncio
import time

import pytest

from core.errors import Unavailable
from core.rounds import Rounds


class Counting(Rounds):
    """Fails twice, then says how long to rest."""

    def __init__(self, seconds: float, rest: float | None = None) -> None:
        super().__init__("a test", seconds)
        self.rest = rest
        self.looks: list[float] = []

    async def look(self) -> float | None:
        """Each look is written down."""
        self.looks.append(time.monotonic())
        if len(self.looks) == 1:
            raise Unavailable("The disk is full.")
        if len(self.looks) == 2:
            raise RuntimeError("a bug")
        return self.rest


async def _until(rounds: Counting, looks: int) -> None:
    async with asyncio.timeout(10):
        while len(rounds.looks) < looks:  # noqa: ASYNC110 - a look tells nobody
            await asyncio.sleep(0.005)


async def _run(rounds: Counting, looks: int, *, woken: bool) -> None:
    task = asyncio.create_task(rounds.run())
    for number in range(1, looks + 1):
        await _until(rounds, number)
        if woken:
            rounds.wake()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_faults_end_no_loop() -> None:
    rounds = Counting(0.01)
    asyncio.run(_run(rounds, 5, woken=False))
    assert len(rounds.looks) >= 5


def test_it_looks_at_once_when_woken() -> None:
    rounds = Counting(3600)
    asyncio.run(_run(rounds, 5, woken=True))
    assert len(rounds.looks) >= 5


def test_a_look_says_when_the_next_is_due() -> None:
    rounds = Counting(3600, rest=0.01)
    rounds.looks += [0.0, 0.0]
    asyncio.run(_run(rounds, 5, woken=False))
    assert len(rounds.looks) >= 5
