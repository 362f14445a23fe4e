"""``/notices/device``: whether the browser you are signed in with tells you of notices although no page is open."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import delete, get, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from api.auth import Door
from api.rest.shapes import Body
from core.database import ReadTx, WriteTx
from core.errors import Forbidden
from crm.staff.readable import Viewer
from mailhub.mailboxes.devices import LONGEST_ADDRESS, end_device, has_device, set_device
from mailhub.notices.push_keys import find_public_key
from mailhub.notices.pushed import read_base64, read_point, write_base64

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9_-]+=*$")]


class DeviceView(msgspec.Struct):
    """``key`` is what the browser subscribes with (`applicationServerKey`), empty where the house tells no browsers;
    ``on``: this browser is told."""

    key: str
    on: bool


class Subscription(Body):
    """What the browser gave when it subscribed: the address of its service and its keys (`p256dh`, `auth`)."""

    endpoint: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_ADDRESS)]
    p256dh: Text
    auth: Text


def _see(tx: ReadTx, door: Door, told: bool) -> DeviceView:
    public, secret = find_public_key(tx) if told else None, door.credentials.session
    if public is None:
        return DeviceView("", False)
    return DeviceView(write_base64(public), secret is not None and has_device(tx, secret))


def _session(door: Door) -> str:
    if door.credentials.session is None:
        raise Forbidden("A program may not do this. Sign in with a browser.")
    return door.credentials.session


@get("/notices/device", tags=["notices"])
async def see(door: NamedDependency[Door]) -> DeviceView:
    """Whether this browser is told, and the key to subscribe it with."""
    told = door.house.settings.web.push
    return await door.read(lambda tx, _viewer: _see(tx, door, told))


@put("/notices/device", tags=["notices"])
async def tell(door: NamedDependency[Door], data: JSONBody[Subscription]) -> DeviceView:
    """Tell this browser of notices although no page is open, until you sign out. A program may not."""
    told = door.house.settings.web.push
    if not told:
        raise Forbidden("This server tells no browsers of notices. An administrator lets it by web.push.")
    public, secret = read_base64(data.p256dh), read_base64(data.auth)
    read_point(public)

    def change(tx: WriteTx, viewer: Viewer) -> DeviceView:
        set_device(tx, viewer, _session(door), data.endpoint, public, secret)
        return _see(tx, door, told)

    return await door.write(change)


@delete("/notices/device", tags=["notices"])
async def leave(door: NamedDependency[Door]) -> None:
    """Tell this browser nothing any more."""
    await door.write(lambda tx, viewer: end_device(tx, viewer, _session(door)))


ROUTES = [see, tell, leave]
