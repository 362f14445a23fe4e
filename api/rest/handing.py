"""``/calendar/feed``, and clients who go into other hands with what is planned and promised."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import delete, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from api.auth import Door, of_part
from api.handing import feed_url, hand_all
from api.rest.once import Key, once
from api.rest.shapes import Body, Id, Number, StrictRequest
from core.database import WriteTx
from crm.planner import drop_feed, make_feed
from crm.staff.readable import Viewer
from mailhub.mailboxes.handing_over import Handed, hand_client


class FeedView(msgspec.Struct):
    """The secret address of your calendar; it is told this once."""

    url: str


class Hands(Body):
    """Who gets it, and what they should know."""

    to_id: Number
    note: Annotated[str, msgspec.Meta(max_length=2000)] = ""


class HandedView(msgspec.Struct):
    """What went over; ``stayed`` is what the new one may not see or answer."""

    clients: int
    planned: int
    promises: int
    threads: int
    stayed: int


def _show(handed: Handed) -> HandedView:
    return HandedView(handed.clients, handed.planned, handed.promises, handed.threads, handed.stayed)


@post("/calendar/feed", tags=["calendar"])
async def make(door: NamedDependency[Door], request: StrictRequest, idempotency_key: Key = None) -> FeedView:
    """An address under which programs read your calendar; one from before ends."""

    def verb(tx: WriteTx, viewer: Viewer) -> FeedView:
        return FeedView(feed_url(door, make_feed(tx, viewer)))

    return await once(door, request, idempotency_key, FeedView, verb, secret=True)


@delete("/calendar/feed", tags=["calendar"], status_code=204)
async def end(door: NamedDependency[Door]) -> None:
    """The address ends."""
    await door.write(drop_feed)


@post("/counterparties/{counterparty_id:int}/hand-over", tags=["clients"], status_code=200)
async def hand_one(
    door: NamedDependency[Door],
    request: StrictRequest,
    counterparty_id: Id,
    data: JSONBody[Hands],
    idempotency_key: Key = None,
) -> HandedView:
    """Give a client to another manager, with what is planned, promised and waits."""

    def verb(tx: WriteTx, viewer: Viewer) -> HandedView:
        return _show(hand_client(tx, viewer, counterparty_id, data.to_id, data.note))

    return await once(door, request, idempotency_key, HandedView, verb)


@post("/users/{user_id:int}/hand-over-clients", tags=["clients"], status_code=200)
async def hand_everything(door: NamedDependency[Door], user_id: Id, data: JSONBody[Hands]) -> HandedView:
    """Give all clients of a manager to another, with what is planned, promised and waits."""
    return _show(await hand_all(door, user_id, data.to_id, data.note))


ROUTES = [*of_part("calendar", [make, end]), hand_one, hand_everything]
