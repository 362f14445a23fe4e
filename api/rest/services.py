"""``/sending-services``: services that letters leave by and that tell what came back, for administrators."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from api.auth import Door
from api.rest.once import Key, once
from api.rest.shapes import Body, Id, Items, StrictRequest, moment
from core.database import WriteTx
from crm.staff.readable import Viewer
from mailhub.outbound.services import keeping
from mailhub.outbound.services.keeping import Service

Secret = Annotated[str, msgspec.Meta(max_length=1000)]


class ServiceView(msgspec.Struct):
    """A service. `address` is what it has to call; `taken` counts what it told of letters of ours; `fault` says why its
    call at `refused_at` was not believed."""

    id: int
    kind: str
    name: str
    address: str
    taken: int
    heard_at: str | None
    refused_at: str | None
    fault: str
    created_at: str | None


class NewService(Body):
    """A service. `secret` is what its calls are proved by, and never told again: of `ses` the ARN of the topic, of
    `mailgun` the HTTP webhook signing key, of `postmark` `user:password` or nothing, of `sendgrid` the verification
    key."""

    kind: Literal["ses", "mailgun", "postmark", "sendgrid"]
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    secret: Secret = ""


class OtherSecret(Body):
    """Another secret; the address stays."""

    secret: Secret


def show_service(base_url: str, one: Service) -> ServiceView:
    """A service in the shape of the interface."""
    return ServiceView(
        one.id, one.kind, one.name, base_url.rstrip("/") + one.path, one.taken, moment(one.heard_at),
        moment(one.refused_at), one.fault, moment(one.created_at),
    )  # fmt: skip


@get("/sending-services", tags=["sending"])
async def list_all(door: NamedDependency[Door]) -> Items[ServiceView]:
    """Services that tell what came back, the oldest first (administrators)."""
    keys, base = door.house.keys, door.house.settings.web.base_url
    found = await door.read(lambda tx, viewer: keeping.list_services(tx, keys, viewer))
    return Items([show_service(base, one) for one in found])


@post("/sending-services", tags=["sending"])
async def add(
    door: NamedDependency[Door], request: StrictRequest, data: JSONBody[NewService], idempotency_key: Key = None
) -> ServiceView:
    """Believe a service from now on (administrators)."""
    keys, base = door.house.keys, door.house.settings.web.base_url

    def verb(tx: WriteTx, viewer: Viewer) -> ServiceView:
        made = keeping.add_service(tx, keys, viewer, data.kind, data.name, data.secret)
        return show_service(base, keeping.get_service(tx, keys, viewer, made))

    return await once(door, request, idempotency_key, ServiceView, verb, secret=True)


@patch("/sending-services/{service_id:int}", tags=["sending"])
async def change(door: NamedDependency[Door], service_id: Id, data: JSONBody[OtherSecret]) -> ServiceView:
    """Another secret (administrators)."""
    keys, base = door.house.keys, door.house.settings.web.base_url

    def verb(tx: WriteTx, viewer: Viewer) -> ServiceView:
        keeping.change_secret(tx, keys, viewer, service_id, data.secret)
        return show_service(base, keeping.get_service(tx, keys, viewer, service_id))

    return await door.write(verb)


@delete("/sending-services/{service_id:int}", tags=["sending"])
async def remove(door: NamedDependency[Door], service_id: Id) -> None:
    """Believe it no more (administrators)."""
    await door.write(keeping.remove_service, service_id)


ROUTES = [list_all, add, change, remove]
