"""What a saved view shows: the newest threads of what its reader sees, looked through piece by piece.

A condition may fit few of very many threads, so no statement looks for them to the end: each takes the top of every
scope through its index and asks the condition of those only. After a bound the list says how far it has looked, and
goes on from there when somebody wants it to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, bindparam, case, func, literal_column, select, tuple_, union_all

from core import clock
from core.database import ReadTx
from core.paging import Key, decode_cursor, encode_cursor
from core.rules import All, At, Condition, Rule, Vocabulary, as_condition
from crm.staff.readable import Viewer, readable, visible
from mailhub.mailboxes.lists import PAGE, ThreadRow, get_rows
from mailhub.mailboxes.tables import tag as tag_table
from mailhub.mailboxes.tables import thread, thread_tag
from mailhub.mailboxes.tag_rows import fold_tag
from mailhub.mailboxes.views.verbs import SavedView
from mailhub.mailboxes.views.words import threads_for

LOOK = 400
MOST_LOOKS = 5
MOST_COUNTED = 1000
WAITS: Any = literal_column("thread.state = 'open' AND thread.waiting_for = 'us'")
_TAG = select(tag_table.c.id).where(tag_table.c.key == bindparam("key"), tag_table.c.deleted_at.is_(None))
INDEXED_STATES = ("open", "closed", "spam")


@dataclass(frozen=True, slots=True)
class Looked:
    """Rows of a view. ``next`` is where to go on; with ``unfinished`` there may be no more of them, but nobody has
    looked behind ``looked_back_to`` yet: the newest letter (or the deadline) of the last thread that was looked at."""

    items: list[ThreadRow]
    next: str | None
    unfinished: bool = False
    looked_at: int = 0
    looked_back_to: int | None = None


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What of a condition the top of a scope can be taken by: an index holds it."""

    mailbox_ids: frozenset[int] | None = None
    state: str | None = None
    executor_id: int | None = None
    client_ids: frozenset[int] | None = None
    tag: str | None = None


def list_view(tx: ReadTx, viewer: Viewer, view: SavedView, *, after: str | None = None, limit: int = PAGE) -> Looked:
    """A page of a view, only what the viewer may see. Raises Invalid for a bad cursor."""
    key = decode_cursor(after, (int, int)) if after is not None else None
    words = threads_for(viewer)
    fits = as_condition(view.condition, words, At(clock.now(), view.zone))
    narrowing = narrow(view.condition, viewer)
    tag_id = None if narrowing.tag is None else int(tx.value(_TAG, {"key": narrowing.tag}) or 0)
    ids: list[int] = []
    looked = 0
    for _ in range(MOST_LOOKS):
        rows = tx.rows(_look(viewer, view.late, fits, narrowing, tag_id, key)) if viewer.full or viewer.assigned else []
        for row in rows:
            looked += 1
            key = (row.place, row.id)
            if row.fits:
                ids.append(row.id)
            if len(ids) == limit:
                return Looked(_rows(tx, viewer, ids), encode_cursor(key), False, looked)
        if len(rows) < LOOK:
            return Looked(_rows(tx, viewer, ids), None, False, looked)
    assert key is not None
    return Looked(_rows(tx, viewer, ids), encode_cursor(key), True, looked, int(key[0]))


def count_views(tx: ReadTx, viewer: Viewer, views: Sequence[SavedView]) -> dict[int, int]:
    """How many of the threads of each view wait for us, among the first thousand that do."""
    if not views or not (viewer.full or viewer.assigned):
        return dict.fromkeys((view.id for view in views), 0)
    words, now = threads_for(viewer), clock.now()
    waiting = readable(select(thread.c.id).where(WAITS).limit(MOST_COUNTED), viewer, thread).subquery()
    sums = [_sum(view.condition, words, At(now, view.zone)).label(f"n{view.id}") for view in views]
    row = tx.row(select(*sums).select_from(waiting.join(thread, thread.c.id == waiting.c.id)))
    return {view.id: int((row[place] if row is not None else 0) or 0) for place, view in enumerate(views)}


