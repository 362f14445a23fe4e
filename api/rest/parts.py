"""``/parts``: what is used here. A part that is turned off is gone from every page and route; what was in it stays."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import get, put
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter

from api.auth import Door
from api.rest.shapes import Body, Items
from core.database import WriteTx
from crm.staff.modules import MODULES, find_off, turn_off, turn_on
from crm.staff.readable import Viewer, demand_admin

PartKey = Annotated[str, PathParameter(max_length=50)]


class PartView(msgspec.Struct):
    """A part of the house; it cannot be used without those that it ``needs``."""

    key: str
    used: bool
    needs: list[str]


class PartUsed(Body):
    """Whether a part is used."""

    used: bool


def show_parts(off: frozenset[str]) -> list[PartView]:
    """In the shape of the interface."""
    return [PartView(one.key, one.key not in off, list(one.needs)) for one in MODULES]


@get("/parts", tags=["parts"])
async def list_parts(door: NamedDependency[Door]) -> Items[PartView]:
    """What can be turned off, and whether it is used."""
    return Items(show_parts(await door.read(lambda tx, _: find_off(tx))))


@put("/parts/{part:str}", tags=["parts"])
async def change_part(door: NamedDependency[Door], part: PartKey, data: JSONBody[PartUsed]) -> Items[PartView]:
    """Turn a part off or on (administrators). What cannot be used without it is off with it."""

    def verb(tx: WriteTx, viewer: Viewer) -> list[PartView]:
        demand_admin(viewer)
        (turn_on if data.used else turn_off)(tx, viewer.user_id, part)
        return show_parts(find_off(tx))

    return Items(await door.write(verb))


ROUTES = [list_parts, change_part]
