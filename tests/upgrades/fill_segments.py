"""A row into every table of segments."""

from __future__ import annotations

from core.database import WriteTx
from crm.segments import add_members, add_segment, drop_members
from crm.segments.tables import segment_due, segment_version
from crm.staff.readable import Viewer


def fill_segments(tx: WriteTx, viewer: Viewer, client: int) -> None:
    """A segment that a client was put into and taken out of, and one by a rule."""
    by_hand = add_segment(tx, viewer, "Постійні клієнти", "counterparties")
    add_members(tx, viewer, by_hand, [client])
    drop_members(tx, viewer, by_hand, [client])
    add_members(tx, viewer, by_hand, [client])
    by_rule = add_segment(tx, viewer, "Gardens", "counterparties")
    rule = {"version": 1, "all": []}
    told = {"rule": rule, "zone": "Europe/Kyiv", "by_id": viewer.user_id, "at": 1}
    tx.insert(segment_version, segment_id=by_rule, version=1, **told)
    tx.insert(segment_due, segment_id=by_rule, version=1, party_id=client, due_at=4_000_000_000_000_000)
