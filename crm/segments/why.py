"""Why somebody is in a segment: every condition of its rule with what was so when they entered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from core import clock
from core.database import ReadTx
from core.rules import UNKNOWN, At, Condition, Rule, Vocabulary, explain, list_conditions, parse_rule
from crm.segments.facts import read_facts_at
from crm.segments.reading import get_segment
from crm.segments.shapes import BY_HAND, TABLES
from crm.segments.tables import segment_member, segment_version
from crm.segments.words import words_of


@dataclass(frozen=True, slots=True)
class Reason:
    """A condition, its answer (None: not known any more) and what the party had: a value, a list, or None."""

    condition: Condition
    answer: bool | None
    value: Any


@dataclass(frozen=True, slots=True)
class Why:
    """``entered_at`` None: not in it; then the reasons are those of now. ``by_id`` put it in by hand. ``at`` is when
    the values were so; ``words`` are those of the rule."""

    party_id: int
    name: str
    entered_at: int | None
    by_id: int | None
    at: int
    rule: Rule | None
    words: Vocabulary
    reasons: tuple[Reason, ...]


def explain_why(tx: ReadTx, segment_id: int, party_id: int) -> Why:
    """Why this client or contact is in a segment, or is not. Raises NotFound."""
    found = get_segment(tx, segment_id)
    name: str = tx.get(TABLES[found.of], party_id).name
    words = words_of(tx, found.of, ended=True)
    standing = tx.row(
        select(segment_member)
        .where(segment_member.c.segment_id == segment_id, segment_member.c.party_id == party_id)
        .where(segment_member.c.version == found.standing)
    )
    version = found.standing or found.version
    if standing is not None and standing.version == BY_HAND:
        return Why(party_id, name, standing.entered_at, standing.by_id, standing.entered_at, None, words, ())
    kept = tx.row(
        select(segment_version).where(segment_version.c.segment_id == segment_id, segment_version.c.version == version)
    )
    if kept is None:
        return Why(party_id, name, None, None, clock.now(), None, words, ())
    rule = parse_rule(kept.rule, words)
    if standing is not None:
        kept_of = standing.why or {"at": standing.entered_at, "values": {}}  # who was forgotten left nothing here
        at, values = int(kept_of["at"]), kept_of["values"]
    else:
        keys = [one.field for one in list_conditions(rule)]
        at = clock.now()
        values = read_facts_at(tx, words, [party_id], keys, At(at, ZoneInfo(kept.zone))).get(party_id, {})
    reasons = tuple(
        Reason(one.condition, one.answer, values.get(one.condition.field))
        for one in explain(rule, words, lambda key: values.get(key, UNKNOWN), At(at, ZoneInfo(kept.zone)))
    )
    entered_at = None if standing is None else int(standing.entered_at)
    return Why(party_id, name, entered_at, None, at, rule, words, reasons)
