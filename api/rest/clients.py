"""``/counterparties`` and ``/contacts``: the clients, which everybody on the staff may see. Changing them needs a
right, since a client brings its letters to somebody. Their histories: ``interactions``."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import get, patch, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter
from msgspec import UnsetType

from api.auth import Door
from api.fielding import demand_required
from api.rest.client_shapes import (
    ContactChange,
    ContactView,
    CounterpartyChange,
    CounterpartyView,
    DoubleView,
    NewContact,
    NewCounterparty,
    read_addresses,
    read_phones,
    show_contact,
    show_counterparty,
)
from api.rest.once import Key, once
from api.rest.shapes import After, Id, Items, Limit, Made, StrictRequest, page_of
from core.database import ReadTx, WriteTx
from core.errors import Invalid
from core.paging import Page
from crm.attributes import Having
from crm.parties import (
    Channel,
    Contact,
    Double,
    Firm,
    add_contact,
    add_counterparty,
    ensure_channel,
    firms_of,
    get_contact,
    get_counterparty,
    groups_of,
    list_channels,
    list_contacts,
    list_counterparties,
    list_doubles,
    list_firms,
    list_groups_of,
    normal_address,
    parse_phone,
    read_tax_number,
    set_firms,
    set_groups,
    update_contact,
    update_counterparty,
)
from crm.staff.audit import record_audit
from crm.staff.people import get_user
from crm.staff.readable import Viewer, demand_somewhere

Words = Annotated[
    str,
    QueryParameter(
        max_length=500, description="Beginnings of words: of a name, an address, a telephone, a tax number."
    ),
]
Own = Annotated[
    list[str] | None,
    QueryParameter(
        max_length=8,
        description="What clients have in fields that are columns of the list: `region:odesa`; of numbers, sums and "
        "dates from and to: `credit:100..200`, `since:2026-01-01..`. Each at most once; all of them are asked.",
    ),
]
Sort = Annotated[
    str,
    QueryParameter(max_length=60, description="The key of a field that is a column of the list; -key: its end first."),
]
CameBy = Annotated[
    int | None, QueryParameter(name="channel_id", ge=1, le=2**63 - 1, description="Those who came by this channel.")
]
Said = Annotated[str, QueryParameter(max_length=320)]


def find_clients(
    tx: ReadTx,
    viewer: Viewer,
    words: str,
    own: list[str],
    channel_id: int | None,
    sort: str,
    after: str | None,
    limit: int,
) -> Page[CounterpartyView]:
    """A page of clients by name or by a field. Raises Invalid."""
    page = list_counterparties(
        tx, words=words, own=read_having(own), channel_id=channel_id, sort=sort, after=after, limit=limit
    )
    channels = _channels(tx, viewer)
    ids = [one.id for one in page.items]
    firms, groups = firms_of(tx, ids), groups_of(tx, ids)
    shown = [show_counterparty(one, firms.get(one.id, []), groups.get(one.id, []), channels) for one in page.items]
    return Page(shown, page.next)


def read_having(own: list[str]) -> list[Having]:
    """What was asked of fields. Raises Invalid."""
    found = []
    for text in own:
        key, colon, value = text[:600].partition(":")
        if not colon:
            raise Invalid("Write the key of a field, a colon and a value.", field="own")
        low, _, high = value.partition("..")
        found.append(Having(key, low, high))
    return found


def _channels(tx: ReadTx, viewer: Viewer) -> dict[int, Channel]:
    return {one.id: one for one in list_channels(tx)} if viewer.uses("marketing") else {}


def view_client(tx: ReadTx, viewer: Viewer, counterparty_id: int) -> CounterpartyView:
    """A client with what belongs to it. Raises NotFound."""
    client = get_counterparty(tx, counterparty_id)
    firms, groups = list_firms(tx, client.id), list_groups_of(tx, client.id)
    return show_counterparty(client, firms, groups, _channels(tx, viewer))


def find_people(tx: ReadTx, _: Viewer, words: str, after: str | None, limit: int) -> Page[Contact]:
    """A page of contacts by name."""
    return list_contacts(tx, words=words, after=after, limit=limit)


def add_client(tx: WriteTx, viewer: Viewer, new: NewCounterparty) -> int:
    """Add a client. Raises Forbidden, Invalid, Conflict, NotFound for a manager who does not exist."""
    demand_somewhere(viewer, "answer")
    if new.manager_id is not None:
        demand_somewhere(viewer, "assign")
        get_user(tx, new.manager_id)
    demand_required(tx, "counterparty", new.attributes)
    client_id = add_counterparty(
        tx,
        new.name,
        kind=new.kind,
        roles=new.roles,
        emails=read_addresses(new.emails, new.addresses),
        domains=new.domains,
        phones=read_phones(new.phones),
        manager_id=new.manager_id,
        parent_id=new.parent_id,
        parent_as=new.parent_as,
        channel_id=ensure_channel(tx, new.channel) if new.channel.strip() else None,
        external_id=new.external_id,
        city=new.city,
        language=new.language,
        time_zone=new.time_zone,
        birthday=new.birthday,
        about=new.about,
        attributes=new.attributes,
        by_id=viewer.user_id,
    )
    if new.firms:
        set_firms(tx, client_id, [Firm(0, one.name, one.tax_number, one.requisites) for one in new.firms])
    if new.groups:
        set_groups(tx, client_id, new.groups)
    record_audit(tx, viewer.user_id, "client-added", str(client_id), manager_id=new.manager_id)
    return client_id


_OF_BOTH = ("name", "language", "time_zone", "birthday", "about", "attributes", "version")
_PLAIN = (*_OF_BOTH, "kind", "roles", "domains", "parent_as", "city")
_PLAIN_OF_PERSON = (*_OF_BOTH, "position", "positions")


def _told(change: CounterpartyChange | ContactChange, names: tuple[str, ...]) -> dict[str, Any]:
    """What is named of these."""
    return {name: one for name in names if not isinstance(one := getattr(change, name), UnsetType)}


def change_client(tx: WriteTx, viewer: Viewer, counterparty_id: int, change: CounterpartyChange) -> CounterpartyView:
    """Change what is named. Raises NotFound, Forbidden, Invalid, Conflict.

    The manager, the addresses and the domains say who gets the letters: they are for those who hand out the work.
    """
    routes = (change.manager_id, change.emails, change.addresses, change.domains)
    decides = any(not isinstance(one, UnsetType) for one in routes)
    demand_somewhere(viewer, "assign" if decides else "answer")
    told = _told(change, _PLAIN)
    if not isinstance(change.manager_id, UnsetType):
        told["manager_id"] = change.manager_id or 0
        if change.manager_id:
            get_user(tx, change.manager_id)
    if not isinstance(change.parent_id, UnsetType):
        told["parent_id"] = change.parent_id or 0
    if not isinstance(change.channel, UnsetType):
        told["channel_id"] = ensure_channel(tx, change.channel) if change.channel.strip() else 0
    told["emails"] = read_addresses(change.emails, change.addresses)
    told["phones"] = read_phones(change.phones)
    update_counterparty(tx, counterparty_id, by_id=viewer.user_id, **told)
    if not isinstance(change.firms, UnsetType):
        set_firms(tx, counterparty_id, [Firm(one.id, one.name, one.tax_number, one.requisites) for one in change.firms])
    if not isinstance(change.groups, UnsetType):
        set_groups(tx, counterparty_id, change.groups)
    record_audit(tx, viewer.user_id, "client-changed", str(counterparty_id), manager_id=told.get("manager_id"))
    return view_client(tx, viewer, counterparty_id)


def add_person(tx: WriteTx, viewer: Viewer, new: NewContact) -> int:
    """Add a contact. Raises Forbidden, Invalid, NotFound. At a client who has a manager, an address brings letters."""
    managed = new.counterparty_id is not None and get_counterparty(tx, new.counterparty_id).manager_id is not None
    emails = read_addresses(new.emails, new.addresses)
    demand_somewhere(viewer, "assign" if managed and emails else "answer")
    demand_required(tx, "contact", new.attributes)
    contact_id = add_contact(
        tx,
        new.name,
        emails=emails,
        phones=read_phones(new.phones),
        counterparty_id=new.counterparty_id,
        position=new.position,
        language=new.language,
        time_zone=new.time_zone,
        birthday=new.birthday,
        about=new.about,
        attributes=new.attributes,
    )
    record_audit(tx, viewer.user_id, "contact-added", str(contact_id), client=new.counterparty_id)
    return contact_id


def change_person(tx: WriteTx, viewer: Viewer, contact_id: int, change: ContactChange) -> Contact:
    """Change what is named. Raises NotFound, Forbidden, Invalid. Addresses say who gets the letters, as a client's."""
    emails = read_addresses(change.emails, change.addresses)
    # A person at one more client brings it their letters too.
    decides = emails is not None or not isinstance(change.positions, UnsetType)
    demand_somewhere(viewer, "assign" if decides else "answer")
    told = _told(change, _PLAIN_OF_PERSON)
    update_contact(tx, contact_id, emails=emails, phones=read_phones(change.phones), **told)
    record_audit(tx, viewer.user_id, "contact-changed", str(contact_id))
    return get_contact(tx, contact_id)


