"""Letters on the timelines of clients, and the facts about correspondence that rules, counters and panels ask for: when
did they last write, when did we, who waits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from sqlalchemy import Column, Select, and_, bindparam, case, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from core.changes import record_change
from core.database import ReadTx, WriteTx
from crm.interactions.tables import interaction, letter_facts
from crm.staff.readable import Shape, Viewer, readable_by, shape_of, sight_of
from crm.staff.tables import scope

Direction = Literal["in", "out"]


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
_CHANGE_WAITING = (
    update(letter_facts)
    .where(_THESE, letter_facts.c.waiting_since.is_distinct_from(bindparam("since")))
    .values(waiting_since=bindparam("since"))
)
_PUBLIC = select(scope.c.id).where(scope.c.id == bindparam("id"), scope.c.kind == "public")


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
    _tell_counted(tx, counterparty_id, scope_id)


def _tell_counted(tx: WriteTx, counterparty_id: int, scope_id: int) -> None:
    """The facts of public mailboxes are everybody's: that they moved is told; of others nobody hears."""
    if tx.value(_PUBLIC, {"id": scope_id}) is not None:
        record_change(tx, "letters.counted", counterparty_id, fields={"counterparty_id": counterparty_id})


def hold_facts(tx: WriteTx, counterparty_id: int, scope_id: int) -> None:
    """Hold the facts until the end of the unit: for whoever decides on what other units may be changing."""
    tx.lock_key("letter_facts", counterparty_id, scope_id)


def set_waiting(tx: WriteTx, counterparty_id: int, scope_id: int, since: int | None) -> None:
    """Since when the client waits for us in this mailbox: the longest of its threads, as whoever keeps threads says."""
    if tx.execute(_CHANGE_WAITING, {"of": counterparty_id, "in_scope": scope_id, "since": since}):
        _tell_counted(tx, counterparty_id, scope_id)


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
    _tell_counted(tx, counterparty_id, scope_id)


def recount_letters(tx: WriteTx, counterparty_ids: Iterable[int]) -> list[tuple[int, int]]:
    """The facts of these clients anew, in every scope in which one of them has letters. Returns (client, scope)."""
    ids = sorted(counterparty_ids)
    scopes = set(tx.values(select(letter_facts.c.scope_id).where(letter_facts.c.counterparty_id.in_(ids))))
    scopes |= set(
        tx.values(
            select(interaction.c.scope_id)
            .where(interaction.c.counterparty_id.in_(ids), interaction.c.kind == "letter")
            .distinct()
        )
    )
    places = [(one, scope_id) for one in ids for scope_id in sorted(scopes)]
    for one, scope_id in places:
        _ensure_facts(tx, one, scope_id)
        _recount(tx, one, scope_id)
    return places


def _ensure_facts(tx: WriteTx, counterparty_id: int, scope_id: int) -> None:
    hold_facts(tx, counterparty_id, scope_id)
    held = (letter_facts.c.counterparty_id == counterparty_id) & (letter_facts.c.scope_id == scope_id)
    if tx.value(select(letter_facts.c.letters).where(held)) is None:
        tx.insert(letter_facts, counterparty_id=counterparty_id, scope_id=scope_id)


def move_letters(tx: WriteTx, thread_ids: Sequence[int], scope_id: int) -> list[int]:
    """Let the lines of threads belong to another scope, and put the facts of both right. Returns whose they are."""
    here = interaction.c.thread_id.in_(list(thread_ids)) & (interaction.c.scope_id != scope_id)
    before = tx.rows(select(interaction.c.counterparty_id, interaction.c.scope_id).where(here).distinct())
    tx.execute(update(interaction).where(here).values(scope_id=scope_id))
    based = interaction.c.based_thread_id.in_(list(thread_ids))
    tx.execute(update(interaction).where(based).values(scope_id=scope_id))
    owners = sorted({int(row.counterparty_id) for row in before})
    places = {(int(row.counterparty_id), int(row.scope_id)) for row in before}
    for one, place in sorted(places | {(one, scope_id) for one in owners}):
        _ensure_facts(tx, one, place)
        _recount(tx, one, place)
    return owners


_GIVE = (
    update(interaction).where(interaction.c.thread_id == bindparam("thread")).values(executor_id=bindparam("executor"))
)


def give_letters(tx: WriteTx, thread_id: int, executor_id: int | None) -> None:
    """Note who executes the thread, for readers who see only what is assigned to them."""
    tx.execute(_GIVE, {"thread": thread_id, "executor": executor_id})


@cache
def _facts(shape: Shape) -> Select[Any]:
    facts = select(
        func.max(letter_facts.c.last_in).label("last_in"),
        func.max(letter_facts.c.last_out).label("last_out"),
        func.min(letter_facts.c.waiting_since).label("waiting_since"),
        func.coalesce(func.sum(letter_facts.c.letters), 0).label("letters"),
    )
    return readable_by(shape, facts.where(letter_facts.c.counterparty_id == bindparam("client")), letter_facts)


def get_letter_facts(tx: ReadTx, viewer: Viewer, counterparty_id: int) -> LetterFacts:
    """The facts over all scopes that are fully open to the viewer."""
    row = tx.row(_facts(shape_of(viewer)), sight_of(viewer) | {"client": counterparty_id})
    assert row is not None
    return LetterFacts(row.last_in, row.last_out, row.waiting_since, int(row.letters))
