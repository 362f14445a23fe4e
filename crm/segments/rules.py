"""The rules of segments: written, kept in versions, and read as they are asked.

A rule may name other segments, never in a circle; those that it names are asked before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from typing import cast as cast_to
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Text, and_, cast, or_, select

from core import clock
from core.changes import Position, find_position, move_consumer, newest_position
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Invalid
from core.log import get_log
from core.rules import Condition, Rule, Vocabulary, list_conditions, parse_rule, to_data
from crm.attributes import list_attributes, set_uses
from crm.segments.shapes import Of
from crm.segments.tables import segment, segment_version
from crm.segments.windows import windows_in
from crm.segments.words import HOLDERS, NAMES_SEGMENTS, words_of

CONSUMER = "segments"
TOPIC = "segments"
_TIMED = ("older_than_days", "within_days")
log = get_log(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """A rule as it is asked of parties. ``stands``: who it is true of is in the segment; else they are being prepared.
    ``keys`` are the fields it needs; ``timed`` its conditions that the time alone may turn."""

    segment_id: int
    version: int
    of: Of
    stands: bool
    settling: int | None
    words: Vocabulary
    rule: Rule
    zone: ZoneInfo
    keys: frozenset[str]
    names: frozenset[int]
    timed: tuple[Condition, ...]
    windows: frozenset[str] = frozenset()
    """Those of its fields that are numbers of the last days."""


def parse_segment_rule(tx: ReadTx, data: object, of: Of) -> Rule:
    """Read a rule about these. Raises Invalid."""
    rule = parse_rule(data, words_of(tx, of))
    if not any(True for _ in list_conditions(rule)):
        raise Invalid("Say which ones: a rule needs a condition.", field="rule")
    return rule


def write_rule(tx: WriteTx, segment_id: int, of: Of, rule: Rule, zone: str, by_id: int | None) -> int:
    """Keep the next version of a segment's rule; who is in it by it is worked out by and by. Raises Invalid where it
    names a segment that there is not, or itself by others."""
    tx.lock_key(CONSUMER)
    ZoneInfo(zone)
    _demand_no_circle(tx, segment_id, rule, words_of(tx, of))
    row = tx.get(segment, segment_id)
    version = int(row.newest) + 1
    told = {"rule": to_data(rule), "zone": zone, "by_id": by_id, "at": clock.now()}
    tx.insert(segment_version, segment_id=segment_id, version=version, **told)
    tx.change(segment, segment_id, newest=version)
    if find_position(tx, CONSUMER) == Position():
        move_consumer(tx, CONSUMER, newest_position(tx))
    asked = {f"attributes.{one.key}": one.id for one in list_attributes(tx, HOLDERS[of])}
    set_uses(tx, f"segment {segment_id}", {asked[one.field] for one in list_conditions(rule) if one.field in asked})
    tx.announce(TOPIC)
    return version


def ask_again(tx: WriteTx, segment_id: int, *, if_names: int | None = None) -> None:
    """Ask a segment's rule of everybody once more; ``if_names`` only where it names that segment."""
    row = tx.get(segment, segment_id)
    here = (segment_version.c.segment_id == segment_id) & (segment_version.c.version == row.newest)
    kept = tx.row(select(segment_version).where(here))
    if kept is None or row.ended_at is not None:
        return
    rule = _parse(words_of(tx, row.of, ended=True), msgspec.json.encode(kept.rule).decode())
    if rule is None or (if_names is not None and if_names not in names_in(rule)):
        return
    told = {"rule": kept.rule, "zone": kept.zone, "by_id": None, "at": clock.now()}
    tx.insert(segment_version, segment_id=segment_id, version=row.newest + 1, **told)
    tx.change(segment, segment_id, newest=row.newest + 1)
    tx.announce(TOPIC)


def names_in(rule: Rule) -> frozenset[int]:
    """The segments that a rule names."""
    return frozenset(
        number
        for one in list_conditions(rule)
        if one.field in NAMES_SEGMENTS and one.op != "is_empty"
        for number in (one.value if isinstance(one.value, tuple) else (one.value,))
    )


