"""The guided first hour: a page for administrators, and a part of the empty inbox, until all is done or skipped."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from api.auth import Door
from api.web.desk import Asked, Desk, html
from api.web.forms import read_form
from api.web.shell import Around, see_around
from core.database import ReadTx, WriteTx
from crm.staff.readable import Viewer, demand_admin
from mailhub.mailboxes.boxes import Mailbox, add_mailbox
from mailhub.upkeep.first_hour import skip_step


def see_welcome(tx: ReadTx, viewer: Viewer) -> Around:
    """Raises Forbidden."""
    demand_admin(viewer)
    return see_around(tx, viewer)


@get("/welcome", include_in_schema=False)
async def welcome(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """What is still to be done."""
    desk = Desk(door, request)

    def render(viewer: Viewer, around: Around) -> str:
        return desk.render("welcome.html", desk.speaker(viewer), around, "welcome")

    return html(await door.page(render, see_welcome))


@post("/welcome/mailbox", include_in_schema=False, status_code=303)
async def first_mailbox(door: NamedDependency[Door], request: Asked) -> Redirect:
    """A public mailbox, and on to the server where its letters lie."""
    fields = await read_form(request)
    box = await door.write(_add, fields.get("address", ""), fields.get("name", ""))
    return Redirect(f"/settings/mailboxes/{box.id}/connect", status_code=303)


@post("/welcome/skip", include_in_schema=False, status_code=200)
async def skip(door: NamedDependency[Door], request: Asked) -> Response[Any]:
    """Ask for a step no more."""
    fields = await read_form(request)
    await door.write(skip_step, fields.get("step", ""))
    if request.headers.get("hx-request") == "true":
        return Response("", headers={"HX-Refresh": "true"}, media_type="text/html")
    return Redirect("/", status_code=303)


def _add(tx: WriteTx, viewer: Viewer, address: str, name: str) -> Mailbox:
    demand_admin(viewer)
    return add_mailbox(tx, address.strip(), name.strip() or address.strip(), "public")


ROUTES = [welcome, first_mailbox, skip]
