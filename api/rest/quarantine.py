"""``/quarantine``: letters that could not be processed, and what people do about them."""

from __future__ import annotations

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from api.auth import Door
from api.rest.messages import source_answer
from api.rest.once import Key, once_done
from api.rest.shapes import After, Body, Id, Items, Limit, Number, StrictRequest, Whichever, moment, page_of
from mailhub.routing.quarantine import Held, file_by_hand, get_held, list_held, retry


class HeldView(msgspec.Struct):
    """A letter in quarantine: where it was going, in which step it failed and why."""

    id: int
    mailbox_id: int
    received_at: str | None
    mail_from: str
    step: str
    error: str
    tries: int


class Filing(Body):
    """Whose letter it is, or the thread of its mailbox that it belongs to."""

    counterparty_id: Number | None = None
    thread_id: Number | None = None


def show_held(held: Held) -> HeldView:
    """A held letter in the shape of the interface."""
    return HeldView(
        id=held.id,
        mailbox_id=held.mailbox_id,
        received_at=moment(held.received_at),
        mail_from=held.mail_from,
        step=held.step,
        error=held.error,
        tries=held.tries,
    )


@get("/quarantine", tags=["quarantine"])
async def list_all(
    door: NamedDependency[Door], limit: Limit = 50, after: After = None, import_id: Whichever = None
) -> Items[HeldView]:
    """Letters of your mailboxes that could not be processed, the newest first; those that an import brought."""
    return page_of(await door.read(list_held, after=after, limit=limit, import_id=import_id), show_held)


@get("/quarantine/{held_id:int}", tags=["quarantine"])
async def get_one(door: NamedDependency[Door], held_id: Id) -> HeldView:
    """One letter in quarantine."""
    return show_held(await door.read(get_held, held_id))


@get("/quarantine/{held_id:int}/raw", tags=["quarantine"], media_type="message/rfc822")
async def get_raw(door: NamedDependency[Door], held_id: Id) -> Response[bytes]:
    """The bytes as they came."""
    held = await door.read(get_held, held_id)
    return source_answer(f"held-{held.id}", await door.house.displays.read_raw(held.blob_id))


@post("/quarantine/{held_id:int}/retry", tags=["quarantine"], status_code=202)
async def retry_one(
    door: NamedDependency[Door], request: StrictRequest, held_id: Id, idempotency_key: Key = None
) -> None:
    """Process it again."""
    await once_done(door, request, idempotency_key, lambda tx, viewer: retry(tx, viewer, held_id))


@post("/quarantine/{held_id:int}/file", tags=["quarantine"], status_code=202)
async def file_one(
    door: NamedDependency[Door],
    request: StrictRequest,
    held_id: Id,
    data: JSONBody[Filing],
    idempotency_key: Key = None,
) -> None:
    """Process it again and put it to this client, or into this thread."""
    client_id, thread_id = data.counterparty_id, data.thread_id
    await once_done(
        door,
        request,
        idempotency_key,
        lambda tx, viewer: file_by_hand(tx, viewer, held_id, client_id, thread_id=thread_id),
    )


ROUTES = [list_all, get_one, get_raw, retry_one, file_one]
