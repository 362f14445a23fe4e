"""Lists of threads, exactly what the viewer may see, and the counters beside them.

Newest lists take the top of each scope through its own index and join afterwards: a sub-select of rights or an ``IN``
walks the index of everybody until enough is found, which is slow for whoever sees little (READING in docs/performance).
The late list is ordered by the stored ``due_at`` over the small set that waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import (
    Column,
    ColumnElement,
    Row,
    Select,
    and_,
    bindparam,
    func,
    literal_column,
    select,
    tuple_,
    union_all,
)

from core.database import ReadTx
from core.paging import Page, cut_page, decode_cursor
from crm.parties.tables import counterparty
from crm.staff.readable import Shape, Viewer, readable_by, shape_of, sight_of
from crm.staff.tables import user
from mailhub.mailboxes.tables import mailbox, thread, thread_tag, unread
from mailhub.mailboxes.tag_rows import Tag, find_tags

View = Literal["waiting", "mine", "open", "snoozed", "closed", "spam", "all"]
VIEWS: tuple[View, ...] = ("waiting", "mine", "open", "snoozed", "closed", "spam", "all")
PAGE = 50


@dataclass(frozen=True, slots=True)
class ThreadRow:
    """A thread as a row of a list: everything that the row shows, in the order of ``_COLUMNS``."""

    id: int
    mailbox_id: int
    scope_id: int
    mailbox_address: str
    mailbox_kind: str
    mailbox_colour: int
    subject: str
    who: str
    who_address: str
    snippet: str
    language: str
    counterparty_id: int | None
    counterparty_name: str | None
    contact_id: int | None
    state: str
    waiting_for: str | None
    waiting_since: int | None
    due_at: int | None
    executor_id: int | None
    executor_name: str | None
    message_count: int
    attachment_count: int
    last_message_at: int
    last_message_id: int
    unread: bool
    undelivered: bool
    snoozed_until: int | None
    urgent: bool
    tag_count: int
    version: int
    tags: tuple[Tag, ...] = ()


_COLUMNS = (
    thread.c.id,
    thread.c.mailbox_id,
    thread.c.scope_id,
    mailbox.c.address.label("mailbox_address"),
    mailbox.c.kind.label("mailbox_kind"),
    mailbox.c.colour.label("mailbox_colour"),
    thread.c.subject,
    thread.c.who,
    thread.c.who_address,
    thread.c.snippet,
    thread.c.language,
    thread.c.counterparty_id,
    counterparty.c.name.label("counterparty_name"),
    thread.c.contact_id,
    thread.c.state,
    thread.c.waiting_for,
    thread.c.waiting_since,
    thread.c.due_at,
    thread.c.executor_id,
    user.c.name.label("executor_name"),
    thread.c.message_count,
    thread.c.attachment_count,
    thread.c.last_message_at,
    thread.c.last_message_id,
    unread.c.user_id.is_not(None).label("unread"),
    (thread.c.undelivered == 1).label("undelivered"),
    thread.c.snoozed_until,
    (thread.c.urgent == 1).label("urgent"),
    thread.c.tag_count,
    thread.c.version,
)
_WAITS: ColumnElement[bool] = literal_column("thread.state = 'open' AND thread.waiting_for = 'us'")
_SNOOZED: ColumnElement[bool] = literal_column("thread.state = 'snoozed'")


def _joined(source: Any, me: ColumnElement[Any]) -> Any:
    return (
        source.join(mailbox, mailbox.c.id == thread.c.mailbox_id)
        .outerjoin(counterparty, counterparty.c.id == thread.c.counterparty_id)
        .outerjoin(user, user.c.id == thread.c.executor_id)
        .outerjoin(unread, and_(unread.c.thread_id == thread.c.id, unread.c.user_id == me))
    )


def list_threads(
    tx: ReadTx,
    viewer: Viewer,
    view: View,
    *,
    scope_id: int | None = None,
    tag_id: int | None = None,
    after: str | None = None,
    limit: int = PAGE,
) -> Page[ThreadRow]:
    """A page of a view, in one mailbox (its scope) or in all that the viewer sees. Raises Invalid for a bad cursor.

    ``waiting`` is ordered by how late we are, ``snoozed`` by when they come back, the others by the newest letter.
    With ``tag_id`` those with this tag, whatever their state.
    """
    key = decode_cursor(after, (int, int)) if after is not None else None
    if view in _SMALL and tag_id is None:
        return _list_small(tx, viewer, view, scope_id, key, limit)
    full, assigned = viewer.within(scope_id)
    if view == "mine":
        full, assigned = frozenset(), full | assigned
    if not full and not assigned:
        return Page([], None)
    state = view if view in ("open", "closed", "spam") else None
    if view == "mine":
        state = "open"
    statement = _newest(len(full), len(assigned), state, key is not None, limit + 1, tag_id is not None)
    parameters: dict[str, Any] = {"me": viewer.user_id} | ({} if tag_id is None else {"tag": tag_id})
    parameters |= {f"full{n}": scope for n, scope in enumerate(sorted(full))}
    parameters |= {f"assigned{n}": scope for n, scope in enumerate(sorted(assigned))}
    if key is not None:
        parameters |= {"at": key[0], "behind": key[1]}
    rows = tx.rows(statement, parameters)
    return _page(tx, rows, limit, lambda row: (row.last_message_at, row.id))


@lru_cache(maxsize=512)
def _newest(full: int, assigned: int, state: str | None, behind: bool, most: int, tagged: bool) -> Select[Any]:
    """The prepared query for a viewer of so many scopes: building it anew costs more than running it."""
    names = [(f"full{n}", False) for n in range(full)] + [(f"assigned{n}", True) for n in range(assigned)]
    tops = []
    of = thread_tag if tagged else thread
    id_, newest = (of.c.thread_id if tagged else of.c.id), of.c.last_message_at
    for name, only_mine in names:
        top = (
            select(id_.label("id"), newest)
            .where(of.c.scope_id == bindparam(name))
            .order_by(newest.desc(), id_.desc())
            .limit(literal_column(str(most)))
        )
        if tagged:
            top = top.where(thread_tag.c.tag_id == bindparam("tag"))
        else:
            top = top.where(thread.c.merged_into.is_(None))
        if only_mine:
            top = top.join(thread, thread.c.id == thread_tag.c.thread_id) if tagged else top
            top = top.where(thread.c.executor_id == bindparam("me"))
        if state is not None:
            top = top.where(literal_column(f"thread.state = '{state}'"))
        if behind:
            top = top.where(tuple_(newest, id_) < tuple_(bindparam("at"), bindparam("behind")))
        tops.append(select(top.subquery()))
    every = union_all(*tops).subquery()
    best = (
        select(every).order_by(every.c.last_message_at.desc(), every.c.id.desc()).limit(literal_column(str(most)))
    ).subquery("best")
    source = _joined(best.join(thread, thread.c.id == best.c.id), bindparam("me"))
    return select(*_COLUMNS).select_from(source).order_by(thread.c.last_message_at.desc(), thread.c.id.desc())


# What waits and what is put aside are small sets: each is walked in the order of its own index.
_SMALL: dict[str, tuple[ColumnElement[bool], Column[Any]]] = {
    "waiting": (_WAITS, thread.c.due_at),
    "snoozed": (_SNOOZED, thread.c.snoozed_until),
}


def _list_small(
    tx: ReadTx, viewer: Viewer, view: str, scope_id: int | None, key: tuple[int | str, ...] | None, limit: int
) -> Page[ThreadRow]:
    statement = _small(shape_of(viewer), view, scope_id is not None, key is not None, limit + 1)
    parameters = sight_of(viewer)
    if scope_id is not None:
        parameters["within"] = sorted(frozenset().union(*viewer.within(scope_id)))
    if key is not None:
        parameters |= {"at": key[0], "behind": key[1]}
    order = _SMALL[view][1].name
    return _page(tx, tx.rows(statement, parameters), limit, lambda row: (getattr(row, order), row.id))


@lru_cache(maxsize=512)
def _small(shape: Shape, view: str, within: bool, behind: bool, most: int) -> Select[Any]:
    """The first of a small set are found by their places alone; what their rows show is read for these."""
    which, order = _SMALL[view]
    first = (
        select(thread.c.id, order.label("place"))
        .where(which)
        .order_by(order, thread.c.id)
        .limit(literal_column(str(most)))
    )
    if within:
        first = first.where(thread.c.scope_id.in_(bindparam("within", expanding=True)))
    if behind:
        first = first.where(tuple_(order, thread.c.id) > tuple_(bindparam("at"), bindparam("behind")))
    found = readable_by(shape, first, thread).subquery("best")
    source = _joined(found.join(thread, thread.c.id == found.c.id), bindparam("me"))
    return select(*_COLUMNS).select_from(source).order_by(found.c.place, found.c.id)


def get_rows(tx: ReadTx, viewer: Viewer, thread_ids: Sequence[int]) -> list[ThreadRow]:
    """These threads as rows, those among them that the viewer may see, in no order."""
    return _thread_rows(tx, tx.rows(_these(shape_of(viewer)), sight_of(viewer) | {"ids": list(thread_ids)}))


@lru_cache
def _these(shape: Shape) -> Select[Any]:
    source = _joined(thread, bindparam("me"))
    these = thread.c.id.in_(bindparam("ids", expanding=True)) & thread.c.merged_into.is_(None)
    return readable_by(shape, select(*_COLUMNS).select_from(source).where(these), thread, by_id=True)


@dataclass(frozen=True, slots=True)
class Counters:
    """The numbers of the rail: what waits for us, in all, with the viewer, and by mailbox; and what is put aside."""

    waiting: int
    mine: int
    by_mailbox: dict[int, int]
    snoozed: int = 0


_BOXES = select(mailbox.c.id, mailbox.c.scope_id).where(mailbox.c.scope_id.in_(bindparam("scopes", expanding=True)))


def count_threads(tx: ReadTx, viewer: Viewer) -> Counters:
    """Count through the index of what waits: such counters cannot drift."""
    waiting, mine, aside = _counts(shape_of(viewer))
    sight = sight_of(viewer)
    by_scope = {row.scope_id: int(row.number) for row in tx.rows(waiting, sight)}
    by_mailbox: dict[int, int] = {}
    for box in tx.rows(_BOXES, {"scopes": [viewer.parents.get(scope, scope) for scope in by_scope]}):
        within = (scope for scope in by_scope if viewer.parents.get(scope, scope) == box.scope_id)
        by_mailbox[box.id] = sum(by_scope[scope] for scope in within)
    own, snoozed = (int(tx.value(one, sight)) for one in (mine, aside))
    return Counters(sum(by_scope.values()), own, by_mailbox, snoozed)


def count_waiting(tx: ReadTx, viewer: Viewer) -> int:
    """How much waits for us, in all that the viewer sees."""
    waiting, *_ = _counts(shape_of(viewer))
    return sum(int(row.number) for row in tx.rows(waiting, sight_of(viewer)))


@lru_cache
def _counts(shape: Shape) -> tuple[Select[Any], ...]:
    def seen(statement: Select[Any]) -> Select[Any]:
        return readable_by(shape, statement, thread)

    me: ColumnElement[Any] = bindparam("me")
    number = func.count()
    return (
        seen(select(thread.c.scope_id, number.label("number")).where(_WAITS).group_by(thread.c.scope_id)),
        seen(select(number).where(thread.c.executor_id == me, _WAITS)),
        seen(select(number).select_from(thread).where(_SNOOZED)),
    )


def _page(tx: ReadTx, rows: Sequence[Row[Any]], limit: int, key: Any) -> Page[ThreadRow]:
    found = cut_page(rows, limit, key)
    return Page(_thread_rows(tx, found.items), found.next)


def _thread_rows(tx: ReadTx, rows: Sequence[Row[Any]]) -> list[ThreadRow]:
    """Rows with their tags, which are looked up once for all that have some."""
    tags = find_tags(tx, [row.id for row in rows if row.tag_count])
    values: list[tuple[Any, ...]] = [(*row, tags.get(row.id, ())) for row in rows]
    return [ThreadRow(*one) for one in values]
