"""Clients, people and what happened with them, in the shape of the interface."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, UnsetType

from api.rest.shapes import Body, Number, moment
from crm.interactions import Interaction
from crm.parties import (
    Channel,
    Contact,
    Counterparty,
    Email,
    Firm,
    Group,
    Phone,
    parse_phone,
)

Role = Literal["customer", "supplier", "competitor", "partner", "other"]
PlaceAbove = Literal["", "holding", "department"]
AddressKind = Literal["", "work", "private", "accounts", "other"]
PhoneKind = Literal["", "work", "mobile", "home", "accounts", "other"]
Attributes = dict[str, str | int | float | bool | list[str] | None]
"""Values of fields by their keys; null takes one away."""
Most = Annotated[tuple[str, ...], msgspec.Meta(max_length=50)]


class PhoneView(msgspec.Struct):
    """A telephone: E.164, what is dialled after it, what it is for."""

    number: str
    extension: str = ""
    kind: PhoneKind = ""


class AddressView(msgspec.Struct):
    """An address and what it is for."""

    address: str
    kind: AddressKind = ""


class FirmView(msgspec.Struct):
    """A legal entity behind a client; ``id`` 0 is a new one."""

    name: str
    id: int = 0
    tax_number: str = ""
    requisites: str = ""


class CounterpartyView(msgspec.Struct):
    """A company or a person we deal with. ``attributes`` are the fields that users added."""

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
    parent_id: int | None
    parent_as: str
    addresses: list[AddressView]
    phones: list[PhoneView]
    firms: list[FirmView]
    groups: list[str]
    channel: str
    time_zone: str
    birthday: str
    about: str
    version: int
    merged_into: int | None = None
    attributes: Attributes = msgspec.field(default_factory=dict)
    first_channel: str = ""
    first_channel_at: str | None = None


class ContactView(msgspec.Struct):
    """A person; ``positions`` are those at one client each. ``attributes`` are the fields that users added."""

    id: int
    name: str
    position: str
    counterparty_ids: list[int]
    positions: dict[int, str]
    emails: list[str]
    addresses: list[AddressView]
    phones: list[PhoneView]
    language: str
    time_zone: str
    birthday: str
    about: str
    version: int
    merged_into: int | None = None
    attributes: Attributes = msgspec.field(default_factory=dict)


class InteractionView(msgspec.Struct):
    """One line of a history. ``author_id`` is who wrote it by hand; ``based_on`` the letter that it follows from."""

    id: int
    kind: str
    happened_at: str | None
    direction: str
    subject: str
    thread_id: int | None
    message_id: int | None
    contact_id: int | None = None
    body: str = ""
    author_id: int | None = None
    minutes: int = 0
    channel_id: int | None = None
    based_on_thread_id: int | None = None
    based_on_message_id: int | None = None
    document_id: int | None = None
    marketing_event_id: int | None = None
    touch: str = ""
    attributes: Attributes = msgspec.field(default_factory=dict)


class DoubleView(msgspec.Struct):
    """A client who may be meant, and why."""

    counterparty_id: int
    name: str
    reasons: list[str]


class ConsentView(msgspec.Struct):
    """What somebody said to mailings."""

    given: bool
    source: str
    at: str | None
    by_id: int | None


class LinkView(msgspec.Struct):
    """``other`` is a ``kind`` of this one, or this one of the other where ``reverse``."""

    id: int
    kind: str
    other_id: int
    name: str
    note: str
    reverse: bool


class ManagerView(msgspec.Struct):
    """A change of manager; null is nobody."""

    before_id: int | None
    manager_id: int | None
    by_id: int | None
    at: str | None


class NewCounterparty(Body):
    """A client to add. ``emails`` may be said with their kinds as ``addresses``."""

    name: str
    kind: Literal["company", "person"] = "company"
    roles: tuple[Role, ...] = ("customer",)
    emails: Most = ()
    addresses: tuple[AddressView, ...] = ()
    domains: Most = ()
    phones: tuple[PhoneView, ...] = ()
    firms: tuple[FirmView, ...] = ()
    groups: Most = ()
    external_id: str | None = None
    manager_id: Number | None = None
    parent_id: Number | None = None
    parent_as: PlaceAbove = ""
    channel: str = ""
    city: str = ""
    language: str = ""
    time_zone: str = ""
    birthday: str = ""
    about: str = ""
    attributes: Attributes = msgspec.field(default_factory=dict)


class CounterpartyChange(Body):
    """What to change; what is not named stays. ``manager_id`` and ``parent_id`` null take it off; lists are whole."""

    name: str | UnsetType = UNSET
    kind: Literal["company", "person"] | UnsetType = UNSET
    roles: tuple[Role, ...] | UnsetType = UNSET
    emails: Most | UnsetType = UNSET
    addresses: tuple[AddressView, ...] | UnsetType = UNSET
    domains: Most | UnsetType = UNSET
    phones: tuple[PhoneView, ...] | UnsetType = UNSET
    firms: tuple[FirmView, ...] | UnsetType = UNSET
    groups: Most | UnsetType = UNSET
    manager_id: Number | UnsetType | None = UNSET
    parent_id: Number | UnsetType | None = UNSET
    parent_as: PlaceAbove | UnsetType = UNSET
    channel: str | UnsetType = UNSET
    city: str | UnsetType = UNSET
    language: str | UnsetType = UNSET
    time_zone: str | UnsetType = UNSET
    birthday: str | UnsetType = UNSET
    about: str | UnsetType = UNSET
    attributes: Attributes | UnsetType = UNSET
    version: Number | UnsetType = UNSET


class NewContact(Body):
    """A person to add, at a client or alone."""

    name: str
    emails: Most = ()
    addresses: tuple[AddressView, ...] = ()
    phones: tuple[PhoneView, ...] = ()
    counterparty_id: Number | None = None
    position: str = ""
    language: str = ""
    time_zone: str = ""
    birthday: str = ""
    about: str = ""
    attributes: Attributes = msgspec.field(default_factory=dict)


class ContactChange(Body):
    """What to change; what is not named stays. ``emails`` are all of theirs; ``positions`` those at one client each."""

    name: str | UnsetType = UNSET
    position: str | UnsetType = UNSET
    positions: dict[Number, str] | UnsetType = UNSET
    emails: Most | UnsetType = UNSET
    addresses: tuple[AddressView, ...] | UnsetType = UNSET
    phones: tuple[PhoneView, ...] | UnsetType = UNSET
    language: str | UnsetType = UNSET
    time_zone: str | UnsetType = UNSET
    birthday: str | UnsetType = UNSET
    about: str | UnsetType = UNSET
    attributes: Attributes | UnsetType = UNSET
    version: Number | UnsetType = UNSET


def read_addresses(
    emails: Most | UnsetType, addresses: tuple[AddressView, ...] | UnsetType
) -> list[str | Email] | None:
    """The addresses that are told in one way or the other; None where none are."""
    if isinstance(emails, UnsetType) and isinstance(addresses, UnsetType):
        return None
    told: list[str | Email] = [] if isinstance(addresses, UnsetType) else [Email(a.address, a.kind) for a in addresses]
    return told + ([] if isinstance(emails, UnsetType) else [*emails])


def read_phones(phones: tuple[PhoneView, ...] | UnsetType) -> list[Phone] | None:
    """Telephones with the codes of their countries. Raises Invalid."""
    if isinstance(phones, UnsetType):
        return None
    read = [parse_phone(one.number, kind=one.kind) for one in phones]
    return [
        Phone(one.number, told.extension or one.extension, one.kind) for one, told in zip(read, phones, strict=True)
    ]


def show_counterparty(
    client: Counterparty, firms: list[Firm], groups: list[Group], channels: dict[int, Channel]
) -> CounterpartyView:
    """A client with what belongs to it."""
    came_by, first = channels.get(client.channel_id or 0), channels.get(client.first_channel_id or 0)
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
        parent_id=client.parent_id,
        parent_as=client.parent_as,
        addresses=show_addresses(client.addresses),
        phones=show_phones(client.phones),
        firms=[FirmView(one.name, one.id, one.tax_number, one.requisites) for one in firms],
        groups=[one.name for one in groups],
        channel=came_by.name if came_by else "",
        time_zone=client.time_zone,
        birthday=client.birthday,
        about=client.about,
        version=client.version,
        merged_into=client.merged_into,
        attributes=dict(client.attributes),
        first_channel=first.name if first else "",
        first_channel_at=moment(client.first_channel_at) if first else None,
    )


def show_contact(contact: Contact) -> ContactView:
    """A person."""
    return ContactView(
        id=contact.id,
        name=contact.name,
        position=contact.position,
        counterparty_ids=list(contact.counterparty_ids),
        positions=dict(contact.positions),
        emails=list(contact.emails),
        addresses=show_addresses(contact.addresses),
        phones=show_phones(contact.phones),
        language=contact.language,
        time_zone=contact.time_zone,
        birthday=contact.birthday,
        about=contact.about,
        version=contact.version,
        merged_into=contact.merged_into,
        attributes=dict(contact.attributes),
    )


def show_addresses(addresses: tuple[Email, ...]) -> list[AddressView]:
    """Addresses with their kinds."""
    return [AddressView(one.address, one.kind) for one in addresses]  # type: ignore[arg-type]


def show_phones(phones: tuple[Phone, ...]) -> list[PhoneView]:
    """Telephones with their kinds."""
    return [PhoneView(one.number, one.extension, one.kind) for one in phones]  # type: ignore[arg-type]


def show_interaction(line: Interaction) -> InteractionView:
    """A line of a history."""
    base = line.based_on
    return InteractionView(
        id=line.id,
        kind=line.kind,
        happened_at=moment(line.happened_at),
        direction=line.direction,
        subject=line.subject,
        thread_id=line.thread_id,
        message_id=line.message_id,
        contact_id=line.contact_id,
        body=line.body,
        author_id=line.author_id,
        minutes=line.minutes,
        channel_id=line.channel_id,
        based_on_thread_id=base.thread_id if base else None,
        based_on_message_id=base.message_id if base else None,
        document_id=line.document_id,
        marketing_event_id=line.marketing_event_id,
        touch=line.touch,
        attributes=dict(line.attributes),
    )
