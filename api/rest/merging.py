"""``/counterparties/{id}/merge`` and ``/contacts/{id}/merge``: two are one. ``/merges/{id}/undo``: or not."""

from __future__ import annotations

from typing import Literal

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from api.auth import Door
from api.rest.once import Key, once
from api.rest.shapes import Body, Id, Items, Made, Number, StrictRequest, moment
from core.database import ReadTx
from crm.parties import Merge, get_contact, get_counterparty, list_merges
from crm.staff.readable import Viewer
from mailhub.mailboxes.uniting import merge, part_again


class NewMerge(Body):
    """Whom to merge into this one: everything that names them names this one from then on."""

    gone_id: Number


class MergeView(msgspec.Struct):
    """``gone_id``, once called ``name``, was merged into ``kept_id``; ``undone_at`` says when it was taken back."""

    id: int
    of: Literal["counterparty", "contact"]
    kept_id: int
    gone_id: int
    name: str
    by_id: int | None
    at: str | None
    undone_at: str | None


def show_merge(one: Merge) -> MergeView:
    """A merge in the shape of the interface."""
    return MergeView(
        one.id, one.of, one.kept_id, one.gone_id, one.name, one.by_id, moment(one.at), moment(one.undone_at)
    )


def read_client_merges(tx: ReadTx, _: Viewer, counterparty_id: int) -> list[Merge]:
    """What was merged into a client. Raises NotFound."""
    return list_merges(tx, "counterparty", get_counterparty(tx, counterparty_id).id)


def read_person_merges(tx: ReadTx, _: Viewer, contact_id: int) -> list[Merge]:
    """What was merged into a person. Raises NotFound."""
    return list_merges(tx, "contact", get_contact(tx, contact_id).id)


@post("/counterparties/{counterparty_id:int}/merge", tags=["clients"])
async def merge_clients(
    door: NamedDependency[Door], request: StrictRequest, counterparty_id: Id, data: JSONBody[NewMerge],
    idempotency_key: Key = None,
) -> Made:  # fmt: skip
    """Merge another client into this one; the answer is the number of the merge."""
    return await once(
        door, request, idempotency_key, Made,
        lambda tx, viewer: Made(merge(tx, viewer, "counterparty", counterparty_id, data.gone_id)),
    )  # fmt: skip


@get("/counterparties/{counterparty_id:int}/merges", tags=["clients"])
async def get_client_merges(door: NamedDependency[Door], counterparty_id: Id) -> Items[MergeView]:
    """What was merged into a client, the newest first."""
    return Items([show_merge(one) for one in await door.read(read_client_merges, counterparty_id)])


@post("/contacts/{contact_id:int}/merge", tags=["clients"])
async def merge_people(
    door: NamedDependency[Door], request: StrictRequest, contact_id: Id, data: JSONBody[NewMerge],
    idempotency_key: Key = None,
) -> Made:  # fmt: skip
    """Merge another person into this one; the answer is the number of the merge."""
    return await once(
        door, request, idempotency_key, Made,
        lambda tx, viewer: Made(merge(tx, viewer, "contact", contact_id, data.gone_id)),
    )  # fmt: skip


@get("/contacts/{contact_id:int}/merges", tags=["clients"])
async def get_person_merges(door: NamedDependency[Door], contact_id: Id) -> Items[MergeView]:
    """What was merged into a person, the newest first."""
    return Items([show_merge(one) for one in await door.read(read_person_merges, contact_id)])


@post("/merges/{merge_id:int}/undo", tags=["clients"], status_code=200)
async def undo_merge(door: NamedDependency[Door], merge_id: Id) -> MergeView:
    """Take a merge back. What was changed since stays; a thread that comes back brings its newer letters."""
    return show_merge(await door.write(part_again, merge_id))


ROUTES = [merge_clients, get_client_merges, merge_people, get_person_merges, undo_merge]
