"""What the documents of a table would do: a new one, a change of one that is here, nothing, or a question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crm.transfer.document_drafts import DocumentDraft
from crm.transfer.document_memory import DocumentMemory, ItemHere
from crm.transfer.memory import Client
from crm.transfer.planning import WRONG as WRONG_OF_CLIENTS
from crm.transfer.planning import Options, Outcome, Planned, find_client, plan_client

WRONG = {
    "sum": "This row adds up others.",
    "client": "There is no client like this here.",
    "nameless": "There is no client like this here, and the row says no name to make one of.",
    "item": "There is no item %(name)s here.",
    "twice": "The same document stands in another row, of a client who is named otherwise.",
    "other": "The document %(id)s is of another client.",
    "here": "This document is here already.",
    "row": "The document stays out because of row %(row)s.",
}
OF_DOCUMENT = ("kind", "number", "date", "currency", "amount", "profit", "about", "external_id")


@dataclass(slots=True)
class PlannedDocument:
    """What becomes of the rows of a document: ``party`` makes its client, ``items`` are those of its lines, None for
    words alone. ``before`` is the row of the one that is here, ``values`` what is written, ``lines`` None where they
    stay. ``said`` tells of single rows why."""

    draft: DocumentDraft
    outcome: Outcome
    client: Client | None = None
    party: Planned | None = None
    items: list[ItemHere | None] = field(default_factory=list)
    made: list[ItemHere] = field(default_factory=list)
    before: Any = None
    values: dict[str, Any] = field(default_factory=dict)
    lines: list[tuple[Any, ...]] | None = None
    own: dict[str, Any] = field(default_factory=dict)
    reason: str = ""
    reason_fields: dict[str, Any] = field(default_factory=dict)
    doubts: list[Client] = field(default_factory=list)
    said: dict[int, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    document_id: int | None = None
    journal: dict[str, Any] = field(default_factory=dict)


def plan_documents(
    memory: DocumentMemory, drafts: Sequence[DocumentDraft], options: Options, decisions: Mapping[int, int]
) -> list[PlannedDocument]:
    """Decide for each document, in their order, what it does. ``decisions`` are a person's, by the first row: the id of
    the client, 0 for a new one. The memory is as if it were done."""
    return [_plan(memory, draft, options, decisions.get(draft.n)) for draft in drafts]


def _plan(memory: DocumentMemory, draft: DocumentDraft, options: Options, decided: int | None) -> PlannedDocument:
    if draft.adds_up:
        return PlannedDocument(draft, "skipped", reason=WRONG["sum"])
    faults = [*draft.faults, *((draft.n, fault) for fault in draft.party.faults)]
    if faults:
        n, fault = faults[0]
        said = {row: (one.sentence, dict(one.fields)) for row, one in reversed(faults)}
        if n == draft.n:
            return PlannedDocument(draft, "refused", reason=fault.sentence, reason_fields=dict(fault.fields), said=said)
        return PlannedDocument(draft, "refused", reason=WRONG["row"], reason_fields={"row": n}, said=said)
    found = find_client(memory.parties, draft.party, options, decided)
    if len(found) > 1:
        return PlannedDocument(draft, "doubtful", reason=WRONG_OF_CLIENTS["several"], doubts=found)
    missing = [one for one in draft.lines or () if memory.find_item(one) is None]
    if missing and options.item == "refuse":
        said = {one.n: (WRONG["item"], {"name": one.name or one.code}) for one in missing}
        return _refuse(draft, *next(iter(said.values())), said)
    if not found and options.client == "refuse" and decided is None:
        return _refuse(draft, WRONG["client"])
    if not found and not draft.party.client.get("name"):
        return _refuse(draft, WRONG["nameless"])
    party = None if found else plan_client(memory.parties, draft.party, options)
    if party is not None and party.client is None:
        return _refuse(draft, party.reason)
    client = found[0] if found else party.client if party is not None else None
    assert client is not None
    planned = PlannedDocument(draft, "new", client, party)
    return _plan_with(memory, planned, client, options)


def _refuse(
    draft: DocumentDraft, reason: str, fields: dict[str, Any] | None = None,
    said: dict[int, tuple[str, dict[str, Any]]] | None = None,
) -> PlannedDocument:  # fmt: skip
    return PlannedDocument(draft, "refused", reason=reason, reason_fields=fields or {}, said=said or {})


def _plan_with(memory: DocumentMemory, planned: PlannedDocument, client: Client, options: Options) -> PlannedDocument:
    draft = planned.draft
    key = ("id", draft.external_id) if draft.external_id else (id(client), draft.kind, draft.number, draft.date)
    before = memory.find_document(draft, client)
    if key in memory.keys or (before is not None and before.id in memory.written):
        return _refuse(draft, WRONG["twice"])
    if before is not None and before.counterparty_id != client.id:
        return _refuse(draft, WRONG["other"], {"id": draft.external_id})
    memory.keys.add(key)
    if before is not None and options.found == "skip":
        return PlannedDocument(draft, "skipped", client, reason=WRONG["here"], document_id=before.id)
    _plan_items(memory, planned, options)
    planned.before = before
    _say_values(planned)
    if before is not None:
        _compare(memory, planned)
    if draft.told is not None:
        planned.reason, planned.reason_fields = draft.told.sentence, dict(draft.told.fields)
    return planned


def _plan_items(memory: DocumentMemory, planned: PlannedDocument, options: Options) -> None:
    for line in planned.draft.lines or ():
        found = memory.find_item(line)
        if found is None and options.item == "make":
            found = ItemHere(0, line.name or line.code, line.code, line.unit)
            memory.note_item(found)
            planned.made.append(found)
        planned.items.append(found)


def _say_values(planned: PlannedDocument) -> None:
    draft = planned.draft
    told = {name: getattr(draft, name) for name in OF_DOCUMENT}
    planned.values = {name: value for name, value in told.items() if value not in ("", None)}
    if draft.manager_id:
        planned.values["executor_id"] = draft.manager_id
    if draft.reason:
        planned.values["reason"] = draft.reason
    planned.own = dict(draft.own)
    planned.lines = None if draft.lines is None else line_values(planned)


def line_values(planned: PlannedDocument) -> list[tuple[Any, ...]]:
    """The lines as they are stored: item, text, quantity, price, sum."""
    return [
        (one.id if one else None, line.name or (one.name if one else line.code), line.quantity, line.price, line.amount)
        for line, one in zip(planned.draft.lines or (), planned.items, strict=True)
    ]


def _compare(memory: DocumentMemory, planned: PlannedDocument) -> None:
    """Leave of what is said what is not so yet."""
    row, own = planned.before, planned.before.attributes or {}
    planned.document_id = row.id
    reason = planned.values.pop("reason", None)
    planned.values = {name: value for name, value in planned.values.items() if getattr(row, name) != value}
    if reason is not None and row.reason_id is None:
        planned.values["reason"] = reason
    planned.own = {key: value for key, value in planned.own.items() if own.get(key) != value}
    if planned.lines == memory.lines.get(row.id, []):
        planned.lines = None
    changes = planned.values or planned.own or planned.lines is not None
    planned.outcome = "changed" if changes else "same"
