"""What a row of a table would do: a new client, a change of one who is here, nothing, or a question to a person."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from core.fulltext import fold
from crm.transfer.alone import find_alone, note_alone
from crm.transfer.drafts import Draft
from crm.transfer.memory import KEYS, OF_CLIENT, OF_PERSON, Client, Memory, Person

Outcome = Literal["new", "changed", "same", "doubtful", "refused", "skipped"]
OUTCOMES: tuple[Outcome, ...] = ("new", "changed", "same", "doubtful", "refused", "skipped")
MATCHES = tuple(KEYS)
FOUND = ("update", "fill", "skip")
"""What to do with a client who is here: write what the table says, only what is not known yet, or nothing."""
BAD = ("refuse", "leave_out")
"""What to do with a row that says something wrong: keep it out, or take the rest of it."""
DOUBTFUL = ("leave", "new")
KEPT_CELLS: tuple[Outcome, ...] = ("refused", "doubtful", "skipped")
"""Of rows of which their cells are kept for people to look at: those that stay out."""
MOST_DOUBTS = 5
CLIENT = ("refuse", "make")
"""What to do with a document of a client who is not here."""
ITEM = ("make", "refuse", "words")
"""What to do with an item that is not here: make it, keep the document out, or leave the line in words."""
VAT = ("inside", "on_top")
_UNKNOWN: tuple[Any, ...] = ("", None)
_ADDED = ("emails", "phones", "domains", "groups", "roles")


@dataclass(frozen=True, slots=True)
class Options:
    """How rows are taken in. Without ``match`` every row is a new client. ``source`` is said of consents without one.
    ``kind`` is what a client is that does not say it.

    Of documents: ``what`` and ``currency`` are the kind and the currency of those that do not say them, ``client``
    and ``item`` what is done with what is not here, ``vat`` whether it is inside of the sums of lines."""

    match: tuple[str, ...] = MATCHES
    found: str = "update"
    bad: str = "refuse"
    doubtful: str = "leave"
    kind: str = "company"
    source: str = ""
    what: str = "shipment"
    currency: str = ""
    client: str = "refuse"
    item: str = "make"
    vat: str = "inside"


@dataclass(slots=True)
class Planned:
    """What becomes of a row: whom it means, and ``journal``: what it adds and changes, for storing and taking back."""

    draft: Draft
    outcome: Outcome
    client: Client | None = None
    person: Person | None = None
    journal: dict[str, Any] = field(default_factory=dict)
    reason: str = ""
    reason_fields: dict[str, Any] = field(default_factory=dict)
    doubts: list[Client] = field(default_factory=list)


def plan_rows(memory: Memory, drafts: Sequence[Draft], options: Options, decisions: Mapping[int, int]) -> list[Planned]:
    """Decide for each row, in their order, what it does. ``decisions`` are a person's, by the number of the row: the id
    of the client that it means, 0 for a new one. The memory is as if it were done."""
    return [_plan(memory, draft, options, decisions.get(draft.n)) for draft in drafts]


def _plan(memory: Memory, draft: Draft, options: Options, decided: int | None) -> Planned:
    if not draft.client.get("name") and not draft.person.get("name"):
        return Planned(draft, "refused", reason=WRONG["nameless"])
    if draft.faults and options.bad == "refuse":
        first = draft.faults[0]
        return Planned(draft, "refused", reason=first.sentence, reason_fields=dict(first.fields))
    found = find_client(memory, draft, options, decided)
    if len(found) > 1:
        if options.doubtful == "leave":
            return Planned(draft, "doubtful", reason=WRONG["several"], doubts=found)
        found = []
    if not found and not draft.client.get("name"):
        return _plan_person_alone(memory, draft, options)
    if not found:
        return plan_client(memory, draft, options)
    if options.found == "skip" and found[0].id:
        return Planned(draft, "skipped", found[0], reason=WRONG["here"])
    return _plan_change(memory, draft, found[0], options)


WRONG = {
    "nameless": "There is no name in this row.",
    "several": "Several clients may be meant.",
    "here": "This client is here already.",
    "person_here": "This person is here already.",
    "code": "Another client has this code already.",
}


def find_client(memory: Memory, draft: Draft, options: Options, decided: int | None) -> list[Client]:
    """The client that a row means; several where that cannot be told; none for a new one."""
    if decided is not None:
        return [memory.clients[decided]] if decided in memory.clients else []
    if external := draft.client.get("external_id"):
        found = [one for one in memory.by_external.get(external, ()) if one.values.get("merged_into") is None]
        if found:
            return found
    indexes = {
        "tax_number": memory.by_tax, "address": memory.by_address, "phone": memory.by_phone, "name": memory.by_name,
    }  # fmt: skip
    best: dict[str, list[Client]] = {}
    for way in MATCHES:
        if way not in options.match:
            continue
        found = [one for key in KEYS[way](draft) if key for one in indexes[way].get(key, ())]
        standing = [one for one in dict.fromkeys(found) if one.values.get("merged_into") is None]
        if standing:
            best[way] = standing
    if not best:
        return []
    chosen = next(iter(best.values()))
    if len(chosen) > 1:  # what else the row says may tell which of them
        for others in best.values():
            both = [one for one in chosen if one in others]
            chosen = both or chosen
    if len(chosen) == 1 and set(best) == {"name"} and _tax_denies(chosen[0], draft):
        return []
    return chosen


def _tax_denies(client: Client, draft: Draft) -> bool:
    """The same name, but another firm."""
    numbers = {number for _, number, _ in client.firms if number}
    return bool(draft.tax_number and numbers and draft.tax_number not in numbers)


def plan_client(memory: Memory, draft: Draft, options: Options) -> Planned:
    """A new client, as a row says."""
    if draft.client.get("external_id") in memory.by_external:
        return Planned(draft, "refused", reason=WRONG["code"])
    client = Client(0, 1, {"name": "", "manager_id": None, "parent_id": None, "channel": "", "merged_into": None})
    client.values |= dict.fromkeys(OF_CLIENT, "") | {"external_id": None, "kind": options.kind}
    planned = Planned(draft, "new", client, journal={"new": True})
    _tell(planned, client, draft, overwrite=True)
    if not client.roles:
        client.roles = ["customer"]
        planned.journal["roles"] = ["customer"]
    _tell_person(planned, client, draft, options)
    memory.note(client)
    return planned


def _plan_change(memory: Memory, draft: Draft, client: Client, options: Options) -> Planned:
    planned = Planned(draft, "same", client)
    _tell(planned, client, draft, overwrite=options.found == "update")
    _tell_person(planned, client, draft, options)
    if planned.journal:
        planned.outcome = "changed"
        memory.note(client)
    return planned


def _plan_person_alone(memory: Memory, draft: Draft, options: Options) -> Planned:
    """Somebody at no client."""
    person = find_alone(memory, draft, options.match)
    if person is not None and person.id and options.found == "skip":
        return Planned(draft, "skipped", person=person, reason=WRONG["person_here"])
    planned = Planned(draft, "new" if person is None else "same")
    _tell_person(planned, None, draft, options, person)
    if planned.outcome == "same" and planned.journal:
        planned.outcome = "changed"
    if planned.person is not None:
        note_alone(memory, planned.person)
    return planned


def _tell(planned: Planned, client: Client, draft: Draft, *, overwrite: bool) -> None:
    """Let a client know what the row says, and note what that changed."""
    journal = planned.journal
    told: dict[str, Any] = {name: draft.client[name] for name in OF_CLIENT if draft.client.get(name)}
    if "name" in told:
        told["name_folded"] = draft.client["name_folded"]
    told |= {"manager_id": draft.manager_id} if draft.manager_id else {}
    told |= {"channel": draft.channel} if draft.channel else {}
    changes = _changes(client.values, told, overwrite=overwrite)
    if changes:
        journal["set"] = changes
        client.values |= {name: after for name, (_, after) in changes.items()}
    if own := _changes(client.own, draft.own, overwrite=overwrite):
        journal["own"] = own
        client.own |= {key: after for key, (_, after) in own.items()}
    said: dict[str, list[Any]] = {
        "emails": draft.emails, "phones": [tuple(one) for one in draft.phones], "domains": draft.domains,
        "groups": draft.groups, "roles": draft.roles,
    }  # fmt: skip
    for name in _ADDED:
        # A group is the same however it is spelt, as groups are kept.
        if added := _add(getattr(client, name), said[name], fold if name == "groups" else str.casefold):
            journal[name] = added
    firm = _firm(client, draft)
    if firm is not None:
        client.firms.append(firm)
        journal["firms"] = [firm]
    client.words.update(draft.words)


def _changes(values: Mapping[str, Any], told: Mapping[str, Any], *, overwrite: bool) -> dict[str, tuple[Any, Any]]:
    return {
        name: (values.get(name), value)
        for name, value in told.items()
        if value != values.get(name) and (overwrite or values.get(name) in _UNKNOWN)
    }


def _add(there: list[Any], said: Sequence[Any], name: Callable[[str], str] = str.casefold) -> list[Any]:
    """Put what is new behind what is there, and tell what that was. A telephone is known by its number."""
    known = {one[0] if isinstance(one, tuple) else name(one) for one in there}
    added = [one for one in said if (one[0] if isinstance(one, tuple) else name(one)) not in known]
    there.extend(added)
    return added


def _firm(client: Client, draft: Draft) -> tuple[str, str, str] | None:
    """The legal entity that a row adds: one with another number, or, where it says none, with another name."""
    if not (draft.tax_number or draft.firm_name or draft.requisites):
        return None
    name = draft.firm_name or draft.client.get("name") or client.values["name"]
    for known, number, _ in client.firms:
        if number == draft.tax_number if draft.tax_number else known.casefold() == name.casefold():
            return None
    return (name, draft.tax_number, draft.requisites)


def _tell_person(
    planned: Planned, client: Client | None, draft: Draft, options: Options, known: Person | None = None
) -> None:
    if not draft.person.get("name"):
        return
    person = known if client is None else _find_person(client, draft)
    journal: dict[str, Any] = {}
    overwrite = options.found == "update"
    if person is None:
        blank = dict.fromkeys(OF_PERSON, "") | {"merged_into": None}
        person, overwrite = Person(0, 1, blank), True
        journal["new"] = True
        if client is not None:
            client.people.append(person)
    told = {name: draft.person[name] for name in (*OF_PERSON, "name_folded") if draft.person.get(name)}
    if changes := _changes(person.values, told, overwrite=overwrite):
        journal["set"] = changes
        person.values |= {name: after for name, (_, after) in changes.items()}
    if own := _changes(person.own, draft.person_own, overwrite=overwrite):
        journal["own"] = own
        person.own |= {key: after for key, (_, after) in own.items()}
    if added := _add(person.emails, draft.person_emails):
        journal["emails"] = added
    if phones := _add(person.phones, [tuple(one) for one in draft.person_phones]):
        journal["phones"] = phones
    if draft.consent is not None and (overwrite or person.consented is None) and _says_new(person, draft):
        said = (draft.consent, draft.consent_source or options.source, draft.consent_at or 0)
        person.consented = said
        journal["consent"] = said
    person.words.update(draft.person_words)
    planned.person = person
    if journal:
        planned.journal["person"] = journal


def _says_new(person: Person, draft: Draft) -> bool:
    """Whether a consent is not known yet: another answer, or one of a later day."""
    if person.consented is None:
        return True
    given, _, at = person.consented
    return given != draft.consent or bool(draft.consent_at and draft.consent_at > at)


def _find_person(client: Client, draft: Draft) -> Person | None:
    """The person of a client whom a row means: of the same address, else of the same name."""
    standing = [one for one in client.people if one.values.get("merged_into") is None]
    for one in standing:
        if set(one.emails) & set(draft.person_emails):
            return one
    for one in standing:
        if one.values.get("name_folded") == draft.person["name_folded"]:
            return one
    return None
