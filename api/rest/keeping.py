"""How long things are kept, what must not go, and what is asked about a person."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

import msgspec
from litestar import Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from api.auth import Door
from api.rest.once import Key, once, once_done
from api.rest.shapes import Body, Id, Items, Made, Number, StrictRequest, moment
from core.database import WriteTx
from crm.staff.readable import Viewer
from mailhub.keeping.requests import (
    PersonRequest,
    ask_erase,
    ask_export,
    find_file,
    get_request,
    list_requests,
)
from mailhub.keeping.rules import Hold, add_hold, lift_hold, list_holds, see_retention, set_retention

Line = Annotated[str, msgspec.Meta(max_length=500)]


class RetentionView(msgspec.Struct):
    """After so many months threads of a mailbox are thrown away (``delete``) or lose their files (``strip``); with
    ``keep`` everything stays."""

    act: str
    months: int


class NewRetention(Body):
    """How long a mailbox keeps what nobody waits for."""

    act: Literal["keep", "delete", "strip"]
    months: Annotated[int, msgspec.Meta(ge=0, le=600)] = 0


class HoldView(msgspec.Struct):
    """A client or a thread of which nothing may go."""

    id: int
    counterparty_id: int | None
    thread_id: int | None
    reason: str
    by: str
    at: str | None


class NewHold(Body):
    """Exactly one of a client and a thread, and why."""

    reason: Line
    counterparty_id: Number | None = None
    thread_id: Number | None = None


class NewPersonRequest(Body):
    """``export`` gathers everything we hold of a contact or an address into one file, ``erase`` forgets them: then
    ``typed`` has to be one of their addresses."""

    kind: Literal["export", "erase"]
    contact_id: Number | None = None
    address: Line | None = None
    typed: Line = ""


class PersonRequestView(msgspec.Struct):
    """How far it is (``done`` of ``total`` letters) and what came of it (``found``, by kind)."""

    id: int
    kind: str
    about: str
    state: str
    done: int
    total: int
    found: dict[str, int]
    has_file: bool
    error: str
    created_at: str | None
    finished_at: str | None


def show_hold(one: Hold) -> HoldView:
    """In the shape of the interface."""
    return HoldView(one.id, one.counterparty_id, one.thread_id, one.reason, one.by, moment(one.at))


def show_request(one: PersonRequest) -> PersonRequestView:
    """In the shape of the interface."""
    return PersonRequestView(
        one.id, one.kind, one.about, one.state, one.done, one.total, one.found, one.has_file, one.error,
        moment(one.created_at), moment(one.finished_at),
    )  # fmt: skip


@get("/mailboxes/{mailbox_id:int}/retention", tags=["keeping"])
async def show_retention(door: NamedDependency[Door], mailbox_id: Id) -> RetentionView:
    """How long a mailbox that you manage keeps its letters."""
    found = await door.read(see_retention, mailbox_id)
    return RetentionView("keep", 0) if found is None else RetentionView(found.act, found.months)


@put("/mailboxes/{mailbox_id:int}/retention", tags=["keeping"], status_code=204)
async def change_retention(
    door: NamedDependency[Door],
    request: StrictRequest,
    mailbox_id: Id,
    data: JSONBody[NewRetention],
    idempotency_key: Key = None,
) -> None:
    """Say how long a mailbox that you manage keeps its letters."""

    def verb(tx: WriteTx, viewer: Viewer) -> None:
        set_retention(tx, viewer, mailbox_id, None if data.act == "keep" else data.act, data.months)

    await once_done(door, request, idempotency_key, verb)


@get("/holds", tags=["keeping"])
async def show_holds(door: NamedDependency[Door]) -> Items[HoldView]:
    """What must not go (administrators)."""
    return Items([show_hold(one) for one in await door.read(list_holds)])


@post("/holds", tags=["keeping"])
async def make_hold(
    door: NamedDependency[Door], request: StrictRequest, data: JSONBody[NewHold], idempotency_key: Key = None
) -> Made:
    """Let nothing of a client or of a thread go (administrators)."""

    def verb(tx: WriteTx, viewer: Viewer) -> Made:
        ids = {"counterparty_id": data.counterparty_id, "thread_id": data.thread_id}
        return Made(add_hold(tx, viewer, data.reason, **ids))

    return await once(door, request, idempotency_key, Made, verb)


@delete("/holds/{hold_id:int}", tags=["keeping"])
async def end_hold(door: NamedDependency[Door], hold_id: Id) -> None:
    """It may go again (administrators)."""
    await door.write(lift_hold, hold_id)


@get("/person-requests", tags=["keeping"])
async def show_requests(door: NamedDependency[Door]) -> Items[PersonRequestView]:
    """Exports and erasures of people, the latest first (administrators)."""
    return Items([show_request(one) for one in await door.read(list_requests)])


@post("/person-requests", tags=["keeping"])
async def make_request(
    door: NamedDependency[Door], request: StrictRequest, data: JSONBody[NewPersonRequest], idempotency_key: Key = None
) -> Made:
    """Export or erase a person (administrators); it is done in the background."""

    def verb(tx: WriteTx, viewer: Viewer) -> Made:
        door.demand_proof(tx, programs=True)
        if data.kind == "export":
            return Made(ask_export(tx, viewer, contact_id=data.contact_id, address=data.address))
        return Made(ask_erase(tx, viewer, data.typed, contact_id=data.contact_id, address=data.address))

    return await once(door, request, idempotency_key, Made, verb)


@get("/person-requests/{request_id:int}", tags=["keeping"])
async def show_one_request(door: NamedDependency[Door], request_id: Id) -> PersonRequestView:
    """How far an export or an erasure is (administrators)."""
    return show_request(await door.read(get_request, request_id))


@get("/person-requests/{request_id:int}/file", tags=["keeping"])
async def fetch_file(door: NamedDependency[Door], request_id: Id) -> Response[bytes]:
    """The file of an export, for a week (administrators); fetching it is written down."""
    return await answer_file(door, request_id)


async def answer_file(door: Door, request_id: int) -> Response[bytes]:
    """A zip with ``person.json`` and the letters as they came."""
    name = await door.write(find_file, request_id)
    content = await asyncio.to_thread((door.house.exports / name).read_bytes)
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return Response(content, media_type="application/zip", headers=headers)


ROUTES = [
    show_retention, change_retention, show_holds, make_hold, end_hold, show_requests, make_request, show_one_request,
    fetch_file,
]  # fmt: skip
