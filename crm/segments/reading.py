"""Segments are read: which there are, who is in them, and what a party is in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row, Select, and_, bindparam, select, tuple_

from core.database import ReadTx
from core.errors import NotFound
from core.paging import Page, cut_page, decode_cursor
from crm.segments.shapes import TABLES, Member, Of, Segment, Stay
from crm.segments.tables import segment, segment_left, segment_member, segment_version

_SEGMENTS = (
    select(segment, segment_version.c.rule, segment_version.c.zone)
    .outerjoin(
        segment_version,
        and_(segment_version.c.segment_id == segment.c.id, segment_version.c.version == segment.c.newest),
    )
    .where(segment.c.ended_at.is_(None))
)
_ALL = _SEGMENTS.order_by(segment.c.name_folded, segment.c.id)
_ONE = _SEGMENTS.where(segment.c.id == bindparam("id"))


def list_segments(tx: ReadTx, of: Of | None = None) -> list[Segment]:
    """All segments by name, of clients or of contacts where ``of`` says so."""
    return [_segment(row) for row in tx.rows(_ALL) if of is None or row.of == of]


def get_segment(tx: ReadTx, segment_id: int) -> Segment:
    """Raises NotFound."""
    row = tx.row(_ONE, {"id": segment_id})
    if row is None:
        raise NotFound("There is no segment with the number %(id)s.", id=segment_id)
    return _segment(row)


# A version names its members: those of the one that stands are in the segment.
_STANDS = and_(segment.c.id == segment_member.c.segment_id, segment.c.version == segment_member.c.version)
_MEMBERS = select(segment_member.c.party_id).join(segment, _STANDS).where(segment.c.ended_at.is_(None))


def select_members(segment_id: int) -> Select[Any]:
    """A query for the ids of who is in a segment now: of counterparties or of contacts, as its ``of`` says. It may
    stand in another query; nobody is in a segment that ended."""
    return _MEMBERS.where(segment_member.c.segment_id == segment_id)


def list_members(tx: ReadTx, segment_id: int, *, after: str | None = None, limit: int = 50) -> Page[Member]:
    """Who is in a segment, the newest first. Raises NotFound, Invalid for a bad cursor."""
    found = get_segment(tx, segment_id)
    party = TABLES[found.of]
    here = (segment_member.c.segment_id == segment_id) & (segment_member.c.version == found.standing)
    place = (segment_member.c.entered_at, segment_member.c.party_id)
    statement = (
        select(*place, segment_member.c.by_id, party.c.name)
        .join(party, party.c.id == segment_member.c.party_id)
        .where(here)
        .order_by(*(one.desc() for one in place))
        .limit(limit + 1)
    )
    if after is not None:
        statement = statement.where(tuple_(*place) < tuple_(*decode_cursor(after, (int, int))))
    page = cut_page(tx.rows(statement), limit, lambda row: (row.entered_at, row.party_id))
    return Page([Member(row.party_id, row.name, row.entered_at, row.by_id) for row in page.items], page.next)


_OF_PARTY = (
    select(segment.c.id, segment.c.name, segment_member.c.entered_at)
    .join(segment, _STANDS)
    .where(segment_member.c.party_id == bindparam("party_id"), segment.c.of == bindparam("of"))
    .where(segment.c.ended_at.is_(None))
    .order_by(segment.c.name_folded)
)
_LEFT = (
    select(segment.c.id, segment.c.name, segment_left.c.entered_at, segment_left.c.left_at, segment_left.c.cause)
    .join(segment, segment.c.id == segment_left.c.segment_id)
    .where(segment_left.c.party_id == bindparam("party_id"), segment.c.of == bindparam("of"))
    .where(segment.c.ended_at.is_(None))
    .order_by(segment_left.c.left_at.desc(), segment_left.c.id.desc())
    .limit(bindparam("most"))
)


def list_segments_of(tx: ReadTx, of: Of, party_id: int) -> list[Stay]:
    """What a client or contact is in now, by name."""
    rows = tx.rows(_OF_PARTY, {"of": of, "party_id": party_id})
    return [Stay(row.id, row.name, row.entered_at, None) for row in rows]


def list_stays(tx: ReadTx, of: Of, party_id: int, most: int = 50) -> list[Stay]:
    """What a client or contact has been in and left, the newest exit first."""
    rows = tx.rows(_LEFT, {"of": of, "party_id": party_id, "most": most})
    return [Stay(row.id, row.name, row.entered_at, row.left_at, row.cause) for row in rows]


def names_of_segments(tx: ReadTx, segment_ids: Iterable[int]) -> dict[int, str]:
    """The names of segments by their ids, of those that ended too."""
    ids = sorted(set(segment_ids))
    rows = tx.rows(select(segment.c.id, segment.c.name).where(segment.c.id.in_(ids))) if ids else ()
    return {row.id: row.name for row in rows}


def _segment(row: Row[Any]) -> Segment:
    busy = row.version != row.newest or row.preparing is not None
    return Segment(
        id=row.id,
        name=row.name,
        of=row.of,
        size=row.size,
        rule=row.rule,
        zone=row.zone or "",
        version=row.newest,
        busy=busy,
        created_by=row.created_by,
        created_at=row.created_at,
        standing=row.version,
    )
