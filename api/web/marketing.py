"""Marketing events: the list with its filters, and one with what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from api.auth import Door
from api.marketing import began_at
from api.web.desk import After, Asked, Desk, Id, html
from api.web.document_words import say_sum
from api.web.marketing_words import marketing_kinds, say_days, touch_ways
from api.web.shapes import Speaker, make_when
from api.web.shell import Around, see_around
from core import clock
from core.database import ReadTx
from core.paging import Page
from crm.interactions import may_write
from crm.marketing import (
    KINDS,
    SORTS,
    MarketingEvent,
    Tally,
    Touch,
    get_marketing_event,
    list_brought,
    list_marketing_events,
    list_touches,
    tally_touches,
)
from crm.parties import Channel, contacts_named, list_channels, names_of
from crm.segments import Segment, list_segments
from crm.staff.people import list_users
from crm.staff.readable import Viewer

PAGE = "/marketing"
OfKind = Annotated[str, QueryParameter(name="kind", max_length=20)]
OfChannel = Annotated[str, QueryParameter(name="channel", pattern=r"^\d{0,18}$")]
Whose = Annotated[str, QueryParameter(name="of", pattern=r"^\d{0,18}$")]
Sort = Annotated[str, QueryParameter(name="sort", max_length=20)]
Left = Annotated[str, QueryParameter(name="left", pattern=r"^\d{0,9}$")]


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of marketing events with whom they name."""

    page: Page[MarketingEvent]
    channels: list[Channel]
    users: dict[int, str]
    around: Around


@dataclass(frozen=True, slots=True)
class Seen:
    """A marketing event with all that its page shows."""

    one: MarketingEvent
    tally: Tally
    touches: Page[Touch]
    clients: dict[int, str]
    people: dict[int, str]
    brought: dict[int, str]
    channels: dict[int, str]
    users: dict[int, str]
    segments: list[Segment]
    around: Around


@get(PAGE, include_in_schema=False)
async def events(
    door: NamedDependency[Door],
    request: Asked,
    kind: OfKind = "",
    channel: OfChannel = "",
    of: Whose = "",
    sort: Sort = "",
    after: After = None,
) -> Response[str]:
    """The newest first, or by name; narrowed by kind, channel and who answers for them."""
    desk = Desk(door, request)
    asked = {"kind": kind if kind in KINDS else "", "channel": channel, "of": of, "sort": sort if sort in SORTS else ""}
    which: dict[str, Any] = {"kind": asked["kind"], "channel_id": int(channel or 0), "responsible_id": int(of or 0)}

    def see(tx: ReadTx, viewer: Viewer) -> Listed:
        page = list_marketing_events(tx, **which, sort=asked["sort"], after=after)
        users = {one.id: one.name for one in list_users(tx)}
        return Listed(page, list_channels(tx), users, see_around(tx, viewer))

    def render(viewer: Viewer, found: Listed) -> str:
        speaker = desk.speaker(viewer)
        channels = {one.id: one.name for one in found.channels}
        kinds = marketing_kinds(speaker)
        data: dict[str, Any] = {
            "rows": [
                {
                    "url": f"{PAGE}/{one.id}",
                    "name": one.name,
                    "kind": kinds[one.kind],
                    "days": say_days(speaker, one, short=True),
                    "channel": channels.get(one.channel_id or 0, ""),
                    "responsible": found.users.get(one.responsible_id or 0, ""),
                    "planned": say_sum(speaker, one.planned, one.currency),
                    "spent": say_sum(speaker, one.spent, one.currency),
                }
                for one in found.page.items
            ],
            "kinds": list(kinds.items()),
            "channels": list(channels.items()),
            "users": sorted(found.users.items(), key=lambda one: one[1].casefold()),
            "asked": asked,
            "narrowed": any(asked[name] for name in ("kind", "channel", "of")),
            "name_url": _url(asked | {"sort": "-name" if asked["sort"] == "name" else "name"}),
            "days_url": _url(asked | {"sort": "date" if asked["sort"] == "" else ""}),
            "next_url": _url(asked | {"after": found.page.next}) if found.page.next else None,
            "may_change": viewer.may_somewhere("answer"),
        }
        return desk.render("marketing.html", speaker, found.around, "marketing", **data)

    return html(await door.page(render, see))


