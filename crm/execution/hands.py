"""Who must do what: the history of hands. Work is never given to somebody who may not answer there."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Column, Index, bindparam, func, select, update
from sqlalchemy import text as sql

from core import clock
from core.columns import Id, id_column, instant, optional_instant, optional_reference, reference, table, text
from core.database import ReadTx, WriteTx
from core.errors import Invalid
from crm.staff.rights import list_people_with
from crm.staff.tables import scope, user

# ``instead_of_id`` is the one whom the executor stands in for.
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
    Column("instead_of_id", Id),
)
Index(None, assignment.c.thread_id, assignment.c.id)
Index(None, assignment.c.scope_id, assignment.c.id)
_HAND = assignment.c.thread_id == bindparam("thread")
_OPEN_HAND = _HAND & assignment.c.ended_at.is_(None)
_HAS_HAND = select(assignment.c.id).where(_OPEN_HAND)
_END_HAND = update(assignment).where(_OPEN_HAND).values(ended_at=bindparam("now"))
_LAST_HAND = select(func.max(assignment.c.assigned_at)).where(_HAND)
BY_LOAD = "reason IN ('least_busy', 'rule_least_busy')"
Index(
    "ix_assignment_by_load",
    assignment.c.executor_id,
    assignment.c.id,
    sqlite_where=sql(BY_LOAD),
    postgresql_where=sql(BY_LOAD),
)
_instead = sql("instead_of_id IS NOT NULL")
Index(
    "ix_assignment_instead_of",
    assignment.c.instead_of_id,
    assignment.c.id,
    sqlite_where=_instead,
    postgresql_where=_instead,
)


@dataclass(frozen=True, slots=True)
class Choice:
    """An executor and why: ``manager``, ``default``, ``round_robin``, ``least_busy``, ``hand``, ``rule``,
    ``rule_turn``, ``rule_least_busy``, ``continued``, ``deputy`` (of ``instead_of_id``), ``back``."""

    executor_id: int
    reason: str
    instead_of_id: int | None = None


@dataclass(frozen=True, slots=True)
class Assignment:
    """One line of the history of hands."""

    executor_id: int
    reason: str
    by_id: int | None
    assigned_at: int
    ended_at: int | None
    instead_of_id: int | None = None


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
        instead_of_id=choice.instead_of_id,
    )


def is_able(tx: ReadTx, scope_id: int, user_id: int) -> bool:
    """True while the person may answer in the scope: rights end and people leave with threads still in their hands."""
    return user_id in list_people_with(tx, scope_id, "answer") or _is_admin_of_public(tx, user_id, scope_id)


def unassign(tx: WriteTx, thread_id: int) -> None:
    """End the present hand, if there is one."""
    tx.execute(_END_HAND, {"thread": thread_id, "now": clock.now()})


def continue_hand(tx: WriteTx, scope_id: int, thread_id: int, executor_id: int) -> None:
    """Whoever had the thread has it again, after it was answered and something more is to be done. Nothing happens
    while it is in somebody's hand."""
    if tx.value(_HAS_HAND, {"thread": thread_id}) is None:
        assign(tx, scope_id, thread_id, Choice(executor_id, "continued"))


def last_hand(tx: ReadTx, thread_id: int) -> int:
    """When somebody got the thread last; 0 for never."""
    return int(tx.value(_LAST_HAND, {"thread": thread_id}) or 0)


def list_hands(tx: ReadTx, thread_id: int) -> list[Assignment]:
    """The history of hands of a thread, oldest first."""
    rows = tx.rows(select(assignment).where(assignment.c.thread_id == thread_id).order_by(assignment.c.id))
    return [
        Assignment(row.executor_id, row.reason, row.by_id, row.assigned_at, row.ended_at, row.instead_of_id)
        for row in rows
    ]


def _is_admin_of_public(tx: ReadTx, user_id: int, scope_id: int) -> bool:
    """An administrator may take a thread of a public mailbox by hand without a grant of their own."""
    found = select(user.c.id).where(user.c.id == user_id, user.c.is_admin == 1, user.c.disabled_at.is_(None))
    public = select(scope.c.id).where(scope.c.id == scope_id, scope.c.kind == "public")
    return tx.value(found) is not None and tx.value(public) is not None
