"""Segments are made, renamed and ended; parties are put in and taken out by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select, update

from core import clock
from core.changes import record_change
from core.database import WriteTx
from core.errors import Conflict, Invalid
from core.fulltext import fold
from core.rules import to_data
from crm.attributes import set_uses
from crm.segments.reading import get_segment, select_members
from crm.segments.rules import list_naming, parse_segment_rule, write_rule
from crm.segments.shapes import BY_HAND, TABLES, Of, Segment
from crm.segments.tables import segment, segment_left, segment_member
from crm.staff.readable import Viewer, demand_somewhere

MOST_SEGMENTS = 500
LONGEST_NAME = 100
MOST_AT_ONCE = 1_000
"""So many parties are put in or taken out in one unit."""


def add_segment(tx: WriteTx, viewer: Viewer, name: str, of: Of, *, rule: object = None, zone: str = "UTC") -> int:
    """A segment that parties are put into by hand, or one by a rule, whose dates are days of ``zone``. Returns its id.
    Raises Forbidden, Invalid, Conflict where there is one of this name."""
    demand_somewhere(viewer, "answer")
    if of not in TABLES:
        raise Invalid("A segment is of clients or of contacts.", field="of")
    values = _read_name(tx, name, 0)
    parsed = None if rule is None else parse_segment_rule(tx, rule, of)
    if len(tx.values(select(segment.c.id).where(segment.c.ended_at.is_(None)))) >= MOST_SEGMENTS:
        raise Conflict("There are %(most)s segments at most. End one that nobody needs.", most=MOST_SEGMENTS)
    made = tx.insert(segment, **values, of=of, created_by=viewer.user_id, created_at=clock.now())
    if parsed is not None:
        write_rule(tx, made, of, parsed, zone, viewer.user_id)
    _tell(tx, "segment.added", made, viewer)
    return made


def change_rule(
    tx: WriteTx, viewer: Viewer, segment_id: int, rule: object, zone: str, *, version: int | None = None
) -> None:
    """Let a segment go by another rule; who is in it follows when everybody was asked. One that was kept by hand goes
    by the rule from then on. ``version`` is the one that was looked at. Raises NotFound, Forbidden, Invalid; Conflict
    where somebody was quicker, or it would be in itself."""
    demand_somewhere(viewer, "answer")
    found = hold_segment(tx, segment_id)
    if version is not None and version != found.version:
        raise Conflict("Somebody has changed this since you opened it. Look again, then save what you wrote.")
    parsed = parse_segment_rule(tx, rule, found.of)
    if found.rule == to_data(parsed) and found.zone == zone:
        return
    write_rule(tx, segment_id, found.of, parsed, zone, viewer.user_id)
    _tell(tx, "segment.changed", segment_id, viewer)


def rename_segment(tx: WriteTx, viewer: Viewer, segment_id: int, name: str) -> None:
    """Give a segment another name. Raises NotFound, Forbidden, Invalid, Conflict."""
    demand_somewhere(viewer, "answer")
    hold_segment(tx, segment_id)
    tx.change(segment, segment_id, **_read_name(tx, name, segment_id))
    _tell(tx, "segment.changed", segment_id, viewer)


def end_segment(tx: WriteTx, viewer: Viewer, segment_id: int) -> None:
    """Nobody is in it any more and it is offered nowhere; its name stays readable. Raises NotFound, Forbidden."""
    demand_somewhere(viewer, "answer")
    hold_segment(tx, segment_id)
    naming = [name for one, name in list_naming(tx, segment_id) if one != segment_id]
    if naming:
        raise Conflict("The rule of the segment “%(name)s” names this one. Change that first.", name=naming[0])
    tx.change(segment, segment_id, ended_at=clock.now())
    set_uses(tx, f"segment {segment_id}", ())
    _tell(tx, "segment.ended", segment_id, viewer)


def add_members(tx: WriteTx, viewer: Viewer, segment_id: int, party_ids: Sequence[int]) -> int:
    """Put parties into a segment by hand; those in it already stay as they are. Returns how many are new. Raises
    NotFound, Forbidden, Invalid, Conflict for a segment that goes by a rule."""
    found = _hold_by_hand(tx, viewer, segment_id, party_ids)
    party = TABLES[found.of]
    ids = sorted(set(party_ids))
    there = set(tx.values(select(party.c.id).where(party.c.id.in_(ids), party.c.merged_into.is_(None))))
    missing = [one for one in ids if one not in there]
    if missing:
        tx.get(party, missing[0])
        raise Conflict("This one has been merged with another. Take the other.", field="ids")
    inside = set(tx.values(select_members(segment_id).where(segment_member.c.party_id.in_(ids))))
    new = [one for one in ids if one not in inside]
    put_in(tx, found.id, new, viewer.user_id)
    if new:
        tell_moved(tx, "entered", found, new, cause=f"user {viewer.user_id}")
    return len(new)


def drop_members(tx: WriteTx, viewer: Viewer, segment_id: int, party_ids: Sequence[int]) -> int:
    """Take parties out of a segment that they were put into by hand. Returns how many were in it. Raises NotFound,
    Forbidden, Invalid, Conflict for a segment that goes by a rule."""
    found = _hold_by_hand(tx, viewer, segment_id, party_ids)
    gone = take_out(tx, segment_id, sorted(set(party_ids)), cause="hand", by_id=viewer.user_id)
    if gone:
        tell_moved(tx, "left", found, gone, cause=f"user {viewer.user_id}")
    return len(gone)


def put_in(tx: WriteTx, segment_id: int, party_ids: Sequence[int], by_id: int | None) -> None:
    """Write that these, who were not in it, are in a segment by hand from now on."""
    now = clock.now()
    same = {"segment_id": segment_id, "version": BY_HAND, "entered_at": now, "by_id": by_id}
    tx.insert_many(segment_member, [{**same, "party_id": one} for one in party_ids])
    count_members(tx, segment_id, len(party_ids))


def take_out(
    tx: WriteTx, segment_id: int, party_ids: Sequence[int], *, cause: str, by_id: int | None = None
) -> list[int]:
    """Write that these are in a segment by hand no more, with when they were. Returns those who were."""
    here = (segment_member.c.segment_id == segment_id) & (segment_member.c.version == BY_HAND)
    here = here & segment_member.c.party_id.in_(list(party_ids))
    rows = tx.rows(select(segment_member.c.party_id, segment_member.c.entered_at).where(here))
    now = clock.now()
    same = {"segment_id": segment_id, "left_at": now, "cause": cause, "by_id": by_id}
    left = [{**same, "party_id": row.party_id, "entered_at": row.entered_at} for row in rows]
    tx.insert_many(segment_left, left)
    tx.execute(delete(segment_member).where(here))
    count_members(tx, segment_id, -len(rows))
    return [int(row.party_id) for row in rows]


def count_members(tx: WriteTx, segment_id: int, more: int) -> None:
    """There are so many more in it."""
    if more:
        tx.execute(update(segment).where(segment.c.id == segment_id).values(size=segment.c.size + more))


def tell_moved(tx: WriteTx, what: str, found: Segment, party_ids: Sequence[int], *, cause: str) -> None:
    """Say in the feed who ``entered`` or ``left``."""
    fields = {"of": found.of, "party_ids": list(party_ids)}
    record_change(tx, f"segment.{what}", found.id, fields=fields, cause=cause)


def hold_segment(tx: WriteTx, segment_id: int) -> Segment:
    """A segment, held until the end of the unit. Raises NotFound."""
    get_segment(tx, segment_id)
    tx.lock(segment, segment_id)
    return get_segment(tx, segment_id)


def _hold_by_hand(tx: WriteTx, viewer: Viewer, segment_id: int, party_ids: Sequence[int]) -> Segment:
    demand_somewhere(viewer, "answer")
    if len(party_ids) > MOST_AT_ONCE:
        raise Invalid("At most %(most)s at once.", most=MOST_AT_ONCE, field="ids")
    found = hold_segment(tx, segment_id)
    if not found.by_hand:
        raise Conflict("This segment goes by its rule: change the rule, or make a segment by hand.")
    return found


def _read_name(tx: WriteTx, name: str, segment_id: int) -> dict[str, Any]:
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Invalid("A segment needs a name of at most %(most)s characters.", most=LONGEST_NAME, field="name")
    folded = fold(name)
    tx.lock_key("segment", folded)
    same = select(segment.c.id).where(segment.c.name_folded == folded, segment.c.ended_at.is_(None))
    if tx.value(same.where(segment.c.id != segment_id)) is not None:
        raise Conflict("There is already a segment named “%(name)s”.", name=name)
    return {"name": name, "name_folded": folded}


def _tell(tx: WriteTx, kind: str, segment_id: int, viewer: Viewer) -> None:
    record_change(tx, kind, segment_id, cause=f"user {viewer.user_id}")
