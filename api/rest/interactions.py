"""``/interactions`` and ``/counterparties/{id}/history``: what happened with a client, in which everybody sees what
their rights allow, and what people write there by hand; links, managers before, consents."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter
from msgspec import UNSET, UnsetType

from api.auth import Door
from api.fielding import demand_required
from api.rest.client_shapes import Attributes, ConsentView, InteractionView, LinkView, ManagerView, show_interaction
from api.rest.once import Key, once
from api.rest.shapes import After, Body, Id, Items, Limit, Made, Number, StrictRequest, moment, page_of
from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Invalid
from core.paging import Page
from crm.interactions import (
    Interaction,
    add_interaction,
    change_interaction,
    drop_interaction,
    get_interaction,
    list_timeline,
    say_channel,
)
from crm.parties import (
    Consent,
    Link,
    ManagerChange,
    add_link,
    drop_link,
    get_contact,
    get_counterparty,
    list_consents,
    list_links,
    list_manager_changes,
    record_consent,
)
from crm.staff.audit import record_audit
from crm.staff.readable import Viewer, demand_somewhere

Kind = Literal["note", "call", "meeting", "negotiation", "wish"]
LinkKind = Literal["partner", "contractor", "dealer", "influencer", "colleague", "relative", "friend", "other"]
Kinds = Annotated[
    str, QueryParameter(name="kind", max_length=20, description="Lines of one kind alone: letter, call, note …")
]


class NewInteraction(Body):
    """What happened. On the basis of another line its person and subject are carried over."""

    kind: Kind
    counterparty_id: Number
    subject: str = ""
    body: str = ""
    contact_id: Number | None = None
    direction: Literal["", "in", "out"] = ""
    minutes: int = 0
    happened_at: datetime | None = None
    channel_id: Number | None = None
    based_on_id: Number | None = None
    attributes: Attributes = msgspec.field(default_factory=dict)


class InteractionChange(Body):
    """What to change of what you wrote; what is not named stays. Of a letter only ``channel_id`` can be said."""

    subject: str | UnsetType = UNSET
    body: str | UnsetType = UNSET
    minutes: int | UnsetType = UNSET
    happened_at: datetime | UnsetType = UNSET
    channel_id: Number | UnsetType | None = UNSET
    attributes: Attributes | UnsetType = UNSET


class NewLink(Body):
    """This client is a ``kind`` of the other."""

    other_id: Number
    kind: LinkKind
    note: str = ""


class NewConsent(Body):
    """What somebody said to mailings, where and when."""

    given: bool
    source: str
    at: datetime | None = None


def read_moment(told: datetime | None, field: str) -> int | None:
    """A moment with its zone. Raises Invalid."""
    if told is None:
        return None
    if told.tzinfo is None:
        raise Invalid("Write a moment with its time zone: 2026-11-22T10:00:00Z.", field=field)
    return int(told.timestamp()) * clock.SECOND


def read_history(
    tx: ReadTx, viewer: Viewer, counterparty_id: int, kind: str, after: str | None, limit: int
) -> Page[Interaction]:
    """A page of a client's timeline, as far as the viewer may see it. Raises NotFound for no such client."""
    get_counterparty(tx, counterparty_id)
    return list_timeline(tx, viewer, counterparty_id, kinds=[kind] if kind else (), after=after, limit=limit)


def write_line(tx: WriteTx, viewer: Viewer, new: NewInteraction) -> int:
    """Raises NotFound, Forbidden, Invalid."""
    demand_required(tx, "interaction", new.attributes)
    return add_interaction(
        tx,
        viewer,
        new.counterparty_id,
        new.kind,
        subject=new.subject,
        body=new.body,
        contact_id=new.contact_id,
        direction=new.direction,
        minutes=new.minutes,
        happened_at=read_moment(new.happened_at, "happened_at"),
        channel_id=new.channel_id,
        based_on_id=new.based_on_id,
        attributes=new.attributes,
    )


def change_line(tx: WriteTx, viewer: Viewer, interaction_id: int, change: InteractionChange) -> Interaction:
    """Raises NotFound, Forbidden, Invalid."""
    if not isinstance(change.channel_id, UnsetType):
        say_channel(tx, viewer, interaction_id, change.channel_id)
    rest = (change.subject, change.body, change.minutes, change.happened_at, change.attributes)
    if all(isinstance(one, UnsetType) for one in rest) and not isinstance(change.channel_id, UnsetType):
        return get_interaction(tx, viewer, interaction_id)[1]
    happened = None if isinstance(change.happened_at, UnsetType) else read_moment(change.happened_at, "happened_at")
    change_interaction(
        tx,
        viewer,
        interaction_id,
        subject=None if isinstance(change.subject, UnsetType) else change.subject,
        body=None if isinstance(change.body, UnsetType) else change.body,
        minutes=None if isinstance(change.minutes, UnsetType) else change.minutes,
        happened_at=happened,
        attributes=None if isinstance(change.attributes, UnsetType) else change.attributes,
    )
    return get_interaction(tx, viewer, interaction_id)[1]


def link_clients(tx: WriteTx, viewer: Viewer, counterparty_id: int, new: NewLink) -> int:
    """Raises NotFound, Forbidden, Invalid, Conflict."""
    demand_somewhere(viewer, "answer")
    link_id = add_link(tx, "counterparty", counterparty_id, new.other_id, new.kind, new.note)
    record_audit(tx, viewer.user_id, "client-changed", str(counterparty_id))
    return link_id


