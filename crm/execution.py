"""Who must do what: assignments, and the choice of an executor.

An executor always has the right to answer in the scope: work is never given to somebody without access.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Column, Index, func, select, update

from core import clock
from core.columns import Id, id_column, instant, optional_instant, optional_reference, reference, table, text
from core.database import ReadTx, WriteTx
from core.errors import Invalid
from crm.staff.rights import list_people_with
from crm.staff.tables import scope, user

Way = Literal["nobody", "default", "manager", "round_robin"]
TURNS = ("round_robin", "rule_turn")
WAYS: tuple[Way, ...] = ("nobody", "default", "manager", "round_robin")

assignment = table(
    "assignment",
    id_column(),
    reference("scope_id", "scope.id"),
    Column("thread_id", Id, nullable=False),
    reference("executor_id", "user.id"),
    text("reason"),
    optional_reference("by_id", "user.id"),
    instant("assigned_at"),
    optional_instant("ended_at"),
)
Index(None, assignment.c.thread_id, assignment.c.id)
Index(None, assignment.c.scope_id, assignment.c.id)


@dataclass(frozen=True, slots=True)
class Choice:
    """An executor and why: ``manager``, ``default``, ``round_robin``, ``hand``, ``rule``, ``rule_turn``,
    ``continued``."""

    executor_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class Assignment:
    """One line of the history of hands."""

    executor_id: int
    reason: str
    by_id: int | None
    assigned_at: int
    ended_at: int | None


def choose(
    tx: WriteTx, scope_id: int, *, way: Way, default_id: int | None = None, manager_id: int | None = None
) -> Choice | None:
    """The executor for a new thread, or None when nobody fits.

    The client's responsible manager comes first unless the way is ``nobody``; then the way of the mailbox. People
    without the right to answer there are never chosen.
    """
    able = list_people_with(tx, scope_id, "answer")
    if way == "nobody" or not able:
        return None
    if manager_id is not None and manager_id in able and way in ("manager", "round_robin", "default"):
        return Choice(manager_id, "manager")
    if way == "round_robin":
        return Choice(_next_in_turn(tx, scope_id, able), "round_robin")
    if default_id is not None and default_id in able:
        return Choice(default_id, "default")
    return None


def choose_in_turn(tx: WriteTx, scope_id: int, among: Iterable[int] | None = None) -> int | None:
    """Whose turn it is among those who may answer, narrowed to ``among``; None when nobody of them may."""
    chosen = None if among is None else set(among)
    able = [one for one in list_people_with(tx, scope_id, "answer") if chosen is None or one in chosen]
    return _next_in_turn(tx, scope_id, able) if able else None


def assign(tx: WriteTx, scope_id: int, thread_id: int, choice: Choice, *, by_id: int | None = None) -> None:
    """Write who has the thread from now on; the hand before ends. Raises Invalid for a person who cannot answer."""
    if not is_able(tx, scope_id, choice.executor_id):
        raise Invalid("This person cannot answer in this mailbox, so they cannot be its executor.", field="executor_id")
    unassign(tx, thread_id)
    tx.insert(
        assignment,
        scope_id=scope_id,
        thread_id=thread_id,
        executor_id=choice.executor_id,
        reason=choice.reason,
        by_id=by_id,
        assigned_at=clock.now(),
    )


def is_able(tx: ReadTx, scope_id: int, user_id: int) -> bool:
    """True while the person may answer in the scope: rights end and people leave with threads still in their hands."""
    return user_id in list_people_with(tx, scope_id, "answer") or _is_admin_of_public(tx, user_id, scope_id)


def unassign(tx: WriteTx, thread_id: int) -> None:
    """End the present hand, if there is one."""
    open_hand = (assignment.c.thread_id == thread_id) & assignment.c.ended_at.is_(None)
    tx.execute(update(assignment).where(open_hand).values(ended_at=clock.now()))


def continue_hand(tx: WriteTx, scope_id: int, thread_id: int, executor_id: int) -> None:
    """Whoever had the thread has it again, after it was answered and something more is to be done. Nothing happens
    while it is in somebody's hand."""
    open_hand = (assignment.c.thread_id == thread_id) & assignment.c.ended_at.is_(None)
    if tx.value(select(assignment.c.id).where(open_hand)) is None:
        assign(tx, scope_id, thread_id, Choice(executor_id, "continued"))


def last_hand(tx: ReadTx, thread_id: int) -> int:
    """When somebody got the thread last; 0 for never."""
    return int(tx.value(select(func.max(assignment.c.assigned_at)).where(assignment.c.thread_id == thread_id)) or 0)


def list_hands(tx: ReadTx, thread_id: int) -> list[Assignment]:
    """The history of hands of a thread, oldest first."""
    rows = tx.rows(select(assignment).where(assignment.c.thread_id == thread_id).order_by(assignment.c.id))
    return [Assignment(row.executor_id, row.reason, row.by_id, row.assigned_at, row.ended_at) for row in rows]


def _next_in_turn(tx: WriteTx, scope_id: int, able: list[int]) -> int:
    """The one after whoever got the last thread by turn. The scope is locked: two letters never see the same turn."""
    tx.lock_key("turn", scope_id)
    last = tx.value(
        select(assignment.c.executor_id)
        .where(assignment.c.scope_id == scope_id, assignment.c.reason.in_(TURNS))
        .order_by(assignment.c.id.desc())
        .limit(1)
    )
    return next((person for person in able if last is None or person > last), able[0])


def _is_admin_of_public(tx: ReadTx, user_id: int, scope_id: int) -> bool:
    """An administrator may take a thread of a public mailbox by hand without a grant of their own."""
    found = select(user.c.id).where(user.c.id == user_id, user.c.is_admin == 1, user.c.disabled_at.is_(None))
    public = select(scope.c.id).where(scope.c.id == scope_id, scope.c.kind == "public")
    return tx.value(found) is not None and tx.value(public) is not None
