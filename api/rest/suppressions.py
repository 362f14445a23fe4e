"""``/suppressions``: addresses that must not be written to (administrators)."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter

from api.auth import Door
from api.rest.once import Key, once
from api.rest.shapes import After, Body, Id, Items, Limit, StrictRequest, moment, page_of
from core.database import ReadTx, WriteTx
from core.errors import Conflict, NotFound
from core.paging import Page
from core.secrets import Keys
from crm.staff.audit import record_audit
from crm.staff.readable import Viewer, demand_admin
from mailhub.outbound.suppression import Suppressed, lift_one, list_suppressions, suppress


class SuppressionView(msgspec.Struct):
    """One reason. The address itself is not kept, only a mark by which it is known again: ask with `?address=`."""

    id: int
    reason: str
    detail: str
    created_at: str | None


class NewSuppression(Body):
    """An address that nobody writes to any more; ``unsubscribed`` stops all but personal letters."""

    address: Annotated[str, msgspec.Meta(min_length=3, max_length=320)]
    reason: Literal["hand", "unsubscribed"] = "hand"
    detail: Annotated[str, msgspec.Meta(max_length=500)] = ""


def show_suppression(one: Suppressed) -> SuppressionView:
    """A reason in the shape of the interface."""
    return SuppressionView(one.id, one.reason, one.detail, moment(one.created_at))


def read_suppressions(
    tx: ReadTx, viewer: Viewer, keys: Keys, address: str | None, after: str | None, limit: int
) -> Page[Suppressed]:
    """A page of the reasons. Raises Forbidden, Invalid."""
    demand_admin(viewer)
    return list_suppressions(tx, keys, address=address, after=after, limit=limit)


def add_suppression(tx: WriteTx, viewer: Viewer, keys: Keys, new: NewSuppression) -> SuppressionView:
    """Write to an address no more. Raises Forbidden, Invalid, Conflict when that is so already."""
    demand_admin(viewer)
    if not suppress(tx, keys, new.address, new.reason, new.detail):
        raise Conflict("Nobody writes to this address for that reason already.")
    made = list_suppressions(tx, keys, address=new.address, limit=1).items[0]
    record_audit(tx, viewer.user_id, "suppression-added", str(made.id), reason=new.reason)
    return show_suppression(made)


def end_suppression(tx: WriteTx, viewer: Viewer, suppression_id: int) -> None:
    """Take a reason away. Raises Forbidden, NotFound."""
    demand_admin(viewer)
    if not lift_one(tx, suppression_id):
        raise NotFound("There is no suppression with the number %(id)s.", id=suppression_id)
    record_audit(tx, viewer.user_id, "suppression-lifted", str(suppression_id))


@get("/suppressions", tags=["suppressions"])
async def list_all(
    door: NamedDependency[Door],
    limit: Limit = 50,
    after: After = None,
    address: Annotated[str | None, QueryParameter(max_length=320)] = None,
) -> Items[SuppressionView]:
    """Why addresses are not written to, the newest first, or the reasons of one address."""
    page = await door.read(read_suppressions, door.house.keys, address, after, limit)
    return page_of(page, show_suppression)


@post("/suppressions", tags=["suppressions"])
async def add_one(
    door: NamedDependency[Door], request: StrictRequest, data: JSONBody[NewSuppression], idempotency_key: Key = None
) -> SuppressionView:
    """Write to an address no more, letters that wait included."""
    keys = door.house.keys
    return await once(
        door, request, idempotency_key, SuppressionView, lambda tx, viewer: add_suppression(tx, viewer, keys, data)
    )


@delete("/suppressions/{suppression_id:int}", tags=["suppressions"])
async def end_one(door: NamedDependency[Door], suppression_id: Id) -> None:
    """Take one reason away; the address is written to again when it was the last."""
    await door.write(end_suppression, suppression_id)


ROUTES = [list_all, add_one, end_one]
