"""Clients and people are added and changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypedDict, Unpack

from sqlalchemy import ColumnElement, delete, select, update

from core import clock
from core.changes import record_change
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Invalid
from core.jobs import enqueue
from crm.attributes import set_values
from crm.parties.channels import first_now, first_of
from crm.parties.managers import record_manager
from crm.parties.matching import normal_address, normal_domain
from crm.parties.personal import check_personal, demand_own, fold_said, read_name
from crm.parties.phones import Phone
from crm.parties.reading import get_contact
from crm.parties.shapes import ADDRESS_KINDS, PLACES, ROLES, Email, Kind, check_choice
from crm.parties.tables import (
    affiliation,
    channel,
    contact,
    counterparty,
    counterparty_domain,
    party_address,
    party_phone,
)
from crm.parties.words import lay_words

ADDRESSES_MOVED = "addresses.moved"
"""The kind of the job that tells the post office which addresses (``addresses``) have other owners now."""
DEEPEST = 20
_NO_NAME = "A client needs a name."
_PLAIN = ("kind", "parent_as", "city", "language", "time_zone", "birthday", "about")
_PLAIN_OF_PERSON = ("position", "language", "time_zone", "birthday", "about")


class Told(TypedDict, total=False):
    """What may be said of a client; None is nothing. ``manager_id``, ``parent_id`` and ``channel_id`` 0: nobody's."""

    kind: Kind | None
    roles: Iterable[str] | None
    emails: Iterable[str | Email] | None
    domains: Iterable[str] | None
    phones: Iterable[Phone] | None
    manager_id: int | None
    parent_id: int | None
    parent_as: str | None
    channel_id: int | None
    city: str | None
    language: str | None
    time_zone: str | None
    birthday: str | None
    about: str | None
    attributes: Mapping[str, object] | None


class ToldOfPerson(TypedDict, total=False):
    """What may be said of a person; None is nothing. ``positions`` are those at one client each."""

    position: str | None
    emails: Iterable[str | Email] | None
    phones: Iterable[Phone] | None
    positions: Mapping[int, str] | None
    language: str | None
    time_zone: str | None
    birthday: str | None
    about: str | None
    attributes: Mapping[str, object] | None


def add_counterparty(
    tx: WriteTx, name: str, *, external_id: str | None = None, by_id: int | None = None, **told: Unpack[Told]
) -> int:
    """Add a client. Raises Invalid for bad input, Conflict when the ``external_id`` is taken."""
    values = _read(tx, None, told)
    taken = select(counterparty.c.id).where(counterparty.c.external_id == external_id)
    if external_id is not None and tx.value(taken) is not None:
        raise Conflict("There is already a client with the external id %(id)s.", id=external_id)
    came_by = values.get("channel_id")
    counterparty_id = tx.insert(
        counterparty,
        **{"kind": "company", "roles": ["customer"], "manager_id": None}
        | values
        | read_name(name, _NO_NAME)
        | {"external_id": external_id, "created_at": clock.now()}
        | first_now(came_by),
    )
    if values.get("manager_id"):
        record_manager(tx, counterparty_id, None, values["manager_id"], by_id)
    set_values(tx, "counterparty", counterparty, counterparty_id, told.get("attributes"))
    _reach_counterparty(tx, counterparty_id, told)
    record_change(tx, "counterparty.added", counterparty_id)
    return counterparty_id


def update_counterparty(
    tx: WriteTx,
    counterparty_id: int,
    *,
    name: str | None = None,
    version: int | None = None,
    by_id: int | None = None,
    **told: Unpack[Told],
) -> None:
    """Change what is given, leave the rest. Raises NotFound, Invalid; Conflict where ``version`` is not the newest."""
    tx.lock(counterparty, counterparty_id)
    now = tx.get(counterparty, counterparty_id)
    demand_own(now)
    _demand_version(now.version, version)
    values = _read(tx, counterparty_id, told)
    if name is not None:
        values |= read_name(name, _NO_NAME)
    if "manager_id" in values and values["manager_id"] != now.manager_id:
        record_manager(tx, counterparty_id, now.manager_id, values["manager_id"], by_id)
    if "channel_id" in values and values["channel_id"] != now.channel_id:
        values |= first_of(now, values["channel_id"])
    values["version"] = now.version + 1
    tx.execute(update(counterparty).where(counterparty.c.id == counterparty_id).values(values))
    changed = set_values(tx, "counterparty", counterparty, counterparty_id, told.get("attributes"))
    _reach_counterparty(tx, counterparty_id, told)
    record_change(tx, "counterparty.changed", counterparty_id, fields={"attributes": changed} if changed else None)


