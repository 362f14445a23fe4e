"""A rule that was written anew is asked of everybody, part by part, and nobody sees it until all were asked.

``version`` of a segment is what stands. What is to stand is *prepared* for parties in the order of their ids; when
the last was asked one small unit lets it stand, and what stood before is *settled*: entries and exits are told, its
rows go.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

from sqlalchemy import ColumnElement, delete, func, literal_column, or_, select

from core import clock
from core.database import ReadTx, WriteTx
from core.rules import At, as_condition, days_of
from crm.segments.asking import add_size, find_turn, keep_why, set_due, settle
from crm.segments.facts import read_facts_at
from crm.segments.rules import CONSUMER, Asked, ask_again, list_asked, list_naming, place_segments
from crm.segments.shapes import TABLES
from crm.segments.tables import segment, segment_due, segment_member

MOST_SETTLED = 2_000

_BUSY = (
    select(segment)
    .where(
        or_(
            segment.c.version != segment.c.newest,
            segment.c.preparing.is_not(None),
            segment.c.settling.is_not(None),
        ),
        segment.c.ended_at.is_(None),
    )
    .order_by(segment.c.id)
)
_ANY_BUSY = _BUSY.limit(literal_column("1"))


def has_unprepared(tx: ReadTx) -> bool:
    """Whether some segment has a rule that was not asked of everybody yet."""
    return tx.row(_ANY_BUSY) is not None


def prepare_part(tx: WriteTx, step: int) -> float | None:
    """Go on with one segment, for the next ``step`` parties. Returns the seconds that it took; None where nothing was
    to be done."""
    tx.lock_key(CONSUMER)
    began = perf_counter()
    asked = {(one.segment_id, one.version): one for one in list_asked(tx)}
    for row in _in_order(tx.rows(_BUSY), list(asked.values())):
        if row.settling is not None:
            standing = asked.get((row.id, row.version))
            if standing is not None:
                _settle_part(tx, row, standing)
                return perf_counter() - began
        elif row.preparing is None:
            _begin(tx, row)
            return perf_counter() - began
        elif row.preparing != row.newest:
            _abandon(tx, row)
            return perf_counter() - began
        elif (one := asked.get((row.id, row.preparing))) is not None:
            _prepare(tx, row, one, step)
            return perf_counter() - began
    return None


def _in_order(rows: Any, asked: list[Asked]) -> list[Any]:
    """Segments behind those that their newest rules name, so that these stand before they are asked for."""
    newest = {row.id: row.newest for row in rows}
    written = [one for one in asked if one.version == newest.get(one.segment_id, one.version)]
    places = place_segments(tuple((one.segment_id, one.names) for one in written))
    return sorted(rows, key=lambda row: places.get(row.id, -1))


def _begin(tx: WriteTx, row: Any) -> None:
    tx.change(segment, row.id, preparing=row.newest, reached=0, next_size=0)


def _abandon(tx: WriteTx, row: Any) -> None:
    """A newer rule came before this one was asked of everybody."""
    here = (segment_member.c.segment_id == row.id) & (segment_member.c.version == row.preparing)
    _delete_some(tx, here)
    if tx.value(select(segment_member.c.party_id).where(here).limit(1)) is None:
        _forget_due(tx, row.id, row.preparing)
        tx.change(segment, row.id, preparing=None)


def _delete_some(tx: WriteTx, here: ColumnElement[bool]) -> None:
    some = select(segment_member.c.party_id).where(here).order_by(segment_member.c.party_id).limit(MOST_SETTLED)
    last = tx.value(select(func.max(some.subquery().c.party_id)))
    if last is not None:
        tx.execute(delete(segment_member).where(here, segment_member.c.party_id <= last))


def _forget_due(tx: WriteTx, segment_id: int, version: int) -> None:
    tx.execute(delete(segment_due).where(segment_due.c.segment_id == segment_id, segment_due.c.version == version))


def _prepare(tx: WriteTx, row: Any, one: Asked, step: int) -> None:
    """Ask the rule of the next parties: in SQL who it is true of, then what to keep of each."""
    party = TABLES[one.of]
    low = row.reached
    upper = select(party.c.id).where(party.c.id > low).order_by(party.c.id).limit(1).offset(step - 1)
    high = tx.value(upper)
    last = high is None
    if last:
        high = max(low, tx.value(select(func.max(party.c.id))) or 0)
    at = At(clock.now(), one.zone)
    among = [party.c.id > low, party.c.id <= high, party.c.merged_into.is_(None)]
    inside = set(tx.values(select(party.c.id).where(*among, as_condition(one.rule, one.words, at))))
    waiting = _list_waiting(tx, one, at, among)
    facts = read_facts_at(tx, one.words, sorted(inside | waiting), one.keys, at)
    here = (segment_member.c.segment_id == row.id) & (segment_member.c.party_id.between(low + 1, high))
    gone = tx.execute(delete(segment_member).where(here, segment_member.c.version == one.version))
    stood = select(segment_member.c.party_id, segment_member.c.entered_at)
    since = {
        each.party_id: each.entered_at for each in tx.rows(stood.where(here, segment_member.c.version == row.version))
    }
    same = {"segment_id": row.id, "version": one.version}
    rows = [
        {**same, "party_id": each, "entered_at": since.get(each, at.now), "why": keep_why(one, facts[each], at.now)}
        for each in sorted(inside)
    ]
    tx.insert_many(segment_member, rows)
    add_size(tx, row.id, len(rows) - gone, stands=False)
    set_due(tx, {(row.id, one.version, each): find_turn(one, facts[each], at.now) for each in sorted(waiting)})
    tx.change(segment, row.id, reached=high)
    if last:
        _flip(tx, row)


def _list_waiting(tx: ReadTx, one: Asked, at: At, among: list[ColumnElement[bool]]) -> set[int]:
    """Those of whom the time alone may turn the answer later."""
    if not one.timed:
        return set()
    soon: list[ColumnElement[bool]] = []
    for condition in one.timed:
        field = one.words.get(condition.field)
        if field.window is not None:
            first, last = days_of(field.window.days, at)
            soon += [field.window.leaves(first, last).is_not(None), field.window.enters(last).is_not(None)]
            continue
        assert field.column is not None
        days = clock.to_datetime(at.now - (condition.value + 2) * clock.DAY).date()
        soon.append(field.column >= (str(days) if field.type == "day" else at.now - condition.value * clock.DAY))
    timed = {condition.field for condition in one.timed}
    undecided = as_condition(one.rule, one.words, at, timed).is_(None)
    party = TABLES[one.of]
    return set(tx.values(select(party.c.id).where(*among, undecided, or_(*soon))))


def _flip(tx: WriteTx, row: Any) -> None:
    """All were asked: from now on it stands. Segments whose rules name this one are asked again."""
    size = tx.value(select(segment.c.next_size).where(segment.c.id == row.id))
    tx.change(segment, row.id, version=row.preparing, preparing=None, settling=row.version, reached=0, size=size)
    _forget_due(tx, row.id, row.version)
    for segment_id, _name in list_naming(tx, row.id):
        ask_again(tx, segment_id)


def _settle_part(tx: WriteTx, row: Any, one: Asked) -> None:
    """Compare the next parties of both versions."""
    versions = segment_member.c.version.in_((row.version, row.settling))
    ahead = (segment_member.c.segment_id == row.id) & (segment_member.c.party_id > row.reached)
    some = (
        select(segment_member.c.party_id)
        .where(ahead, versions)
        .order_by(segment_member.c.party_id)
        .limit(MOST_SETTLED)
        .subquery()
    )
    high = tx.value(select(func.max(some.c.party_id)))
    if high is None:
        tx.change(segment, row.id, settling=None, reached=0)
        return
    among = segment_member.c.party_id.between(row.reached + 1, high)
    settle(tx, one, row.settling, among)
    before = (segment_member.c.segment_id == row.id) & (segment_member.c.version == row.settling)
    tx.execute(delete(segment_member).where(before, among))
    tx.change(segment, row.id, reached=high)
