"""What happened with a client, newest first, as far as a viewer may see it: one line for each letter, the best of those
they may read. Of a letter that they may only know of there is the line ``hidden``, without words or ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, func, or_, select, true, tuple_

from core.database import ReadTx
from core.errors import NotFound
from core.paging import Page, cut_page, decode_cursor
from crm.interactions.tables import HOUSE, interaction
from crm.staff.readable import Shape, Viewer, shape_of, sight_of, visible, visible_by

HIDDEN = "hidden"
"""The kind of a line that says nothing but that there was a letter."""
TOUCH = "touch"
"""The kind of a line that says that a marketing event touched somebody."""
MARKETING = "marketing"
"""The part that knows of channels and of what touches."""
PARTS_OF_KINDS = {
    "document": "documents", "promise": "promises", "task": "calendar", "mailing": "mailings", TOUCH: MARKETING
}  # fmt: skip
"""The parts of the house that write lines of these kinds."""


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
    """One line of a history. ``author_id`` is who wrote it by hand; ``based_on`` None where it may not be seen;
    ``may_answer`` whether the viewer answers where it lies."""

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
    document_id: int | None = None
    mailing_id: int | None = None
    marketing_event_id: int | None = None
    touch: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    may_answer: bool = False


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
    before = None if after is None else decode_cursor(after, (int, int))
    asked: dict[str, Any] = _sight(viewer, counterparty_id) | {"most": limit + 1}
    if kinds:
        asked["kinds"] = list(kinds)
    kept: list[Row[Any]] = []
    while len(kept) <= limit:
        if before is not None:
            asked |= {"at": before[0], "behind": before[1]}
        rows = tx.rows(_timeline(_shape(viewer), bool(kinds), before is not None), asked)
        best = _best(tx, viewer, counterparty_id, rows)
        kept += [row for row in rows if row.letter_id is None or best[row.letter_id] == row.id]
        if len(rows) <= limit:
            break
        before = (rows[-1].happened_at, rows[-1].id)
    found = cut_page(kept, limit, lambda row: (row.happened_at, row.id))
    return Page(_lines(tx, viewer, found.items), found.next)


@cache
def _timeline(shape: _Shape, of_kinds: bool, behind: bool) -> Select[Any]:
    statement = select(interaction).where(_of(shape))
    if of_kinds:
        statement = statement.where(interaction.c.kind.in_(bindparam("kinds", expanding=True)))
    if behind:
        place = tuple_(interaction.c.happened_at, interaction.c.id)
        statement = statement.where(place < tuple_(bindparam("at"), bindparam("behind")))
    return statement.order_by(interaction.c.happened_at.desc(), interaction.c.id.desc()).limit(bindparam("most"))


def get_interaction(tx: ReadTx, viewer: Viewer, interaction_id: int) -> tuple[int, Interaction]:
    """The client and the line. Raises NotFound for one that the viewer may not read."""
    row = tx.row(select(interaction).where(interaction.c.id == interaction_id))
    if row is None or not _may_read(row, viewer) or row.kind in _kinds_off(viewer):
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
    return int(tx.value(_count(_shape(viewer)), _sight(viewer, counterparty_id)))


@cache
def _count(shape: _Shape) -> Select[Any]:
    return select(func.count(_SAME.distinct())).where(_of(shape))


def count_kinds(tx: ReadTx, viewer: Viewer, counterparty_id: int) -> dict[str, int]:
    """How many lines of each kind it has for this viewer; kinds without one are not there."""
    rows = tx.rows(_count_kinds(_shape(viewer)), _sight(viewer, counterparty_id))
    return {row.kind: int(row.lines) for row in rows}


@cache
def _count_kinds(shape: _Shape) -> Select[Any]:
    counted = select(interaction.c.kind, func.count(_SAME.distinct()).label("lines"))
    return counted.where(_of(shape)).group_by(interaction.c.kind)


def _kinds_off(viewer: Viewer) -> frozenset[str]:
    """The kinds of lines of what is not used here: shown to nobody."""
    return frozenset(kind for kind, part in PARTS_OF_KINDS.items() if not viewer.uses(part))


def _shown(off: frozenset[str]) -> ColumnElement[bool]:
    return interaction.c.kind.not_in(sorted(off)) if off else true()


_Shape = tuple[Shape, bool, frozenset[str]]
"""What the text of a statement depends on: the viewer's scopes, whether they know of letters they may not read, and
the kinds that nobody is shown."""


def _shape(viewer: Viewer) -> _Shape:
    return shape_of(viewer), bool(viewer.known), _kinds_off(viewer)


def _sight(viewer: Viewer, counterparty_id: int) -> dict[str, Any]:
    return sight_of(viewer) | {"client": counterparty_id, "known": sorted(viewer.known)}


def _of(shape: _Shape) -> ColumnElement[bool]:
    scopes, knows, off = shape
    seen = or_(visible_by(scopes, interaction.c.scope_id, interaction.c.executor_id), interaction.c.scope_id == HOUSE)
    if knows:
        of_letters = interaction.c.kind == "letter"
        seen = or_(seen, and_(interaction.c.scope_id.in_(bindparam("known", expanding=True)), of_letters))
    here = (interaction.c.counterparty_id == bindparam("client")) & seen
    return here & _shown(off) if off else here


def _seen(viewer: Viewer) -> ColumnElement[bool]:
    seen = or_(visible(viewer, interaction.c.scope_id, interaction.c.executor_id), interaction.c.scope_id == HOUSE)
    return seen & _shown(_kinds_off(viewer))


def _may_read(row: Row[Any], viewer: Viewer) -> bool:
    mine = row.scope_id in viewer.assigned and row.executor_id == viewer.user_id
    return mine or row.scope_id in viewer.full or row.scope_id == HOUSE


def _best(tx: ReadTx, viewer: Viewer, counterparty_id: int, rows: Iterable[Row[Any]]) -> dict[int, int]:
    """Letter → the row that shows it: one that may be read before one that may be known of, then the newest."""
    letters = sorted({row.letter_id for row in rows if row.letter_id is not None})
    if not letters:
        return {}
    copies = tx.rows(_copies(_shape(viewer)), _sight(viewer, counterparty_id) | {"letters": letters})
    ordered = sorted(copies, key=lambda row: (_may_read(row, viewer), row.happened_at, row.id))
    return {row.letter_id: row.id for row in ordered}


@cache
def _copies(shape: _Shape) -> Select[Any]:
    return select(interaction).where(_of(shape), interaction.c.letter_id.in_(bindparam("letters", expanding=True)))


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
        channel_id=row.channel_id if viewer.uses(MARKETING) else None,
        document_id=row.document_id,
        mailing_id=row.mailing_id,
        marketing_event_id=row.marketing_event_id,
        touch=row.touch,
        attributes=row.attributes or {},
        may_answer=viewer.may("answer", row.scope_id, row.executor_id),
    )


@cache
def _bases_of(shape: Shape, off: frozenset[str]) -> tuple[Select[Any], Select[Any]]:
    """Lines by their ids, and those of some threads."""
    seen = or_(visible_by(shape, interaction.c.scope_id, interaction.c.executor_id), interaction.c.scope_id == HOUSE)
    here = select(interaction).where(seen, _shown(off))
    by_id = here.where(interaction.c.id.in_(bindparam("lines", expanding=True)))
    return by_id, here.where(interaction.c.thread_id.in_(bindparam("threads", expanding=True)))


def _bases(tx: ReadTx, viewer: Viewer, rows: Iterable[Row[Any]]) -> dict[int, Base]:
    """What lines were written on the basis of, as far as that may be read today."""
    rows = [row for row in rows if row.based_on_id is not None or row.based_thread_id is not None]
    if not rows:
        return {}
    lines = sorted({row.based_on_id for row in rows if row.based_on_id is not None})
    threads = sorted({row.based_thread_id for row in rows if row.based_thread_id is not None})
    by_id, by_thread = _bases_of(shape_of(viewer), _kinds_off(viewer))
    found = tx.rows(by_id, sight_of(viewer) | {"lines": lines}) if lines else []
    by_line = {row.id: row for row in found}
    found = tx.rows(by_thread, sight_of(viewer) | {"threads": threads}) if threads else []
    by_letter = {(row.thread_id, row.message_id): row for row in found}
    bases = {}
    for row in rows:
        base = by_letter.get((row.based_thread_id, row.based_message_id)) or by_line.get(row.based_on_id)
        if base is not None:
            bases[row.id] = Base(base.kind, base.subject, base.happened_at, base.thread_id, base.message_id)
    return bases
