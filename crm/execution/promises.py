"""Promises: what, to whom, by whom, until when; made of a letter, a call or by hand; kept, withdrawn, or late.

Both sides promise: what we owe them, what they owe us. A letter of the side that promised, in the thread where it was
promised, may have kept it: that is proposed, and a person says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select, update

from core import clock
from core.changes import record_change
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Forbidden, Invalid
from crm.execution.promise_reading import (
    SIDES,
    Promise,
    Side,
    State,
    Tally,
    count_promises,
    find_next_watch,
    find_promises,
    get_promise,
    list_promises,
)
from crm.execution.tables import promise
from crm.interactions import HOUSE, demand_contact, find_basis, record_line
from crm.parties import get_counterparty
from crm.staff.readable import Viewer, get_viewer

LONGEST = 500
REMIND_BEFORE = 4 * clock.HOUR
NOT_LOOKED, REMINDED, ESCALATED = range(3)
TOPIC = "promises"


@dataclass(frozen=True, slots=True)
class Made:
    """What is promised. ``thread_id`` is that of the letter whose answer may keep it."""

    counterparty_id: int
    text: str
    due_at: int
    executor_id: int
    side: str = "us"
    contact_id: int | None = None
    based_on_id: int | None = None


def make_promise(tx: WriteTx, viewer: Viewer, made: Made) -> int:
    """Write down a promise; on the basis of a line it is seen by who may see that line. It stands in the client's
    timeline. Returns its id. Raises NotFound, Forbidden, Invalid."""
    get_counterparty(tx, made.counterparty_id)
    basis = find_basis(tx, viewer, made.counterparty_id, made.based_on_id)
    text, now = " ".join(made.text.split()), clock.now()
    if not text:
        raise Invalid("Write what was promised.", field="text")
    if len(text) > LONGEST:
        raise Invalid("This text is longer than %(count)s characters.", count=LONGEST, field="text")
    if made.side not in SIDES:
        raise Invalid("Who promised is “us” or “them”.", field="side")
    if made.due_at <= now:
        raise Invalid("Choose a moment that is still to come.", field="due_at")
    contact_id = made.contact_id or basis.contact_id
    demand_contact(tx, made.counterparty_id, contact_id)
    _demand_sees(tx, basis.scope_id, made.executor_id)
    same: dict[str, Any] = {"contact_id": contact_id, "executor_id": made.executor_id, **basis.ids}
    line_id = record_line(
        tx,
        "promise",
        made.counterparty_id,
        basis.scope_id,
        **same,
        author_id=viewer.user_id,
        direction="out" if made.side == "us" else "in",
        subject=text,
        happened_at=now,
    )
    promise_id = tx.insert(
        promise,
        counterparty_id=made.counterparty_id,
        scope_id=basis.scope_id,
        side=made.side,
        text=text,
        due_at=made.due_at,
        author_id=viewer.user_id,
        line_id=line_id,
        watch_at=_first_look(now, made.due_at),
        created_at=now,
        **same,
    )
    _tell(tx, "promise.made", promise_id, basis.scope_id, made.counterparty_id)
    return promise_id


def change_promise(
    tx: WriteTx,
    viewer: Viewer,
    promise_id: int,
    *,
    text: str | None = None,
    due_at: int | None = None,
    executor_id: int | None = None,
) -> None:
    """Word it anew, give it more time or into other hands. Raises NotFound, Forbidden, Invalid, Conflict."""
    one = _hold_own(tx, viewer, promise_id)
    said = " ".join((one.text if text is None else text).split())
    if not said or len(said) > LONGEST:
        raise Invalid("Write what was promised.", field="text")
    due, now = one.due_at if due_at is None else due_at, clock.now()
    values: dict[str, Any] = {"text": said, "version": one.version + 1}
    if due != one.due_at:
        if due <= now:
            raise Invalid("Choose a moment that is still to come.", field="due_at")
        values |= {"due_at": due, "watched": NOT_LOOKED, "watch_at": _first_look(now, due)}
    if executor_id is not None and executor_id != one.executor_id:
        _demand_sees(tx, one.scope_id, executor_id)
        values["executor_id"] = executor_id
    tx.change(promise, promise_id, **values)
    _tell(tx, "promise.changed", promise_id, one.scope_id, one.counterparty_id)


def keep_promise(tx: WriteTx, viewer: Viewer, promise_id: int) -> None:
    """It is kept, by the letter that was proposed if there is one. Raises NotFound, Forbidden, Conflict."""
    one = _hold_own(tx, viewer, promise_id)
    _end(tx, viewer, one, "kept", kept_by_id=one.proposed_id)


def drop_promise(tx: WriteTx, viewer: Viewer, promise_id: int) -> None:
    """It holds no more: withdrawn, or written down by mistake. Raises NotFound, Forbidden, Conflict."""
    _end(tx, viewer, _hold_own(tx, viewer, promise_id), "dropped")


def refuse_proposal(tx: WriteTx, viewer: Viewer, promise_id: int) -> None:
    """That letter did not keep it. Raises NotFound, Forbidden, Conflict."""
    one = _hold_own(tx, viewer, promise_id)
    tx.change(promise, promise_id, proposed_id=None, version=one.version + 1)
    _tell(tx, "promise.changed", promise_id, one.scope_id, one.counterparty_id)


_IN_THREAD = select(promise.c.id, promise.c.scope_id, promise.c.counterparty_id).where(
    promise.c.based_thread_id == bindparam("thread_id"),
    promise.c.state == "open",
    promise.c.side == bindparam("side"),
    promise.c.proposed_id.is_(None),
    promise.c.created_at <= bindparam("at"),
)


def propose_kept(tx: WriteTx, thread_id: int, message_id: int, side: Side, at: int) -> list[int]:
    """A letter of this side came into a thread: open promises that were made there before may be kept by it. Returns
    them."""
    found = tx.rows(_IN_THREAD, {"thread_id": thread_id, "side": side, "at": at})
    for row in found:
        tx.change(promise, row.id, proposed_id=message_id)
        _tell(tx, "promise.changed", row.id, row.scope_id, row.counterparty_id)
    return [int(row.id) for row in found]


def move_promises(tx: WriteTx, thread_ids: Sequence[int], scope_id: int) -> None:
    """What was promised in these threads is seen by who may see them: they belong to this scope now."""
    here = promise.c.based_thread_id.in_(list(thread_ids)) & (promise.c.scope_id != HOUSE)
    tx.execute(update(promise).where(here).values(scope_id=scope_id))


def may_change(viewer: Viewer, one: Promise) -> bool:
    """Whose it is: of who has it, who wrote it down, and who gives work to others."""
    if viewer.user_id in (one.executor_id, one.author_id):
        return True
    return viewer.may_somewhere("assign") if one.scope_id == HOUSE else viewer.may("assign", one.scope_id)


def _hold_own(tx: WriteTx, viewer: Viewer, promise_id: int) -> Promise:
    get_promise(tx, viewer, promise_id)
    tx.lock(promise, promise_id)
    one = get_promise(tx, viewer, promise_id)
    if not may_change(viewer, one):
        raise Forbidden("Only who has this promise or wrote it down may change it.")
    if one.state != "open":
        raise Conflict("This is over already.")
    return one


def _end(tx: WriteTx, viewer: Viewer, one: Promise, state: State, **told: int | None) -> None:
    over = {"state": state, "ended_at": clock.now(), "ended_by_id": viewer.user_id, "watch_at": None}
    tx.change(promise, one.id, **over, **told, version=one.version + 1)
    _tell(tx, f"promise.{state}", one.id, one.scope_id, one.counterparty_id)


def _demand_sees(tx: ReadTx, scope_id: int, user_id: int) -> None:
    their = get_viewer(tx, user_id)
    if scope_id != HOUSE and scope_id not in their.full and scope_id not in their.assigned:
        raise Invalid("%(name)s may not see the letter that this is about.", name=their.name, field="executor_id")


def _first_look(now: int, due_at: int) -> int:
    """When the house looks first: to remind some hours before, when there is time for that; else when it is due."""
    return due_at - REMIND_BEFORE if due_at - REMIND_BEFORE > now else due_at


def _tell(tx: WriteTx, kind: str, promise_id: int, scope_id: int, counterparty_id: int) -> None:
    tx.announce(TOPIC)
    fields = {"counterparty_id": counterparty_id}
    record_change(tx, kind, promise_id, scope_id=None if scope_id == HOUSE else scope_id, fields=fields)


def hand_promises(tx: WriteTx, counterparty_id: int, from_id: int, to: Viewer) -> tuple[int, int]:
    """Give the open promises of a client from one person to another, as far as they may see them. Returns how many went
    over and how many stayed."""
    here = (promise.c.counterparty_id == counterparty_id) & (promise.c.state == "open")
    rows = tx.rows(select(promise.c.id, promise.c.scope_id).where(here, promise.c.executor_id == from_id))
    sees = {HOUSE, *to.full, *to.assigned}
    moved = [row.id for row in rows if row.scope_id in sees]
    if moved:
        tx.execute(update(promise).where(promise.c.id.in_(moved)).values(executor_id=to.user_id))
        tx.announce(TOPIC)
    return len(moved), len(rows) - len(moved)


__all__ = [
    "ESCALATED",
    "NOT_LOOKED",
    "REMINDED",
    "TOPIC",
    "Made",
    "Promise",
    "Side",
    "Tally",
    "change_promise",
    "count_promises",
    "drop_promise",
    "find_next_watch",
    "find_promises",
    "get_promise",
    "hand_promises",
    "keep_promise",
    "list_promises",
    "make_promise",
    "may_change",
    "move_promises",
    "propose_kept",
    "refuse_proposal",
]