def _url(asked: dict[str, str]) -> str:
    kept = {name: one for name, one in asked.items() if one}
    return f"{PAGE}?{urlencode(kept)}" if kept else PAGE


def see_event(tx: ReadTx, viewer: Viewer, event_id: int, zone: str, after: str | None) -> Seen:
    """One of them. Raises NotFound, Invalid for a bad cursor."""
    one = get_marketing_event(tx, event_id)
    since = began_at(one, zone)
    page = list_touches(tx, event_id, after=after)
    return Seen(
        one=one,
        tally=tally_touches(tx, one, since),
        touches=page,
        clients=names_of(tx, {touch.counterparty_id for touch in page.items}),
        people=contacts_named(tx, {touch.contact_id for touch in page.items if touch.contact_id}),
        brought=list_brought(tx, one, since),
        channels={channel.id: channel.name for channel in list_channels(tx)},
        users={user.id: user.name for user in list_users(tx)},
        segments=list_segments(tx) if viewer.uses("segments") else [],
        around=see_around(tx, viewer),
    )


@get(f"{PAGE}/{{marketing_id:int}}", include_in_schema=False)
async def event(
    door: NamedDependency[Door], request: Asked, marketing_id: Id, after: After = None, left: Left = ""
) -> Response[str]:
    """What it cost, whom it touched, and the clients that it brought."""
    return await show_event(door, request, marketing_id, after, {"left": left})


async def show_event(
    door: Door, request: Asked, event_id: int, after: str | None, said: dict[str, str], status: int = 200
) -> Response[str]:
    """The page; ``said`` is a fault of what was sent, or how many had been touched already (``left``)."""
    desk = Desk(door, request)

    def render(viewer: Viewer, seen: Seen) -> str:
        speaker = desk.speaker(viewer)
        data, told = shape(speaker, seen), {"fault": "", "left": ""} | said
        return desk.render("marketing_event.html", speaker, seen.around, "marketing", event=data, said=told)

    return html(await door.page(render, see_event, event_id, str(desk.zone), after), status)


def shape(speaker: Speaker, seen: Seen) -> dict[str, Any]:
    """What the template shows."""
    one, tally, here = seen.one, seen.tally, f"{PAGE}/{seen.one.id}"
    ways, local = touch_ways(speaker), clock.to_datetime(speaker.now).astimezone(speaker.language.zone)
    told = [
        (speaker.say("Kind"), marketing_kinds(speaker)[one.kind]),
        (speaker.say("Days"), say_days(speaker, one)),
        (speaker.say("Channel"), seen.channels.get(one.channel_id or 0, "")),
        (speaker.say("Planned budget"), say_sum(speaker, one.planned, one.currency)),
        (speaker.say("Spent"), say_sum(speaker, one.spent, one.currency)),
        (speaker.say("Responsible"), seen.users.get(one.responsible_id or 0, "")),
    ]
    touches = []
    for touch in seen.touches.items:
        when = make_when(speaker, touch.at, long=True)
        touches.append({
            "id": touch.id,
            "client": seen.clients.get(touch.counterparty_id, ""),
            "url": f"/clients/{touch.counterparty_id}",
            "person": seen.people.get(touch.contact_id or 0, ""),
            "way": ways[touch.way],
            "when": when.text if when else "",
            "note": touch.note,
            "author": seen.users.get(touch.author_id or 0, ""),
            "may_drop": speaker.viewer.may_somewhere("answer") or touch.author_id == speaker.viewer.user_id,
        })  # fmt: skip
    return {
        "name": one.name,
        "url": here,
        "edit_url": f"{here}/edit",
        "facts": [line for line in told if line[1]],
        "about": one.about,
        "tally": (tally.touches, tally.clients, tally.brought),
        "touches": touches,
        "next_url": f"{here}?after={seen.touches.next}#touches" if seen.touches.next else None,
        "brought": [(name, f"/clients/{client_id}") for client_id, name in seen.brought.items()],
        "brought_more": max(0, tally.brought - len(seen.brought)),
        "ways": list(ways.items()),
        "segments": [(segment.id, segment.name) for segment in seen.segments],
        "now": local.strftime("%Y-%m-%dT%H:%M"),
        "may_change": speaker.viewer.may_somewhere("answer"),
        "may_touch": may_write(speaker.viewer),
    }


ROUTES = [events, event]
