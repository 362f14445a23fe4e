"""The page of channels: by what clients come, in the order in which they are offered."""

from __future__ import annotations

from dataclasses import dataclass

from litestar import Response, get, post
from litestar.di import NamedDependency

from api.auth import Door
from api.marketing import make_channel, move_channel, rewrite_channel
from api.web.desk import Asked, Desk, Id, html, lead
from api.web.forms import read_form
from api.web.shell import Around, see_around
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Invalid
from crm.parties import Channel, list_channels
from crm.staff.readable import Viewer

PAGE = "/settings/channels"


@dataclass(frozen=True, slots=True)
class Seen:
    """What the page reads."""

    channels: list[Channel]
    around: Around


def see_channels(tx: ReadTx, viewer: Viewer) -> Seen:
    """All of them; who may change them is asked where they are."""
    return Seen(list_channels(tx), see_around(tx, viewer))


async def _page(door: Door, request: Asked, problem: Invalid | Conflict | None, typed: str = "") -> Response[str]:
    desk = Desk(door, request)

    def render(viewer: Viewer, seen: Seen) -> str:
        speaker = desk.speaker(viewer)
        data = {
            "rows": [one for one in seen.channels if not one.ended],
            "ended": [one for one in seen.channels if one.ended],
            "may_change": viewer.is_admin,
            "typed": typed,
            "problem": speaker.say(problem.sentence, **problem.fields) if problem is not None else "",
        }
        return desk.render("channels.html", speaker, seen.around, "settings", **data)

    return html(await door.page(render, see_channels), 200 if problem is None else 400)


@get(PAGE, include_in_schema=False)
async def show(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """The page."""
    return await _page(door, request, None)


@post(PAGE, include_in_schema=False)
async def add(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """One more; what was written stays where it cannot be."""
    name = (await read_form(request)).get("name", "")
    try:
        await door.write(make_channel, name)
    except (Invalid, Conflict) as problem:
        return await _page(door, request, problem, name)
    return lead(request, PAGE)


@post(f"{PAGE}/{{channel_id:int}}", include_in_schema=False)
async def change(door: NamedDependency[Door], request: Asked, channel_id: Id) -> Response[str]:
    """Another name; offered no more, or again; one place up or down."""
    form = await read_form(request)
    act = form.get("act", "")

    def verb(tx: WriteTx, viewer: Viewer) -> None:
        if act in ("up", "down"):
            move_channel(tx, viewer, channel_id, -1 if act == "up" else 1)
        elif act in ("end", "offer"):
            rewrite_channel(tx, viewer, channel_id, ended=act == "end")
        else:
            rewrite_channel(tx, viewer, channel_id, name=form.get("name", ""))

    try:
        await door.write(verb)
    except (Invalid, Conflict) as problem:
        return await _page(door, request, problem)
    return lead(request, PAGE)


ROUTES = [show, add, change]
