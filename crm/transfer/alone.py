"""People at no client whom rows of a table may mean: known by an address, a telephone, the name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from sqlalchemy import BindParameter, Select, bindparam, select, text

from core.database import ReadTx
from crm.parties.tables import affiliation, contact, party_address, party_phone
from crm.transfer.drafts import Draft
from crm.transfer.memory import AT_ONCE, Memory, Person, load_people


def is_alone(draft: Draft) -> bool:
    """Whether a row names a person and no client."""
    return bool(draft.person.get("name")) and not draft.client.get("name")


def recall_alone(tx: ReadTx, memory: Memory, drafts: Sequence[Draft], match: Iterable[str]) -> None:
    """Read into the memory whom rows that name no client may mean."""
    alone = [draft for draft in drafts if is_alone(draft)]
    found: set[int] = set()
    for way in match:
        if way in _WAYS:
            found.update(_ids(tx, _WAYS[way], {key for draft in alone for key in _KEYS[way](draft) if key}))
    load_people(tx, memory, found)
    for one in sorted(found):
        note_alone(memory, memory.people[one])


def note_alone(memory: Memory, person: Person) -> None:
    """Let somebody at no client be found by all that is known of them by now."""
    for key in (*person.emails, *(number for number, _ in person.phones), person.values["name_folded"]):
        people = memory.alone.setdefault(key, [])
        if person not in people:
            people.append(person)


def find_alone(memory: Memory, draft: Draft, match: Collection[str]) -> Person | None:
    """The person at no client whom a row means; of two of a name the older one. The same name with other addresses, or
    other telephones, is somebody else."""
    for way in _WAYS:
        if way not in match:
            continue
        for key in _KEYS[way](draft):
            for person in memory.alone.get(key, ()):
                if way != "name" or not _denies(person, draft):
                    return person
    return None


def _denies(person: Person, draft: Draft) -> bool:
    numbers = {number for number, _ in person.phones}, {number for number, _ in draft.person_phones}
    addresses = set(person.emails), set(draft.person_emails)
    return any(known and said and not known & said for known, said in (addresses, numbers))


def _ids(tx: ReadTx, statement: Select[tuple[int]], keys: Collection[str]) -> set[int]:
    wanted, found = sorted(keys), set[int]()
    for start in range(0, len(wanted), AT_ONCE):
        found.update(tx.values(statement, {"keys": wanted[start : start + AT_ONCE]}))
    return found


_HAVING: BindParameter[str] = bindparam("keys", expanding=True)
_ALONE = ~select(affiliation.c.contact_id).where(affiliation.c.contact_id == contact.c.id).exists()
_HERE = text("contact.merged_into IS NULL")  # as the index says
_WAYS: dict[str, Select[tuple[int]]] = {
    "address": (
        select(contact.c.id)
        .join(party_address, party_address.c.contact_id == contact.c.id)
        .where(party_address.c.address.in_(_HAVING), _HERE, _ALONE)
    ),
    "phone": (
        select(contact.c.id)
        .join(party_phone, party_phone.c.contact_id == contact.c.id)
        .where(party_phone.c.number.in_(_HAVING), _HERE, _ALONE)
    ),
    "name": select(contact.c.id).where(contact.c.name_folded.in_(_HAVING), _HERE, _ALONE),
}
_KEYS: dict[str, Callable[[Draft], list[str]]] = {
    "address": lambda draft: draft.person_emails,
    "phone": lambda draft: [number for number, _ in draft.person_phones],
    "name": lambda draft: [draft.person["name_folded"]],
}