def find_doubles(tx: ReadTx, _: Viewer, name: str, tax: str, email: str, phone: str) -> list[Double]:
    """Clients who may be meant by what is about to be entered. Raises Invalid."""
    return list_doubles(
        tx,
        name,
        tax_numbers=[read_tax_number(tax)],
        emails=[normal_address(email)] if email.strip() else [],
        phones=[parse_phone(phone).number] if phone.strip() else [],
    )


@get("/counterparties", tags=["clients"])
async def list_clients(
    door: NamedDependency[Door],
    limit: Limit = 50,
    after: After = None,
    q: Words = "",
    own: Own = None,
    channel_id: CameBy = None,
    sort: Sort = "",
) -> Items[CounterpartyView]:
    """Clients by name, or by a field that is a column of the list."""
    return page_of(await door.read(find_clients, q, own or [], channel_id, sort, after, limit), lambda one: one)


@post("/counterparties", tags=["clients"])
async def make_client(
    door: NamedDependency[Door], request: StrictRequest, data: JSONBody[NewCounterparty], idempotency_key: Key = None
) -> Made:
    """Add a client."""
    return await once(door, request, idempotency_key, Made, lambda tx, viewer: Made(add_client(tx, viewer, data)))


@get("/counterparties/{counterparty_id:int}", tags=["clients"])
async def get_client(door: NamedDependency[Door], counterparty_id: Id) -> CounterpartyView:
    """One client."""
    return await door.read(lambda tx, viewer: view_client(tx, viewer, counterparty_id))


@patch("/counterparties/{counterparty_id:int}", tags=["clients"])
async def patch_client(
    door: NamedDependency[Door], counterparty_id: Id, data: JSONBody[CounterpartyChange]
) -> CounterpartyView:
    """Change a client."""
    return await door.write(change_client, counterparty_id, data)


@get("/counterparties/duplicates", tags=["clients"])
async def get_doubles(
    door: NamedDependency[Door], name: Said = "", tax_number: Said = "", email: Said = "", phone: Said = ""
) -> Items[DoubleView]:
    """Clients who may be there already under what you are about to enter, with the reasons."""
    found = await door.read(find_doubles, name, tax_number, email, phone)
    return Items([DoubleView(one.client.id, one.client.name, list(one.reasons)) for one in found])


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
    list_clients, make_client, get_client, patch_client, get_doubles, list_people, make_contact, get_person,
    patch_person,
]  # fmt: skip
