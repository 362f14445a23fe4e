"""The word of rules about marketing: when somebody was last touched by an event, by one of a channel, in some way;
in SQL, for clients and for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Table, func, select

from core.rules import Field, Param, join_key
from crm.interactions import TOUCH, interaction
from crm.marketing.tables import marketing_event

TOUCHED_BY = {
    "visited": "visited the stand",
    "registered": "registered",
    "took_part": "took part",
    "met": "was met there",
    "answered": "answered",
    "other": "was reached",
}
LEFT_OUT = {"event": "by any marketing event", "channel": "of any channel", "way": "in any way"}
EVENT = Param("event", "reference", "by which marketing event", LEFT_OUT["event"], of="marketing_events")
CHANNEL = Param("channel", "reference", "of which channel", LEFT_OUT["channel"], of="channels")
WAY = Param("way", "choice", "in which way", LEFT_OUT["way"], TOUCHED_BY)


def touch_field(party: Table) -> Field:
    """The word for clients or for people, as it is offered."""
    offered = Field("touched", "moment", "the last touch by marketing", params=(EVENT, CHANNEL, WAY), part="marketing")

    def make(told: Mapping[str, Any]) -> Field:
        return replace(offered, key=join_key(offered.key, told), told=dict(told), column=_last(party, told))

    return replace(offered, make=make)


def _last(party: Table, told: Mapping[str, Any]) -> ColumnElement[Any]:
    asked = [interaction.c[f"{party.name}_id"] == party.c.id, interaction.c.kind == TOUCH]
    if "event" in told:
        asked.append(interaction.c.marketing_event_id == told["event"])
    if "channel" in told:
        of_channel = select(marketing_event.c.id).where(marketing_event.c.channel_id == told["channel"])
        asked.append(interaction.c.marketing_event_id.in_(of_channel))
    if "way" in told:
        asked.append(interaction.c.touch == told["way"])
    found: ColumnElement[Any] = (
        select(func.max(interaction.c.happened_at)).where(*asked).correlate(party).scalar_subquery()
    )
    return found
