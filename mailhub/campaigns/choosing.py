"""Candidates of a mailing out of what was chosen, by key range: clients first, with their people, then contacts that
were chosen by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import merge
from typing import Any, Literal, NamedTuple

from sqlalchemy import bindparam, func, select

from core.database import ReadTx, among
from crm.parties.tables import affiliation, contact, counterparty, group_member, party_address
from crm.segments import select_members
from crm.segments.tables import segment, segment_member
from crm.staff.tables import scope, user
from mailhub.campaigns.mailings import Choice, People
from mailhub.mailboxes.tables import thread

Phase = Literal["clients", "contacts", "end"]


class Candidate(NamedTuple):
    """Somebody who might get it. ``address`` is '' where none is known; ``fields`` are the values for the letter."""

    contact_id: int | None
    counterparty_id: int | None
    address: str
    name: str
    language: str
    time_zone: str
    fields: dict[str, Any]
    excluded: bool = False


@dataclass(frozen=True, slots=True)
class Chosen:
    """A piece of them; the next one begins behind ``after``, when there is ``more``."""

    candidates: list[Candidate]
    after: int
    more: bool


def list_candidates(
    tx: ReadTx, choices: Sequence[Choice], people: People, phase: Phase, after: int, most: int
) -> Chosen:
    """The next of ``most`` clients or contacts behind ``after``, in the order of their ids."""
    kinds = ("everybody", "group", "client", "segment") if phase == "clients" else ("contact", "segment")
    of = {one.number: find_of(tx, one.number) for one in choices if one.kind == "segment"}
    parties = "counterparties" if phase == "clients" else "contacts"
    here = [one for one in choices if one.kind != "segment" or of[one.number] == parties]
    wanted = [one for one in here if one.takes and one.kind in kinds]
    ids = _next_ids(tx, wanted, after, most)
    if not ids:
        return Chosen([], after, more=False)
    if phase == "clients":
        found = _of_clients(tx, ids, people, _excluded_clients(tx, choices, of, ids))
    else:
        found = _of_contacts(tx, ids)
    persons = sorted({one.contact_id for one in found if one.contact_id is not None})
    spared = {one.number for one in choices if not one.takes and one.kind == "contact"}
    spared |= _in_segments(tx, choices, of, "contacts", persons)
    return Chosen([_spare(one) if one.contact_id in spared else one for one in found], ids[-1], more=len(ids) == most)


_EVERYBODY = (
    select(counterparty.c.id)
    .where(counterparty.c.merged_into.is_(None), counterparty.c.id > bindparam("after"))
    .order_by(counterparty.c.id)
    .limit(bindparam("most"))
)
_OF_GROUP = (
    select(group_member.c.counterparty_id)
    .where(group_member.c.group_id == bindparam("number"), group_member.c.counterparty_id > bindparam("after"))
    .order_by(group_member.c.counterparty_id)
    .limit(bindparam("most"))
)
_IN_GROUPS = select(group_member.c.counterparty_id).where(
    among(group_member.c.group_id, "groups"), among(group_member.c.counterparty_id, "ids")
)


def _next_ids(tx: ReadTx, wanted: Sequence[Choice], after: int, most: int) -> list[int]:
    asked = {"after": after, "most": most}
    lists: list[list[int]] = []
    if any(one.kind == "everybody" for one in wanted):
        lists.append(tx.values(_EVERYBODY, asked))
    for one in wanted:
        if one.kind == "segment":
            members = select_members(one.number).where(segment_member.c.party_id > after)
            lists.append(tx.values(members.order_by(segment_member.c.party_id).limit(most)))
    lists += [tx.values(_OF_GROUP, asked | {"number": one.number}) for one in wanted if one.kind == "group"]
    by_hand = sorted({one.number for one in wanted if one.kind in ("client", "contact") and one.number > after})
    lists.append(by_hand[:most])
    found: list[int] = []
    for number in merge(*lists):
        if not found or number != found[-1]:
            found.append(number)
        if len(found) == most:
            break
    return found


def find_of(tx: ReadTx, segment_id: int) -> str:
    """What a segment is of: ``counterparties`` or ``contacts``, '' for one that is gone."""
    return str(tx.value(select(segment.c.of).where(segment.c.id == segment_id)) or "")


def _in_segments(
    tx: ReadTx, choices: Sequence[Choice], of: dict[int, str], parties: str, ids: Sequence[int]
) -> set[int]:
    """Who of these is in a segment that shall not get it."""
    found: set[int] = set()
    for one in choices:
        if one.kind == "segment" and not one.takes and of[one.number] == parties and ids:
            found |= set(tx.values(select_members(one.number).where(segment_member.c.party_id.in_(ids))))
    return found


def _excluded_clients(tx: ReadTx, choices: Sequence[Choice], of: dict[int, str], ids: Sequence[int]) -> set[int]:
    spared = {one.number for one in choices if not one.takes and one.kind == "client"}
    groups = [one.number for one in choices if not one.takes and one.kind == "group"]
    if groups:
        spared |= set(tx.values(_IN_GROUPS, {"groups": groups, "ids": list(ids)}))
    return spared | _in_segments(tx, choices, of, "counterparties", ids)


_CLIENT = (
    counterparty.c.id, counterparty.c.name, counterparty.c.city, counterparty.c.language, counterparty.c.time_zone,
    user.c.name.label("manager_name"), user.c.email.label("manager_email"),
)  # fmt: skip
_CLIENTS = (
    select(*_CLIENT)
    .join(user, user.c.id == counterparty.c.manager_id, isouter=True)
    .where(among(counterparty.c.id, "ids"), counterparty.c.merged_into.is_(None))
    .order_by(counterparty.c.id)
)
# A line for each address of each of their people, one without where there is none: the client as in ``_CLIENT``, the
# person as in ``_THOSE``, the address.
_HOUSES = (
    select(
        *_CLIENT, contact.c.id.label("contact_id"), contact.c.name.label("contact_name"),
        contact.c.language.label("own_language"), contact.c.time_zone.label("own_zone"),
        func.coalesce(func.nullif(affiliation.c.position, ""), contact.c.position).label("position"),
        party_address.c.address,
    )
    .join(user, user.c.id == counterparty.c.manager_id, isouter=True)
    .join(affiliation, affiliation.c.counterparty_id == counterparty.c.id, isouter=True)
    .join(contact, (contact.c.id == affiliation.c.contact_id) & contact.c.merged_into.is_(None), isouter=True)
    .join(party_address, party_address.c.contact_id == contact.c.id, isouter=True)
    .where(
        among(counterparty.c.id, "ids"),
        counterparty.c.merged_into.is_(None),
    )
    .order_by(counterparty.c.id, contact.c.id, party_address.c.id)
)  # fmt: skip
_THOSE = (
    select(contact.c.id, contact.c.name, contact.c.language, contact.c.time_zone, contact.c.position)
    .where(among(contact.c.id, "ids"), contact.c.merged_into.is_(None))
    .order_by(contact.c.id)
)
_EMPLOYERS = (
    select(affiliation.c.contact_id, func.min(affiliation.c.counterparty_id).label("counterparty_id"))
    .where(among(affiliation.c.contact_id, "ids"))
    .group_by(affiliation.c.contact_id)
)
_OF_PEOPLE = (
    select(party_address.c.contact_id.label("of"), party_address.c.address)
    .where(among(party_address.c.contact_id, "ids"))
    .order_by(party_address.c.id)
)
_OF_CLIENTS = (
    select(party_address.c.counterparty_id.label("of"), party_address.c.address)
    .where(among(party_address.c.counterparty_id, "ids"))
    .order_by(party_address.c.id)
)
_HEARD = (
    select(thread.c.who_address, func.max(thread.c.last_message_at).label("at"))
    .where(
        thread.c.scope_id.in_(select(scope.c.id).where(scope.c.kind == "public")),
        among(thread.c.who_address, "ones"),
        func.length(thread.c.who_address) <= 320,
    )
    .group_by(thread.c.who_address)
)


def _of_clients(tx: ReadTx, ids: Sequence[int], people: People, excluded: set[int]) -> list[Candidate]:
    """Of each client its main contact (the one last heard from) or all of them; its own address where it has nobody."""
    houses = _houses(tx, ids)
    own = _addresses(tx, _OF_CLIENTS, [row[0] for row, staff in houses if not staff])
    lists = [theirs for _, staff in houses for _, theirs in staff if len(theirs) > 1]
    if people == "main":
        lists += [[one for _, theirs in staff for one in theirs] for _, staff in houses if len(staff) > 1]
    heard = _last_heard(tx, [*own.values(), *lists])
    found: list[Candidate] = []
    for row, staff in houses:
        if len(staff) == 1 and len(staff[0][1]) == 1:  # as most are
            person, theirs = staff[0]
            found.append(_candidate(row[:7], person, theirs[0], excluded=row[0] in excluded))
            continue
        reached = [(_best(theirs, heard), person) for person, theirs in staff]
        if people == "main" and len(reached) > 1:
            reached = [max(reached, key=lambda one: heard.get(one[0].lower(), 0))]
        for address, person in reached or [(_best(own.get(row[0], ()), heard), None)]:
            found.append(_candidate(row[:7], person, address, excluded=row[0] in excluded))
    return found


def _houses(tx: ReadTx, ids: Sequence[int]) -> list[tuple[Any, list[tuple[Any, list[str]]]]]:
    """Clients with those of their people who have an address, and the addresses of each, in the order of their ids."""
    found: list[tuple[Any, list[tuple[Any, list[str]]]]] = []
    client_id = person_id = 0
    staff: list[tuple[Any, list[str]]] = []
    row: Any
    for row in tx.rows(_HOUSES, {"ids": list(ids)}):
        if row[0] != client_id:
            client_id, person_id, staff = row[0], 0, []
            found.append((row, staff))
        if row[12] is None:
            continue
        if row[7] == person_id:
            staff[-1][1].append(row[12])
        else:
            person_id = row[7]
            staff.append((row[7:12], [row[12]]))
    return found


def _of_contacts(tx: ReadTx, ids: Sequence[int]) -> list[Candidate]:
    asked = {"ids": list(ids)}
    theirs = _addresses(tx, _OF_PEOPLE, ids)
    heard = _last_heard(tx, list(theirs.values()))
    employer = {row.contact_id: row.counterparty_id for row in tx.rows(_EMPLOYERS, asked)}
    clients = {row.id: row for row in tx.rows(_CLIENTS, {"ids": sorted(set(employer.values()))})} if employer else {}
    return [
        _candidate(clients.get(employer.get(row.id, 0)), row, _best(theirs.get(row.id, ()), heard))
        for row in tx.rows(_THOSE, asked)
    ]


def _addresses(tx: ReadTx, statement: Any, ids: Sequence[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    row: Any  # of two columns, which the types of rows do not know
    for row in tx.rows(statement, {"ids": list(ids)}) if ids else ():
        found.setdefault(row[0], []).append(row[1])
    return found


def _last_heard(tx: ReadTx, lists: Sequence[Sequence[str]]) -> dict[str, int]:
    """When an address wrote to a public mailbox last; nobody asks where there is nothing to choose."""
    ones = sorted({address.lower() for addresses in lists if len(addresses) > 1 for address in addresses})
    if not ones:
        return {}
    return {row.who_address.lower(): int(row.at) for row in tx.rows(_HEARD, {"ones": ones})}


def _best(addresses: Sequence[str], heard: dict[str, int]) -> str:
    if len(addresses) == 1:
        return addresses[0]
    return max(addresses, key=lambda one: heard.get(one.lower(), 0), default="")


def _candidate(client: Any, person: Any, address: str, *, excluded: bool = False) -> Candidate:
    """``client`` and ``person`` are as in ``_CLIENT`` and ``_THOSE``: taken apart in one go, which a million of them
    are glad of."""
    client_id = person_id = None
    name = language = time_zone = ""
    about: dict[str, Any] = {"contact": {"email": address}}
    if client is not None:
        client_id, name, city, language, time_zone, manager, manager_email = client
        about["client"] = _known("city", city, {"name": name} if name else {})
        about["manager"] = _known("email", manager_email, {"name": manager} if manager else {})
    if person is not None:
        person_id, name, own_language, own_zone, position = person
        _known("position", position, _known("name", name, about["contact"]))
        language, time_zone = own_language or language, own_zone or time_zone
    return Candidate(person_id, client_id, address, name, language, time_zone, about, excluded)


def _known(name: str, value: str | None, about: dict[str, str]) -> dict[str, str]:
    if value:
        about[name] = value
    return about


def _spare(one: Candidate) -> Candidate:
    return one._replace(excluded=True)
