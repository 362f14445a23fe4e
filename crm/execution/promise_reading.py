"""Promises as far as somebody may see them: one, those of a client, of people, of a thread; how many were kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, Row, Select, bindparam, case, func, literal_column, or_, select

from core import clock
from core.database import ReadTx
from core.errors import NotFound
from crm.execution.tables import promise
from crm.interactions import HOUSE
from crm.staff.readable import Shape, Viewer, shape_of, sight_of, visible, visible_by

Side = Literal["us", "them"]
SIDES: tuple[Side, ...] = get_args(Side)
State = Literal["open", "kept", "dropped"]


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise. ``side`` says who made it; ``executor_id`` keeps it, or sees to it that they do. ``proposed_id`` is
    the letter that may have kept it."""

    id: int
    counterparty_id: int
    contact_id: int | None
    side: Side
    text: str
    due_at: int
    executor_id: int
    author_id: int
    state: State
    scope_id: int
    based_thread_id: int | None
    based_message_id: int | None
    proposed_id: int | None
    kept_by_id: int | None
    ended_at: int | None
    created_at: int
    version: int

    def is_late(self, now: int) -> bool:
        """Whether it is broken: open past its time, or kept after it."""
        return (self.ended_at or now) > self.due_at if self.state != "dropped" else False


@dataclass(frozen=True, slots=True)
class Tally:
    """How many promises of somebody were kept in time, kept late, and are late now."""

    executor_id: int
    kept: int
    kept_late: int
    late: int
    open: int


_OPEN: ColumnElement[bool] = literal_column("promise.state = 'open'")  # as the index of open ones is written
_NEXT = select(promise.c.watch_at).where(promise.c.watch_at.is_not(None)).order_by(promise.c.watch_at).limit(1)


def find_next_watch(tx: ReadTx) -> int | None:
    """When the house has to look at a promise next."""
    found = tx.value(_NEXT)
    return None if found is None else int(found)


def get_promise(tx: ReadTx, viewer: Viewer, promise_id: int) -> Promise:
    """One of them. Raises NotFound, alike for what is not there and what may not be seen."""
    row = tx.row(_seen(select(promise), viewer).where(promise.c.id == promise_id))
    if row is None:
        raise NotFound("There is no promise with the number %(id)s.", id=promise_id)
    return _shaped(row)


def find_promises(tx: ReadTx, viewer: Viewer, promise_ids: Iterable[int]) -> dict[int, Promise]:
    """Those of these that may be seen."""
    ids = sorted(set(promise_ids))
    rows = tx.rows(_seen(select(promise), viewer).where(promise.c.id.in_(ids))) if ids else []
    return {row.id: _shaped(row) for row in rows}


def list_promises(
    tx: ReadTx,
    viewer: Viewer,
    *,
    counterparty_id: int | None = None,
    executor_ids: Sequence[int] | None = None,
    thread_id: int | None = None,
    late: bool = False,
    limit: int = 100,
) -> list[Promise]:
    """Open ones, the soonest due first: of a client, of people, of a thread; with ``late`` only those past their
    time."""
    narrowed = {
        "client": counterparty_id,
        "executors": None if executor_ids is None else list(executor_ids),
        "thread": thread_id,
        "now": clock.now() if late else None,
    }
    by = {name: value for name, value in narrowed.items() if value is not None}
    asked = sight_of(viewer) | by | {"most": limit}
    return [_shaped(row) for row in tx.rows(_open_ones(shape_of(viewer), frozenset(by)), asked)]


_NARROWED: dict[str, ColumnElement[bool]] = {
    "client": promise.c.counterparty_id == bindparam("client"),
    "executors": promise.c.executor_id.in_(bindparam("executors", expanding=True)),
    "thread": promise.c.based_thread_id == bindparam("thread"),
    "now": promise.c.due_at < bindparam("now"),
}


@cache
def _open_ones(shape: Shape, by: frozenset[str]) -> Select[Any]:
    seen = or_(visible_by(shape, promise.c.scope_id, promise.c.executor_id), promise.c.scope_id == HOUSE)
    asked = select(promise).where(_OPEN, seen, *(_NARROWED[name] for name in sorted(by)))
    return asked.order_by(promise.c.due_at, promise.c.id).limit(bindparam("most"))


def count_promises(tx: ReadTx, viewer: Viewer, since: int, side: Side = "us") -> list[Tally]:
    """Kept and broken by who had them, of those that ended since then or are open, as far as the viewer sees them."""
    now = clock.now()
    ours = promise.c.side == side

    def count(condition: Any, name: str) -> Any:
        return func.sum(case((condition, 1), else_=0)).label(name)

    def grouped(which: ColumnElement[bool], *counts: Any) -> Sequence[Row[Any]]:
        asked = select(promise.c.executor_id, *counts).where(which, ours).group_by(promise.c.executor_id)
        return tx.rows(_seen(asked, viewer))

    ended = (promise.c.ended_at >= since) & (promise.c.state == "kept")
    in_time = count(promise.c.ended_at <= promise.c.due_at, "kept")
    kept = {row.executor_id: row for row in grouped(ended, in_time, count(ended, "all"))}
    waits = {row.executor_id: row for row in grouped(_OPEN, count(promise.c.due_at < now, "late"), count(_OPEN, "all"))}
    found = []
    for person in sorted({*kept, *waits}):
        done, left = kept.get(person), waits.get(person)
        in_all, timely = (int(done.all), int(done.kept)) if done else (0, 0)
        late, left_open = (int(left.late), int(left.all)) if left else (0, 0)
        found.append(Tally(int(person), timely, in_all - timely, late, left_open))
    return found


def _seen(statement: Select[Any], viewer: Viewer) -> Select[Any]:
    return statement.where(or_(visible(viewer, promise.c.scope_id, promise.c.executor_id), promise.c.scope_id == HOUSE))


def _shaped(row: Row[Any]) -> Promise:
    return Promise(**{name: getattr(row, name) for name in Promise.__dataclass_fields__})
