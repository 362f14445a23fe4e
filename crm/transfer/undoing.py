"""An import is taken back, the last row first: what still stands as it was imported goes, what somebody has changed
since, and what something else has come to, stays and is listed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, select, update

from core import clock, jobs
from core.changes import record_change
from core.database import ReadTx, WriteTx
from core.jobs import enqueue
from crm.attributes import lay_values
from crm.attributes.tables import attribute_choice
from crm.parties.channels import ensure_channel, first_of
from crm.parties.journal import STAYS, naming
from crm.parties.managers import record_manager
from crm.parties.personal import fold_said
from crm.parties.tables import (
    affiliation,
    client_group,
    consent,
    contact,
    counterparty,
    counterparty_domain,
    group_member,
    legal_entity,
    manager_change,
    party_address,
    party_link,
    party_phone,
)
from crm.parties.verbs import ADDRESSES_MOVED
from crm.parties.words import Of, lay_words
from crm.transfer.document_undoing import parties_of, undo_documents
from crm.transfer.imports import State, lock_import
from crm.transfer.memory import OF_CLIENT, OF_PERSON, Client, Memory, Person, load_clients, load_people
from crm.transfer.runs import import_of
from crm.transfer.tables import import_row, party_import

Refile = Callable[[WriteTx, Sequence[str]], None]
"""Lets letters follow addresses that have just been taken from somebody, within this unit."""
WRONG = {
    "since": "It has been changed since.",
    "named": "Letters or other things have come to it since.",
}
_OWN = frozenset(
    one.name
    for one in (party_address, party_phone, counterparty_domain, affiliation, legal_entity, group_member, consent)
)
_OF_CLIENT = (*OF_CLIENT, "manager_id", "parent_id", "channel")
_BLANK: tuple[Any, ...] = ("", None, [])


@dataclass(slots=True)
class _Back:
    """What goes of some rows, gathered before it is written."""

    memory: Memory
    clients: dict[int, Any] = field(default_factory=dict)  # that go → their row
    people: dict[int, Any] = field(default_factory=dict)
    touched: dict[tuple[Of, int], dict[str, Any]] = field(default_factory=dict)  # → columns to set
    own: dict[tuple[Of, int], dict[str, Any]] = field(default_factory=dict)  # → values of fields that users added
    dropped: list[tuple[Any, dict[str, Any]]] = field(default_factory=list)  # rows of a table that go
    said: dict[int, tuple[str, str]] = field(default_factory=dict)  # n → outcome, reason


def undo_rows(tx: WriteTx, job: jobs.Job, refile: Refile, most: int, worked: int) -> tuple[State, int]:
    """Take back the last ``most`` rows that did something and are not taken back yet. Returns the state and how many
    there were. Raises Conflict when another worker has the import."""
    jobs.get_on(tx, job)
    found = lock_import(tx, import_of(job))
    did = select(import_row).where(import_row.c.import_id == found.id, import_row.c.outcome.in_(("new", "changed")))
    if found.kind == "documents":
        did = did.where(import_row.c.document_id.is_not(None))
    rows = [] if found.state != "undoing" else tx.rows(did.order_by(import_row.c.n.desc()).limit(most))
    if not rows:
        return found.state, 0
    whole = rows if found.kind == "documents" else []
    of_documents = undo_documents(tx, whole)
    done, rows = rows, parties_of(rows) if whole else rows
    back = _Back(Memory())
    load_clients(tx, back.memory, {row.client_id for row in rows if row.client_id})
    load_people(tx, back.memory, {row.person_id for row in rows if row.person_id})
    for row in rows:
        _take_back(back, row)
    addresses = _drop(tx, back)
    refile(tx, addresses)
    _keep_named(tx, back)
    _erase(tx, back)
    counts = dict(found.counts)
    for row in done:
        said = [one[row.n] for one in (of_documents, back.said) if row.n in one]
        outcome, reason = min(said, key=lambda one: (one[0] != "stays", not one[1]))
        numbers = (row.journal or {}).get("rows", [row.n])
        counts[outcome] = counts.get(outcome, 0) + len(numbers)
        counts["rows"] = counts.get("rows", 0) + len(numbers)
        for n in numbers:
            here = (import_row.c.import_id == found.id) & (import_row.c.n == n)
            told = {"reason": reason, "reason_fields": None} if n == row.n else {}
            tx.execute(update(import_row).where(here).values(outcome=outcome, **told))
    tx.change(party_import, found.id, counts=counts, worked=found.worked + worked, moved_at=clock.now())
    return found.state, len(done)


def _take_back(back: _Back, row: Any) -> None:
    journal = row.journal or {}
    client = back.memory.clients.get(row.client_id or 0)
    person = back.memory.people.get(row.person_id or 0)
    whole = _take_back_person(back, person, client, journal.get("person"), row)
    if row.client_id is None:
        pass
    elif client is None or client.values["merged_into"] is not None:
        whole = False
    elif journal.get("new"):
        if whole and _stands(client, journal):
            back.clients[client.id] = row
        else:
            whole = False
    else:
        whole = _revert(back, "counterparty", client, journal, _OF_CLIENT) and whole
    back.said[row.n] = ("undone", "") if whole else ("stays", WRONG["since"])


def _take_back_person(
    back: _Back, person: Person | None, client: Client | None, journal: dict[str, Any] | None, row: Any
) -> bool:
    if not journal:
        return True
    if person is None or person.values["merged_into"] is not None:
        return False
    if not journal.get("new"):
        return _revert(back, "contact", person, journal, OF_PERSON)
    at_others = [one for one in back.memory.clients.values() if one is not client and person in one.people]
    if at_others or not _stands(person, journal):
        return False
    back.people[person.id] = row
    if client is not None and person in client.people:
        client.people.remove(person)
    return True


def _stands(party: Client | Person, journal: dict[str, Any]) -> bool:
    """Whether somebody new is still exactly as the row said, and nothing more."""
    told = {name: after for name, (_, after) in journal.get("set", {}).items()}
    names = _OF_CLIENT if isinstance(party, Client) else OF_PERSON
    for name in names:
        now = party.values.get(name)
        if name == "kind" and name not in told:
            continue
        if now != told.get(name) and not (now in _BLANK and told.get(name) in _BLANK):
            return False
    own = {key: value for key, value in party.own.items() if value is not None}
    if own != {key: after for key, (_, after) in journal.get("own", {}).items()}:
        return False
    if not _same(party.emails, journal.get("emails")) or not _same(party.phones, journal.get("phones")):
        return False
    if isinstance(party, Person):
        said = journal.get("consent")
        return (party.consented and party.consented[0]) == (said and said[0])
    more: list[tuple[list[Any], str]] = [
        (party.domains, "domains"), (party.groups, "groups"), (party.roles, "roles"), (party.firms, "firms"),
    ]  # fmt: skip
    return not party.people and all(_same(now, journal.get(name)) for now, name in more)


def _same(now: Iterable[Any], said: Iterable[Any] | None) -> bool:
    return sorted(map(_key, now)) == sorted(map(_key, said or ()))


def _key(one: Any) -> Any:
    return tuple(one) if isinstance(one, list | tuple) else one.casefold()


def _revert(back: _Back, of: Of, party: Client | Person, journal: dict[str, Any], names: Collection[str]) -> bool:
    """Let somebody who was here before be as before, as far as nobody has changed it since: False where one has."""
    whole = True
    columns: dict[str, Any] = {}
    for name, (before, after) in journal.get("set", {}).items():
        if party.values.get(name) == after:
            party.values[name] = columns[name] = before
        elif name in names:
            whole = False
    for key, (was, after) in journal.get("own", {}).items():
        if party.own.get(key) == after:
            back.own.setdefault((of, party.id), {})[key] = party.own[key] = was
        else:
            whole = False
    for name in ("emails", "phones", "domains", "groups", "firms"):
        if gone := {_key(one) for one in journal.get(name, ())}:  # rows before this one added what is left
            setattr(party, name, [one for one in getattr(party, name) if _key(one) not in gone])
    if isinstance(party, Client) and (roles := journal.get("roles")):
        party.roles = columns["roles"] = [one for one in party.roles if one not in roles]
    owner = {f"{of}_id": party.id}
    for table, name, key in ((party_address, "emails", "address"), (party_phone, "phones", "number")):
        for one in journal.get(name, ()):
            back.dropped.append((table, owner | {key: one[0] if name == "phones" else one}))
    if "consent" in journal:
        given, source, at = journal["consent"]
        back.dropped.append((consent, {"contact_id": party.id, "given": int(given), "source": source} | (_at(at))))
    back.dropped += [(counterparty_domain, owner | {"domain": one}) for one in journal.get("domains", ())]
    back.dropped += [
        (legal_entity, owner | {"name": name, "tax_number": number, "requisites": rest})
        for name, number, rest in journal.get("firms", ())
    ]
    back.dropped += [(group_member, owner | {"group": name}) for name in journal.get("groups", ())]
    back.touched.setdefault((of, party.id), {}).update(columns)
    return whole


def _at(at: int) -> dict[str, int]:
    return {"at": at} if at else {}


def _drop(tx: WriteTx, back: _Back) -> list[str]:
    """What rows added to others, and by what those who go are reached, goes. Returns the addresses among it."""
    gone = [row["address"] for table, row in back.dropped if table is party_address]
    for table, row in back.dropped:
        group = row.pop("group", None)
        here = [table.c[name] == value for name, value in row.items()]
        if group is not None:
            here.append(group_member.c.group_id.in_(select(client_group.c.id).where(client_group.c.name == group)))
        tx.execute(delete(table).where(*here))
    for column, ids in (("counterparty_id", [*back.clients]), ("contact_id", [*back.people])):
        theirs = party_address.c[column].in_(ids)
        gone += tx.values(select(party_address.c.address).where(theirs)) if ids else []
        for table in (party_address, party_phone):
            tx.execute(delete(table).where(table.c[column].in_(ids)))
    tx.execute(delete(counterparty_domain).where(counterparty_domain.c.counterparty_id.in_([*back.clients])))
    return sorted(set(gone))


def _keep_named(tx: WriteTx, back: _Back) -> None:
    """Whom something else names stays after all, with how they are reached, and so do the clients of such people."""
    people = _named(tx, "contact", [*back.people])
    clients = _named(tx, "counterparty", [*back.clients])
    kept = {row.n for one, row in back.people.items() if one in people}
    kept |= {row.n for one, row in back.clients.items() if one in clients}
    moved: list[str] = []
    for one in [one for one, row in back.people.items() if row.n in kept]:
        row = back.people.pop(one)
        moved += _reach_again(tx, {"contact_id": one}, row.journal["person"])
        back.said[row.n] = ("stays", WRONG["named"])
        kept.add(row.n)
    held = {row.client_id for row in tx.rows(select(import_row).where(_is(back, kept)))} if kept else set()
    for one in [one for one, row in back.clients.items() if row.n in kept or one in held]:
        row = back.clients.pop(one)
        moved += _reach_again(tx, {"counterparty_id": one}, row.journal)
        back.said[row.n] = ("stays", WRONG["named"])
    if moved:
        enqueue(tx, ADDRESSES_MOVED, {"addresses": sorted(set(moved))})


def _is(back: _Back, numbers: Collection[int]) -> Any:
    import_id = (
        next(iter([*back.people.values(), *back.clients.values()])).import_id if back.people or back.clients else 0
    )
    return (import_row.c.import_id == import_id) & import_row.c.n.in_(sorted(numbers))


def _named(tx: ReadTx, of: Of, ids: Sequence[int]) -> set[int]:
    """Those of them whom rows of other rooms name."""
    found: set[int] = set()
    if not ids:
        return found
    for table, _ in naming(of):
        column = table.c[f"{of}_id"]
        if table.name not in _OWN:
            found.update(tx.values(select(column).where(column.in_(ids)).distinct()))
    for end in (party_link.c.from_id, party_link.c.to_id):
        found.update(tx.values(select(end).where(party_link.c.of == of, end.in_(ids))))
    if of == "counterparty":
        below = select(counterparty.c.parent_id).where(counterparty.c.parent_id.in_(ids))
        found.update(tx.values(below.distinct()))
    return found


def _reach_again(tx: WriteTx, owner: dict[str, int], journal: dict[str, Any]) -> list[str]:
    emails: list[str] = journal.get("emails", [])
    none = {"counterparty_id": None, "contact_id": None} | owner
    tx.insert_many(party_address, [none | {"address": one} for one in emails])
    tx.insert_many(party_phone, [none | {"number": one, "extension": more} for one, more in journal.get("phones", ())])
    tx.insert_many(counterparty_domain, [owner | {"domain": one} for one in journal.get("domains", ())])
    return emails


def _erase(tx: WriteTx, back: _Back) -> None:
    clients, people = sorted(back.clients), sorted(back.people)
    _delete(tx, "contact", people, (affiliation, consent))
    own = (affiliation, legal_entity, group_member, manager_change)
    facts = [one for one in counterparty.metadata.sorted_tables if one.name in STAYS and "counterparty_id" in one.c]
    _delete(tx, "counterparty", clients, (*own, *(one for one in facts if one is not manager_change)))
    for (of, party_id), columns in back.touched.items():
        if party_id not in (back.clients if of == "counterparty" else back.people):
            _change(tx, back, of, party_id, columns)


def _delete(tx: WriteTx, of: Of, ids: Sequence[int], tables: Sequence[Any]) -> None:
    if not ids:
        return
    for table in tables:
        tx.execute(delete(table).where(table.c[f"{of}_id"].in_(ids)))
    tx.execute(delete(attribute_choice).where(attribute_choice.c.of == of, attribute_choice.c.holder_id.in_(ids)))
    table = counterparty if of == "counterparty" else contact
    tx.execute(delete(table).where(table.c.id.in_(ids)))
    for one in ids:
        lay_words(tx, of, one)
        record_change(tx, f"{of}.removed", one, cause="import")


def _change(tx: WriteTx, back: _Back, of: Of, party_id: int, columns: dict[str, Any]) -> None:
    party: Client | Person = back.memory.clients[party_id] if of == "counterparty" else back.memory.people[party_id]
    values = {name: value for name, value in columns.items() if name != "channel"}
    if "channel" in columns:
        values["channel_id"] = ensure_channel(tx, columns["channel"]) if columns["channel"] else None
        values |= first_of(tx.get(counterparty, party_id), values["channel_id"])
    if "manager_id" in values:
        before = tx.get(counterparty, party_id).manager_id
        record_manager(tx, party_id, before, values["manager_id"], None)
    table = counterparty if of == "counterparty" else contact
    if told := back.own.get((of, party_id)):
        before = tx.get(table, party_id).attributes or {}
        after = {key: value for key, value in (before | told).items() if value is not None}
        lay_values(tx, of, table, party_id, before, after)
    tx.change(table, party_id, **values, **fold_said(values), version=party.version + 1)
    lay_words(tx, of, party_id)
    record_change(tx, f"{of}.changed", party_id, cause="import")
