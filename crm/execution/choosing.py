"""Who gets a new thread: the ways of choosing an executor.

Whoever is chosen may answer there and is here. For somebody who is away it is who stands in for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

from sqlalchemy import bindparam, func, literal_column, select

from core import clock
from core.database import ReadTx, WriteTx
from crm.execution.absence import find_stand_in, list_away
from crm.execution.hands import BY_LOAD, Choice, assignment
from crm.staff.rights import list_people_with

Way = Literal["nobody", "default", "manager", "round_robin", "least_busy"]
WAYS: tuple[Way, ...] = ("nobody", "default", "manager", "round_robin", "least_busy")
TURNS = ("round_robin", "rule_turn")

CountWaiting = Callable[[Sequence[int]], Mapping[int, int]]
"""How many threads wait for us in the hands of each of these people; who is not named has none."""

_LAST_IN_TURN = (
    select(assignment.c.executor_id)
    .where(assignment.c.scope_id == bindparam("scope_id"), assignment.c.reason.in_(TURNS))
    .order_by(assignment.c.id.desc())
    .limit(1)
)
_LAST_BY_LOAD = select(func.max(assignment.c.id)).where(
    assignment.c.executor_id == bindparam("person"), literal_column(BY_LOAD)
)


def choose(
    tx: WriteTx,
    scope_id: int,
    *,
    way: Way,
    count_waiting: CountWaiting,
    default_id: int | None = None,
    manager_id: int | None = None,
) -> Choice | None:
    """The executor for a new thread, or None when nobody fits.

    The client's responsible manager comes first unless the way is ``nobody``; then the way of the mailbox. People
    without the right to answer there are never chosen.
    """
    able = list_people_with(tx, scope_id, "answer")
    if way == "nobody" or not able:
        return None
    if manager_id is not None and manager_id in able:
        found = stand_in_choice(tx, scope_id, Choice(manager_id, "manager"))
        if found is not None:
            return found
    if way == "round_robin":
        chosen = _next_in_turn(tx, scope_id, _list_here(tx, scope_id, able))
        return None if chosen is None else Choice(chosen, "round_robin")
    if way == "least_busy":
        chosen = _least_busy(tx, _list_here(tx, scope_id, able), count_waiting)
        return None if chosen is None else Choice(chosen, "least_busy")
    if default_id is not None and default_id in able:
        return stand_in_choice(tx, scope_id, Choice(default_id, "default"))
    return None


def stand_in_choice(tx: ReadTx, scope_id: int, choice: Choice) -> Choice | None:
    """The choice itself while that person is here, else who stands in for them; None when nobody does."""
    found = find_stand_in(tx, scope_id, choice.executor_id, clock.now())
    if found is None or found == choice.executor_id:
        return None if found is None else choice
    return Choice(found, "deputy", choice.executor_id)


def choose_in_turn(tx: WriteTx, scope_id: int, among: Iterable[int] | None = None) -> int | None:
    """Whose turn it is among those who may answer, narrowed to ``among``; None when nobody of them may."""
    return _next_in_turn(tx, scope_id, _narrowed(tx, scope_id, among))


def choose_least_busy(
    tx: WriteTx, scope_id: int, count_waiting: CountWaiting, among: Iterable[int] | None = None
) -> int | None:
    """Who of those who may answer, narrowed to ``among``, has the fewest threads that wait for us; None when nobody of
    them may. Among equals it is who was chosen so longest ago."""
    return _least_busy(tx, _narrowed(tx, scope_id, among), count_waiting)


def _narrowed(tx: ReadTx, scope_id: int, among: Iterable[int] | None) -> list[int]:
    chosen = None if among is None else set(among)
    able = [one for one in list_people_with(tx, scope_id, "answer") if chosen is None or one in chosen]
    return _list_here(tx, scope_id, able)


def _list_here(tx: ReadTx, scope_id: int, able: list[int]) -> list[int]:
    """Who of these is here; where all are away, who stands in for them."""
    now = clock.now()
    away = list_away(tx, able, now)
    here = [one for one in able if one not in away]
    if here:
        return here
    found = {find_stand_in(tx, scope_id, one, now) for one in able}
    return sorted(one for one in found if one is not None)


def _next_in_turn(tx: WriteTx, scope_id: int, here: list[int]) -> int | None:
    """The one after whoever got the last thread by turn. The scope is locked: two letters never see the same turn."""
    if not here:
        return None
    tx.lock_key("turn", scope_id)
    last = tx.value(_LAST_IN_TURN, {"scope_id": scope_id})
    return next((person for person in here if last is None or person > last), here[0])


def _least_busy(tx: WriteTx, here: list[int], count_waiting: CountWaiting) -> int | None:
    """What people have in hand is counted over all mailboxes, so the whole house takes its turn: two letters never
    count the same."""
    if not here:
        return None
    tx.lock_key("least busy")
    waiting = count_waiting(here)
    least = min(waiting.get(person, 0) for person in here)
    equals = [person for person in here if waiting.get(person, 0) == least]
    return min(equals, key=lambda person: (int(tx.value(_LAST_BY_LOAD, {"person": person}) or 0), person))
