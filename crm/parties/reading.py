"""Clients and people as they are: one, a page of them, those of a client."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Table, bindparam, select, tuple_

from core.database import ReadTx
from core.paging import Page, cut_page, decode_cursor
from crm.attributes import Having, having
from crm.parties.ordering import page_in_order, read_order
from crm.parties.phones import Phone
from crm.parties.shapes import Contact, Counterparty, Email
from crm.parties.tables import affiliation, contact, counterparty, counterparty_domain, party_address, party_phone
from crm.parties.words import Of, find_parties


def get_counterparty(tx: ReadTx, counterparty_id: int) -> Counterparty:
    """The client. Raises NotFound."""
    return _counterparties(tx, [tx.get(counterparty, counterparty_id)])[0]


_EXTERNAL = select(counterparty.c.id, counterparty.c.merged_into).where(
    counterparty.c.external_id == bindparam("external_id")
)


def find_by_external(tx: ReadTx, external_id: str) -> int | None:
    """The client with this number in another system, or whom it was merged into; None for none."""
    row = tx.row(_EXTERNAL, {"external_id": external_id})
    return None if row is None else int(row.merged_into or row.id)


_MANAGER = select(counterparty.c.manager_id).where(counterparty.c.id == bindparam("id"))


def find_manager(tx: ReadTx, counterparty_id: int) -> int | None:
    """The responsible manager of a client, or None."""
    found = tx.value(_MANAGER, {"id": counterparty_id})
    return None if found is None else int(found)


_NAMES = select(counterparty.c.id, counterparty.c.name).where(counterparty.c.id.in_(bindparam("ids", expanding=True)))


def names_of(tx: ReadTx, counterparty_ids: Iterable[int]) -> dict[int, str]:
    """The names of clients by their ids."""
    ids = sorted(set(counterparty_ids))
    return {row.id: row.name for row in tx.rows(_NAMES, {"ids": ids})} if ids else {}


def list_counterparties(
    tx: ReadTx,
    *,
    words: str = "",
    own: Sequence[Having] = (),
    channel_id: int | None = None,
    sort: str = "",
    after: str | None = None,
    limit: int = 50,
) -> Page[Counterparty]:
    """Clients by name, or by a column that people added: ``sort`` is its key, with ``-`` before it from its end.
    ``words`` narrows to those found by them (``find_parties``): by the beginnings of words of their
    names, firms, addresses, domains, telephones and tax numbers; ``own`` to those who have that in fields that people
    added; ``channel_id`` to those who came by it. Raises Invalid for a bad cursor, and for a field or a value that is
    none."""
    which = having(tx, "counterparty", counterparty, own) if own else []
    if channel_id is not None:
        which = [*which, counterparty.c.channel_id == channel_id]
    if (order := read_order(tx, "counterparty", sort)) is not None:
        ids = find_parties(tx, "counterparty", words) if words.strip() else None
        ordered = page_in_order(tx, counterparty, order, which, after, limit, ids)
        return Page(_counterparties(tx, ordered.items), ordered.next)
    found = _page(tx, counterparty, "counterparty", words, after, limit, which)
    return Page(_counterparties(tx, found.items), found.next)


def list_those(tx: ReadTx, counterparty_ids: Sequence[int]) -> list[Counterparty]:
    """Clients in the order of the ids; those who are not there are left out."""
    found = {one.id: one for one in _counterparties(tx, tx.get_all(counterparty, counterparty_ids))}
    return [found[one] for one in counterparty_ids if one in found]


_PARTS = (
    select(counterparty)
    .where(counterparty.c.parent_id == bindparam("id"), counterparty.c.merged_into.is_(None))
    .order_by(counterparty.c.name_folded)
    .limit(bindparam("most"))
)


def list_parts_of(tx: ReadTx, counterparty_id: int, most: int = 50) -> list[Counterparty]:
    """The first of the companies and departments right below a client, by name."""
    return _counterparties(tx, tx.rows(_PARTS, {"id": counterparty_id, "most": most}))


def get_contact(tx: ReadTx, contact_id: int) -> Contact:
    """The person. Raises NotFound."""
    return _contacts(tx, [tx.get(contact, contact_id)])[0]


def find_contact(tx: ReadTx, contact_id: int | None) -> Contact | None:
    """The person, or None."""
    rows = [] if contact_id is None else tx.get_all(contact, [contact_id])
    return _contacts(tx, rows)[0] if rows else None


def list_contacts(tx: ReadTx, *, words: str = "", after: str | None = None, limit: int = 50) -> Page[Contact]:
    """Contacts by name, as ``list_counterparties``."""
    found = _page(tx, contact, "contact", words, after, limit)
    return Page(_contacts(tx, found.items), found.next)


_PEOPLE = (
    select(contact)
    .where(contact.c.id.in_(select(affiliation.c.contact_id).where(affiliation.c.counterparty_id == bindparam("id"))))
    .order_by(contact.c.name_folded)
)


def list_people_of(tx: ReadTx, counterparty_id: int) -> list[Contact]:
    """The contacts of a counterparty, by name."""
    return _contacts(tx, tx.rows(_PEOPLE, {"id": counterparty_id}))


_CONTACT_NAMES = select(contact.c.id, contact.c.name).where(contact.c.id.in_(bindparam("ids", expanding=True)))


def contacts_named(tx: ReadTx, contact_ids: Iterable[int]) -> dict[int, str]:
    """The names of people by their ids."""
    ids = sorted(set(contact_ids))
    return {row.id: row.name for row in tx.rows(_CONTACT_NAMES, {"ids": ids})} if ids else {}


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


def _page(
    tx: ReadTx,
    table: Table,
    of: Of,
    words: str,
    after: str | None,
    limit: int,
    which: Sequence[ColumnElement[bool]] = (),
) -> Page[Row[Any]]:
    place = None if after is None else decode_cursor(after, (str, int))
    if words.strip():
        return _found(tx, table, find_parties(tx, of, words), place, limit, which)
    statement = select(table).where(table.c.merged_into.is_(None), *which).order_by(table.c.name_folded, table.c.id)
    if place is not None:
        statement = statement.where(tuple_(table.c.name_folded, table.c.id) > tuple_(*place))
    return cut_page(tx.rows(statement.limit(limit + 1)), limit, lambda row: (row.name_folded, row.id))


def _found(
    tx: ReadTx, table: Table, ids: list[int], place: Any, limit: int, which: Sequence[ColumnElement[bool]]
) -> Page[Row[Any]]:
    """A page of those who were found, by name. They are put in order here: asked for both, an engine walks everybody by
    name until it has met enough of them."""
    if not ids:
        return Page([], None)
    shown = select(table.c.id, table.c.name_folded, table.c.merged_into).where(table.c.id.in_(ids), *which)
    names = [(row.name_folded, row.id) for row in tx.rows(shown) if row.merged_into is None]
    ahead = sorted(name for name in names if place is None or name > tuple(place))[: limit + 1]
    rows = {row.id: row for row in tx.get_all(table, (one for _, one in ahead))}
    return cut_page([rows[one] for _, one in ahead], limit, lambda row: (row.name_folded, row.id))


def _grouped(tx: ReadTx, owner: ColumnElement[Any], ids: list[int]) -> dict[int, list[Any]]:
    """The rows of a table that belong to these ids, in the order in which they were written. They are put in order
    here: where most rows have no owner of this kind, SQLite would walk all of them in theirs."""
    groups: dict[int, list[Any]] = {}
    for row in sorted(tx.rows(_owned(owner), {"ids": ids}), key=_written):
        groups.setdefault(row.owner, []).append(row)
    return groups


def _written(row: Any) -> int:
    return int(getattr(row, "id", row.owner))


@cache
def _owned(owner: ColumnElement[Any]) -> Select[Any]:
    table: Table = owner.table
    return select(table, owner.label("owner")).where(owner.in_(bindparam("ids", expanding=True)))


def _emails(rows: Iterable[Any]) -> tuple[Email, ...]:
    return tuple(Email(row.address, row.kind) for row in rows)


def _phones(rows: Iterable[Any]) -> tuple[Phone, ...]:
    return tuple(Phone(row.number, row.extension, row.kind) for row in rows)


def _counterparties(tx: ReadTx, rows: Iterable[Row[Any]]) -> list[Counterparty]:
    rows = list(rows)
    ids = [row.id for row in rows]
    if not ids:
        return []
    emails = _grouped(tx, party_address.c.counterparty_id, ids)
    phones = _grouped(tx, party_phone.c.counterparty_id, ids)
    domains = _grouped(tx, counterparty_domain.c.counterparty_id, ids)
    return [
        Counterparty(
            id=row.id,
            name=row.name,
            kind=row.kind,
            roles=tuple(row.roles),
            addresses=_emails(emails.get(row.id, ())),
            domains=tuple(sorted(one.domain for one in domains.get(row.id, ()))),
            manager_id=row.manager_id,
            city=row.city,
            language=row.language,
            external_id=row.external_id,
            phones=_phones(phones.get(row.id, ())),
            parent_id=row.parent_id,
            parent_as=row.parent_as,
            time_zone=row.time_zone,
            birthday=row.birthday,
            channel_id=row.channel_id,
            first_channel_id=row.first_channel_id,
            first_channel_at=row.first_channel_at,
            about=row.about,
            created_at=row.created_at,
            version=row.version,
            merged_into=row.merged_into,
            attributes=row.attributes or {},
        )
        for row in rows
    ]


def _contacts(tx: ReadTx, rows: Iterable[Row[Any]]) -> list[Contact]:
    rows = list(rows)
    ids = [row.id for row in rows]
    if not ids:
        return []
    emails = _grouped(tx, party_address.c.contact_id, ids)
    phones = _grouped(tx, party_phone.c.contact_id, ids)
    places = _grouped(tx, affiliation.c.contact_id, ids)
    return [
        Contact(
            id=row.id,
            name=row.name,
            position=row.position,
            language=row.language,
            addresses=_emails(emails.get(row.id, ())),
            counterparty_ids=tuple(sorted(one.counterparty_id for one in places.get(row.id, ()))),
            phones=_phones(phones.get(row.id, ())),
            positions={one.counterparty_id: one.position for one in places.get(row.id, ()) if one.position},
            time_zone=row.time_zone,
            birthday=row.birthday,
            about=row.about,
            version=row.version,
            merged_into=row.merged_into,
            attributes=row.attributes or {},
        )
        for row in rows
    ]
