"""``/counterparties`` and ``/contacts``: the clients, which everybody on the staff may see, and their histories, in
which everybody sees their own mailboxes only. Changing them needs a right, since a client brings its letters to
somebody."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from litestar import get, patch, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter
from msgspec import UNSET, UnsetType

from api.auth import Door
from api.rest.once import Key, once
from api.rest.shapes import After, Body, Id, Items, Limit, Made, Number, StrictRequest, moment, page_of
from core.database import ReadTx, WriteTx
from core.paging import Page
from crm.interactions import Interaction, list_history
from crm.parties import (
    Contact,
    Counterparty,
    add_contact,
    add_counterparty,
    get_contact,
    get_counterparty,
    list_contacts,
    list_counterparties,
    update_contact,
    update_counterparty,
)
from crm.staff.audit import record_audit
from crm.staff.people import get_user
from crm.staff.readable import Viewer, demand_somewhere

Role = Literal["customer", "supplier", "competitor", "partner", "other"]
Words = Annotated[str, QueryParameter(max_length=500, description="A part of the name.")]


class CounterpartyView(msgspec.Struct):
    """A company or a person we deal with. There are no parents and attributes of your own so far: both are empty."""

    id: int
    name: str
    kind: str
    roles: list[str]
    emails: list[str]
    domains: list[str]
    manager_id: int | None
    city: str
    language: str
    external_id: str | None
    parent_id: int | None = None
    attributes: dict[str, str] = msgspec.field(default_factory=dict)


class ContactView(msgspec.Struct):
    """A person. There are no telephone numbers and attributes of your own so far: both are empty."""

    id: int
    name: str
    position: str
    counterparty_ids: list[int]
    emails: list[str]
    language: str
    phones: tuple[str, ...] = ()
    attributes: dict[str, str] = msgspec.field(default_factory=dict)


class InteractionView(msgspec.Struct):
    """One line of a history."""

    id: int
    kind: str
    happened_at: str | None
    direction: str
    subject: str
    thread_id: int | None
    message_id: int | None


class NewCounterparty(Body):
    """A client to add."""

    name: str
    kind: Literal["company", "person"] = "company"
    roles: tuple[Role, ...] = ("customer",)
    emails: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    external_id: str | None = None
    manager_id: Number | None = None
    city: str = ""
    language: str = ""


class CounterpartyChange(Body):
    """What to change; what is not named stays. ``manager_id`` null takes the manager off."""

    name: str | UnsetType = UNSET
    emails: list[str] | UnsetType = UNSET
    domains: list[str] | UnsetType = UNSET
    manager_id: Number | UnsetType | None = UNSET


class NewContact(Body):
    """A person to add, at a client or alone."""

    name: str
    emails: tuple[str, ...] = ()
    counterparty_id: Number | None = None
    position: str = ""
    language: str = ""


class ContactChange(Body):
    """What to change; what is not named stays. ``emails`` are all of theirs."""

    name: str | UnsetType = UNSET
    position: str | UnsetType = UNSET
    emails: list[str] | UnsetType = UNSET


def show_counterparty(client: Counterparty) -> CounterpartyView:
    """A client in the shape of the interface."""
    return CounterpartyView(
        id=client.id,
        name=client.name,
        kind=client.kind,
        roles=list(client.roles),
        emails=list(client.emails),
        domains=list(client.domains),
        manager_id=client.manager_id,
        city=client.city,
        language=client.language,
        external_id=client.external_id,
    )


def show_contact(contact: Contact) -> ContactView:
    """A person in the shape of the interface."""
    return ContactView(
        id=contact.id,
        name=contact.name,
        position=contact.position,
        counterparty_ids=list(contact.counterparty_ids),
        emails=list(contact.emails),
        language=contact.language,
    )


def show_interaction(line: Interaction) -> InteractionView:
    """A line in the shape of the interface."""
    return InteractionView(
        line.id, line.kind, moment(line.happened_at), line.direction, line.subject, line.thread_id, line.message_id
    )


def find_clients(tx: ReadTx, _: Viewer, words: str, after: str | None, limit: int) -> Page[Counterparty]:
    """A page of clients by name."""
    return list_counterparties(tx, words=words, after=after, limit=limit)


def find_people(tx: ReadTx, _: Viewer, words: str, after: str | None, limit: int) -> Page[Contact]:
    """A page of contacts by name."""
    return list_contacts(tx, words=words, after=after, limit=limit)


def read_history(tx: ReadTx, viewer: Viewer, counterparty_id: int, limit: int) -> list[Interaction]:
    """The newest lines of a client's timeline that the viewer may see. Raises NotFound for no such client."""
    get_counterparty(tx, counterparty_id)
    return list_history(tx, viewer, counterparty_id, limit=limit)


def add_client(tx: WriteTx, viewer: Viewer, new: NewCounterparty) -> int:
    """Add a client. Raises Forbidden, Invalid, Conflict, NotFound for a manager who does not exist."""
    demand_somewhere(viewer, "answer")
    if new.manager_id is not None:
        demand_somewhere(viewer, "assign")
        get_user(tx, new.manager_id)
    client_id = add_counterparty(
        tx,
        new.name,
        kind=new.kind,
        roles=new.roles,
        emails=new.emails,
        domains=new.domains,
        manager_id=new.manager_id,
        external_id=new.external_id,
        city=new.city,
        language=new.language,
    )
    record_audit(tx, viewer.user_id, "client-added", str(client_id), manager_id=new.manager_id)
    return client_id


