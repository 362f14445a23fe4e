"""A client, or all clients of a manager, go into other hands with all that is open: what is planned, what was promised,
and the threads that the one before has.

Letters keep their rights: what the new one may not see stays where it is and is counted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import bindparam, func, select

from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Invalid, NotFound
from crm.execution import Choice, is_able
from crm.execution.promises import hand_promises
from crm.execution.tables import hand_over
from crm.interactions import HOUSE, record_line
from crm.parties import find_manager, get_counterparty, update_counterparty
from crm.parties.tables import counterparty
from crm.planner import hand_planned
from crm.staff.audit import record_audit
from crm.staff.people import get_user
from crm.staff.readable import Viewer, demand_somewhere, get_viewer
from mailhub.mailboxes.handling import give
from mailhub.mailboxes.notifying import notify_of
from mailhub.mailboxes.tables import thread

MOST_AT_ONCE = 20
LONGEST_NOTE = 2000
HANDED = "%(by)s handed clients over to you: %(clients)s. Planned with them: %(planned)s, promised: %(promises)s"
_THREADS = (
    select(thread.c.id)
    .where(
        thread.c.counterparty_id == bindparam("client_id"),
        thread.c.executor_id == bindparam("person"),
        thread.c.state.in_(("open", "snoozed")),
    )
    .order_by(thread.c.id)
)
_CLIENTS = select(counterparty.c.id).where(counterparty.c.manager_id == bindparam("person")).order_by(counterparty.c.id)
_COUNT = select(func.count()).select_from(counterparty).where(counterparty.c.manager_id == bindparam("person"))


@dataclass(frozen=True, slots=True)
class Handed:
    """What went over, and how much stayed because the new one may not see or answer it. ``more`` while clients are
    left."""

    clients: int = 0
    planned: int = 0
    promises: int = 0
    threads: int = 0
    stayed: int = 0
    more: bool = False

    def plus(self, other: Handed) -> Handed:
        """Both together; ``more`` as the other says."""
        names = ("clients", "planned", "promises", "threads", "stayed")
        return Handed(**{name: getattr(self, name) + getattr(other, name) for name in names}, more=other.more)


def hand_client(tx: WriteTx, viewer: Viewer, client_id: int, to_id: int, note: str = "") -> Handed:
    """Give one client to another manager, with what is open in the hands of the one before. It stands in the client's
    timeline, and the new one hears of it. Raises NotFound, Forbidden, Invalid."""
    demand_somewhere(viewer, "assign")
    note, to = _read_note(note), _get_person(tx, to_id)
    get_counterparty(tx, client_id)
    from_id = find_manager(tx, client_id)
    if from_id == to_id:
        raise Invalid("This person answers for the client already.", field="to_id")
    handed = _hand(tx, viewer, client_id, from_id, to, note)
    values = {"clients": 1, "planned": handed.planned, "promises": handed.promises, "threads": handed.threads}
    same = {"from_id": from_id, "to_id": to_id, "by_id": viewer.user_id, "note": note, "at": clock.now()}
    tx.insert(hand_over, counterparty_id=client_id, **same, **values)
    _tell(tx, viewer, to_id, handed, client_id=client_id)
    return handed


def hand_some(
    tx: WriteTx, viewer: Viewer, from_id: int, to_id: int, note: str = "", so_far: Handed | None = None
) -> Handed:
    """Give the next of all clients of a manager to another, some at a time: called again with what it returned while
    that says ``more``; what is broken off is gone on with by beginning anew. Raises NotFound, Forbidden, Invalid."""
    demand_somewhere(viewer, "assign")
    note, to = _read_note(note), _get_person(tx, to_id)
    get_user(tx, from_id)
    if from_id == to_id:
        raise Invalid("Choose somebody else.", field="to_id")
    tx.lock_key("hand over", from_id)
    found = so_far or Handed()
    ids = tx.values(_CLIENTS.limit(MOST_AT_ONCE), {"person": from_id})
    for client_id in ids:
        found = found.plus(_hand(tx, viewer, int(client_id), from_id, to, note))
    found = replace(found, more=len(ids) == MOST_AT_ONCE)
    if not found.more and found.clients:
        counts = {name: getattr(found, name) for name in ("clients", "planned", "promises", "threads")}
        same = {"from_id": from_id, "to_id": to_id, "by_id": viewer.user_id, "note": note, "at": clock.now()}
        tx.insert(hand_over, counterparty_id=None, **same, **counts)
        _tell(tx, viewer, to_id, found)
    return found


def count_clients_of(tx: ReadTx, user_id: int) -> int:
    """For how many clients somebody answers."""
    return int(tx.value(_COUNT, {"person": user_id}))


def _hand(tx: WriteTx, viewer: Viewer, client_id: int, from_id: int | None, to: Viewer, note: str) -> Handed:
    update_counterparty(tx, client_id, by_id=viewer.user_id, manager_id=to.user_id)
    planned = promises = threads = stayed = 0
    if from_id is not None:
        planned, left = hand_planned(tx, client_id, from_id, to)
        promises, owed = hand_promises(tx, client_id, from_id, to)
        threads, kept = _hand_threads(tx, viewer, client_id, from_id, to.user_id)
        stayed = left + owed + kept
    told = {"author_id": viewer.user_id, "executor_id": to.user_id, "happened_at": clock.now()}
    record_line(tx, "change", client_id, HOUSE, subject=to.name, body=note, **told)
    record_audit(tx, viewer.user_id, "client-changed", str(client_id))
    return Handed(1, planned, promises, threads, stayed)


def _hand_threads(tx: WriteTx, viewer: Viewer, client_id: int, from_id: int, to_id: int) -> tuple[int, int]:
    """Open threads of the client that the one before has, where the new one may answer and the giver may assign."""
    moved = stayed = 0
    for thread_id in tx.values(_THREADS, {"client_id": client_id, "person": from_id}):
        tx.lock(thread, thread_id)
        row = tx.get(thread, thread_id)
        if row.executor_id != from_id:
            continue
        if viewer.may("assign", row.scope_id, row.executor_id) and is_able(tx, row.scope_id, to_id):
            give(tx, thread_id, Choice(to_id, "hand"), by=viewer)
            moved += 1
        else:
            stayed += 1
    return moved, stayed


def _read_note(note: str) -> str:
    note = note.strip()
    if len(note) > LONGEST_NOTE:
        raise Invalid("This text is longer than %(count)s characters.", count=LONGEST_NOTE, field="note")
    return note


def _get_person(tx: ReadTx, user_id: int) -> Viewer:
    try:
        return get_viewer(tx, user_id)
    except NotFound as problem:
        raise Invalid("Choose somebody who works here.", field="to_id") from problem


def _tell(tx: WriteTx, viewer: Viewer, to_id: int, handed: Handed, **fields: int) -> None:
    counts = {"clients": handed.clients, "planned": handed.planned, "promises": handed.promises}
    notify_of(tx, "planned", [to_id], by_id=viewer.user_id, sentence=HANDED, **counts, **fields)