def add_contact(tx: WriteTx, name: str, *, counterparty_id: int | None = None, **told: Unpack[ToldOfPerson]) -> int:
    """Add a person, at a counterparty or alone. Raises Invalid, NotFound."""
    values = _read_person(told) | read_name(name, "A contact needs a name.")
    contact_id = tx.insert(contact, **values | {"created_at": clock.now()})
    if counterparty_id is not None:
        demand_own(tx.get(counterparty, counterparty_id))
        tx.insert(affiliation, contact_id=contact_id, counterparty_id=counterparty_id)
    set_values(tx, "contact", contact, contact_id, told.get("attributes"))
    _reach_contact(tx, contact_id, told)
    record_change(tx, "contact.added", contact_id, fields={"counterparty_id": counterparty_id})
    return contact_id


def update_contact(
    tx: WriteTx, contact_id: int, *, name: str | None = None, version: int | None = None, **told: Unpack[ToldOfPerson]
) -> None:
    """Change what is given, leave the rest. Letters follow the addresses. Raises NotFound, Invalid, Conflict."""
    tx.lock(contact, contact_id)
    now = tx.get(contact, contact_id)
    demand_own(now)
    _demand_version(now.version, version)
    values = _read_person(told)
    if name is not None:
        values |= read_name(name, "A contact needs a name.")
    values["version"] = now.version + 1
    tx.execute(update(contact).where(contact.c.id == contact_id).values(values))
    changed = set_values(tx, "contact", contact, contact_id, told.get("attributes"))
    _reach_contact(tx, contact_id, told)
    record_change(tx, "contact.changed", contact_id, fields={"attributes": changed} if changed else None)


def affiliate(tx: WriteTx, contact_id: int, counterparty_id: int, position: str = "") -> None:
    """A person works at a client (too), or is something else there. Raises NotFound, Conflict where one was merged."""
    tx.lock(contact, contact_id)
    demand_own(tx.get(contact, contact_id))
    demand_own(tx.get(counterparty, counterparty_id))
    here = (affiliation.c.contact_id == contact_id) & (affiliation.c.counterparty_id == counterparty_id)
    said = {"position": position.strip()}
    said |= fold_said(said)
    if not tx.execute(update(affiliation).where(here).values(said)):
        tx.insert(affiliation, contact_id=contact_id, counterparty_id=counterparty_id, **said)
    record_change(tx, "contact.changed", contact_id, fields={"counterparty_id": counterparty_id})


def part(tx: WriteTx, contact_id: int, counterparty_id: int) -> None:
    """A person is not at a client any more; what happened stays in its history. Raises NotFound."""
    tx.get(contact, contact_id)
    here = (affiliation.c.contact_id == contact_id) & (affiliation.c.counterparty_id == counterparty_id)
    tx.execute(delete(affiliation).where(here))
    record_change(tx, "contact.changed", contact_id, fields={"counterparty_id": counterparty_id})


def learn_address(tx: WriteTx, contact_id: int, address: str) -> None:
    """One more address of a contact; older letters of it move to them. Raises NotFound, Invalid."""
    update_contact(tx, contact_id, emails=[*get_contact(tx, contact_id).addresses, address])


def forget_address(tx: WriteTx, contact_id: int, address: str) -> None:
    """An address is not theirs after all; its letters move back. Raises NotFound."""
    kept = [one for one in get_contact(tx, contact_id).addresses if one.address != address]
    update_contact(tx, contact_id, emails=kept)


def _demand_version(now: int, seen: int | None) -> None:
    if seen is not None and seen != now:
        raise Conflict("Somebody has changed this since you opened it. Look again, then save what you wrote.")