def narrow(rule: Rule, viewer: Viewer) -> Narrowing:
    """What the conditions that must all be true say of state, executor and mailbox."""
    parts = rule.of if isinstance(rule, All) else (rule,)
    boxes, state, executor_id, client_ids, tag = None, None, None, None, None
    for one in parts:
        if not isinstance(one, Condition):
            continue
        if one.field == "mailbox" and one.op in ("eq", "in"):
            boxes = frozenset(one.value if isinstance(one.value, tuple) else (one.value,))
        if one.field == "state" and one.op == "eq" and one.value in INDEXED_STATES:
            state = one.value
        if one.field == "mine" and one.value:
            executor_id = viewer.user_id
        if one.field == "executor" and one.op == "eq":
            executor_id = one.value
        values = one.value if isinstance(one.value, tuple) else (one.value,)
        if one.field == "client" and one.op in ("eq", "in"):
            client_ids = frozenset(values)
        if one.field == "tags" and one.op in ("contains", "in") and len(values) == 1:
            tag = fold_tag(values[0])
    return Narrowing(boxes, state, executor_id, client_ids, tag)


def _sum(rule: Rule, words: Vocabulary, at: At) -> Any:
    return func.sum(case((as_condition(rule, words, at), 1), else_=0))


def _look(
    viewer: Viewer, late: bool, fits: Any, narrowing: Narrowing, tag_id: int | None, key: Key | None
) -> Select[Any]:
    """The next ``LOOK`` threads of all scopes, each with whether it fits. The places of a list by lateness are
    deadlines, earliest first, of the others newest letters, latest first."""
    column = thread.c.due_at if late else thread.c.last_message_at
    tops = []
    for scope_id in sorted(viewer.full | viewer.assigned):
        executor_id = viewer.user_id if scope_id in viewer.assigned else narrowing.executor_id
        top: Select[Any] = select(thread.c.id, column.label("place")).where(thread.c.scope_id == scope_id)
        if late:
            top = top.where(WAITS).order_by(column, thread.c.id)
        elif tag_id is not None:
            top = _tagged(scope_id, tag_id)
        else:
            top = top.where(thread.c.merged_into.is_(None)).order_by(column.desc(), thread.c.id.desc())
        # Also where the condition would sort them out: how far was looked must tell nobody of what is not theirs.
        if executor_id is not None:
            top = top.where(thread.c.executor_id == executor_id)
        if narrowing.client_ids is not None:
            top = top.where(thread.c.counterparty_id.in_(narrowing.client_ids))
        elif executor_id is None and narrowing.state is not None and not late:
            top = top.where(literal_column(f"thread.state = '{narrowing.state}'"))
        if key is not None:
            here, there = tuple_(column, thread.c.id), tuple_(*key)
            if tag_id is not None and not late:
                here = tuple_(thread_tag.c.last_message_at, thread_tag.c.thread_id)
            top = top.where(here > there if late else here < there)
        tops.append(select(top.limit(LOOK).subquery()))
    every = union_all(*tops).subquery()
    order = (every.c.place, every.c.id) if late else (every.c.place.desc(), every.c.id.desc())
    best = select(every).order_by(*order).limit(LOOK).subquery("best")
    seen = and_(fits, visible(viewer, thread.c.scope_id, thread.c.executor_id))
    order = (best.c.place, best.c.id) if late else (best.c.place.desc(), best.c.id.desc())
    return (
        select(best.c.id, best.c.place, case((seen, 1), else_=0).label("fits"))
        .select_from(best.join(thread, thread.c.id == best.c.id))
        .order_by(*order)
    )


def _tagged(scope_id: int, tag_id: int) -> Select[Any]:
    """The threads of a scope with a tag, by the index of the tag: a rare one is not looked for among all others."""
    place = thread_tag.c.last_message_at
    return (
        select(thread_tag.c.thread_id.label("id"), place.label("place"))
        .join(thread, thread.c.id == thread_tag.c.thread_id)
        .where(thread_tag.c.tag_id == tag_id, thread_tag.c.scope_id == scope_id, thread.c.merged_into.is_(None))
        .order_by(place.desc(), thread_tag.c.thread_id.desc())
    )


def _rows(tx: ReadTx, viewer: Viewer, ids: list[int]) -> list[ThreadRow]:
    seen = {row.id: row for row in get_rows(tx, viewer, ids)} if ids else {}
    return [seen[one] for one in ids if one in seen]
