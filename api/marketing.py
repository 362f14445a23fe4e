"""What the pages and the interface do alike with channels, whose list is for administrators, and with marketing events:
changes are written down."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Invalid
from crm.marketing import (
    MarketingEvent,
    Party,
    add_marketing_event,
    change_marketing_event,
    drop_marketing_event,
)
from crm.parties import (
    Channel,
    add_channel,
    change_channel,
    get_channel,
    get_contact,
    list_channels,
    order_channels,
)
from crm.segments import get_segment, select_members
from crm.staff.audit import record_audit
from crm.staff.readable import Viewer, demand_admin


def make_channel(tx: WriteTx, viewer: Viewer, name: str) -> Channel:
    """Offer one more. Raises Forbidden, Invalid, Conflict, TooMuch."""
    demand_admin(viewer)
    made = get_channel(tx, add_channel(tx, name))
    record_audit(tx, viewer.user_id, "channel-added", str(made.id), name=made.name)
    return made


def rewrite_channel(
    tx: WriteTx, viewer: Viewer, channel_id: int, *, name: str | None = None, ended: bool | None = None
) -> Channel:
    """Call it otherwise; offer it no more, or again. Raises Forbidden, NotFound, Invalid, Conflict."""
    demand_admin(viewer)
    change_channel(tx, channel_id, name=name, ended=ended)
    changed = get_channel(tx, channel_id)
    record_audit(tx, viewer.user_id, "channel-changed", str(channel_id), name=changed.name, ended=changed.ended)
    return changed


def put_in_order(tx: WriteTx, viewer: Viewer, ids: Sequence[int]) -> None:
    """Offer them in this order. Raises Forbidden, Invalid."""
    demand_admin(viewer)
    order_channels(tx, ids)
    record_audit(tx, viewer.user_id, "channels-ordered", "")


def move_channel(tx: WriteTx, viewer: Viewer, channel_id: int, steps: int) -> None:
    """One channel so many places up (-1) or down (1) among those that are offered. Raises Forbidden, NotFound."""
    get_channel(tx, channel_id)
    ids = [one.id for one in list_channels(tx) if not one.ended]
    if channel_id in ids:
        place = max(0, min(len(ids) - 1, ids.index(channel_id) + steps))
        ids.remove(channel_id)
        ids.insert(place, channel_id)
    put_in_order(tx, viewer, ids)


def write_marketing_event(tx: WriteTx, viewer: Viewer, **told: Any) -> int:
    """Add one. Raises Forbidden, Invalid, NotFound."""
    made = add_marketing_event(tx, viewer, **told)
    record_audit(tx, viewer.user_id, "marketing-event-added", str(made))
    return made


def rewrite_marketing_event(tx: WriteTx, viewer: Viewer, event_id: int, **told: Any) -> None:
    """Change one. Raises NotFound, Forbidden, Invalid, Conflict."""
    change_marketing_event(tx, viewer, event_id, **told)
    record_audit(tx, viewer.user_id, "marketing-event-changed", str(event_id))


def remove_marketing_event(tx: WriteTx, viewer: Viewer, event_id: int) -> None:
    """Take one away that touched nobody. Raises NotFound, Forbidden, Conflict."""
    drop_marketing_event(tx, viewer, event_id)
    record_audit(tx, viewer.user_id, "marketing-event-removed", str(event_id))


def began_at(one: MarketingEvent, zone: str) -> int:
    """The moment at which its first day began there; where no day is known, when it was entered."""
    if not one.date_from:
        return one.created_at
    return clock.from_datetime(datetime.combine(date.fromisoformat(one.date_from), time(), ZoneInfo(zone)))


def read_party(told: str) -> Party:
    """``7``, or a person there, ``7.12``. Raises Invalid."""
    client, _, person = told.partition(".")
    if not all(one.isascii() and one.isdigit() and 0 < len(one) < 19 for one in (client, person or "1")):
        raise Invalid("Choose whom it touched.", field="parties")
    return Party(int(client), int(person) if person else None)


def list_members(tx: ReadTx, _viewer: Viewer, segment_id: int, after: int, limit: int) -> tuple[list[int], list[Party]]:
    """The next members of a segment by their ids, and whom to touch: of people the first client where they are; those
    who are nowhere are not among them. Raises NotFound."""
    of = get_segment(tx, segment_id).of
    query = select_members(segment_id)
    column = query.selected_columns[0]
    ids = tx.values(query.where(column > after).order_by(column).limit(limit))
    if of == "counterparties":
        return ids, [Party(one) for one in ids]
    people = [get_contact(tx, one) for one in ids]
    return ids, [Party(one.counterparty_ids[0], one.id) for one in people if one.counterparty_ids]
