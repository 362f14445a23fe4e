"""Clients and people as lines of a table that leaves the house. Everybody on the staff sees them; taking all of them
along is for those who hand out the work, and is written down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar

from sqlalchemy import Select, select

from core.clock import SECOND
from core.database import ReadTx, WriteTx
from core.errors import Invalid
from core.money import to_major
from core.paging import Page
from crm.attributes import Attribute, list_attributes
from crm.parties.belonging import firms_of, groups_of
from crm.parties.channels import list_channels
from crm.parties.consents import consents_of
from crm.parties.reading import list_contacts, list_counterparties, names_of
from crm.parties.shapes import Contact, Counterparty
from crm.parties.tables import group_member
from crm.parties.words import Of
from crm.staff.audit import record_audit
from crm.staff.people import list_users
from crm.staff.readable import Viewer, demand_somewhere
from crm.transfer.fields import offered_of

Format = Literal["csv", "xlsx"]
Party = TypeVar("Party", Counterparty, Contact)
AT_ONCE = 500
CLIENT_FIELDS = (
    "client.name", "client.kind", "client.roles", "firm.name", "firm.tax_number", "client.emails", "client.phones",
    "client.domains", "client.city", "client.manager", "client.groups", "client.channel", "client.language",
    "client.time_zone", "client.birthday", "client.parent", "client.external_id", "client.about",
)  # fmt: skip
PERSON_FIELDS = (
    "person.name", "client.name", "person.position", "person.emails", "person.phones", "person.language",
    "person.birthday", "person.consent", "person.consent_source", "person.consent_at", "person.about",
)  # fmt: skip
"""The columns of each, as an import knows them."""


def begin_export(
    tx: WriteTx, viewer: Viewer, of: Of, how: str, words: str, group_id: int | None, segment_id: int | None
) -> list[Attribute]:
    """Somebody takes clients along: a line of the audit log. Returns the fields that users added, whose values stand
    behind the others in every line. Raises Forbidden."""
    demand_somewhere(viewer, "assign")
    narrowed = {"narrowed": bool(words), "group": group_id, "segment": segment_id}
    record_audit(tx, viewer.user_id, "clients-exported", of, format=how, **narrowed)
    return list_attributes(tx, of)


def list_lines(
    tx: ReadTx, viewer: Viewer, of: Of, own: Sequence[Attribute], *, words: str = "", group_id: int | None = None,
    among: Select[Any] | None = None, after: str | None = None,
) -> Page[list[str]]:  # fmt: skip
    """The next lines: clients by name, or people, found by words, in a free group, and ``among`` the ids of a query (a
    segment), with the values of the fields ``own`` behind them. Raises Forbidden, Invalid."""
    demand_somewhere(viewer, "assign")
    if of == "contact":
        if group_id is not None:
            raise Invalid("Groups are of clients.", field="group")
        people = list_contacts(tx, words=words, after=after, limit=AT_ONCE)
        return Page(_person_lines(tx, _among(tx, people.items, among), own), people.next)
    clients = list_counterparties(tx, words=words, after=after, limit=AT_ONCE)
    kept = clients.items if group_id is None else _in_group(tx, clients.items, group_id)
    return Page(_client_lines(tx, viewer, _among(tx, kept, among), own), clients.next)


def _among(tx: ReadTx, parties: Sequence[Party], among: Select[Any] | None) -> list[Party]:
    if among is None:
        return list(parties)
    column = among.selected_columns[0]
    inside = set(tx.values(among.where(column.in_([one.id for one in parties]))))
    return [one for one in parties if one.id in inside]


def say_own(one: Attribute, value: Any) -> str:
    """A value as an import reads it again."""
    if value is None:
        return ""
    if one.type == "money":
        return format(to_major(value, one.currency), "f")
    if one.type == "yes_no":
        return "yes" if value else "no"
    if one.type == "choice":
        return one.label_of(value)
    if one.type == "choices":
        return "; ".join(one.label_of(choice) for choice in value)
    return str(value)


def _own_cells(own: Sequence[Attribute], values: Mapping[str, Any]) -> list[str]:
    return [say_own(one, values.get(one.key)) for one in own]


def _in_group(tx: ReadTx, clients: Sequence[Counterparty], group_id: int) -> list[Counterparty]:
    ids = [one.id for one in clients]
    here = (group_member.c.group_id == group_id) & group_member.c.counterparty_id.in_(ids)
    inside = set(tx.values(select(group_member.c.counterparty_id).where(here)))
    return [one for one in clients if one.id in inside]


def _client_lines(
    tx: ReadTx, viewer: Viewer, clients: Sequence[Counterparty], own: Sequence[Attribute]
) -> list[list[str]]:
    ids = [one.id for one in clients]
    firms, groups = firms_of(tx, ids), groups_of(tx, ids)
    managers = {user.id: user.name for user in list_users(tx)}
    channels = {one.id: one.name for one in list_channels(tx)}
    parents = names_of(tx, [one.parent_id for one in clients if one.parent_id is not None])
    lines, fields = [], offered_of(CLIENT_FIELDS, viewer)
    for one in clients:
        firm = next(iter(firms.get(one.id, ())), None)
        cells = [
            one.name, one.kind, ", ".join(one.roles), firm.name if firm else "", firm.tax_number if firm else "",
            ", ".join(one.emails), ", ".join(_numbers(one)), ", ".join(one.domains), one.city,
            managers.get(one.manager_id or 0, ""), ", ".join(group.name for group in groups.get(one.id, ())),
            channels.get(one.channel_id or 0, ""), one.language, one.time_zone, one.birthday,
            parents.get(one.parent_id or 0, ""), one.external_id or "", one.about,
        ]  # fmt: skip
        told = dict(zip(CLIENT_FIELDS, cells, strict=True))
        lines.append([*(told[field] for field in fields), *_own_cells(own, one.attributes)])
    return lines


def _person_lines(tx: ReadTx, people: Sequence[Contact], own: Sequence[Attribute]) -> list[list[str]]:
    consents = consents_of(tx, [one.id for one in people])
    names = names_of(tx, [client_id for one in people for client_id in one.counterparty_ids])
    lines = []
    for one in people:
        said = next(iter(consents.get(one.id, ())), None)
        at = next(iter(one.counterparty_ids), 0)
        lines.append([
            one.name, names.get(at, ""), one.position_at(at), ", ".join(one.emails), ", ".join(_numbers(one)),
            one.language, one.birthday, "" if said is None else "yes" if said.given else "no",
            said.source if said else "", _day(said.at) if said else "", one.about, *_own_cells(own, one.attributes),
        ])  # fmt: skip
    return lines


def _numbers(one: Counterparty | Contact) -> list[str]:
    return [f"{phone.number} ext. {phone.extension}" if phone.extension else phone.number for phone in one.phones]


def _day(at: int) -> str:
    return datetime.fromtimestamp(at / SECOND, UTC).date().isoformat()
