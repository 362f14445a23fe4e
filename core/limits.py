"""Shared rates: the generic cell rate algorithm with one row a key and one statement a question.

A limit of ``count`` in ``period`` lets a burst of ``count`` through and then one every ``period / count``.
The row holds the *theoretical arrival time*: how far ahead of the clock the asker already is.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Column, Text, delete, select, update

from core import clock
from core.columns import instant, table
from core.database import WriteTx
from core.errors import TooMuch

limit = table("rate_limit", Column("key", Text, primary_key=True), instant("arrival"))


@dataclass(frozen=True, slots=True)
class Rate:
    """``count`` in ``period`` microseconds."""

    count: int
    period: int


def take(tx: WriteTx, key: str, rate: Rate) -> None:
    """Use one of the rate, or raise TooMuch with ``retry_after`` in whole seconds; a refused try uses nothing."""
    tx.lock_key("limit", key)
    now = clock.now()
    step = rate.period // rate.count
    arrival = tx.value(select(limit.c.arrival).where(limit.c.key == key))
    ahead = min(max(int(arrival or 0), now), now + rate.period)  # further only if the clock was put back
    if ahead + step - now > rate.period:
        wait = -(-(ahead + step - now - rate.period) // clock.SECOND)
        raise TooMuch("Too many tries. Wait %(retry_after)s seconds and try again.", retry_after=wait)
    if arrival is None:
        tx.insert(limit, key=key, arrival=ahead + step)
    else:
        tx.execute(update(limit).where(limit.c.key == key).values(arrival=ahead + step))


def forget(tx: WriteTx, key: str) -> None:
    """Let a key start anew (a person who signed in rightly)."""
    tx.execute(delete(limit).where(limit.c.key == key))


def sweep(tx: WriteTx) -> int:
    """Delete the rows that say nothing any more. Returns how many."""
    return tx.execute(delete(limit).where(limit.c.arrival < clock.now()))
