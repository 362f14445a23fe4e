"""Control of execution: what is late, whose, since when; what has nobody; and who answered in time.

A manager sees the mailboxes that they manage, and nothing else. What waits is read through the index of those who wait,
what was answered through that of answers, and each number leads to its rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, Select, bindparam, case, func, literal_column, select, tuple_

from core import clock
from core.database import ReadTx
from core.errors import Forbidden, Invalid, NotFound
from core.paging import Page, cut_page, decode_cursor
from crm.staff.readable import Viewer
from crm.staff.tables import user
from mailhub.mailboxes.lists import ThreadRow, get_rows
from mailhub.mailboxes.tables import mailbox, thread
from mailhub.mailboxes.wait_tables import wait

Lateness = Literal["late", "soon", "time"]
LATENESS: tuple[Lateness, ...] = get_args(Lateness)
SOON_PARTS = (3, 4)  # of the time: as the pills of lists say it
NOBODY = 0
_WAITS: Any = literal_column("state = 'open' AND waiting_for = 'us'")  # as the index of those who wait is written
_now: Any = bindparam("now")
_scopes: Any = bindparam("scopes", expanding=True)
_LATE: ColumnElement[bool] = thread.c.due_at <= _now
_SOON: ColumnElement[bool] = (thread.c.due_at > _now) & (
    thread.c.waiting_since + (thread.c.due_at - thread.c.waiting_since) * SOON_PARTS[0] / SOON_PARTS[1] <= _now
)
_IS: dict[Lateness, ColumnElement[bool]] = {"late": _LATE, "soon": _SOON, "time": ~_LATE & ~_SOON}


@dataclass(frozen=True, slots=True)
class Load:
    """What waits for us with one executor, None for what has nobody."""

    executor_id: int | None
    name: str
    late: int
    soon: int
    time: int

    @property
    def waiting(self) -> int:
        """All of it."""
        return self.late + self.soon + self.time


@dataclass(frozen=True, slots=True)
class Answers:
    """How many answers of one executor went in time and how many late; ``longest`` is the longest wait."""

    executor_id: int | None
    name: str
    in_time: int
    late: int
    longest: int


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer: its thread as it is now, since when somebody waited, by when it was due and when it went."""

    row: ThreadRow
    executor_id: int | None
    first: bool
    since: int
    due_at: int
    answered_at: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: one mailbox or all, one executor, ``NOBODY`` or all, one lateness or all."""

    mailbox_id: int | None = None
    executor_id: int | None = None
    lateness: Lateness | None = None


def count_load(tx: ReadTx, viewer: Viewer, mailbox_id: int | None = None) -> list[Load]:
    """What waits for us in the mailboxes that the viewer manages, by executor: who has most that is late first. Raises
    Forbidden, NotFound."""
    scopes = list_managed(tx, viewer, mailbox_id)
    counted = [func.sum(case((_IS[one], 1), else_=0)).label(one) for one in LATENESS]
    statement = (
        select(thread.c.executor_id, user.c.name, *counted)
        .outerjoin(user, user.c.id == thread.c.executor_id)
        .where(thread.c.scope_id.in_(_scopes), _WAITS)
        .group_by(thread.c.executor_id, user.c.name)
    )
    rows = tx.rows(statement, {"scopes": scopes, "now": clock.now()})
    loads = [Load(row.executor_id, row.name or "", int(row.late), int(row.soon), int(row.time)) for row in rows]
    return sorted(loads, key=lambda one: (one.executor_id is not None, -one.late, -one.waiting, one.name))


def list_waiting(
    tx: ReadTx, viewer: Viewer, asked: Asked, *, after: str | None = None, limit: int = 50
) -> Page[ThreadRow]:
    """What waits for us there, by deadline, the longest overdue first. Raises Forbidden, NotFound, Invalid."""
    statement: Select[Any] = select(thread.c.id, thread.c.due_at).where(thread.c.scope_id.in_(_scopes), _WAITS)
    if asked.executor_id is not None:
        whose = None if asked.executor_id == NOBODY else asked.executor_id
        statement = statement.where(thread.c.executor_id.is_(None) if whose is None else thread.c.executor_id == whose)
    if asked.lateness is not None:
        if asked.lateness not in LATENESS:
            raise Invalid("What waits is late, soon or in time.", field="lateness")
        statement = statement.where(_IS[asked.lateness])
    if after is not None:
        statement = statement.where(tuple_(thread.c.due_at, thread.c.id) > tuple_(*decode_cursor(after, (int, int))))
    statement = statement.order_by(thread.c.due_at, thread.c.id).limit(limit + 1)
    parameters: dict[str, Any] = {"scopes": list_managed(tx, viewer, asked.mailbox_id)}
    if asked.lateness is not None:
        parameters["now"] = clock.now()
    found = cut_page(tx.rows(statement, parameters), limit, lambda row: (row.due_at, row.id))
    return Page(_rows_of(tx, viewer, [row.id for row in found.items]), found.next)


def count_answers(tx: ReadTx, viewer: Viewer, since: int, mailbox_id: int | None = None) -> list[Answers]:
    """Who answered in time since a moment and who did not, in the mailboxes that the viewer manages. Raises Forbidden,
    NotFound."""
    late = wait.c.answered_at > wait.c.due_at
    statement = (
        select(
            wait.c.executor_id,
            user.c.name,
            func.sum(case((late, 0), else_=1)).label("in_time"),
            func.sum(case((late, 1), else_=0)).label("late"),
            func.max(wait.c.answered_at - wait.c.since).label("longest"),
        )
        .outerjoin(user, user.c.id == wait.c.executor_id)
        .where(wait.c.scope_id.in_(_scopes), wait.c.answered_at >= bindparam("since_moment"))
        .group_by(wait.c.executor_id, user.c.name)
    )
    rows = tx.rows(statement, {"scopes": list_managed(tx, viewer, mailbox_id), "since_moment": since})
    found = [
        Answers(row.executor_id, row.name or "", int(row.in_time), int(row.late), int(row.longest)) for row in rows
    ]
    return sorted(found, key=lambda one: (-(one.in_time + one.late), one.name))


def list_answered(
    tx: ReadTx,
    viewer: Viewer,
    since: int,
    *,
    mailbox_id: int | None = None,
    executor_id: int | None = None,
    in_time: bool | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[Answered]:
    """The answers behind those numbers, newest first; those of threads that lie in the trash are counted and not shown.
    Raises Forbidden, NotFound, Invalid."""
    statement = select(wait).where(wait.c.scope_id.in_(_scopes), wait.c.answered_at >= bindparam("since_moment"))
    if executor_id is not None:
        whose = None if executor_id == NOBODY else executor_id
        statement = statement.where(wait.c.executor_id.is_(None) if whose is None else wait.c.executor_id == whose)
    if in_time is not None:
        kept = wait.c.answered_at <= wait.c.due_at
        statement = statement.where(kept if in_time else ~kept)
    if after is not None:
        statement = statement.where(tuple_(wait.c.answered_at, wait.c.id) < tuple_(*decode_cursor(after, (int, int))))
    statement = statement.order_by(wait.c.answered_at.desc(), wait.c.id.desc()).limit(limit + 1)
    asked = {"scopes": list_managed(tx, viewer, mailbox_id), "since_moment": since}
    found = cut_page(tx.rows(statement, asked), limit, lambda row: (row.answered_at, row.id))
    shown = {row.id: row for row in _rows_of(tx, viewer, [row.thread_id for row in found.items])}
    items = [
        Answered(shown[one.thread_id], one.executor_id, bool(one.first), one.since, one.due_at, one.answered_at)
        for one in found.items
        if one.thread_id in shown
    ]
    return Page(items, found.next)


def manages_something(viewer: Viewer) -> bool:
    """Whether there is anything that this page would show."""
    return bool(_managed(viewer))


def list_managed(tx: ReadTx, viewer: Viewer, mailbox_id: int | None = None) -> list[int]:
    """The scopes of one mailbox, or of all, that the viewer manages. Raises NotFound for a mailbox that they do not
    see, Forbidden where they manage nothing."""
    managed = _managed(viewer)
    if mailbox_id is not None:
        own = tx.value(select(mailbox.c.scope_id).where(mailbox.c.id == mailbox_id))
        if own is None or own not in viewer.full | viewer.assigned:
            raise NotFound("There is no mailbox with the number %(id)s.", id=mailbox_id)
        managed &= viewer.within(int(own))[0]
    if not managed:
        raise Forbidden("This is for those who manage a mailbox.")
    return sorted(managed)


def _managed(viewer: Viewer) -> frozenset[int]:
    return frozenset(scope_id for scope_id, right in viewer.rights if right == "manage" and scope_id in viewer.full)


def _rows_of(tx: ReadTx, viewer: Viewer, thread_ids: Sequence[int]) -> list[ThreadRow]:
    """These threads in this order."""
    rows = {row.id: row for row in get_rows(tx, viewer, thread_ids)} if thread_ids else {}
    return [rows[one] for one in thread_ids if one in rows]
