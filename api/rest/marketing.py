"""``/marketing-events``: exhibitions, campaigns, advertisements with their budgets, and whom they touched."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter
from msgspec import UNSET, UnsetType

from api.auth import Door
from api.marketing import began_at, remove_marketing_event, rewrite_marketing_event, write_marketing_event
from api.rest.interactions import read_moment
from api.rest.once import Key, once
from api.rest.shapes import After, Body, Id, Items, Limit, Made, Number, StrictRequest, Whichever, moment, page_of
from core.database import ReadTx, WriteTx
from core.money import LARGEST
from crm.marketing import (
    MarketingEvent,
    Party,
    Tally,
    Touch,
    drop_touch,
    get_marketing_event,
    list_marketing_events,
    list_touches,
    tally_touches,
    touch_parties,
)
from crm.staff.readable import Viewer

Kind = Literal["exhibition", "webinar", "campaign", "advertisement", "seminar", "other"]
Way = Literal["visited", "registered", "took_part", "met", "answered", "other"]
Sum = Annotated[int, msgspec.Meta(ge=0, le=LARGEST, description="Whole minor units of the currency.")]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Day = Annotated[str, msgspec.Meta(pattern=r"^(\d{4}-\d{2}-\d{2})?$")]
About = Annotated[str, msgspec.Meta(max_length=10_000)]
OfKind = Annotated[str, QueryParameter(max_length=20)]
Sort = Annotated[
    str, QueryParameter(max_length=20, description="The newest day first; `date` the oldest, `name`, `-name`.")
]


class MarketingEventView(msgspec.Struct):
    """A marketing event; sums are whole minor units of `currency`, null where nothing was said."""

    id: int
    name: str
    kind: str
    channel_id: int | None
    date_from: str
    date_to: str
    currency: str
    planned: int | None
    spent: int | None
    responsible_id: int | None
    about: str
    version: int


class WholeMarketingEvent(MarketingEventView):
    """With what came of it: touches, the clients touched, and those of them who are new since it began."""

    touches: int
    clients: int
    brought: int


class NewMarketingEvent(Body):
    """A marketing event. Without `currency` its budget is in that of the company."""

    name: Name
    kind: Kind
    channel_id: Number | None = None
    date_from: Day = ""
    date_to: Day = ""
    currency: str = ""
    planned: Sum | None = None
    spent: Sum | None = None
    responsible_id: Number | None = None
    about: About = ""


class MarketingEventChange(Body):
    """What to change; what is not named stays. Null takes a number or a sum off."""

    name: Name | UnsetType = UNSET
    kind: Kind | UnsetType = UNSET
    channel_id: Number | UnsetType | None = UNSET
    date_from: Day | UnsetType = UNSET
    date_to: Day | UnsetType = UNSET
    currency: str | UnsetType = UNSET
    planned: Sum | UnsetType | None = UNSET
    spent: Sum | UnsetType | None = UNSET
    responsible_id: Number | UnsetType | None = UNSET
    about: About | UnsetType = UNSET
    version: Number | UnsetType = UNSET


class PartyOf(Body):
    """A client, and the person there."""

    counterparty_id: Number
    contact_id: Number | None = None


class NewTouches(Body):
    """Who was touched, how, when (now) and what is to be said of it."""

    parties: Annotated[tuple[PartyOf, ...], msgspec.Meta(min_length=1, max_length=200)]
    way: Way
    at: datetime | None = None
    note: Annotated[str, msgspec.Meta(max_length=1_000)] = ""


class TouchView(msgspec.Struct):
    """A touch; `id` is its line in the history of the client."""

    id: int
    counterparty_id: int
    contact_id: int | None
    way: str
    at: str | None
    note: str
    author_id: int | None


class Touched(msgspec.Struct):
    """The lines that were written; whoever had been touched so already has none."""

    ids: list[int]


def show_event(one: MarketingEvent) -> MarketingEventView:
    """A marketing event in the shape of the interface."""
    return MarketingEventView(**{name: getattr(one, name) for name in MarketingEventView.__struct_fields__})


def show_whole(one: MarketingEvent, told: Tally) -> WholeMarketingEvent:
    """The same with what came of it."""
    plain = msgspec.structs.asdict(show_event(one))
    return WholeMarketingEvent(**plain, touches=told.touches, clients=told.clients, brought=told.brought)


def show_touch(one: Touch) -> TouchView:
    """A touch in the shape of the interface."""
    return TouchView(one.id, one.counterparty_id, one.contact_id, one.way, moment(one.at), one.note, one.author_id)


def _told(body: NewMarketingEvent | MarketingEventChange) -> dict[str, Any]:
    named = {name: getattr(body, name) for name in body.__struct_fields__ if name != "version"}
    told = {name: one for name, one in named.items() if not isinstance(one, UnsetType)}
    return told | {name: told[name] or 0 for name in ("channel_id", "responsible_id") if name in told}


@get("/marketing-events", tags=["marketing"])
async def list_all(
    door: NamedDependency[Door],
    limit: Limit = 50,
    after: After = None,
    kind: OfKind = "",
    channel_id: Whichever = None,
    responsible_id: Whichever = None,
    sort: Sort = "",
) -> Items[MarketingEventView]:
    """Marketing events, the newest first."""
    which: dict[str, Any] = {"kind": kind, "channel_id": channel_id, "responsible_id": responsible_id, "sort": sort}
    found = await door.read(lambda tx, _viewer: list_marketing_events(tx, **which, after=after, limit=limit))
    return page_of(found, show_event)


@post("/marketing-events", tags=["marketing"])
async def add(
    door: NamedDependency[Door], request: StrictRequest, data: JSONBody[NewMarketingEvent], idempotency_key: Key = None
) -> Made:
    """Add one."""
    told = _told(data) | {"currency": data.currency or door.house.settings.company.currency}

    def verb(tx: WriteTx, viewer: Viewer) -> Made:
        return Made(write_marketing_event(tx, viewer, **told))

    return await once(door, request, idempotency_key, Made, verb)


@get("/marketing-events/{marketing_id:int}", tags=["marketing"])
async def one(door: NamedDependency[Door], marketing_id: Id) -> WholeMarketingEvent:
    """One, with what came of it."""
    zone = door.house.settings.company.timezone

    def look(tx: ReadTx, _viewer: Viewer) -> WholeMarketingEvent:
        found = get_marketing_event(tx, marketing_id)
        return show_whole(found, tally_touches(tx, found, began_at(found, zone)))

    return await door.read(look)


@patch("/marketing-events/{marketing_id:int}", tags=["marketing"])
async def change(
    door: NamedDependency[Door], marketing_id: Id, data: JSONBody[MarketingEventChange]
) -> MarketingEventView:
    """Change it; `version` guards against a change in between."""
    version = None if isinstance(data.version, UnsetType) else data.version

    def verb(tx: WriteTx, viewer: Viewer) -> MarketingEventView:
        rewrite_marketing_event(tx, viewer, marketing_id, version=version, **_told(data))
        return show_event(get_marketing_event(tx, marketing_id))

    return await door.write(verb)


@delete("/marketing-events/{marketing_id:int}", tags=["marketing"], status_code=204)
async def remove(door: NamedDependency[Door], marketing_id: Id) -> None:
    """Take one away that touched nobody."""
    await door.write(remove_marketing_event, marketing_id)


@get("/marketing-events/{marketing_id:int}/touches", tags=["marketing"])
async def touches(
    door: NamedDependency[Door], marketing_id: Id, limit: Limit = 50, after: After = None
) -> Items[TouchView]:
    """Whom it touched, the newest first."""

    def look(tx: ReadTx, _viewer: Viewer) -> Any:
        get_marketing_event(tx, marketing_id)
        return list_touches(tx, marketing_id, after=after, limit=limit)

    return page_of(await door.read(look), show_touch)


@post("/marketing-events/{marketing_id:int}/touches", tags=["marketing"])
async def touch(
    door: NamedDependency[Door],
    request: StrictRequest,
    marketing_id: Id,
    data: JSONBody[NewTouches],
    idempotency_key: Key = None,
) -> Touched:
    """These were touched by it; whoever was touched so already is left out."""
    parties, at = [Party(one.counterparty_id, one.contact_id) for one in data.parties], read_moment(data.at, "at")

    def verb(tx: WriteTx, viewer: Viewer) -> Touched:
        return Touched(touch_parties(tx, viewer, marketing_id, parties, data.way, at=at, note=data.note))

    return await once(door, request, idempotency_key, Touched, verb)


@delete("/marketing-events/{marketing_id:int}/touches/{touch_id:int}", tags=["marketing"], status_code=204)
async def untouch(door: NamedDependency[Door], marketing_id: Id, touch_id: Id) -> None:
    """It did not touch them after all."""
    await door.write(drop_touch, marketing_id, touch_id)


ROUTES = [list_all, add, one, change, remove, touches, touch, untouch]
