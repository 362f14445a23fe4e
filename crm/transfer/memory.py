"""Clients and people whom rows of a table may mean, read in a few statements for many rows.

They are changed in memory as rows say, so that later rows of the same file find what earlier ones added. In a dry run
the memory lasts to the end of the file; in a real one it is read anew for every part, from what was stored before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BindParameter, Select, bindparam, select, text

from core.database import ReadTx
from crm.parties.tables import (
    affiliation,
    channel,
    client_group,
    consent,
    contact,
    counterparty,
    counterparty_domain,
    group_member,
    legal_entity,
    party_address,
    party_phone,
)
from crm.transfer.drafts import Draft

OF_CLIENT = ("name", "kind", "city", "language", "time_zone", "birthday", "about", "external_id")
OF_PERSON = ("name", "position", "language", "birthday", "about")
_MOST_PEOPLE = 2000  # of a client
AT_ONCE = 400


@dataclass(slots=True, eq=False)
class Person:
    """Somebody at clients. ``id`` 0: not stored yet. ``consented`` is the newest answer, None for none; ``own`` are the
    values of the fields that users added."""

    id: int
    version: int
    values: dict[str, Any]
    emails: list[str] = field(default_factory=list)
    phones: list[tuple[str, str]] = field(default_factory=list)
    consented: tuple[bool, str, int] | None = None
    own: dict[str, Any] = field(default_factory=dict)
    words: set[str] = field(default_factory=set)


@dataclass(slots=True, eq=False)
class Client:
    """A client. ``values`` are columns of its row, with the channel by its name, ``own`` those of the fields that users
    added; ``id`` 0: not stored yet."""

    id: int
    version: int
    values: dict[str, Any]
    roles: list[str] = field(default_factory=list)
    emails: list[str] = field(default_factory=list)
    phones: list[tuple[str, str]] = field(default_factory=list)
    domains: list[str] = field(default_factory=list)
    firms: list[tuple[str, str, str]] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    own: dict[str, Any] = field(default_factory=dict)
    words: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Memory:
    """Who is known, by id and by what rows name them."""

    clients: dict[int, Client] = field(default_factory=dict)
    people: dict[int, Person] = field(default_factory=dict)
    by_external: dict[str, list[Client]] = field(default_factory=dict)
    by_tax: dict[str, list[Client]] = field(default_factory=dict)
    by_address: dict[str, list[Client]] = field(default_factory=dict)
    by_phone: dict[str, list[Client]] = field(default_factory=dict)
    by_name: dict[str, list[Client]] = field(default_factory=dict)
    alone: dict[str, list[Person]] = field(default_factory=dict)
    """People at no client, by all that names them."""

    def note(self, client: Client) -> None:
        """Let a client be found by all it has by now."""
        _put(self.by_external, client.values.get("external_id"), client)
        _put(self.by_name, client.values.get("name_folded"), client)
        for _, number, _ in client.firms:
            _put(self.by_tax, number, client)
        for address in (*client.emails, *(one for person in client.people for one in person.emails)):
            _put(self.by_address, address, client)
        for phone in (*client.phones, *(one for person in client.people for one in person.phones)):
            _put(self.by_phone, phone[0], client)


def _put(index: dict[str, list[Client]], key: str | None, client: Client) -> None:
    if key:
        found = index.setdefault(key, [])
        if client not in found:
            found.append(client)


def recall(tx: ReadTx, memory: Memory, drafts: Sequence[Draft], match: Iterable[str]) -> None:
    """Read into the memory whom these rows may mean."""
    ids: set[int] = set()
    ids.update(_having(tx, _BY_EXTERNAL, (draft.client.get("external_id", "") for draft in drafts)))
    for way in match:
        ids.update(_having(tx, _WAYS[way], (key for draft in drafts for key in KEYS[way](draft))))
    load_clients(tx, memory, ids - memory.clients.keys())


def load_clients(tx: ReadTx, memory: Memory, ids: Iterable[int]) -> None:
    """Read clients with all that belongs to them."""
    wanted = sorted(ids)
    if not wanted:
        return
    channels = {row.id: row.name for row in tx.rows(select(channel))}
    for row in _rows(tx, _CLIENTS, wanted):
        values = {name: getattr(row, name) for name in (*OF_CLIENT, "name_folded", "manager_id", "parent_id")}
        values["channel"] = channels.get(row.channel_id, "")
        values["merged_into"] = row.merged_into
        own = dict(row.attributes or {})
        memory.clients[row.id] = Client(row.id, row.version, values, list(row.roles), own=own)
    for row in _rows(tx, _ADDRESSES, wanted):
        _of(memory, row).emails.append(row.address)
    for row in _rows(tx, _PHONES, wanted):
        _of(memory, row).phones.append((row.number, row.extension))
    for row in _rows(tx, _DOMAINS, wanted):
        _of(memory, row).domains.append(row.domain)
    for row in _rows(tx, _FIRMS, wanted):
        _of(memory, row).firms.append((row.name, row.tax_number, row.requisites))
    for row in _rows(tx, _GROUPS, wanted):
        _of(memory, row).groups.append(row.name)
    _load_people(tx, memory, wanted)
    for one in wanted:
        if one in memory.clients:
            memory.note(memory.clients[one])


def _load_people(tx: ReadTx, memory: Memory, client_ids: Sequence[int]) -> None:
    at: dict[int, list[int]] = {}
    for row in _rows(tx, _AT, client_ids):
        people = at.setdefault(row.counterparty_id, [])
        if len(people) < _MOST_PEOPLE:
            people.append(row.contact_id)
    load_people(tx, memory, {one for people in at.values() for one in people})
    for client_id, people in at.items():
        memory.clients[client_id].people += [memory.people[one] for one in people]


def load_people(tx: ReadTx, memory: Memory, person_ids: Iterable[int]) -> None:
    """Read people with how they are reached."""
    ids = sorted(set(person_ids) - memory.people.keys())
    for row in _rows(tx, _PEOPLE, ids):
        values = {name: getattr(row, name) for name in (*OF_PERSON, "name_folded", "merged_into")}
        memory.people[row.id] = Person(row.id, row.version, values, own=dict(row.attributes or {}))
    for row in _rows(tx, _THEIR_ADDRESSES, ids):
        memory.people[row.contact_id].emails.append(row.address)
    for row in _rows(tx, _THEIR_PHONES, ids):
        memory.people[row.contact_id].phones.append((row.number, row.extension))
    for row in _rows(tx, _CONSENTS, ids):
        memory.people[row.contact_id].consented = (bool(row.given), row.source, row.at)


def _of(memory: Memory, row: Any) -> Client:
    return memory.clients[row.counterparty_id]


def _rows(tx: ReadTx, statement: Select[Any], ids: Sequence[int]) -> list[Any]:
    found: list[Any] = []
    for start in range(0, len(ids), AT_ONCE):
        found += tx.rows(statement, {"ids": list(ids[start : start + AT_ONCE])})
    return found


def _having(tx: ReadTx, statement: Select[Any], keys: Iterable[str]) -> set[int]:
    wanted = sorted({key for key in keys if key})
    found: set[int] = set()
    for start in range(0, len(wanted), AT_ONCE):
        for row in tx.rows(statement, {"keys": wanted[start : start + AT_ONCE]}):
            found.update(one for one in row if one is not None)
    return found


_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_KEYS: BindParameter[Any] = bindparam("keys", expanding=True)
_CLIENTS = select(counterparty).where(counterparty.c.id.in_(_IDS))
_ADDRESSES = select(party_address).where(party_address.c.counterparty_id.in_(_IDS)).order_by(party_address.c.id)
_PHONES = select(party_phone).where(party_phone.c.counterparty_id.in_(_IDS)).order_by(party_phone.c.id)
_DOMAINS = select(counterparty_domain).where(counterparty_domain.c.counterparty_id.in_(_IDS))
_FIRMS = select(legal_entity).where(legal_entity.c.counterparty_id.in_(_IDS)).order_by(legal_entity.c.id)
_GROUPS = (
    select(group_member.c.counterparty_id, client_group.c.name)
    .join(client_group, client_group.c.id == group_member.c.group_id)
    .where(group_member.c.counterparty_id.in_(_IDS))
)
_AT = (
    select(affiliation.c.counterparty_id, affiliation.c.contact_id)
    .where(affiliation.c.counterparty_id.in_(_IDS))
    .order_by(affiliation.c.contact_id)
)
_PEOPLE = select(contact).where(contact.c.id.in_(_IDS))
_THEIR_ADDRESSES = select(party_address).where(party_address.c.contact_id.in_(_IDS)).order_by(party_address.c.id)
_THEIR_PHONES = select(party_phone).where(party_phone.c.contact_id.in_(_IDS)).order_by(party_phone.c.id)
_CONSENTS = select(consent).where(consent.c.contact_id.in_(_IDS)).order_by(consent.c.at, consent.c.id)
_STANDS = text("counterparty.merged_into IS NULL")  # as the index says
_BY_EXTERNAL = select(counterparty.c.id).where(counterparty.c.external_id.in_(_KEYS), _STANDS)
_WAYS: dict[str, Select[Any]] = {
    "tax_number": select(legal_entity.c.counterparty_id).where(
        legal_entity.c.tax_number.in_(_KEYS), text("legal_entity.tax_number <> ''")
    ),
    "address": (
        select(party_address.c.counterparty_id, affiliation.c.counterparty_id)
        .outerjoin(affiliation, affiliation.c.contact_id == party_address.c.contact_id)
        .where(party_address.c.address.in_(_KEYS))
    ),
    "phone": (
        select(party_phone.c.counterparty_id, affiliation.c.counterparty_id)
        .outerjoin(affiliation, affiliation.c.contact_id == party_phone.c.contact_id)
        .where(party_phone.c.number.in_(_KEYS))
    ),
    "name": select(counterparty.c.id).where(counterparty.c.name_folded.in_(_KEYS), _STANDS),
}
KEYS: dict[str, Callable[[Draft], list[str]]] = {
    "tax_number": lambda draft: [draft.tax_number],
    "address": lambda draft: [*draft.emails, *draft.person_emails],
    "phone": lambda draft: [number for number, _ in (*draft.phones, *draft.person_phones)],
    "name": lambda draft: [draft.client.get("name_folded", "")],
}
"""By what rows name clients, in the order in which it is believed."""
