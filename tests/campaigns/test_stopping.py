"""The loop of the fast way without a relay: what is under way when somebody stops it, and bells that ring meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from core.database import Database
from mailhub.campaigns.pipeline import Parcel
from mailhub.campaigns.windows import MailingSending, rows, sending
from mailhub.campaigns.windows.letters import Letters
from mailhub.campaigns.windows.rows import Claimed, Turn, Turned
from mailhub.outbound.ways import Way
from tests.mailboxes.test_notices import KEYS

ROW = Claimed(
    7, 1, 0, "anna@client.example", "anna@client.example", "client.example", "Anna", "en", {}, 1, Way("house")
)


class Books:
    """Instead of the database: each unit is what the test says it finds."""

    def __init__(self, take: Callable[[Turn], Turned]) -> None:
        self.take = take
        self.turns: list[Turn] = []

    async def work(self, verb: Any, *told: Any) -> Any:
        if verb is not rows.take_turn:
            return frozenset()
        await asyncio.sleep(0)
        self.turns.append(told[2])
        return self.take(told[2])

    async def read(self, _verb: Any) -> frozenset[int]:
        return frozenset({1})


class Slow:
    """Letters that take as long as the test likes."""

    def __init__(self) -> None:
        self.begun, self.may_end = asyncio.Event(), asyncio.Event()

    async def make(self, some: Sequence[Claimed]) -> tuple[list[tuple[Claimed, Parcel]], list[Any]]:
        self.begun.set()
        await self.may_end.wait()
        return [(row, Parcel(row.id, "n@firm.example", row.address, b"x\r\n")) for row in some], []

    async def stop(self) -> None:
        pass


async def run(books: Books, letters: Slow, folder: Path, may_go: Callable[[], bool], act: Callable[..., Any]) -> None:
    one = MailingSending(
        cast("Database", books), KEYS, cast("Letters", letters), lambda _way: None,
        boot="b", folder=folder, connections=1, may_go=may_go,
    )  # fmt: skip
    task = asyncio.create_task(one.run())
    try:
        async with asyncio.timeout(20):
            await act(one)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(ask: Callable[[], object]) -> None:
    while not ask():  # noqa: ASYNC110 - what is waited for rings no bell
        await asyncio.sleep(0.01)


@pytest.fixture(autouse=True)
def no_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is found by looking every few seconds."""
    monkeypatch.setattr(sending, "SWEEP_SECONDS", 3600.0)


def test_what_is_being_written_when_somebody_stops_is_let_go_of(tmp_path: Path) -> None:
    """Such a letter stayed in hand, ``sending``, until sending went on."""
    stopped: list[bool] = []

    async def play() -> None:
        claimed = [ROW]
        books = Books(lambda turn: Turned(claimed=(claimed.pop(),)) if turn.claim and claimed else Turned())
        letters = Slow()

        async def act(one: MailingSending) -> None:
            await letters.begun.wait()
            stopped.append(True)
            await until(lambda: not one.may_leave(ROW))
            letters.may_end.set()
            await until(lambda: any(turn.back for turn in books.turns))

        await run(books, letters, tmp_path, lambda: not stopped, act)
        assert [turn.back for turn in books.turns if turn.back] == [[(ROW, 0)]]

    asyncio.run(play())


def test_a_bell_that_rings_during_a_unit_is_heard(tmp_path: Path) -> None:
    """What was put back or let go while a unit found nothing waited for the next sweep."""

    async def play() -> None:
        one: list[MailingSending] = []

        def take(_turn: Turn) -> Turned:
            if len(books.turns) == 1:
                one[0].wake()
            return Turned()

        books = Books(take)

        async def act(made: MailingSending) -> None:
            one.append(made)
            await until(lambda: sum(bool(turn.claim) for turn in books.turns) >= 2)

        await run(books, Slow(), tmp_path, lambda: True, act)

    asyncio.run(play())
