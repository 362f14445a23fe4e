"""What happened with a client, newest first, as far as a viewer may see it: one line for each letter, the best of those
they may read. Of a letter that they may only know of there is the line ``hidden``, without words or ids."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, or_, select, tuple_

from core.database import ReadTx
from core.errors import NotFound
from core.paging import Page, cut_page, decode_cursor
from crm.interactions.tables import HOUSE, interaction
from crm.staff.readable import Viewer, visible

HIDDEN = "hidden"
"""The kind of a line that says nothing but that there was a letter."""


@dataclass(frozen=True, slots=True)
class Base:
    """What a line was written on the basis of: a letter, with its thread, or another line."""

    kind: str
    subject: str
    happened_at: int
    thread_id: int | None
    message_id: int | None


@dataclass(frozen=True, slots=True)
class Interaction:
    """One line of a history. ``author_id`` is who wrote it by hand; ``based_on`` None where it may not be seen."""

    id: int
    kind: str
    happened_at: int
    direction: str
    subject: str
    thread_id: int | None
    message_id: int | None
    contact_id: int | None = None
    executor_id: int | None = None
    body: str = ""
    author_id: int | None = None
    minutes: int = 0
    channel_id: int | None = None
    based_on: Base | None = None


def list_history(tx: ReadTx, viewer: Viewer, counterparty_id: int, *, limit: int = 50) -> list[Interaction]:
    """The newest lines of a client's timeline that the viewer may see."""
    return list(list_timeline(tx, viewer, counterparty_id, limit=limit).items)


def list_timeline(
    tx: ReadTx,
    viewer: Viewer,
    counterparty_id: int,
    *,
    kinds: Sequence[str] = (),
    after: str | None = None,
    limit: int = 50,
) -> Page[Interaction]:
    """A page of the timeline, of these kinds alone where some are named. Raises Invalid for a bad cursor."""
    here = _of(viewer, counterparty_id)
    if kinds:
        here = here & interaction.c.kind.in_(list(kinds))
    statement = select(interaction).where(here).order_by(interaction.c.happened_at.desc(), interaction.c.id.desc())
    before = None if after is None else decode_cursor(after, (int, int))
    kept: list[Row[Any]] = []
    while len(kept) <= limit:
        page = statement.limit(limit + 1)
        if before is not None:
            page = page.where(tuple_(interaction.c.happened_at, interaction.c.id) < tuple_(*before))
        rows = tx.rows(page)
        best = _best(tx, viewer, counterparty_id, rows)
        kept += [row for row in rows if row.letter_id is None or best[row.letter_id] == row.id]
        if len(rows) <= limit:
            break
        before = (rows[-1].happened_at, rows[-1].id)
    found = cut_page(kept, limit, lambda row: (row.happened_at, row.id))
    return Page(_lines(tx, viewer, found.items), found.next)


def get_interaction(tx: ReadTx, viewer: Viewer, interaction_id: int) -> tuple[int, Interaction]:
    """The client and the line. Raises NotFound for one that the viewer may not read."""
    row = tx.row(select(interaction).where(interaction.c.id == interaction_id))
    if row is None or not _may_read(row, viewer):
        raise NotFound("There is nothing with the number %(id)s in a history.", id=interaction_id)
    return int(row.counterparty_id), _lines(tx, viewer, [row])[0]


def find_line_of_thread(tx: ReadTx, viewer: Viewer, thread_id: int) -> tuple[int, Interaction] | None:
    """The newest letter of a thread on a timeline, with its client, for who may read it; None where there is none."""
    here = (interaction.c.thread_id == thread_id) & (interaction.c.kind == "letter") & _seen(viewer)
    row = tx.row(select(interaction).where(here).order_by(interaction.c.happened_at.desc(), interaction.c.id.desc()))
    return None if row is None else (int(row.counterparty_id), _lines(tx, viewer, [row])[0])


_SAME = func.coalesce(interaction.c.letter_id, -interaction.c.id)


def count_history(tx: ReadTx, viewer: Viewer, counterparty_id: int) -> int:
    """How many lines the whole timeline has for this viewer."""
    return int(tx.value(select(func.count(_SAME.distinct())).where(_of(viewer, counterparty_id))))


