"""What a worker does of an import, part by part: each part is one transaction with the place to go on from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, delete, select, update

from core import clock, jobs
from core.database import ReadTx, WriteTx
from core.errors import HouseError
from core.fulltext import fold
from crm.parties.tables import counterparty
from crm.parties.verbs import update_counterparty
from crm.staff.people import list_users
from crm.transfer.alone import recall_alone
from crm.transfer.document_drafts import DocumentDraft
from crm.transfer.document_memory import DocumentMemory, recall_documents
from crm.transfer.document_planning import PlannedDocument, plan_documents
from crm.transfer.document_rows import count_documents, document_rows, set_base
from crm.transfer.document_storing import store_documents
from crm.transfer.drafts import Draft, Known
from crm.transfer.fields import own_field
from crm.transfer.imports import (
    JOB,
    KEPT,
    PartyImport,
    State,
    enqueue_import,
    get_importer,
    list_own,
    load_import,
    lock_import,
    move_import,
)
from crm.transfer.memory import Memory, load_clients, recall
from crm.transfer.planning import KEPT_CELLS, MOST_DOUBTS, Planned, plan_rows
from crm.transfer.storing import store
from crm.transfer.tables import import_row, party_import

Read = Draft | DocumentDraft
Done = Planned | PlannedDocument
WIPED_AT_ONCE = 2000
SERVER_ENDED = "The server ended several times while it worked on this. Look into its log, then resume."


def import_of(job: jobs.Job) -> int:
    """The number of the import whose job this is."""
    return int(job.payload["import_id"])


def begin_run(tx: WriteTx, job: jobs.Job) -> PartyImport | None:
    """A worker begins or goes on. None, and the job is gone, when there is nothing to do any more."""
    found = lock_import(tx, import_of(job))
    if found.state not in ("trying", "running", "undoing"):
        jobs.finish(tx, job)
        return None
    if found.state == "trying":  # from its beginning: what was decided of the rows before was in the memory alone
        tx.change(party_import, found.id, place=0, counts={}, worked=0)
    return load_import(tx, found.id)


def learn(tx: ReadTx, found: PartyImport, region: str | None) -> Known:
    """What it takes to understand the rows of an import."""
    own, how = {own_field(one): one for one in list_own(tx, found.kind)}, found.options
    of_documents = {"kind": how.what, "currency": how.currency, "vat": how.vat, "strict": how.bad == "refuse"}
    return Known(found.mapping, list_colleagues(tx), region, own, **of_documents)  # type: ignore[arg-type]


def list_colleagues(tx: ReadTx) -> dict[str, int]:
    """Colleagues by what a table may call them: their name in any order of its words, and their address."""
    found: dict[str, int] = {}
    for user in list_users(tx):
        name = fold(user.name)
        keys = (name, " ".join(sorted(name.split())), fold(user.email))
        found |= {key.strip(): user.id for key in keys}
    return found


def wipe_rows(tx: WriteTx, job: jobs.Job) -> bool:
    """Forget what a dry run said, some rows at a time. False when nothing is left."""
    jobs.get_on(tx, job)
    import_id = import_of(job)
    some = select(import_row.c.n).where(import_row.c.import_id == import_id).order_by(import_row.c.n)
    last = tx.values(some.limit(WIPED_AT_ONCE))[-1:]
    if not last:
        return False
    tx.execute(delete(import_row).where(import_row.c.import_id == import_id, import_row.c.n <= last[0]))
    return True


@dataclass(slots=True)
class Trial:
    """What a dry run knows of the rows before."""

    parties: Memory = field(default_factory=Memory)
    documents: DocumentMemory = field(default_factory=DocumentMemory)


def try_rows(tx: ReadTx, trial: Trial, found: PartyImport, drafts: Sequence[Read]) -> list[Done]:
    """What rows would do after those before them, whom the trial knows."""
    rows = [one for one in drafts if isinstance(one, Draft)]
    whole = [one for one in drafts if isinstance(one, DocumentDraft)]
    if whole:
        recall_documents(tx, trial.documents, whole, found.options.match, found.id)
        _load_decided(tx, trial.documents.parties, found, whole)
        return list(plan_documents(trial.documents, whole, found.options, found.decisions))
    recall(tx, trial.parties, rows, found.options.match)
    recall_alone(tx, trial.parties, rows, found.options.match)
    _load_decided(tx, trial.parties, found, rows)
    return list(plan_rows(trial.parties, rows, found.options, found.decisions))


def record_tried(tx: WriteTx, job: jobs.Job, planned: Sequence[Done], worked: int) -> State:
    """Write down what rows would do. Returns the state: unless it is still ``trying``, the worker stops. Raises
    Conflict when another worker has the import."""
    found = lock_import(tx, import_of(job))
    jobs.get_on(tx, job)
    return _record(tx, found, planned, worked)


def run_rows(tx: WriteTx, job: jobs.Job, drafts: Sequence[Read], worked: int) -> State:
    """Do what rows say. Returns the state: unless it is still ``running``, the worker stops. Raises Conflict when
    another worker has the import, or somebody changed a client meanwhile, Forbidden when who began an import of
    documents may not do so any more: then nothing was done."""
    found = lock_import(tx, import_of(job))
    if found.state != "running":
        return found.state
    jobs.get_on(tx, job)
    todo = [draft for draft in drafts if draft.n > found.place]
    trial = Trial()
    planned = try_rows(tx, trial, found, todo)
    if found.kind == "documents":
        whole = [one for one in planned if isinstance(one, PlannedDocument)]
        store_documents(tx, get_importer(tx, found), trial.documents, whole)
    else:
        store(tx, [one for one in planned if isinstance(one, Planned)], found.user_id)
    return _record(tx, found, planned, worked)


def _load_decided(tx: ReadTx, memory: Memory, found: PartyImport, drafts: Sequence[Read]) -> None:
    decided = {found.decisions.get(draft.n, 0) for draft in drafts} - {0} - memory.clients.keys()
    load_clients(tx, memory, decided)


def _record(tx: WriteTx, found: PartyImport, planned: Sequence[Done], worked: int) -> State:
    counts = dict(found.counts)
    rows: list[dict[str, Any]] = []
    for one in planned:
        if isinstance(one, Planned):
            _count(counts, one)
            rows.append(_row(found.id, one))
        else:
            count_documents(counts, [one])
            rows += document_rows(found.id, one)
    tx.insert_many(import_row, rows)
    place = planned[-1].draft.n if planned else found.place
    moved = {"counts": counts, "place": place, "worked": found.worked + worked, "moved_at": clock.now()}
    tx.change(party_import, found.id, **moved)
    return found.state


def _count(counts: dict[str, int], one: Planned) -> None:
    told = one.journal.get("person", {})
    keys = ["rows", one.outcome]
    if one.journal.get("new"):
        keys.append("new_clients")
    if told.get("new"):
        keys.append("new_people")
    if one.draft.faults and one.outcome != "refused":
        keys.append("left_out")
    for key in keys:
        counts[key] = counts.get(key, 0) + 1


def _row(import_id: int, one: Planned) -> dict[str, Any]:
    journal: dict[str, Any] | None = one.journal or None
    if one.doubts:
        journal = {"doubts": [(client.id, client.values["name"]) for client in one.doubts[:MOST_DOUBTS]]}
    reason, fields = one.reason, one.reason_fields
    if not reason and one.draft.faults:
        reason, fields = one.draft.faults[0].sentence, dict(one.draft.faults[0].fields)
    return {
        "import_id": import_id,
        "n": one.draft.n,
        "outcome": one.outcome,
        "name": one.draft.client.get("name") or one.draft.person.get("name", ""),
        "client_id": one.client.id or None if one.client is not None else None,
        "person_id": one.person.id or None if one.person is not None else None,
        "document_id": None,
        "journal": journal,
        "reason": reason,
        "reason_fields": fields or None,
        "cells": one.draft.cells if one.outcome in KEPT_CELLS else None,
        "parent": one.draft.parent if one.client is not None and one.outcome != "skipped" else "",
    }


_PARENTLESS = (
    select(import_row)
    .where(import_row.c.import_id == bindparam("import_id"), import_row.c.parent != "", import_row.c.n > bindparam("n"))
    .order_by(import_row.c.n)
    .limit(bindparam("most"))
)
PARENTS_AT_ONCE = 20
WRONG = "There is no one client named %(name)s to put this one below."


def set_parents(tx: WriteTx, job: jobs.Job, after: int) -> int | None:
    """Put clients below those whom their rows name, and documents behind those that they are on the basis of, some at a
    time, behind row ``after``, once all are there. Returns the last row, None when there are no more."""
    jobs.get_on(tx, job)
    found = lock_import(tx, import_of(job))
    rows = tx.rows(_PARENTLESS, {"import_id": found.id, "n": after, "most": PARENTS_AT_ONCE})
    if found.state != "running" or not rows:
        return None
    for row in rows:
        if row.document_id is None:
            _set_parent(tx, row, found.user_id)
        else:
            set_base(tx, row)
    return int(rows[-1].n)


def _set_parent(tx: WriteTx, row: Any, by_id: int) -> None:
    here = (import_row.c.import_id == row.import_id) & (import_row.c.n == row.n)
    client = tx.row(select(counterparty).where(counterparty.c.id == row.client_id))
    named = select(counterparty.c.id).where(
        counterparty.c.name_folded == fold(row.parent), counterparty.c.merged_into.is_(None)
    )
    ids = [one for one in tx.values(named.limit(2)) if one != row.client_id]
    said: dict[str, Any] = {"parent": ""}
    try:
        if client is None or len(ids) != 1:
            said |= {"reason": WRONG, "reason_fields": {"name": row.parent}}
        elif client.parent_id != ids[0] and client.merged_into is None:
            update_counterparty(tx, client.id, parent_id=ids[0], by_id=by_id)
            journal = row.journal or {}
            changes = journal.get("set", {}) | {"parent_id": [client.parent_id, ids[0]]}
            said |= {"journal": journal | {"set": changes}}
    except HouseError as problem:
        said |= {"reason": problem.sentence, "reason_fields": {name: str(one) for name, one in problem.fields.items()}}
    tx.execute(update(import_row).where(here).values(said))


def end_run(tx: WriteTx, job: jobs.Job, error: str = "", fields: Mapping[str, Any] | None = None) -> None:
    """A worker has come to the end, or cannot go on and says why. What was paused or cancelled meanwhile stays so; what
    was begun anew meanwhile goes on."""
    found = lock_import(tx, import_of(job))
    jobs.finish(tx, job)
    ends: dict[State, State] = {"trying": "tried", "running": "done", "undoing": "undone"}
    if job.payload.get("state", found.state) != found.state and found.state in ends:
        enqueue_import(tx, found.id)
    elif found.state in ends:
        plain = {name: value if isinstance(value, int) else str(value) for name, value in (fields or {}).items()}
        move_import(tx, found.id, "failed" if error else ends[found.state], error=error, error_fields=plain)


def fail_dead(tx: WriteTx) -> int:
    """Imports at which the server itself ended again and again wait for a person. Returns how many."""
    dead = jobs.take_dead(tx, JOB)
    for one in dead:
        move_import(tx, int(one.payload["import_id"]), "failed", error=SERVER_ENDED, error_fields={})
    return len(dead)


def list_needed(tx: ReadTx, import_ids: Sequence[int]) -> list[int]:
    """Those of the imports whose files somebody may still need."""
    young = party_import.c.created_at > clock.now() - KEPT
    open_still = party_import.c.state.in_(("ready", "trying", "tried", "running", "paused", "failed"))
    return list(tx.values(select(party_import.c.id).where(party_import.c.id.in_(import_ids), young, open_still)))