def unlink_clients(tx: WriteTx, viewer: Viewer, counterparty_id: int, link_id: int) -> None:
    """Raises NotFound, Forbidden."""
    demand_somewhere(viewer, "answer")
    drop_link(tx, "counterparty", counterparty_id, link_id)
    record_audit(tx, viewer.user_id, "client-changed", str(counterparty_id))


def note_consent(tx: WriteTx, viewer: Viewer, contact_id: int, new: NewConsent) -> list[Consent]:
    """Raises NotFound, Forbidden, Invalid."""
    demand_somewhere(viewer, "answer")
    at = read_moment(new.at, "at")
    record_consent(tx, contact_id, given=new.given, source=new.source, at=at, by_id=viewer.user_id)
    record_audit(tx, viewer.user_id, "contact-changed", str(contact_id))
    return list_consents(tx, contact_id)


@get("/counterparties/{counterparty_id:int}/history", tags=["clients"])
async def get_history(
    door: NamedDependency[Door], counterparty_id: Id, limit: Limit = 50, after: After = None, kind: Kinds = ""
) -> Items[InteractionView]:
    """What happened with a client, newest first, as far as you may see it."""
    return page_of(await door.read(read_history, counterparty_id, kind, after, limit), show_interaction)


@post("/interactions", tags=["clients"])
async def make_interaction(
    door: NamedDependency[Door], request: StrictRequest, data: JSONBody[NewInteraction], idempotency_key: Key = None
) -> Made:
    """Write into a client's history what happened."""
    return await once(door, request, idempotency_key, Made, lambda tx, viewer: Made(write_line(tx, viewer, data)))


@patch("/interactions/{interaction_id:int}", tags=["clients"])
async def patch_interaction(
    door: NamedDependency[Door], interaction_id: Id, data: JSONBody[InteractionChange]
) -> InteractionView:
    """Change what you wrote."""
    return show_interaction(await door.write(change_line, interaction_id, data))


@delete("/interactions/{interaction_id:int}", tags=["clients"], status_code=204)
async def remove_interaction(door: NamedDependency[Door], interaction_id: Id) -> None:
    """Take away what you wrote."""
    await door.write(drop_interaction, interaction_id)


@get("/counterparties/{counterparty_id:int}/links", tags=["clients"])
async def get_links(door: NamedDependency[Door], counterparty_id: Id) -> Items[LinkView]:
    """What a client is to others, and they to it."""

    def look(tx: ReadTx, _: Viewer) -> list[Link]:
        get_counterparty(tx, counterparty_id)
        return list_links(tx, "counterparty", counterparty_id)

    found = await door.read(look)
    return Items([LinkView(one.id, one.kind, one.other_id, one.name, one.note, one.reverse) for one in found])


@post("/counterparties/{counterparty_id:int}/links", tags=["clients"])
async def make_link(
    door: NamedDependency[Door],
    request: StrictRequest,
    counterparty_id: Id,
    data: JSONBody[NewLink],
    idempotency_key: Key = None,
) -> Made:
    """Say what a client is to another."""
    return await once(
        door, request, idempotency_key, Made, lambda tx, viewer: Made(link_clients(tx, viewer, counterparty_id, data))
    )


@delete("/counterparties/{counterparty_id:int}/links/{link_id:int}", tags=["clients"], status_code=204)
async def remove_link(door: NamedDependency[Door], counterparty_id: Id, link_id: Id) -> None:
    """Take that back, from either side."""
    await door.write(unlink_clients, counterparty_id, link_id)


@get("/counterparties/{counterparty_id:int}/managers", tags=["clients"])
async def get_managers(door: NamedDependency[Door], counterparty_id: Id) -> Items[ManagerView]:
    """Who answered for a client before, the newest change first."""

    def look(tx: ReadTx, _: Viewer) -> list[ManagerChange]:
        get_counterparty(tx, counterparty_id)
        return list_manager_changes(tx, counterparty_id)

    found = await door.read(look)
    return Items([ManagerView(one.before_id, one.manager_id, one.by_id, moment(one.at)) for one in found])


@get("/contacts/{contact_id:int}/consents", tags=["clients"])
async def get_consents(door: NamedDependency[Door], contact_id: Id) -> Items[ConsentView]:
    """What somebody said to mailings, the newest first; that holds."""

    def look(tx: ReadTx, _: Viewer) -> list[Consent]:
        get_contact(tx, contact_id)
        return list_consents(tx, contact_id)

    return Items([_show(one) for one in await door.read(look)])


@post("/contacts/{contact_id:int}/consents", tags=["clients"])
async def make_consent(
    door: NamedDependency[Door],
    request: StrictRequest,
    contact_id: Id,
    data: JSONBody[NewConsent],
    idempotency_key: Key = None,
) -> Items[ConsentView]:
    """Write down what somebody said to mailings."""

    def note(tx: WriteTx, viewer: Viewer) -> Items[ConsentView]:
        return Items([_show(one) for one in note_consent(tx, viewer, contact_id, data)])

    return await once(door, request, idempotency_key, Items[ConsentView], note)


def _show(one: Consent) -> ConsentView:
    return ConsentView(one.given, one.source, moment(one.at), one.by_id)


ROUTES = [
    get_history, make_interaction, patch_interaction, remove_interaction, get_links, make_link, remove_link,
    get_managers, get_consents, make_consent,
]  # fmt: skip
