"""Who is away, and who stands in for them: each person names deputies in an order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Column, Index, bindparam, delete, select

from core import clock
from core.changes import record_change
from core.columns import Id, id_column, instant, number, optional_reference, reference, table, text
from core.database import ReadTx, WriteTx
from core.errors import Invalid, NotFound
from crm.execution.hands import is_able
from crm.staff.readable import Viewer, demand_admin
from crm.staff.tables import user

MOST_DEPUTIES = 5
MOST_ASKED = 8  # people along a chain of deputies: further away nobody knows the work
LONGEST_NOTE = 200
FOREVER = 2**62
"""The end of an absence that has none yet."""

absence = table(
    "absence",
    id_column(),
    reference("user_id", "user.id"),
    instant("starts_at"),
    instant("ends_at"),
    text("note", ""),
    optional_reference("by_id", "user.id"),
    instant("created_at"),
)
Index(None, absence.c.user_id, absence.c.ends_at)
Index(None, absence.c.ends_at)

deputy = table(
    "deputy",
    Column("user_id", Id, primary_key=True, nullable=False),
    Column("deputy_id", Id, primary_key=True, nullable=False),
    number("place"),
)
Index(None, deputy.c.deputy_id)


@dataclass(frozen=True, slots=True)
class Absence:
    """A person is away from a moment up to, not including, another one (``FOREVER``: until they say)."""

    id: int
    user_id: int
    starts_at: int
    ends_at: int
    note: str


_AWAY = select(absence.c.user_id).where(
    absence.c.user_id.in_(bindparam("ids", expanding=True)),
    absence.c.starts_at <= bindparam("at"),
    absence.c.ends_at > bindparam("at"),
)
_DEPUTIES = select(deputy.c.deputy_id).where(deputy.c.user_id == bindparam("user_id")).order_by(deputy.c.place)


def find_stand_in(tx: ReadTx, scope_id: int, user_id: int, at: int, *, gone: bool = False) -> int | None:
    """Who does this person's work in the scope at that moment: they themselves while they are here and may answer
    there, else the first of their deputies, or of theirs, who is and may. None when there is nobody.

    A chain of deputies is followed for a few people, and never round in a circle. With ``gone`` the person counts as
    away, whatever is written.
    """
    asked: list[int] = [user_id]
    for person in asked:
        away = gone and person == user_id
        if not away and is_able(tx, scope_id, person) and not list_away(tx, [person], at):
            return person
        known = set(asked)
        asked += [one for one in list_deputies(tx, person) if one not in known][: MOST_ASKED - len(asked)]
    return None


def list_away(tx: ReadTx, user_ids: Iterable[int], at: int) -> set[int]:
    """Who of these is away at that moment."""
    return {int(one) for one in tx.values(_AWAY, {"ids": sorted(user_ids), "at": at})}


def list_deputies(tx: ReadTx, user_id: int) -> list[int]:
    """Who stands in for a person, the first choice first."""
    return [int(one) for one in tx.values(_DEPUTIES, {"user_id": user_id})]


def set_deputies(tx: WriteTx, viewer: Viewer, user_id: int, deputy_ids: Sequence[int]) -> None:
    """Say who stands in for a person: they themselves or an administrator may. Raises Forbidden, Invalid, NotFound."""
    _demand_own(viewer, user_id)
    tx.lock(user, user_id)
    wanted = list(dict.fromkeys(deputy_ids))
    if user_id in wanted:
        raise Invalid("Nobody is their own deputy.", field="deputy_ids")
    if len(wanted) > MOST_DEPUTIES:
        raise Invalid("A person has at most %(count)s deputies.", count=MOST_DEPUTIES, field="deputy_ids")
    here = set(tx.values(select(user.c.id).where(user.c.id.in_(wanted), user.c.disabled_at.is_(None))))
    missing = [one for one in wanted if one not in here]
    if missing:
        raise NotFound("There is no user with the number %(id)s.", id=missing[0])
    tx.execute(delete(deputy).where(deputy.c.user_id == user_id))
    rows = [{"user_id": user_id, "deputy_id": one, "place": place} for place, one in enumerate(wanted)]
    tx.insert_many(deputy, rows)
    record_change(tx, "user.deputies", user_id, cause=f"user {viewer.user_id}")


def add_absence(
    tx: WriteTx, viewer: Viewer, user_id: int, starts_at: int, ends_at: int | None = None, note: str = ""
) -> Absence:
    """Say that a person is away: they themselves or an administrator may. ``ends_at`` is the moment they are back,
    None while nobody knows. Raises Forbidden, NotFound, and Invalid for an end before the beginning."""
    _demand_own(viewer, user_id)
    tx.lock(user, user_id)
    until = FOREVER if ends_at is None else ends_at
    if until <= max(starts_at, clock.now()):
        raise Invalid("An absence ends after it has begun, and later than now.", field="ends_at")
    absence_id = tx.insert(
        absence,
        user_id=user_id,
        starts_at=starts_at,
        ends_at=until,
        note=note.strip()[:LONGEST_NOTE],
        by_id=viewer.user_id,
        created_at=clock.now(),
    )
    record_change(tx, "user.absence", user_id, cause=f"user {viewer.user_id}")
    return get_absence(tx, absence_id)


def end_absence(tx: WriteTx, viewer: Viewer, absence_id: int) -> None:
    """The person is back, or does not go: what was of the absence stays written, what was to come is gone. Raises
    NotFound for an absence that is over or that somebody else has to end."""
    found = get_absence(tx, absence_id)
    if not (viewer.is_admin or viewer.user_id == found.user_id) or found.ends_at <= clock.now():
        raise NotFound("There is no absence with the number %(id)s.", id=absence_id)
    if found.starts_at < clock.now():
        tx.change(absence, absence_id, ends_at=clock.now())
    else:
        tx.execute(delete(absence).where(absence.c.id == absence_id))
    record_change(tx, "user.absence", found.user_id, cause=f"user {viewer.user_id}")


def get_absence(tx: ReadTx, absence_id: int) -> Absence:
    """The absence. Raises NotFound."""
    row = tx.get(absence, absence_id)
    return Absence(row.id, row.user_id, row.starts_at, row.ends_at, row.note)


def list_absences(tx: ReadTx, at: int, user_id: int | None = None) -> list[Absence]:
    """Who is away at that moment or later, soonest first; of all people, or of one. Everybody of the staff may know."""
    found = select(absence).where(absence.c.ends_at > at).order_by(absence.c.starts_at, absence.c.id)
    if user_id is not None:
        found = found.where(absence.c.user_id == user_id)
    return [Absence(row.id, row.user_id, row.starts_at, row.ends_at, row.note) for row in tx.rows(found)]


def _demand_own(viewer: Viewer, user_id: int) -> None:
    if viewer.user_id != user_id:
        demand_admin(viewer)
