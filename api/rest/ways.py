"""``/mailboxes/{id}/way``: how the letters of a mailbox leave."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from litestar import get, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from api.auth import Door
from api.rest.shapes import Body, Id
from core.database import ReadTx, WriteTx
from core.secrets import Keys
from crm.staff.readable import Viewer
from mailhub.outbound.lane_troubles import find_lane_trouble
from mailhub.outbound.mailbox_ways import Chosen, choose_way_of_mailbox, get_chosen
from mailhub.outbound.ways import Way


class WayView(msgspec.Struct):
    """``usual``: the server of the mailbox's account where it has one, else the relay of the house; ``house``: always
    that; ``relay``: one of its own, ``server``; ``direct``: straight to the servers of each domain. ``trouble`` says
    why letters wait for its own relay."""

    way: Literal["usual", "house", "relay", "direct"]
    server: str
    trouble: str | None


class WayChange(Body):
    """``relay`` is written as the setting ``send.relay``; left out, the one that there is stays. It is never told."""

    way: Literal["usual", "house", "relay", "direct"]
    relay: Annotated[str, msgspec.Meta(max_length=1000)] | None = None


def read_way(tx: ReadTx, viewer: Viewer, mailbox_id: int) -> WayView:
    """Raises NotFound, Forbidden."""
    return _view(tx, get_chosen(tx, viewer, mailbox_id))


def change_way(tx: WriteTx, viewer: Viewer, keys: Keys, mailbox_id: int, data: WayChange) -> WayView:
    """Raises NotFound, Forbidden, Invalid."""
    return _view(tx, choose_way_of_mailbox(tx, keys, viewer, mailbox_id, data.way, data.relay))


def _view(tx: ReadTx, chosen: Chosen) -> WayView:
    found = find_lane_trouble(tx, Way("relay", chosen.mailbox_id).lane) if chosen.way == "relay" else None
    return WayView(chosen.way, chosen.server, None if found is None else found.sentence % found.fields)


@get("/mailboxes/{mailbox_id:int}/way", tags=["mailboxes"])
async def get_way(door: NamedDependency[Door], mailbox_id: Id) -> WayView:
    """How letters of this mailbox leave, for whoever manages it."""
    return await door.read(read_way, mailbox_id)


@put("/mailboxes/{mailbox_id:int}/way", tags=["mailboxes"])
async def put_way(door: NamedDependency[Door], mailbox_id: Id, data: JSONBody[WayChange]) -> WayView:
    """Let them leave otherwise, those too that wait."""
    return await door.write(change_way, door.house.keys, mailbox_id, data)


ROUTES = [get_way, put_way]
