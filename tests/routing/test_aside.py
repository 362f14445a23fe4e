"""Letters that wait aside: so many at a time, and what fails there is not lost from sight."""

from __future__ import annotations

import asyncio

import pytest

from mailhub.routing import aside
from mailhub.routing.aside import Aside


def test_only_so_many_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aside, "MOST_LETTERS", 3)

    async def run() -> None:
        under_way, most = 0, 0

        async def letter() -> None:
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0.01)
            under_way -= 1

        waiting = Aside(lambda: None)
        for _ in range(10):
            await waiting.put(letter(), 1)
        await waiting.finish()
        assert (under_way, most) == (0, 3)

    asyncio.run(run())


def test_large_letters_take_the_room_of_many_and_even_one_too_large_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aside, "MOST_BYTES", 100)

    async def run() -> None:
        done: list[int] = []

        async def letter(number: int) -> None:
            await asyncio.sleep(0.01)
            done.append(number)

        waiting = Aside(lambda: None)
        await waiting.put(letter(1), 5000)
        await waiting.put(letter(2), 60)
        assert done == [1]
        await waiting.put(letter(3), 60)
        assert done == [1, 2]
        await waiting.finish()

    asyncio.run(run())


def test_what_failed_is_told_and_what_is_under_way_can_be_given_up() -> None:
    async def run() -> None:
        rang: list[bool] = []

        async def fails() -> None:
            raise ValueError("no")

        waiting = Aside(lambda: rang.append(True))
        await waiting.put(fails(), 1)
        await waiting.finish()
        await asyncio.sleep(0)
        assert rang == [True]
        with pytest.raises(ValueError, match="no"):
            waiting.raise_problem()
        waiting.raise_problem()

        await waiting.put(asyncio.sleep(60), 1)
        async with asyncio.timeout(1):
            await waiting.stop()
        waiting.raise_problem()

    asyncio.run(run())