def change_client(tx: WriteTx, viewer: Viewer, counterparty_id: int, change: CounterpartyChange) -> Counterparty:
    """Change what is named. Raises NotFound, Forbidden, Invalid.

    The manager, the addresses and the domains say who gets the letters: they are for those who hand out the work.
    """
    routes = (change.manager_id, change.emails, change.domains)
    decides = any(not isinstance(one, UnsetType) for one in routes)
    demand_somewhere(viewer, "assign" if decides else "answer")
    manager_id = None if isinstance(change.manager_id, UnsetType) else change.manager_id or 0
    if manager_id:
        get_user(tx, manager_id)
    update_counterparty(
        tx,
        counterparty_id,
        name=None if isinstance(change.name, UnsetType) else change.name,
        manager_id=manager_id,
        emails=None if isinstance(change.emails, UnsetType) else change.emails,
        domains=None if isinstance(change.domains, UnsetType) else change.domains,
    )
    record_audit(tx, viewer.user_id, "client-changed", str(counterparty_id), manager_id=manager_id)
    return get_counterparty(tx, counterparty_id)


def add_person(tx: WriteTx, viewer: Viewer, new: NewContact) -> int:
    """Add a contact. Raises Forbidden, Invalid, NotFound. At a client who has a manager, an address brings letters."""
    managed = new.counterparty_id is not None and get_counterparty(tx, new.counterparty_id).manager_id is not None
    demand_somewhere(viewer, "assign" if managed and new.emails else "answer")
    contact_id = add_contact(
        tx,
        new.name,
        emails=new.emails,
        counterparty_id=new.counterparty_id,
        position=new.position,
        language=new.language,
    )
    record_audit(tx, viewer.user_id, "contact-added", str(contact_id), client=new.counterparty_id)
    return contact_id


def change_person(tx: WriteTx, viewer: Viewer, contact_id: int, change: ContactChange) -> Contact:
    """Change what is named. Raises NotFound, Forbidden, Invalid. Addresses say who gets the letters, as a client's."""
    demand_somewhere(viewer, "answer" if isinstance(change.emails, UnsetType) else "assign")
    update_contact(
        tx,
        contact_id,
        name=None if isinstance(change.name, UnsetType) else change.name,
        position=None if isinstance(change.position, UnsetType) else change.position,
        emails=None if isinstance(change.emails, UnsetType) else change.emails,
    )
    record_audit(tx, viewer.user_id, "contact-changed", str(contact_id))
    return get_contact(tx, contact_id)


@get("/counterparties", tags=["clients"])
async def list_clients(
    door: NamedDependency[Door], limit: Limit = 50, after: After = None, q: Words = ""
) -> Items[CounterpartyView]:
    """Clients by name."""
    return page_of(await door.read(find_clients, q, after, limit), show_counterparty)


@post("/counterparties", tags=["clients"])
async def make_client(
    door: NamedDependency[Door], request: StrictRequest, data: JSONBody[NewCounterparty], idempotency_key: Key = None
) -> Made:
    """Add a client."""
    return await once(door, request, idempotency_key, Made, lambda tx, viewer: Made(add_client(tx, viewer, data)))


@get("/counterparties/{counterparty_id:int}", tags=["clients"])
async def get_client(door: NamedDependency[Door], counterparty_id: Id) -> CounterpartyView:
    """One client."""
    return show_counterparty(await door.read(lambda tx, _: get_counterparty(tx, counterparty_id)))


@patch("/counterparties/{counterparty_id:int}", tags=["clients"])
async def patch_client(
    door: NamedDependency[Door], counterparty_id: Id, data: JSONBody[CounterpartyChange]
) -> CounterpartyView:
    """Change a client."""
    return show_counterparty(await door.write(change_client, counterparty_id, data))


@get("/counterparties/{counterparty_id:int}/history", tags=["clients"])
async def get_history(door: NamedDependency[Door], counterparty_id: Id, limit: Limit = 50) -> Items[InteractionView]:
    """The newest of what happened with a client, as far as you may see it."""
    return Items([show_interaction(line) for line in await door.read(read_history, counterparty_id, limit)])


@get("/contacts", tags=["clients"])
async def list_people(
    door: NamedDependency[Door], limit: Limit = 50, after: After = None, q: Words = ""
) -> Items[ContactView]:
    """Contacts by name."""
    return page_of(await door.read(find_people, q, after, limit), show_contact)


@post("/contacts", tags=["clients"])
async def make_contact(
    door: NamedDependency[Door], request: StrictRequest, data: JSONBody[NewContact], idempotency_key: Key = None
) -> Made:
    """Add a contact."""
    return await once(door, request, idempotency_key, Made, lambda tx, viewer: Made(add_person(tx, viewer, data)))


@get("/contacts/{contact_id:int}", tags=["clients"])
async def get_person(door: NamedDependency[Door], contact_id: Id) -> ContactView:
    """One contact."""
    return show_contact(await door.read(lambda tx, _: get_contact(tx, contact_id)))


@patch("/contacts/{contact_id:int}", tags=["clients"])
async def patch_person(door: NamedDependency[Door], contact_id: Id, data: JSONBody[ContactChange]) -> ContactView:
    """Change a contact. Older letters of an address that they learn move to them, and back when it is taken away."""
    return show_contact(await door.write(change_person, contact_id, data))


ROUTES = [
    list_clients, make_client, get_client, patch_client, get_history, list_people, make_contact, get_person,
    patch_person,
]  # fmt: skip
