"""``/messages/{id}/life``: what happened to a letter."""

from __future__ import annotations

import msgspec
from litestar import get
from litestar.di import NamedDependency

from api.auth import Door
from api.rest.shapes import Id, Items, moment
from mailhub.outbound.life import Step, list_life


class StepView(msgspec.Struct):
    """One thing that happened to a letter. ``what`` is received, matched, unmatched, junk, assigned, read, answered,
    written or delivery; ``at`` null where only that it happened is known; ``state`` is that of a delivery."""

    what: str
    at: str | None
    who: list[str]
    detail: str
    state: str | None


def show_step(one: Step) -> StepView:
    """A step in the shape of the interface."""
    return StepView(one.what, moment(one.at), list(one.who), one.detail, one.state)


@get("/messages/{message_id:int}/life", tags=["messages"])
async def get_life(door: NamedDependency[Door], message_id: Id) -> Items[StepView]:
    """How a letter came, whose it is and why, who had and read it, what answered it; or when it left and what became of
    it for each recipient."""
    return Items([show_step(one) for one in await door.read(list_life, message_id)])


ROUTES = [get_life]
