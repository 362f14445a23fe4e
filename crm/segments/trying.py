"""A rule is tried while somebody writes it: how many it is true of, and some of them."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from core import clock
from core.database import ReadTx
from core.rules import At, as_condition
from crm.segments.rules import parse_segment_rule
from crm.segments.shapes import TABLES, Of
from crm.segments.words import words_of

MOST_SAMPLE = 10


@dataclass(frozen=True, slots=True)
class Trial:
    """How many a rule is true of, and the ids and names of the first of them by name."""

    count: int
    sample: tuple[tuple[int, str], ...]


def try_rule(tx: ReadTx, of: Of, rule: object, zone: str) -> Trial:
    """Ask a rule of everybody without keeping it. Raises Invalid."""
    party = TABLES[of]
    condition = as_condition(parse_segment_rule(tx, rule, of), words_of(tx, of), At(clock.now(), ZoneInfo(zone)))
    here = party.c.merged_into.is_(None) & condition
    count = int(tx.value(select(func.count()).select_from(party).where(here)))
    some = select(party.c.id, party.c.name).where(here).limit(MOST_SAMPLE) if count else None
    rows = [] if some is None else tx.rows(some)
    return Trial(count, tuple(sorted(((row.id, row.name) for row in rows), key=lambda one: one[1])))
