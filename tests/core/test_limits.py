"""Shared rates."""

from __future__ import annotations

import asyncio

import pytest

from core import clock, limits
from core.database import Database
from core.errors import TooMuch
from core.limits import Rate, forget, sweep, take
from tests.support.engines import count, look

RATE = Rate(5, clock.MINUTE)


@pytest.fixture
def standing(monkeypatch: pytest.MonkeyPatch):
    """A clock that stands still until it is pushed."""
    now = [1_800_000_000 * clock.SECOND]
    monkeypatch.setattr(limits.clock, "now", lambda: now[0])

    def push(microseconds: int) -> None:
        now[0] += microseconds

    return push


def passes(database: Database, key: str = "who") -> bool:
    try:
        database.write_now(take, key, RATE)
    except TooMuch:
        return False
    return True


def test_a_burst_and_then_one_by_one(database: Database, standing) -> None:
    assert [passes(database) for _ in range(7)] == [True] * 5 + [False] * 2
    assert passes(database, "another")
    steady = []
    for _ in range(24):
        standing(3 * clock.SECOND)
        steady.append(passes(database))
    assert steady == [False, False, False, True] * 6
    standing(clock.HOUR)
    assert [passes(database) for _ in range(6)] == [True] * 5 + [False]


def test_a_refused_try_uses_nothing_and_says_how_long(database: Database, standing) -> None:
    for _ in range(5):
        passes(database)
    before = look(database, "SELECT * FROM rate_limit")
    for _ in range(20):
        with pytest.raises(TooMuch) as refused:
            database.write_now(take, "who", RATE)
    assert refused.value.fields["retry_after"] == 12
    assert look(database, "SELECT * FROM rate_limit") == before
    standing(11 * clock.SECOND + 999_999)
    assert not passes(database)
    standing(1)
    assert passes(database)


def test_a_key_can_be_forgotten_and_old_rows_are_swept(database: Database, standing) -> None:
    for _ in range(5):
        passes(database)
    passes(database, "another")
    database.write_now(forget, "who")
    assert passes(database)
    assert database.write_now(sweep) == 0
    standing(13 * clock.SECOND)
    assert database.write_now(sweep) == 2
    assert count(database, "rate_limit") == 0


def test_twenty_at_once_do_not_get_more(database: Database) -> None:
    async def crowd() -> list[object]:
        return await asyncio.gather(*(database.write(take, "who", RATE) for _ in range(20)), return_exceptions=True)

    told = asyncio.run(crowd())
    assert sum(answer is None for answer in told) == 5
    assert sum(isinstance(answer, TooMuch) for answer in told) == 15