def _read(tx: ReadTx, counterparty_id: int | None, told: Told) -> dict[str, Any]:
    """The columns among what is said, checked. Raises Invalid."""
    values: dict[str, Any] = {name: told[name] for name in _PLAIN if told.get(name) is not None}  # type: ignore[literal-required]
    if values.get("kind", "company") not in ("company", "person"):
        raise Invalid("A client is a company or a person.", field="kind")
    check_choice(values.get("parent_as", ""), PLACES, "parent_as")
    if told.get("roles") is not None:
        values["roles"] = list(dict.fromkeys(told["roles"] or ()))
        unknown = [role for role in values["roles"] if role not in ROLES]
        if unknown:
            raise Invalid("There is no role named %(role)s.", role=unknown[0], field="roles")
    if (manager_id := told.get("manager_id")) is not None:
        values["manager_id"] = manager_id or None
    if (channel_id := told.get("channel_id")) is not None:
        values["channel_id"] = channel_id or None
        if channel_id:
            tx.get(channel, channel_id)
    if (parent_id := told.get("parent_id")) is not None:
        values["parent_id"] = parent_id or None
        _demand_no_circle(tx, counterparty_id, parent_id)
    return check_personal(values)


def _demand_no_circle(tx: ReadTx, counterparty_id: int | None, parent_id: int) -> None:
    """Raises Invalid where a client would stand below itself, or too deep; NotFound for no such parent."""
    above, depth = parent_id or None, 0
    while above is not None:
        if above == counterparty_id or depth == DEEPEST:
            raise Invalid("A client cannot belong to itself or to what belongs to it.", field="parent_id")
        above, depth = tx.get(counterparty, above).parent_id, depth + 1


def _read_person(told: ToldOfPerson) -> dict[str, Any]:
    values = {name: told[name] for name in _PLAIN_OF_PERSON if told.get(name) is not None}  # type: ignore[literal-required]
    return check_personal(values)


def _reach_counterparty(tx: WriteTx, counterparty_id: int, told: Told) -> None:
    """How they are reached, and by what they are found."""
    _set_addresses(tx, party_address.c.counterparty_id, counterparty_id, told.get("emails"))
    _set_phones(tx, party_phone.c.counterparty_id, counterparty_id, told.get("phones"))
    _set_domains(tx, counterparty_id, told.get("domains"))
    lay_words(tx, "counterparty", counterparty_id)


def _reach_contact(tx: WriteTx, contact_id: int, told: ToldOfPerson) -> None:
    _set_addresses(tx, party_address.c.contact_id, contact_id, told.get("emails"))
    _set_phones(tx, party_phone.c.contact_id, contact_id, told.get("phones"))
    for counterparty_id, position in (told.get("positions") or {}).items():
        affiliate(tx, contact_id, counterparty_id, position)
    lay_words(tx, "contact", contact_id)


def _set_addresses(tx: WriteTx, owner: ColumnElement[Any], owner_id: int, emails: Iterable[str | Email] | None) -> None:
    """The addresses of a party from now on. Letters of those that came or went follow (``ADDRESSES_MOVED``)."""
    if emails is None:
        return
    told = [Email(one) if isinstance(one, str) else one for one in emails]
    wanted: dict[str, str] = {}
    for one in told:
        wanted.setdefault(normal_address(one.address), check_choice(one.kind, ADDRESS_KINDS, "kind"))
    before = {row.address: row for row in tx.rows(select(party_address).where(owner == owner_id))}
    if moved := sorted(before.keys() ^ wanted.keys()):
        enqueue(tx, ADDRESSES_MOVED, {"addresses": moved})
    gone = [row.id for address, row in before.items() if address not in wanted]
    if gone:
        tx.execute(delete(party_address).where(party_address.c.id.in_(gone)))
    for address, kind in wanted.items():
        if address not in before:
            tx.insert(party_address, **{"address": address, "kind": kind, str(owner.key): owner_id})
        elif before[address].kind != kind:
            tx.change(party_address, before[address].id, kind=kind)


def _set_phones(tx: WriteTx, owner: ColumnElement[Any], owner_id: int, phones: Iterable[Phone] | None) -> None:
    if phones is None:
        return
    wanted = list(dict.fromkeys(phones))
    tx.execute(delete(party_phone).where(owner == owner_id))
    for one in wanted:
        values = {"number": one.number, "extension": one.extension, "kind": one.kind, str(owner.key): owner_id}
        tx.insert(party_phone, **values)


def _set_domains(tx: WriteTx, counterparty_id: int, domains: Iterable[str] | None) -> None:
    if domains is None:
        return
    wanted = list(dict.fromkeys(normal_domain(domain) for domain in domains))
    tx.execute(delete(counterparty_domain).where(counterparty_domain.c.counterparty_id == counterparty_id))
    tx.insert_many(counterparty_domain, [{"counterparty_id": counterparty_id, "domain": domain} for domain in wanted])
