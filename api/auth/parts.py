"""Parts of the house that can be turned off (``crm/staff/modules``): their routes are gone then, for everybody.

A route names its part once, where the lists of all routes are put together. The guard asks before anything of the
request is read, so that a mistake in it tells nothing of what is not there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler

from api.auth.credentials import Credentials, read_credentials
from api.auth.door import Door
from crm.staff.modules import KEYS, TurnedOff, find_off
from mailhub.runtime import House

PART = "part"


def of_part(part: str, routes: Sequence[HTTPRouteHandler]) -> list[HTTPRouteHandler]:
    """These routes as those of a part."""
    assert part in KEYS, f"there is no part {part}"
    for route in routes:
        route.opt[PART] = part
    return list(routes)


async def refuse_turned_off(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """A guard of every route. Raises TurnedOff for those of a part that is not used; SignInNeeded for strangers who
    have to sign in there."""
    part = handler.opt.get(PART)
    if part is None:
        return
    house: House = connection.app.state.house
    if part not in await house.database.read(find_off):
        return
    credentials = read_credentials(connection, house.settings)
    if credentials != Credentials() or not handler.opt.get("open"):
        await Door(house, credentials, "GET", connection.scope["state"]).read(lambda _tx, _viewer: None)
    raise TurnedOff("This part of the house is not used.")
