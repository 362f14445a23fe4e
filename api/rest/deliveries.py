"""``/deliveries``: what became of letters of ours, a row for each recipient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from api.auth import Door
from api.rest.once import Key, once
from api.rest.shapes import After, Id, Items, Limit, StrictRequest, Whichever, moment, page_of
from core.database import WriteTx
from crm.staff.readable import Viewer
from mailhub.outbound.ledger import Delivery, cancel, get_delivery, list_deliveries, retry
from mailhub.outbound.states import State

# What a person has to know first, when a letter went to several.
_WORST: tuple[State, ...] = (
    "failed", "bounced", "complained", "unknown", "deferred", "queued", "sending", "cancelled", "sent",
)  # fmt: skip


class ReplyView(msgspec.Struct):
    """The last answer of the other server: its code, the enhanced code of RFC 3463, its words."""

    code: int
    status: str
    text: str


class DeliveryView(msgspec.Struct):
    """One recipient of one letter. ``next_at`` is when it is tried (again), null once nothing is tried any more;
    ``server`` is the last one that it was offered to: the relay's, or that of the mailbox's account."""

    id: int
    message_id: int
    thread_id: int
    recipient: str
    kind: str
    state: str
    attempts: int
    reply: ReplyView | None
    server: str
    next_at: str | None
    created_at: str | None
    changed_at: str | None
    mailing_id: int | None = None


def show_delivery(row: Delivery) -> DeliveryView:
    """A delivery in the shape of the interface."""
    said = ReplyView(row.reply_code, row.reply_status, row.reply_text)
    return DeliveryView(
        id=row.id,
        message_id=row.message_id,
        thread_id=row.thread_id,
        recipient=row.recipient,
        kind=row.kind,
        state=row.state,
        attempts=row.attempts,
        reply=said if row.reply_code or row.reply_status or row.reply_text else None,
        server=row.server,
        next_at=moment(row.next_at) if row.state in ("queued", "deferred") else None,
        created_at=moment(row.created_at),
        changed_at=moment(row.changed_at),
    )


def find_worst(rows: Sequence[Delivery]) -> Delivery | None:
    """The one of a letter's deliveries that says what is left to do."""
    return min(rows, key=lambda row: _WORST.index(row.state), default=None)


@get("/deliveries", tags=["deliveries"])
async def list_all(
    door: NamedDependency[Door],
    limit: Limit = 50,
    after: After = None,
    message_id: Whichever = None,
    thread_id: Whichever = None,
    delivery_state: Annotated[State | None, QueryParameter(name="state")] = None,
) -> Items[DeliveryView]:
    """Deliveries you may see, the newest first; of a letter, a thread or a state."""
    page = await door.read(
        list_deliveries, message_id=message_id, thread_id=thread_id, state=delivery_state, after=after, limit=limit
    )
    return page_of(page, show_delivery)


@get("/deliveries/{delivery_id:int}", tags=["deliveries"])
async def get_one(door: NamedDependency[Door], delivery_id: Id) -> DeliveryView:
    """One delivery."""
    return show_delivery(await door.read(get_delivery, delivery_id))


@post("/deliveries/{delivery_id:int}/cancel", tags=["deliveries"], status_code=200)
async def cancel_one(
    door: NamedDependency[Door], request: StrictRequest, delivery_id: Id, idempotency_key: Key = None
) -> DeliveryView:
    """Do not send what still waits; 409 for what has left."""

    def verb(tx: WriteTx, viewer: Viewer) -> DeliveryView:
        cancel(tx, viewer, delivery_id)
        return show_delivery(get_delivery(tx, viewer, delivery_id))

    return await once(door, request, idempotency_key, DeliveryView, verb)


@post("/deliveries/{delivery_id:int}/retry", tags=["deliveries"], status_code=200)
async def retry_one(
    door: NamedDependency[Door], request: StrictRequest, delivery_id: Id, idempotency_key: Key = None
) -> DeliveryView:
    """Send again, now, what waits for its next try, failed, came back or is unknown; 409 for everything else."""

    def verb(tx: WriteTx, viewer: Viewer) -> DeliveryView:
        retry(tx, viewer, delivery_id)
        return show_delivery(get_delivery(tx, viewer, delivery_id))

    return await once(door, request, idempotency_key, DeliveryView, verb)


ROUTES = [list_all, get_one, cancel_one, retry_one]
