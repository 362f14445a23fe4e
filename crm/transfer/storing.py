"""What the rows of a table do is written: for all rows of a part at once, table by table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Update, bindparam, select, update

from core import clock
from core.changes import record_change
from core.database import WriteTx
from core.errors import Conflict
from core.fulltext import fold
from core.jobs import enqueue
from crm.attributes import Attribute, Holder, lay_values, list_attributes
from crm.attributes.tables import attribute_choice
from crm.attributes.values import fold_values
from crm.parties.channels import ensure_channel, first_now, keep_first_channels
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
    party_phone,
    party_word,
)
from crm.parties.verbs import ADDRESSES_MOVED
from crm.parties.words import Of, lay_words
from crm.transfer.memory import AT_ONCE, OF_CLIENT, OF_PERSON, Client, Person
from crm.transfer.planning import Planned

_MOST_WORDS = 200


def store(tx: WriteTx, planned: Sequence[Planned], by_id: int) -> None:
    """Write new clients and people and what is changed of others. Raises Conflict where somebody was quicker."""
    did = [one for one in planned if one.journal]
    new_clients = _unique(one.client for one in did if one.client is not None and not one.client.id)
    new_people = _unique(one.person for one in did if one.person is not None and not one.person.id)
    channels = _channels(tx, did)
    own = {of: list_attributes(tx, of, ended=True) for of in _own_of(did)}
    rows = [_client_row(one, channels) | _own_columns(one, own.get("counterparty", ())) for one in new_clients]
    for client, made in zip(new_clients, tx.insert_all(counterparty, rows), strict=True):
        client.id = made
    rows = [_person_row(one) | _own_columns(one, own.get("contact", ())) for one in new_people]
    for person, made in zip(new_people, tx.insert_all(contact, rows), strict=True):
        person.id = made
    _lay_choices(tx, "counterparty", new_clients, own.get("counterparty", ()))
    _lay_choices(tx, "contact", new_people, own.get("contact", ()))
    fresh_clients, fresh_people = {one.id for one in new_clients}, {one.id for one in new_people}
    _change_clients(tx, did, fresh_clients, channels)
    _change_people(tx, did, fresh_people)
    _change_own(tx, did, fresh_clients, fresh_people, own)
    _add_rows(tx, did)
    _lay_words(tx, "counterparty", _unique(one.client for one in did), fresh_clients, _renamed(did, of_people=False))
    _lay_words(tx, "contact", _unique(one.person for one in did), fresh_people, _renamed(did, of_people=True))
    _tell(tx, did, fresh_clients, fresh_people, by_id)


def _own_of(did: Sequence[Planned]) -> list[Holder]:
    """Of what things values of fields that users added are to be written: mostly of none."""
    of_clients = any("own" in one.journal for one in did)
    of_people = any("own" in one.journal.get("person", {}) for one in did)
    return [*(["counterparty"] if of_clients else []), *(["contact"] if of_people else [])]  # type: ignore[list-item]


def _own_columns(party: Client | Person, known: Sequence[Attribute]) -> dict[str, Any]:
    return {"attributes": party.own or None, "attributes_folded": fold_values(known, party.own) or None}


def _lay_choices(tx: WriteTx, of: Holder, parties: Sequence[Client | Person], known: Sequence[Attribute]) -> None:
    several = [one.key for one in known if one.type == "choices"]
    tx.insert_many(attribute_choice, [
        {"of": of, "key": key, "choice": choice, "holder_id": party.id}
        for party in parties
        for key in several
        for choice in party.own.get(key, ())
    ])  # fmt: skip


def _change_own(
    tx: WriteTx, did: Sequence[Planned], clients: set[int], people: set[int], known: dict[Holder, list[Attribute]]
) -> None:
    """Values of those who were here before."""
    for one in did:
        client, person = one.client, one.person
        if client is not None and client.id not in clients and "own" in one.journal:
            before = _before(client.own, one.journal["own"])
            lay_values(tx, "counterparty", counterparty, client.id, before, client.own, known["counterparty"])
        told = one.journal.get("person", {})
        if person is not None and person.id not in people and "own" in told:
            lay_values(
                tx, "contact", contact, person.id, _before(person.own, told["own"]), person.own, known["contact"]
            )


def _before(now: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {**now, **{key: before for key, (before, _) in changes.items()}}


def _unique(found: Iterable[Any]) -> list[Any]:
    return list({id(one): one for one in found if one is not None}.values())


def _channels(tx: WriteTx, did: Sequence[Planned]) -> dict[str, int]:
    names = {one.client.values["channel"] for one in did if one.client is not None and "channel" in _set(one)}
    return {name: ensure_channel(tx, name) for name in sorted(names) if name}


def _set(one: Planned) -> dict[str, Any]:
    found: dict[str, Any] = one.journal.get("set", {})
    return found


def _client_row(client: Client, channels: dict[str, int]) -> dict[str, Any]:
    values = {name: client.values[name] for name in (*OF_CLIENT, "name_folded", "manager_id")}
    channel_id = channels.get(client.values["channel"])
    values |= fold_said(values)
    told = {"roles": client.roles, "channel_id": channel_id, "created_at": clock.now(), "version": 1}
    return values | told | first_now(channel_id)


def _person_row(person: Person) -> dict[str, Any]:
    values = {name: person.values[name] for name in (*OF_PERSON, "name_folded")}
    return values | fold_said(values) | {"created_at": clock.now(), "version": 1}


def _change_clients(tx: WriteTx, did: Sequence[Planned], fresh: set[int], channels: dict[str, int]) -> None:
    changed: dict[int, tuple[Client, set[str]]] = {}
    for one in did:
        if one.client is not None and one.client.id not in fresh and one.journal.keys() - {"person"}:
            _, names = changed.setdefault(one.client.id, (one.client, set()))
            names.update(_set(one))
            if "roles" in one.journal:
                names.add("roles")
    for client, names in changed.values():
        values = {name: client.values.get(name) for name in names if name not in ("channel", "roles")}
        if "channel" in names:
            values["channel_id"] = channels.get(client.values["channel"])
        if "roles" in names:
            values["roles"] = client.roles
        _change(tx, counterparty, client, values)
    keep_first_channels(tx, [client.id for client, names in changed.values() if "channel" in names])


def _change_people(tx: WriteTx, did: Sequence[Planned], fresh: set[int]) -> None:
    changed: dict[int, tuple[Person, set[str]]] = {}
    for one in did:
        told = one.journal.get("person")
        if one.person is not None and told and one.person.id not in fresh:
            changed.setdefault(one.person.id, (one.person, set()))[1].update(told.get("set", {}))
    for person, names in changed.values():
        _change(tx, contact, person, {name: person.values.get(name) for name in names})


def _change(tx: WriteTx, table: Any, party: Client | Person, values: dict[str, Any]) -> None:
    values |= {**fold_said(values), "version": party.version + 1}
    told = {"row_id": party.id, "seen": party.version, **{f"to_{name}": one for name, one in values.items()}}
    if tx.execute(_changing(table, tuple(values)), told) != 1:
        raise Conflict("Somebody has changed this client meanwhile.")
    party.version += 1


@lru_cache(maxsize=256)
def _changing(table: Any, names: tuple[str, ...]) -> Update:
    here = (table.c.id == bindparam("row_id")) & (table.c.version == bindparam("seen"))
    return update(table).where(here).values({name: bindparam(f"to_{name}", type_=table.c[name].type) for name in names})


def _add_rows(tx: WriteTx, did: Sequence[Planned]) -> None:
    """What belongs to clients and people: addresses, telephones, domains, firms, groups, places, consents."""
    now = clock.now()
    addresses: list[dict[str, Any]] = []
    phones: list[dict[str, Any]] = []
    domains: list[dict[str, Any]] = []
    firms: list[dict[str, Any]] = []
    groups: list[tuple[str, int]] = []
    places: list[dict[str, Any]] = []
    consents: list[dict[str, Any]] = []
    for one in did:
        journal, client, person = one.journal, one.client, one.person
        if client is not None:
            owner = {"counterparty_id": client.id, "contact_id": None}
            addresses += [owner | {"address": address} for address in journal.get("emails", ())]
            phones += [owner | {"number": number, "extension": more} for number, more in journal.get("phones", ())]
            domains += [{"counterparty_id": client.id, "domain": domain} for domain in journal.get("domains", ())]
            groups += [(name, client.id) for name in journal.get("groups", ())]
            firms += [
                {
                    "counterparty_id": client.id,
                    "name": name,
                    "tax_number": number,
                    "requisites": rest,
                    "created_at": now,
                }
                for name, number, rest in journal.get("firms", ())
            ]
        told = journal.get("person", {})
        if person is None or not told:
            continue
        owner = {"counterparty_id": None, "contact_id": person.id}
        addresses += [owner | {"address": address} for address in told.get("emails", ())]
        phones += [owner | {"number": number, "extension": more} for number, more in told.get("phones", ())]
        if told.get("new") and client is not None:
            places.append({"contact_id": person.id, "counterparty_id": client.id})
        if "consent" in told:
            given, source, at = told["consent"]
            consents.append({"contact_id": person.id, "given": int(given), "source": source, "at": at or now})
    tx.insert_many(party_address, addresses)
    tx.insert_many(party_phone, phones)
    tx.insert_many(counterparty_domain, domains)
    tx.insert_many(legal_entity, firms)
    tx.insert_many(affiliation, places)
    tx.insert_many(consent, consents)
    _join_groups(tx, groups)
    if moved := sorted({row["address"] for row in addresses}):
        enqueue(tx, ADDRESSES_MOVED, {"addresses": moved})


def _join_groups(tx: WriteTx, wanted: Sequence[tuple[str, int]]) -> None:
    if not wanted:
        return
    known = {row.name_folded: row.id for row in tx.rows(select(client_group))}
    rows = {}
    for name, client_id in wanted:
        folded = fold(name)
        if folded not in known:
            tx.lock_key("client_group", folded)
            found = tx.value(select(client_group.c.id).where(client_group.c.name_folded == folded))
            known[folded] = found or tx.insert(client_group, name=name, name_folded=folded)
        rows[known[folded], client_id] = {"group_id": known[folded], "counterparty_id": client_id}
    tx.insert_many(group_member, list(rows.values()))


def _renamed(did: Sequence[Planned], *, of_people: bool) -> set[int]:
    """Who has another name now, so that words of the old one go."""
    found: set[int] = set()
    for one in did:
        party: Client | Person | None = one.person if of_people else one.client
        told = one.journal.get("person", {}) if of_people else one.journal
        if party is not None and "name" in told.get("set", {}):
            found.add(party.id)
    return found


def _lay_words(tx: WriteTx, of: Of, parties: Sequence[Client | Person], fresh: set[int], renamed: set[int]) -> None:
    """Words of those who are new, and what rows add to those of others."""
    others = [one.id for one in parties if one.id not in fresh and one.id not in renamed]
    known: dict[int, set[str]] = {}
    for start in range(0, len(others), AT_ONCE):
        for row in tx.rows(_WORDS_OF, {"of": of, "ids": others[start : start + AT_ONCE]}):
            known.setdefault(row.party_id, set()).add(row.word)
    rows: list[tuple[str, str, int]] = []
    for one in parties:
        if one.id in renamed and one.id not in fresh:
            lay_words(tx, of, one.id)
            continue
        words: Iterable[str] = one.words - known[one.id] if one.id in known else one.words
        if len(one.words) > _MOST_WORDS:
            words = sorted(words)[:_MOST_WORDS]
        rows += [(of, word, one.id) for word in words]
    rows.sort()  # as the index lies
    tx.lay(party_word, ("of", "word", "party_id"), rows)


_WORDS_OF = select(party_word.c.party_id, party_word.c.word).where(
    party_word.c.of == bindparam("of"), party_word.c.party_id.in_(bindparam("ids", expanding=True))
)


def _tell(tx: WriteTx, did: Sequence[Planned], clients: set[int], people: set[int], by_id: int) -> None:
    """Whoever follows hears of it once, and the changes of managers are kept."""
    told: set[tuple[str, int]] = set()
    now = clock.now()
    for one in did:
        client, person = one.client, one.person
        if client is not None and ("client", client.id) not in told:
            told.add(("client", client.id))
            record_change(
                tx, f"counterparty.{'added' if client.id in clients else 'changed'}", client.id, cause="import"
            )
        if client is not None and (change := _set(one).get("manager_id")):
            before, after = change
            values = {"before_id": before, "manager_id": after, "by_id": by_id, "at": now}
            tx.later(manager_change, counterparty_id=client.id, **values)
            fields = {"before_id": before, "manager_id": after}
            record_change(tx, "counterparty.handed", client.id, fields=fields, cause="import")
        if person is None or "person" not in one.journal or ("person", person.id) in told:
            continue
        told.add(("person", person.id))
        fields = {"counterparty_id": client.id if client is not None else None}
        what = "added" if person.id in people else "changed"
        record_change(tx, f"contact.{what}", person.id, fields=fields, cause="import")
        if "consent" in one.journal["person"]:
            given = one.journal["person"]["consent"][0]
            record_change(tx, "contact.consented", person.id, fields={"given": given}, cause="import")
