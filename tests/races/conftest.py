"""Rivals: the same verb at the same time on connections of their own, as two processes would run it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from core.database import Database, WriteTx, open_database


@pytest.fixture(autouse=True)
def lifelike(as_in_life: None) -> None:
    """With all connections, before anything is opened."""


Call = tuple[Any, ...]
Race = Callable[..., list[Any]]


def meeting(verb: Callable[..., Any], meet: threading.Barrier) -> Callable[..., Any]:
    """The verb, begun only when all the others have begun their transactions too; a second run does not wait."""
    begun: list[bool] = []

    def run(tx: WriteTx, *args: Any, **kwargs: Any) -> Any:
        if not begun and not tx.is_sqlite:
            begun.append(True)
            meet.wait(10)
        return verb(tx, *args, **kwargs)

    return run


@pytest.fixture
def race(database: Database) -> Iterator[Race]:
    """``race((verb, *args), …)`` runs the calls at once, in turn on two databases, and returns answers or errors.

    On PostgreSQL up to eight begin their transactions together; on SQLite two writers compete for the one lock.
    """
    other = open_database(database.url)
    doors = (database, other)

    def run(*calls: Call) -> list[Any]:
        meet = threading.Barrier(len(calls) if len(calls) <= 8 else 1)

        async def all_at_once() -> list[Any]:
            units = [doors[n % 2].write(meeting(verb, meet), *args) for n, (verb, *args) in enumerate(calls)]
            return await asyncio.wait_for(asyncio.gather(*units, return_exceptions=True), 60)

        return asyncio.run(all_at_once())

    yield run
    other.close()
