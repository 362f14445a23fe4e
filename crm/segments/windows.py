"""Numbers of the last days: what they are on the day that a rule is asked, and when time alone turns them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, bindparam, select

from core import clock
from core.database import ReadTx
from core.rules import At, Vocabulary, days_of
from crm.segments.shapes import TABLES

Facts = dict[str, Any]


def turn_of(key: str) -> str:
    """Where the facts of a party hold the moment at which this number may turn; None for never."""
    return f"{key} turns"


def windows_in(words: Vocabulary, keys: Collection[str]) -> frozenset[str]:
    """Those of these fields that are numbers of the last days."""
    return frozenset(key for key in keys if words.get(key).window is not None)


def read_windows(
    tx: ReadTx, words: Vocabulary, party_ids: Sequence[int], keys: frozenset[str], at: At
) -> dict[int, Facts]:
    """These numbers of these parties, with the moments at which they may turn."""
    if not keys or not party_ids:
        return {}
    told: dict[str, Any] = {"ids": list(party_ids), "today": days_of(0, at)[1]}
    ordered = sorted(keys)
    spans = {key: _days(words, key) for key in ordered}
    told |= {f"since{days}": days_of(days, at)[0] for days in set(spans.values())}
    found: dict[int, Facts] = {}
    for row in tx.rows(_ask(words, tuple(ordered)), told):
        facts: Facts = {}
        for place, key in enumerate(ordered):
            number, leaves, enters = row[1 + place * 3 : 4 + place * 3]
            turns = [] if leaves is None else [_begin(leaves, spans[key] + 1, at)]
            turns += [] if enters is None else [_begin(enters, 0, at)]
            facts[key], facts[turn_of(key)] = number, min(turns, default=None)
        found[row[0]] = facts
    return found


def _days(words: Vocabulary, key: str) -> int:
    window = words.get(key).window
    assert window is not None
    return window.days


def _begin(day: str, later: int, at: At) -> int:
    """When that day begins there, or a day so much later."""
    return clock.from_datetime(datetime.combine(date.fromisoformat(day) + timedelta(days=later), time(), at.zone))


@lru_cache(maxsize=64)
def _ask(words: Vocabulary, keys: tuple[str, ...]) -> Select[Any]:
    party = TABLES[words.of]
    columns: list[Any] = [party.c.id]
    today: Any = bindparam("today")
    for key in keys:
        window = words.get(key).window
        assert window is not None
        since: Any = bindparam(f"since{window.days}")
        shown = (window.column(since, today), window.leaves(since, today), window.enters(today))
        columns += [one.label(f"v{len(columns) + place}") for place, one in enumerate(shown)]
    ids: Any = bindparam("ids", expanding=True)
    return select(*columns).where(party.c.id.in_(ids), party.c.merged_into.is_(None))
