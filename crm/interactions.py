"""The timeline of a client: what happened, with whom, when. Here: letters, and the facts about correspondence.

One row per message, in the scope of its mailbox: a history shows each reader what their rights allow.
``letter_facts`` is what rules, counters and panels ask: when did they last write, when did we, who waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Column, Index, and_, bindparam, case, delete, func, literal, or_, select, tuple_, update
from sqlalchemy import text as sql
from sqlalchemy.dialects import postgresql, sqlite

from core.columns import (
    Id,
    id_column,
    instant,
    number,
    optional_instant,
    optional_reference,
    reference,
    table,
    text,
)
from core.database import ReadTx, WriteTx
from crm.staff.readable import Viewer, readable, visible

Direction = Literal["in", "out"]
HIDDEN = "hidden"
"""The kind of a line that says nothing but that there was a letter."""

interaction = table(
    "interaction",
    id_column(),
    text("kind"),
    reference("counterparty_id", "counterparty.id"),
    optional_reference("contact_id", "contact.id"),
    reference("scope_id", "scope.id"),
    instant("happened_at"),
    text("direction", ""),
    text("subject", ""),
    Column("thread_id", Id),
    Column("message_id", Id),
    Column("executor_id", Id),
    number("counts", 0),
    Column("letter_id", Id),
    text("body", ""),
    Column("author_id", Id),
    number("minutes", 0),
    Column("channel_id", Id),
    Column("based_on_id", Id),
    Column("based_thread_id", Id),
    Column("based_message_id", Id),
)
Index(None, interaction.c.counterparty_id, interaction.c.happened_at, interaction.c.id)
Index(None, interaction.c.counterparty_id, interaction.c.kind, interaction.c.happened_at, interaction.c.id)
Index(None, interaction.c.letter_id, interaction.c.counterparty_id)
_BASED = sql("based_thread_id IS NOT NULL")
Index("ix_interaction_based", interaction.c.based_thread_id, sqlite_where=_BASED, postgresql_where=_BASED)
Index(None, interaction.c.thread_id)

letter_facts = table(
    "letter_facts",
    Column("counterparty_id", Id, primary_key=True, nullable=False),
    Column("scope_id", Id, primary_key=True, nullable=False),
    optional_instant("last_in"),
    optional_instant("last_out"),
    optional_instant("waiting_since"),
    number("letters", 0),
)


@dataclass(frozen=True, slots=True)
class Interaction:
    """One line of a history."""

    id: int
    kind: str
    happened_at: int
    direction: str
    subject: str
    thread_id: int | None
    message_id: int | None


@dataclass(frozen=True, slots=True)
class LetterFacts:
    """When they last wrote, when we last wrote, since when they wait for us: over the scopes a viewer may see."""

    last_in: int | None
    last_out: int | None
    waiting_since: int | None
    letters: int


def record_letter(
    tx: WriteTx,
    counterparty_id: int,
    scope_id: int,
    *,
    contact_id: int | None,
    direction: Direction,
    happened_at: int,
    subject: str,
    thread_id: int,
    message_id: int,
    executor_id: int | None,
    counts: bool,
    letter_id: int | None = None,
) -> None:
    """Write a letter on the client's timeline. ``letter_id`` is what it has in common with the same letter in other
    mailboxes. ``counts`` is False for bounces, auto-replies and junk: they are shown,
    but nobody waits because of them. A letter older than the newest (an import) changes only what it is news for."""
    tx.later(
        interaction,
        kind="letter",
        counterparty_id=counterparty_id,
        contact_id=contact_id,
        scope_id=scope_id,
        happened_at=happened_at,
        direction=direction,
        subject=subject,
        thread_id=thread_id,
        message_id=message_id,
        executor_id=executor_id,
        counts=int(counts),
        letter_id=letter_id,
    )
    if counts:
        _count_letter(tx, counterparty_id, scope_id, direction, happened_at)


_THESE = (letter_facts.c.counterparty_id == bindparam("of")) & (letter_facts.c.scope_id == bindparam("in_scope"))


def _one_more(insert_into: Any) -> Any:
    """One more letter, whether there are facts or not: an instant of None is not told, an older one changes nothing."""
    new = insert_into(letter_facts)

    def later(column: Column[Any]) -> Any:
        told = new.excluded[column.name]
        return case((and_(told.is_not(None), or_(column.is_(None), column < told)), told), else_=column)

    facts = {column.name: later(column) for column in (letter_facts.c.last_in, letter_facts.c.last_out)}
    return new.on_conflict_do_update(
        index_elements=["counterparty_id", "scope_id"], set_={**facts, "letters": letter_facts.c.letters + 1}
    )


_ONE_MORE = {"sqlite": _one_more(sqlite.insert), "postgresql": _one_more(postgresql.insert)}
_CHANGE_FACTS = (
    update(letter_facts).where(_THESE).values({name: bindparam(name) for name in ("last_in", "last_out", "letters")})
)
_CHANGE_WAITING = update(letter_facts).where(_THESE).values(waiting_since=bindparam("since"))


def _count_letter(tx: WriteTx, counterparty_id: int, scope_id: int, direction: Direction, happened_at: int) -> None:
    """Let one more letter change the facts: when they wrote last, when we did, how many there are."""
    hold_facts(tx, counterparty_id, scope_id)
    tx.later(
        _ONE_MORE[tx.dialect],
        counterparty_id=counterparty_id,
        scope_id=scope_id,
        last_in=happened_at if direction == "in" else None,
        last_out=happened_at if direction == "out" else None,
        letters=1,
    )


def hold_facts(tx: WriteTx, counterparty_id: int, scope_id: int) -> None:
    """Hold the facts until the end of the unit: for whoever decides on what other units may be changing."""
    tx.lock_key("letter_facts", counterparty_id, scope_id)


def set_waiting(tx: WriteTx, counterparty_id: int, scope_id: int, since: int | None) -> None:
    """Since when the client waits for us in this mailbox: the longest of its threads, as whoever keeps threads says."""
    tx.execute(_CHANGE_WAITING, {"of": counterparty_id, "in_scope": scope_id, "since": since})


def forget_thread(tx: WriteTx, thread_id: int) -> None:
    """Take the letters of a thread off the timeline they stand on (it was filed wrongly) and put its facts right."""
    here = interaction.c.thread_id == thread_id
    owners = tx.rows(select(interaction.c.counterparty_id, interaction.c.scope_id).where(here).distinct())
    tx.execute(delete(interaction).where(here))
    for row in owners:
        _recount(tx, row.counterparty_id, row.scope_id)


def forget_letter(tx: WriteTx, thread_id: int, message_id: int) -> None:
    """Take a letter that never left off the timeline it stands on, and put the facts right."""
    here = (interaction.c.thread_id == thread_id) & (interaction.c.message_id == message_id)
    owners = tx.rows(select(interaction.c.counterparty_id, interaction.c.scope_id).where(here).distinct())
    tx.execute(delete(interaction).where(here))
    for row in owners:
        _recount(tx, row.counterparty_id, row.scope_id)


def _recount(tx: WriteTx, counterparty_id: int, scope_id: int) -> None:
    """The facts anew from the rows of the timeline."""
    hold_facts(tx, counterparty_id, scope_id)
    here = (interaction.c.counterparty_id == counterparty_id) & (interaction.c.scope_id == scope_id)
    row = tx.row(
        select(
            func.max(case((interaction.c.direction == "in", interaction.c.happened_at))).label("last_in"),
            func.max(case((interaction.c.direction == "out", interaction.c.happened_at))).label("last_out"),
            func.count().label("letters"),
        ).where(here, interaction.c.counts == 1)
    )
    assert row is not None
    facts = {"last_in": row.last_in, "last_out": row.last_out, "letters": int(row.letters)}
    tx.execute(_CHANGE_FACTS, {"of": counterparty_id, "in_scope": scope_id, **facts})


def move_letters(tx: WriteTx, thread_ids: Sequence[int], scope_id: int) -> list[int]:
    """Let the lines of threads belong to another scope, and put the facts of both right. Returns whose they are."""
    here = interaction.c.thread_id.in_(list(thread_ids)) & (interaction.c.scope_id != scope_id)
    before = tx.rows(select(interaction.c.counterparty_id, interaction.c.scope_id).where(here).distinct())
    tx.execute(update(interaction).where(here).values(scope_id=scope_id))
    owners = sorted({int(row.counterparty_id) for row in before})
    places = {(int(row.counterparty_id), int(row.scope_id)) for row in before}
    for one, scope in sorted(places | {(one, scope_id) for one in owners}):
        held = (letter_facts.c.counterparty_id == one) & (letter_facts.c.scope_id == scope)
        if tx.value(select(letter_facts.c.letters).where(held)) is None:
            tx.insert(letter_facts, counterparty_id=one, scope_id=scope)
        _recount(tx, one, scope)
    return owners


def give_letters(tx: WriteTx, thread_id: int, executor_id: int | None) -> None:
    """Note who executes the thread, for readers who see only what is assigned to them."""
    tx.execute(update(interaction).where(interaction.c.thread_id == thread_id).values(executor_id=executor_id))


_NEWEST = (
    select(interaction)
    .where(interaction.c.counterparty_id == bindparam("counterparty_id"))
    .order_by(interaction.c.happened_at.desc(), interaction.c.id.desc())
)
_SAME = func.coalesce(interaction.c.letter_id, -interaction.c.id)
MOST_COPIES = 20  # of one letter in mailboxes that one person sees


def list_history(tx: ReadTx, viewer: Viewer, counterparty_id: int, *, limit: int = 50) -> list[Interaction]:
    """The newest lines of a client's timeline that the viewer may see: one for each letter, the best they may read.
    Of a letter that they may only know of there is the line ``hidden``, without words or ids."""
    statement = _NEWEST.where(_may_know(viewer))
    kept: dict[int, Interaction] = {}
    before: tuple[int, int] | None = None
    while len(kept) <= limit:
        place = tuple_(interaction.c.happened_at, interaction.c.id)
        page = statement if before is None else statement.where(place < tuple_(*map(literal, before)))
        rows = tx.rows(page.limit(limit + MOST_COPIES), {"counterparty_id": counterparty_id})
        for row in rows:
            line = _line(row, viewer)
            key = row.letter_id or -row.id
            if key not in kept or (kept[key].kind == HIDDEN and line.kind != HIDDEN):
                kept[key] = line
        if len(rows) < limit + MOST_COPIES:
            break
        before = (rows[-1].happened_at, rows[-1].id)
    return sorted(kept.values(), key=lambda one: (-one.happened_at, -one.id))[:limit]


def count_history(tx: ReadTx, viewer: Viewer, counterparty_id: int) -> int:
    """How many lines the whole timeline has for this viewer."""
    here = select(func.count(_SAME.distinct())).where(interaction.c.counterparty_id == counterparty_id)
    return int(tx.value(here.where(_may_know(viewer))))


def _may_know(viewer: Viewer) -> Any:
    seen = visible(viewer, interaction.c.scope_id, interaction.c.executor_id)
    return or_(seen, interaction.c.scope_id.in_(sorted(viewer.known))) if viewer.known else seen


def _line(row: Any, viewer: Viewer) -> Interaction:
    mine = row.scope_id in viewer.assigned and row.executor_id == viewer.user_id
    if row.scope_id in viewer.full or mine:
        return Interaction(row.id, row.kind, row.happened_at, row.direction, row.subject, row.thread_id, row.message_id)
    return Interaction(0, HIDDEN, row.happened_at, row.direction, "", None, None)


def get_letter_facts(tx: ReadTx, viewer: Viewer, counterparty_id: int) -> LetterFacts:
    """The facts over all scopes that are fully open to the viewer."""
    row = tx.row(
        readable(
            select(
                func.max(letter_facts.c.last_in).label("last_in"),
                func.max(letter_facts.c.last_out).label("last_out"),
                func.min(letter_facts.c.waiting_since).label("waiting_since"),
                func.coalesce(func.sum(letter_facts.c.letters), 0).label("letters"),
            ).where(letter_facts.c.counterparty_id == counterparty_id),
            viewer,
            letter_facts,
        )
    )
    assert row is not None
    return LetterFacts(row.last_in, row.last_out, row.waiting_since, int(row.letters))
