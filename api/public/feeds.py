"""``/feeds/{secret}``: somebody's calendar for their telephone. Whoever has the address reads it, and it alone."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.params import PathParameter

from core.database import ReadTx
from core.errors import NotFound
from crm.parties import names_of
from crm.planner import Planned, find_feed, list_feed, write_feed
from crm.staff.readable import get_viewer
from mailhub.runtime import House

Secret = Annotated[str, PathParameter(max_length=200)]


def read_feed(tx: ReadTx, secret: str) -> tuple[str, list[Planned], dict[int, str]]:
    """The name of whose it is, what is planned, and the clients; by the rights of this moment. Raises NotFound."""
    user_id = find_feed(tx, secret.removesuffix(".ics"))
    if user_id is None:
        raise NotFound("There is no calendar under this address.")
    viewer = get_viewer(tx, user_id)
    planned = list_feed(tx, viewer)
    clients = {one.counterparty_id for one in planned if one.counterparty_id is not None}
    return viewer.name, planned, names_of(tx, clients)


@get("/feeds/{secret:str}", include_in_schema=False, opt={"open": True})
async def feed(request: Request[Any, Any, Any], secret: Secret) -> Response[bytes]:
    """iCalendar (RFC 5545)."""
    house: House = request.app.state.house
    name, planned, clients = await house.database.read(read_feed, secret)
    body = write_feed(planned, clients, name, house.settings.web.base_url)
    headers = {"Cache-Control": "private, no-store", "X-Robots-Tag": "noindex", "Referrer-Policy": "no-referrer"}
    return Response(body, media_type="text/calendar; charset=utf-8", headers=headers)


ROUTES = [feed]
