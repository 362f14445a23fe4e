"""``/channels``: by what clients come."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from litestar import get, patch, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from api.auth import Door
from api.marketing import make_channel, put_in_order, rewrite_channel
from api.rest.once import Key, once
from api.rest.shapes import Body, Id, Items, Number, StrictRequest
from core.database import WriteTx
from crm.parties import Channel, get_channel, list_channels
from crm.staff.readable import Viewer

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class ChannelView(msgspec.Struct):
    """By what clients come. `ended`: offered no more; who came by it keeps it."""

    id: int
    name: str
    ended: bool


class NewChannel(Body):
    """One more."""

    name: Name


class ChannelChange(Body):
    """What is named becomes otherwise."""

    name: Name | None = None
    ended: bool | None = None


class ChannelOrder(Body):
    """Channels in their order; those not named stand behind them."""

    ids: Annotated[tuple[Number, ...], msgspec.Meta(max_length=500)]
    of: Literal["channels"] = "channels"


def show_channel(one: Channel) -> ChannelView:
    """A channel in the shape of the interface."""
    return ChannelView(one.id, one.name, one.ended)


@get("/channels", tags=["marketing"])
async def list_all(door: NamedDependency[Door]) -> Items[ChannelView]:
    """All channels in their order, those that are offered no more too."""
    return Items([show_channel(one) for one in await door.read(lambda tx, _viewer: list_channels(tx))])


@post("/channels", tags=["marketing"])
async def add(
    door: NamedDependency[Door], request: StrictRequest, data: JSONBody[NewChannel], idempotency_key: Key = None
) -> ChannelView:
    """One more (administrators)."""

    def verb(tx: WriteTx, viewer: Viewer) -> ChannelView:
        return show_channel(make_channel(tx, viewer, data.name))

    return await once(door, request, idempotency_key, ChannelView, verb)


@get("/channels/{channel_id:int}", tags=["marketing"])
async def one(door: NamedDependency[Door], channel_id: Id) -> ChannelView:
    """One channel."""
    return show_channel(await door.read(lambda tx, _viewer: get_channel(tx, channel_id)))


@patch("/channels/{channel_id:int}", tags=["marketing"])
async def change(door: NamedDependency[Door], channel_id: Id, data: JSONBody[ChannelChange]) -> ChannelView:
    """Another name; offered no more, or again (administrators)."""

    def verb(tx: WriteTx, viewer: Viewer) -> ChannelView:
        return show_channel(rewrite_channel(tx, viewer, channel_id, name=data.name, ended=data.ended))

    return await door.write(verb)


@post("/channels/order", tags=["marketing"], status_code=204)
async def order(door: NamedDependency[Door], data: JSONBody[ChannelOrder]) -> None:
    """Offer channels in this order (administrators)."""
    await door.write(put_in_order, data.ids)


ROUTES = [list_all, add, one, change, order]
