"""What waits in the hands of somebody who goes away is handed over to who stands in, and comes back in the same way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, exists, func, literal_column, select

from core import clock
from core.database import ReadTx, WriteTx
from crm.execution import Choice, assignment, find_stand_in, is_able
from crm.staff.readable import Viewer, demand_admin
from mailhub.mailboxes.handling import give
from mailhub.mailboxes.tables import thread

MOST_AT_ONCE = 500
_WAITS: Any = literal_column("state = 'open' AND waiting_for = 'us'")  # as the index of those who wait is written
_WAITING = select(thread.c.id).where(thread.c.executor_id == bindparam("person"), _WAITS)
_later = assignment.alias("later")
_HELD_FOR = (
    select(thread.c.id)
    .join(assignment, assignment.c.thread_id == thread.c.id)
    .where(
        assignment.c.instead_of_id == bindparam("person"),
        thread.c.executor_id == assignment.c.executor_id,
        thread.c.state.in_(("open", "snoozed")),
        ~exists().where(
            _later.c.thread_id == assignment.c.thread_id,
            _later.c.id > assignment.c.id,
            _later.c.reason != "continued",
        ),
    )
    .distinct()
)


@dataclass(frozen=True, slots=True)
class Handed:
    """How many threads went over, and how many stayed because nobody stands in who may answer there."""

    moved: int
    stayed: int


def hand_over(tx: WriteTx, viewer: Viewer, user_id: int) -> Handed:
    """Give what waits for us in the hands of a person to who stands in for them: they themselves or an administrator
    may, also before the absence begins. Raises Forbidden."""
    if viewer.user_id != user_id:
        demand_admin(viewer)
    moved = stayed = 0
    stand_ins: dict[int, int | None] = {}
    for thread_id in tx.values(_WAITING.order_by(thread.c.id).limit(MOST_AT_ONCE), {"person": user_id}):
        tx.lock(thread, thread_id)
        row = tx.get(thread, thread_id)
        if row.executor_id != user_id:
            continue  # somebody was quicker
        if row.scope_id not in stand_ins:
            stand_ins[row.scope_id] = find_stand_in(tx, row.scope_id, user_id, clock.now(), gone=True)
        stand_in = stand_ins[row.scope_id]
        if stand_in is None:
            stayed += 1
            continue
        give(tx, thread_id, Choice(stand_in, "deputy", user_id), by=viewer)
        moved += 1
    return Handed(moved, stayed)


def take_back(tx: WriteTx, viewer: Viewer, user_id: int) -> Handed:
    """Give a person the open threads back that others have in their stead: they themselves or an administrator may.
    Raises Forbidden."""
    if viewer.user_id != user_id:
        demand_admin(viewer)
    moved = stayed = 0
    for thread_id in tx.values(_HELD_FOR.order_by(thread.c.id).limit(MOST_AT_ONCE), {"person": user_id}):
        tx.lock(thread, thread_id)
        row = tx.get(thread, thread_id)
        if is_able(tx, row.scope_id, user_id):
            give(tx, thread_id, Choice(user_id, "back"), by=viewer)
            moved += 1
        else:
            stayed += 1
    return Handed(moved, stayed)


def count_handed(tx: ReadTx, user_id: int) -> tuple[int, int]:
    """How many threads wait in the hands of a person, and how many others have in their stead."""
    waiting, held = _WAITING.subquery(), _HELD_FOR.subquery()
    found = [tx.value(select(func.count()).select_from(one), {"person": user_id}) for one in (waiting, held)]
    return int(found[0]), int(found[1])
