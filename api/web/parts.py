"""What is used here: administrators turn parts of the house off and on."""

from __future__ import annotations

from dataclasses import dataclass

from litestar import Response, get, post
from litestar.di import NamedDependency

from api.auth import Door
from api.web.desk import Asked, Desk, html, lead
from api.web.forms import read_form
from api.web.shapes import Speaker
from api.web.shell import Around, see_around
from core.database import ReadTx, WriteTx
from crm.staff.modules import MODULES, turn_off, turn_on
from crm.staff.readable import Viewer, demand_admin

PAGE = "/settings/parts"


@dataclass(frozen=True, slots=True)
class PartRow:
    """A part of the house; ``needs`` names those that it cannot be used without."""

    key: str
    name: str
    about: str
    used: bool
    needs: str


def see_parts(tx: ReadTx, viewer: Viewer) -> Around:
    """Raises Forbidden."""
    demand_admin(viewer)
    return see_around(tx, viewer)


def switch_part(tx: WriteTx, viewer: Viewer, key: str, act: str) -> None:
    """Turn a part ``on`` or off. Raises Forbidden, NotFound."""
    demand_admin(viewer)
    (turn_on if act == "on" else turn_off)(tx, viewer.user_id, key)


@get(PAGE, include_in_schema=False)
async def show(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """Every part with its switch."""
    desk = Desk(door, request)

    def render(viewer: Viewer, around: Around) -> str:
        speaker = desk.speaker(viewer)
        return desk.render("parts.html", speaker, around, "settings", parts=make_rows(speaker))

    return html(await door.page(render, see_parts))


def make_rows(speaker: Speaker) -> list[PartRow]:
    """The parts in their order."""
    names = {one.key: speaker.say(one.name) for one in MODULES}
    return [
        PartRow(
            key=one.key,
            name=names[one.key],
            about=speaker.say(one.about),
            used=speaker.viewer.uses(one.key),
            needs=", ".join(names[key] for key in one.needs),
        )
        for one in MODULES
    ]


@post(PAGE, include_in_schema=False)
async def switch(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """On or off, for everybody, at once."""
    form = await read_form(request)
    await door.write(switch_part, form.get("part", ""), form.get("act", ""))
    return lead(request, PAGE)


ROUTES = [show, switch]
