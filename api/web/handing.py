"""Handing clients over, one or all of a manager; and the address under which one's own calendar is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from api.auth import Door, of_part
from api.handing import feed_url, hand_all
from api.web.desk import Asked, Desk, html
from api.web.forms import read_form, read_id
from api.web.shell import Around, see_around
from core.database import ReadTx
from core.errors import Invalid
from crm.parties import get_counterparty
from crm.planner import drop_feed, has_feed, make_feed
from crm.staff.people import get_user, list_users
from crm.staff.readable import Viewer, demand_somewhere
from mailhub.mailboxes.handing_over import Handed, count_clients_of, hand_client

LONGEST = 2100
OfClient = Annotated[int | None, QueryParameter(name="client", ge=1, le=2**63 - 1)]
OfManager = Annotated[int | None, QueryParameter(name="manager", ge=1, le=2**63 - 1)]


@dataclass(frozen=True, slots=True)
class HandingPage:
    """See templates/web/handing.html."""

    client_id: int | None
    manager_id: int | None
    client: str
    manager: str
    clients: int
    users: list[tuple[int, str]]
    handed: Handed | None = None
    to: str = ""


def see_handing(
    tx: ReadTx, viewer: Viewer, client_id: int | None, manager_id: int | None
) -> tuple[HandingPage, Around]:
    """Of whom what is to be handed over. Raises NotFound, Forbidden."""
    demand_somewhere(viewer, "assign")
    client = get_counterparty(tx, client_id) if client_id is not None else None
    if client is not None:
        manager_id = client.manager_id
    manager = get_user(tx, manager_id) if manager_id is not None else None
    users = [(one.id, one.name) for one in list_users(tx) if not one.disabled and one.id != manager_id]
    shown = HandingPage(
        client_id=client_id,
        manager_id=manager_id,
        client=client.name if client else "",
        manager=manager.name if manager else "",
        clients=count_clients_of(tx, manager_id) if manager_id is not None else 0,
        users=users,
    )
    return shown, see_around(tx, viewer)


@get("/clients/hand-over", include_in_schema=False)
async def page(
    door: NamedDependency[Door], request: Asked, client: OfClient = None, manager: OfManager = None
) -> Response[str]:
    """Of one client, of all of a manager, or of whom first."""
    desk = Desk(door, request)

    def render(viewer: Viewer, seen: tuple[HandingPage, Around]) -> str:
        return desk.render("handing.html", desk.speaker(viewer), seen[1], "clients", handing=seen[0])

    return html(await door.page(render, see_handing, client, manager))


@post("/clients/hand-over", include_in_schema=False, status_code=200)
async def hand(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """Give it over, and say what went."""
    desk, form = Desk(door, request), await read_form(request, LONGEST)
    client_id, from_id, to_id = (read_id(form, name) for name in ("client_id", "from_id", "to_id"))
    note = form.get("note", "")
    if to_id is None:
        raise Invalid("Choose somebody who works here.", field="to_id")
    if client_id is not None:
        handed = await door.write(hand_client, client_id, to_id, note)
    elif from_id is not None:
        handed = await hand_all(door, from_id, to_id, note)
    else:
        raise Invalid("Name the client.", field="client_id")

    def see(tx: ReadTx, viewer: Viewer) -> tuple[HandingPage, Around]:
        shown, around = see_handing(tx, viewer, client_id, None if client_id is not None else from_id)
        told: dict[str, Any] = {name: getattr(shown, name) for name in HandingPage.__dataclass_fields__}
        return HandingPage(**told | {"handed": handed, "to": get_user(tx, to_id).name}), around

    def render(viewer: Viewer, seen: tuple[HandingPage, Around]) -> str:
        return desk.render("handing.html", desk.speaker(viewer), seen[1], "clients", handing=seen[0])

    return html(await door.page(render, see))


@get("/calendar/address", include_in_schema=False)
async def address(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """Whether one's calendar is read elsewhere."""
    return await _show_address(door, request, "")


@post("/calendar/address", include_in_schema=False, status_code=200)
async def change_address(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """A new address, shown this once, or none any more."""
    form = await read_form(request)
    if form.get("act") == "end":
        await door.write(drop_feed)
        return await _show_address(door, request, "")
    return await _show_address(door, request, feed_url(door, await door.write(make_feed)))


async def _show_address(door: Door, request: Asked, url: str) -> Response[str]:
    desk = Desk(door, request)

    def see(tx: ReadTx, viewer: Viewer) -> tuple[bool, Around]:
        return has_feed(tx, viewer), see_around(tx, viewer)

    def render(viewer: Viewer, seen: tuple[bool, Around]) -> str:
        data = {"has": seen[0], "url": url}
        return desk.render("calendar_address.html", desk.speaker(viewer), seen[1], "calendar", address=data)

    return html(await door.page(render, see))


ROUTES = [page, hand, *of_part("calendar", [address, change_address])]
