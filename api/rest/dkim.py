"""``/dkim-keys``: how our letters are signed, for administrators."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from api.auth import Door
from api.rest.once import Key, once
from api.rest.shapes import Body, Id, Items, StrictRequest, moment
from core.database import WriteTx
from crm.staff.readable import Viewer
from mailhub.outbound import dkim_keys
from mailhub.outbound.dkim_keys import DkimKey, list_keys
from mailhub.routing.published import look_up


class DkimKeyView(msgspec.Struct):
    """A key. Publish ``record`` as the TXT record ``name``; after a check that found it, letters are signed by it
    (``in_use``). ``fault`` is empty, or what the last check found instead."""

    id: int
    domain: str
    selector: str
    algorithm: str
    name: str
    record: str
    in_use: bool
    checked_at: str | None
    fault: str


class NewKeys(Body):
    """A domain that letters are written from."""

    domain: Annotated[str, msgspec.Meta(min_length=3, max_length=253)]


def show_key(one: DkimKey) -> DkimKeyView:
    """A key in the shape of the interface."""
    return DkimKeyView(
        one.id, one.domain, one.selector, one.algorithm, one.name, one.record, one.in_use, moment(one.checked_at),
        one.fault,
    )  # fmt: skip


@get("/dkim-keys", tags=["sending"])
async def get_keys(door: NamedDependency[Door]) -> Items[DkimKeyView]:
    """All keys, by domain (administrators)."""
    return Items([show_key(one) for one in await door.read(list_keys)])


@post("/dkim-keys", tags=["sending"])
async def create(
    door: NamedDependency[Door], request: StrictRequest, data: JSONBody[NewKeys], idempotency_key: Key = None
) -> Items[DkimKeyView]:
    """Make a pair of keys for a domain, RSA and Ed25519. They sign nothing until a check has found their records."""

    def verb(tx: WriteTx, viewer: Viewer) -> Items[DkimKeyView]:
        made = dkim_keys.make_keys(tx, door.house.keys, viewer, data.domain)
        return Items([show_key(one) for one in made])

    return await once(door, request, idempotency_key, Items[DkimKeyView], verb)


@post("/dkim-keys/{key_id:int}/check", tags=["sending"], status_code=200)
async def check(door: NamedDependency[Door], key_id: Id) -> DkimKeyView:
    """Look for its record in the DNS; from the moment it stands there, letters are signed by it."""
    keys = [one for one in await door.read(list_keys) if one.id == key_id]
    found = await look_up(door.house.settings, keys)
    return show_key(await door.write(_record, key_id, found.get(key_id, "")))


@delete("/dkim-keys/{key_id:int}", tags=["sending"])
async def remove(door: NamedDependency[Door], key_id: Id) -> None:
    """Sign with it no more."""
    await door.write(dkim_keys.remove_key, key_id)


def _record(tx: WriteTx, viewer: Viewer, key_id: int, fault: str) -> DkimKey:
    return dkim_keys.record_look(tx, viewer, key_id, fault)


ROUTES = [get_keys, create, check, remove]
