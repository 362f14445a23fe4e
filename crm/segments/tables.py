"""The tables of segments: groups of clients or contacts, kept by hand or by a rule."""

from __future__ import annotations

from sqlalchemy import Column, Index

from core.columns import (
    Id,
    Json,
    id_column,
    instant,
    number,
    optional_instant,
    optional_reference,
    reference,
    table,
    text,
)

# ``of`` says what its members are. ``version`` is the rule by which they are members now, 0 for those by hand;
# ``newest`` the rule as it was written last. Until its members are known it is ``preparing``, as far as the party
# ``reached``, and nobody sees them; then ``version`` is set to it, and what was before is ``settling``: exits and
# entries are told and its rows go. ``size`` counts the members, ``next_size`` those that are being prepared.
segment = table(
    "segment",
    id_column(),
    text("name"),
    text("name_folded"),
    text("of"),
    number("version", 0),
    number("newest", 0),
    Column("preparing", Id),
    number("reached", 0),
    Column("settling", Id),
    number("size", 0),
    number("next_size", 0),
    optional_reference("created_by", "user.id"),
    instant("created_at"),
    optional_instant("ended_at"),
)
Index(None, segment.c.name_folded)

# Every rule that a segment ever went by; ``zone`` is the one whose days its dates are. Nobody (``by_id``) wrote those
# that only ask the same once more.
segment_version = table(
    "segment_version",
    Column("segment_id", Id, primary_key=True, nullable=False),
    Column("version", Id, primary_key=True, nullable=False),
    Column("rule", Json, nullable=False),
    text("zone"),
    Column("by_id", Id),
    instant("at"),
)

# Who is in it by a version: by the one of the segment now, else not yet or no more. ``why`` holds what the rule asked
# for, as it was: ``{"at": moment, "values": {field: value}}``.
segment_member = table(
    "segment_member",
    Column("segment_id", Id, primary_key=True, nullable=False),
    Column("version", Id, primary_key=True, nullable=False),
    Column("party_id", Id, primary_key=True, nullable=False),
    instant("entered_at"),
    Column("why", Json),
    Column("by_id", Id),
)
Index("ix_segment_member_party", segment_member.c.party_id, segment_member.c.segment_id)
Index(
    "ix_segment_member_entered",
    segment_member.c.segment_id,
    segment_member.c.version,
    segment_member.c.entered_at,
    segment_member.c.party_id,
)

# Who was in it, from when until when; ``cause`` is rule, hand, or merge. ``why`` as they left.
segment_left = table(
    "segment_left",
    id_column(),
    reference("segment_id", "segment.id"),
    number("party_id"),
    instant("entered_at"),
    instant("left_at"),
    text("cause"),
    Column("why", Json),
    Column("by_id", Id),
)
Index(None, segment_left.c.party_id, segment_left.c.segment_id)
Index(None, segment_left.c.segment_id, segment_left.c.left_at, segment_left.c.id)

# When a rule may answer otherwise for a party although nothing happens: "no letter for 30 days".
segment_due = table(
    "segment_due",
    Column("segment_id", Id, primary_key=True, nullable=False),
    Column("version", Id, primary_key=True, nullable=False),
    Column("party_id", Id, primary_key=True, nullable=False),
    instant("due_at"),
)
Index(None, segment_due.c.due_at)