def count_kinds(tx: ReadTx, viewer: Viewer, counterparty_id: int) -> dict[str, int]:
    """How many lines of each kind it has for this viewer; kinds without one are not there."""
    counted = select(interaction.c.kind, func.count(_SAME.distinct()).label("lines"))
    rows = tx.rows(counted.where(_of(viewer, counterparty_id)).group_by(interaction.c.kind))
    return {row.kind: int(row.lines) for row in rows}


def _of(viewer: Viewer, counterparty_id: int) -> ColumnElement[bool]:
    return (interaction.c.counterparty_id == counterparty_id) & _may_know(viewer)


def _may_know(viewer: Viewer) -> ColumnElement[bool]:
    seen = _seen(viewer)
    if not viewer.known:
        return seen
    return or_(seen, and_(interaction.c.scope_id.in_(sorted(viewer.known)), interaction.c.kind == "letter"))


def _seen(viewer: Viewer) -> ColumnElement[bool]:
    return or_(visible(viewer, interaction.c.scope_id, interaction.c.executor_id), interaction.c.scope_id == HOUSE)


def _may_read(row: Row[Any], viewer: Viewer) -> bool:
    mine = row.scope_id in viewer.assigned and row.executor_id == viewer.user_id
    return mine or row.scope_id in viewer.full or row.scope_id == HOUSE


def _best(tx: ReadTx, viewer: Viewer, counterparty_id: int, rows: Iterable[Row[Any]]) -> dict[int, int]:
    """Letter → the row that shows it: one that may be read before one that may be known of, then the newest."""
    letters = sorted({row.letter_id for row in rows if row.letter_id is not None})
    if not letters:
        return {}
    copies = tx.rows(select(interaction).where(_of(viewer, counterparty_id), interaction.c.letter_id.in_(letters)))
    ordered = sorted(copies, key=lambda row: (_may_read(row, viewer), row.happened_at, row.id))
    return {row.letter_id: row.id for row in ordered}


def _lines(tx: ReadTx, viewer: Viewer, rows: Sequence[Row[Any]]) -> list[Interaction]:
    bases = _bases(tx, viewer, rows)
    lines = []
    for row in rows:
        line = _line(row, viewer)
        lines.append(line if line.kind == HIDDEN else replace(line, based_on=bases.get(row.id)))
    return lines


def _line(row: Any, viewer: Viewer) -> Interaction:
    if not _may_read(row, viewer):
        return Interaction(0, HIDDEN, row.happened_at, row.direction, "", None, None)
    return Interaction(
        id=row.id,
        kind=row.kind,
        happened_at=row.happened_at,
        direction=row.direction,
        subject=row.subject,
        thread_id=row.thread_id,
        message_id=row.message_id,
        contact_id=row.contact_id,
        executor_id=row.executor_id,
        body=row.body,
        author_id=row.author_id,
        minutes=row.minutes,
        channel_id=row.channel_id,
    )


def _bases(tx: ReadTx, viewer: Viewer, rows: Iterable[Row[Any]]) -> dict[int, Base]:
    """What lines were written on the basis of, as far as that may be read today."""
    rows = [row for row in rows if row.based_on_id is not None or row.based_thread_id is not None]
    if not rows:
        return {}
    lines = sorted({row.based_on_id for row in rows if row.based_on_id is not None})
    threads = sorted({row.based_thread_id for row in rows if row.based_thread_id is not None})
    found = tx.rows(select(interaction).where(_seen(viewer), interaction.c.id.in_(lines))) if lines else []
    by_line = {row.id: row for row in found}
    found = tx.rows(select(interaction).where(_seen(viewer), interaction.c.thread_id.in_(threads))) if threads else []
    by_letter = {(row.thread_id, row.message_id): row for row in found}
    bases = {}
    for row in rows:
        base = by_letter.get((row.based_thread_id, row.based_message_id)) or by_line.get(row.based_on_id)
        if base is not None:
            bases[row.id] = Base(base.kind, base.subject, base.happened_at, base.thread_id, base.message_id)
    return bases