_TEXT = cast(segment_version.c.rule, Text).label("rule")
_RULES = (
    select(
        segment.c.id,
        segment.c.of,
        segment.c.version.label("standing"),
        segment.c.settling,
        segment_version.c.version,
        _TEXT,
        segment_version.c.zone,
    )
    .join(
        segment_version,
        and_(
            segment_version.c.segment_id == segment.c.id,
            or_(segment_version.c.version == segment.c.version, segment_version.c.version == segment.c.preparing),
        ),
    )
    .where(segment.c.ended_at.is_(None))
)
_NEWEST = (
    select(segment.c.id, segment.c.of, segment.c.name, _TEXT)
    .join(
        segment_version,
        and_(segment_version.c.segment_id == segment.c.id, segment_version.c.version == segment.c.newest),
    )
    .where(segment.c.ended_at.is_(None))
)


def list_asked(tx: ReadTx) -> list[Asked]:
    """Every rule that is asked now: those that stand, each behind those that it names, then those that are being
    prepared. One whose words are no more is left out: its members stay who they were."""
    words = _all_words(tx)
    found = [
        one
        for row in tx.rows(_RULES)
        if (one := _asked(words[row.of], row.id, row.version, row.standing, row.settling, row.rule, row.zone))
    ]
    places = place_segments(tuple((one.segment_id, one.names) for one in found if one.stands))
    return sorted(found, key=lambda one: (not one.stands, places.get(one.segment_id, 0), one.version))


def place_segments(pairs: tuple[tuple[int, frozenset[int]], ...]) -> dict[int, int]:
    """The turn of each of these segments, behind those that it names. What stands and what is written anew may
    together go in a circle, so that only one version of each may be among them."""
    return {number: place for place, number in enumerate(_order(pairs))}


def list_naming(tx: ReadTx, segment_id: int) -> list[tuple[int, str]]:
    """The segments whose rules name this one."""
    words = _all_words(tx)
    parsed = [(row, _parse(words[row.of], row.rule)) for row in tx.rows(_NEWEST)]
    return [(row.id, row.name) for row, rule in parsed if rule is not None and segment_id in names_in(rule)]


@lru_cache(maxsize=4_000)
def _asked(
    words: Vocabulary, segment_id: int, version: int, standing: int, settling: int | None, data: str, zone: str
) -> Asked | None:
    """The rule as it is asked; what was read once from the same text is kept."""
    rule = _parse(words, data)
    if rule is None:
        return None
    conditions = list(list_conditions(rule))
    keys = frozenset(one.field for one in conditions)
    windows = windows_in(words, keys)
    return Asked(
        segment_id=segment_id,
        version=version,
        of=cast_to("Of", words.of),
        stands=version == standing,
        settling=settling if version == standing else None,
        words=words,
        rule=rule,
        zone=ZoneInfo(zone),
        keys=keys,
        names=names_in(rule),
        timed=tuple(one for one in conditions if one.op in _TIMED or one.field in windows),
        windows=windows,
    )


@lru_cache(maxsize=2_000)
def _parse(words: Vocabulary, data: str) -> Rule | None:
    """The rule; None where a word of it is no more."""
    try:
        return parse_rule(msgspec.json.decode(data), words)
    except Invalid as problem:
        log.warning("a rule of a segment asks for what is no more", reason=str(problem))
        return None


def _all_words(tx: ReadTx) -> dict[str, Vocabulary]:
    return {of: words_of(tx, of, ended=True) for of in HOLDERS}


@lru_cache(maxsize=16)
def _order(pairs: tuple[tuple[int, frozenset[int]], ...]) -> list[int]:
    """The segments, each behind those that it names. Raises CycleError."""
    graph: dict[int, set[int]] = {}
    for number, names in pairs:
        graph.setdefault(number, set()).update(names)
    return list(TopologicalSorter(graph).static_order())


def _demand_no_circle(tx: ReadTx, segment_id: int, rule: Rule, words: Vocabulary) -> None:
    kinds: Mapping[int, str] = {row.id: row.of for row in tx.rows(select(segment).where(segment.c.ended_at.is_(None)))}
    for one in list_conditions(rule):
        if one.field not in NAMES_SEGMENTS or one.op == "is_empty":
            continue
        of = "contacts" if words.get(one.field).of == "people_segments" else "counterparties"
        for number in one.value if isinstance(one.value, tuple) else (one.value,):
            if kinds.get(number) != of:
                raise Invalid("There is no segment with the number %(id)s here.", id=number, field="rule")
    others = _all_words(tx)
    pairs = [(segment_id, names_in(rule))]
    for row in tx.rows(_NEWEST):
        other = _parse(others[row.of], row.rule)
        if other is not None and row.id != segment_id:
            pairs.append((row.id, names_in(other)))
    try:
        _order(tuple(pairs))
    except CycleError as problem:
        raise Conflict("This segment would be in itself, by the segments that its rule names.") from problem
