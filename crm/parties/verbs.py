"""Counterparties and contacts in their first form: enough to match a letter and to show who wrote."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Row, bindparam, delete, select, tuple_, update

from core import clock
from core.changes import record_change
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Invalid
from core.fulltext import fold
from core.jobs import enqueue
from core.paging import Page, cut_page, decode_cursor
from crm.parties.matching import normal_address, normal_domain
from crm.parties.tables import affiliation, contact, counterparty, counterparty_domain, party_address

Kind = Literal["company", "person"]
ADDRESSES_MOVED = "addresses.moved"
"""The kind of the job that tells the post office which addresses (``addresses``) have other owners now."""
ROLES = ("customer", "supplier", "competitor", "partner", "other")
_LONGEST_SORTED = 300  # letters: an index of PostgreSQL holds no more than 2.7 kB


@dataclass(frozen=True, slots=True)
class Counterparty:
    """A company or a person we deal with."""

    id: int
    name: str
    kind: Kind
    roles: tuple[str, ...]
    emails: tuple[str, ...]
    domains: tuple[str, ...]
    manager_id: int | None
    city: str
    language: str
    external_id: str | None


@dataclass(frozen=True, slots=True)
class Contact:
    """A person, at one counterparty or several."""

    id: int
    name: str
    position: str
    language: str
    emails: tuple[str, ...]
    counterparty_ids: tuple[int, ...]


def add_counterparty(
    tx: WriteTx,
    name: str,
    *,
    kind: Kind = "company",
    roles: Iterable[str] = ("customer",),
    emails: Iterable[str] = (),
    domains: Iterable[str] = (),
    manager_id: int | None = None,
    external_id: str | None = None,
    city: str = "",
    language: str = "",
) -> int:
    """Add a client. Raises Invalid for bad input, Conflict when the ``external_id`` is taken."""
    if not name.strip():
        raise Invalid("A client needs a name.", field="name")
    if kind not in ("company", "person"):
        raise Invalid("A client is a company or a person.", field="kind")
    unknown = [role for role in roles if role not in ROLES]
    if unknown:
        raise Invalid("There is no role named %(role)s.", role=unknown[0], field="roles")
    taken = select(counterparty.c.id).where(counterparty.c.external_id == external_id)
    if external_id is not None and tx.value(taken) is not None:
        raise Conflict("There is already a client with the external id %(id)s.", id=external_id)
    counterparty_id = tx.insert(
        counterparty,
        name=name.strip(),
        name_folded=_sort_name(name),
        kind=kind,
        roles=list(roles),
        manager_id=manager_id,
        external_id=external_id,
        city=city,
        language=language,
        created_at=clock.now(),
    )
    _set_addresses(tx, party_address.c.counterparty_id, counterparty_id, emails)
    _set_domains(tx, counterparty_id, domains)
    record_change(tx, "counterparty.added", counterparty_id)
    return counterparty_id


def update_counterparty(
    tx: WriteTx,
    counterparty_id: int,
    *,
    name: str | None = None,
    manager_id: int | None = None,
    emails: Iterable[str] | None = None,
    domains: Iterable[str] | None = None,
) -> None:
    """Change what is given, leave the rest; ``manager_id`` 0 takes the manager off. Raises NotFound, Invalid."""
    tx.lock(counterparty, counterparty_id)
    tx.get(counterparty, counterparty_id)
    values: dict[str, Any] = {}
    if name is not None:
        if not name.strip():
            raise Invalid("A client needs a name.", field="name")
        values |= {"name": name.strip(), "name_folded": _sort_name(name)}
    if manager_id is not None:
        values["manager_id"] = manager_id or None
    if values:
        tx.execute(update(counterparty).where(counterparty.c.id == counterparty_id).values(values))
    if emails is not None:
        _set_addresses(tx, party_address.c.counterparty_id, counterparty_id, emails)
    if domains is not None:
        _set_domains(tx, counterparty_id, domains)
    record_change(tx, "counterparty.changed", counterparty_id)


def add_contact(
    tx: WriteTx,
    name: str,
    *,
    emails: Iterable[str] = (),
    counterparty_id: int | None = None,
    position: str = "",
    language: str = "",
) -> int:
    """Add a person, at a counterparty or alone. Raises Invalid, NotFound."""
    if not name.strip():
        raise Invalid("A contact needs a name.", field="name")
    contact_id = tx.insert(
        contact,
        name=name.strip(),
        name_folded=_sort_name(name),
        position=position,
        language=language,
        created_at=clock.now(),
    )
    _set_addresses(tx, party_address.c.contact_id, contact_id, emails)
    if counterparty_id is not None:
        tx.get(counterparty, counterparty_id)
        tx.insert(affiliation, contact_id=contact_id, counterparty_id=counterparty_id)
    record_change(tx, "contact.added", contact_id, fields={"counterparty_id": counterparty_id})
    return contact_id


def update_contact(
    tx: WriteTx,
    contact_id: int,
    *,
    name: str | None = None,
    position: str | None = None,
    emails: Iterable[str] | None = None,
) -> None:
    """Change what is given, leave the rest. Letters follow the addresses. Raises NotFound, Invalid."""
    tx.lock(contact, contact_id)
    tx.get(contact, contact_id)
    values: dict[str, Any] = {} if position is None else {"position": position}
    if name is not None:
        if not name.strip():
            raise Invalid("A contact needs a name.", field="name")
        values |= {"name": name.strip(), "name_folded": _sort_name(name)}
    if values:
        tx.execute(update(contact).where(contact.c.id == contact_id).values(values))
    if emails is not None:
        _set_addresses(tx, party_address.c.contact_id, contact_id, emails)
    record_change(tx, "contact.changed", contact_id)


def learn_address(tx: WriteTx, contact_id: int, address: str) -> None:
    """One more address of a contact; older letters of it move to them. Raises NotFound, Invalid."""
    update_contact(tx, contact_id, emails=[*get_contact(tx, contact_id).emails, address])


def forget_address(tx: WriteTx, contact_id: int, address: str) -> None:
    """An address is not theirs after all; its letters move back. Raises NotFound."""
    kept = [one for one in get_contact(tx, contact_id).emails if one != address]
    update_contact(tx, contact_id, emails=kept)


def get_counterparty(tx: ReadTx, counterparty_id: int) -> Counterparty:
    """The client. Raises NotFound."""
    row = tx.get(counterparty, counterparty_id)
    return _counterparties(tx, [row])[0]


_MANAGER = select(counterparty.c.manager_id).where(counterparty.c.id == bindparam("id"))


def find_manager(tx: ReadTx, counterparty_id: int) -> int | None:
    """The responsible manager of a client, or None."""
    found = tx.value(_MANAGER, {"id": counterparty_id})
    return None if found is None else int(found)


def list_counterparties(
    tx: ReadTx, *, words: str = "", after: str | None = None, limit: int = 50
) -> Page[Counterparty]:
    """Clients by name; ``words`` narrows to names that begin with or contain them. Raises Invalid for a bad cursor."""
    statement = select(counterparty).order_by(counterparty.c.name_folded, counterparty.c.id).limit(limit + 1)
    if words.strip():
        statement = statement.where(counterparty.c.name_folded.contains(fold(words.strip()), autoescape=True))
    if after is not None:
        statement = statement.where(_behind(counterparty.c.name_folded, counterparty.c.id, after))
    found = cut_page(tx.rows(statement), limit, _place)
    return Page(_counterparties(tx, found.items), found.next)


def get_contact(tx: ReadTx, contact_id: int) -> Contact:
    """The person. Raises NotFound."""
    return _contacts(tx, [tx.get(contact, contact_id)])[0]


def find_contact(tx: ReadTx, contact_id: int | None) -> Contact | None:
    """The person, or None."""
    row = None if contact_id is None else tx.row(select(contact).where(contact.c.id == contact_id))
    return None if row is None else _contacts(tx, [row])[0]


def list_contacts(tx: ReadTx, *, words: str = "", after: str | None = None, limit: int = 50) -> Page[Contact]:
    """Contacts by name, as ``list_counterparties``."""
    statement = select(contact).order_by(contact.c.name_folded, contact.c.id).limit(limit + 1)
    if words.strip():
        statement = statement.where(contact.c.name_folded.contains(fold(words.strip()), autoescape=True))
    if after is not None:
        statement = statement.where(_behind(contact.c.name_folded, contact.c.id, after))
    found = cut_page(tx.rows(statement), limit, _place)
    return Page(_contacts(tx, found.items), found.next)


def list_people_of(tx: ReadTx, counterparty_id: int) -> list[Contact]:
    """The contacts of a counterparty, by name."""
    here = select(affiliation.c.contact_id).where(affiliation.c.counterparty_id == counterparty_id)
    return _contacts(tx, tx.rows(select(contact).where(contact.c.id.in_(here)).order_by(contact.c.name_folded)))


_ADDRESSES_OF = (
    select(party_address.c.address, party_address.c.contact_id)
    .join(affiliation, affiliation.c.contact_id == party_address.c.contact_id)
    .where(affiliation.c.counterparty_id == bindparam("counterparty_id"))
    .order_by(party_address.c.id)
)


def list_addresses_of(tx: ReadTx, counterparty_id: int) -> dict[str, int]:
    """The addresses of the people of a counterparty → contact."""
    rows = tx.rows(_ADDRESSES_OF, {"counterparty_id": counterparty_id})
    return {row.address: row.contact_id for row in reversed(rows)}


def _sort_name(name: str) -> str:
    """The name as lists order it and find it; the row itself keeps all of it."""
    return fold(name.strip())[:_LONGEST_SORTED]


def _place(row: Row[Any]) -> tuple[str, int]:
    return row.name_folded, row.id


def _behind(name: ColumnElement[str], key: ColumnElement[int], cursor: str) -> ColumnElement[bool]:
    return tuple_(name, key) > tuple_(*decode_cursor(cursor, (str, int)))


def _set_addresses(tx: WriteTx, owner: ColumnElement[Any], owner_id: int, emails: Iterable[str]) -> None:
    """The addresses of a party from now on. Letters of those that came or went follow (``ADDRESSES_MOVED``)."""
    wanted = list(dict.fromkeys(normal_address(email) for email in emails))
    before = tx.values(select(party_address.c.address).where(owner == owner_id))
    moved = sorted(set(before) ^ set(wanted))
    if moved:
        enqueue(tx, ADDRESSES_MOVED, {"addresses": moved})
    tx.execute(delete(party_address).where(owner == owner_id))
    tx.insert_many(party_address, [{"address": address, str(owner.key): owner_id} for address in wanted])


def _set_domains(tx: WriteTx, counterparty_id: int, domains: Iterable[str]) -> None:
    wanted = list(dict.fromkeys(normal_domain(domain) for domain in domains))
    tx.execute(delete(counterparty_domain).where(counterparty_domain.c.counterparty_id == counterparty_id))
    tx.insert_many(counterparty_domain, [{"counterparty_id": counterparty_id, "domain": domain} for domain in wanted])


def _grouped(tx: ReadTx, key: ColumnElement[Any], value: ColumnElement[Any], ids: list[int]) -> dict[int, list[Any]]:
    groups: dict[int, list[Any]] = {}
    for row in tx.rows(select(key.label("owner"), value.label("found")).where(key.in_(ids)).order_by(value)):
        groups.setdefault(row.owner, []).append(row.found)
    return groups


def _counterparties(tx: ReadTx, rows: Iterable[Row[Any]]) -> list[Counterparty]:
    rows = list(rows)
    ids = [row.id for row in rows]
    emails = _grouped(tx, party_address.c.counterparty_id, party_address.c.address, ids)
    domains = _grouped(tx, counterparty_domain.c.counterparty_id, counterparty_domain.c.domain, ids)
    return [
        Counterparty(
            id=row.id,
            name=row.name,
            kind=row.kind,
            roles=tuple(row.roles),
            emails=tuple(emails.get(row.id, ())),
            domains=tuple(domains.get(row.id, ())),
            manager_id=row.manager_id,
            city=row.city,
            language=row.language,
            external_id=row.external_id,
        )
        for row in rows
    ]


def _contacts(tx: ReadTx, rows: Iterable[Row[Any]]) -> list[Contact]:
    rows = list(rows)
    ids = [row.id for row in rows]
    emails = _grouped(tx, party_address.c.contact_id, party_address.c.address, ids)
    companies = _grouped(tx, affiliation.c.contact_id, affiliation.c.counterparty_id, ids)
    return [
        Contact(
            id=row.id,
            name=row.name,
            position=row.position,
            language=row.language,
            emails=tuple(emails.get(row.id, ())),
            counterparty_ids=tuple(companies.get(row.id, ())),
        )
        for row in rows
    ]
