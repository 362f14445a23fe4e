"""Who has what: the history of hands, absences, and who stands in."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter

from api.auth import Door
from api.rest.once import Key, once
from api.rest.shapes import Body, Id, Items, Number, StrictRequest, moment
from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Invalid
from crm.execution import (
    FOREVER,
    Absence,
    Assignment,
    add_absence,
    end_absence,
    list_absences,
    list_deputies,
    list_hands,
    set_deputies,
)
from crm.staff.people import get_user
from crm.staff.readable import Viewer
from mailhub.mailboxes.reading import get_thread
from mailhub.mailboxes.standing_in import Handed, hand_over, take_back

ThreadOf = Annotated[int | None, QueryParameter(name="thread_id", ge=1, le=2**63 - 1)]
PersonOf = Annotated[int | None, QueryParameter(name="user_id", ge=1, le=2**63 - 1)]


class AssignmentView(msgspec.Struct):
    """One line of the history of hands; ``reason`` says how it came, ``instead_of_id`` for whom one stands in."""

    executor_id: int
    reason: str
    by_id: int | None
    instead_of_id: int | None
    assigned_at: str | None
    ended_at: str | None


class AbsenceView(msgspec.Struct):
    """A person is away from a moment up to another one, null while nobody knows."""

    id: int
    user_id: int
    starts_at: str | None
    ends_at: str | None
    note: str


class NewAbsence(Body):
    """An absence of yourself, or (administrators) of anybody. Times are ISO 8601 and name their zone."""

    starts_at: str
    user_id: Number | None = None
    ends_at: str | None = None
    note: Annotated[str, msgspec.Meta(max_length=200)] = ""


class Deputies(Body):
    """Who stands in for a person, the first choice first."""

    deputy_ids: Annotated[list[Number], msgspec.Meta(max_length=20)]


class HandedView(msgspec.Struct):
    """How many threads went over, and how many stayed because nobody stands in who may answer there."""

    moved: int
    stayed: int


def _show_hand(one: Assignment) -> AssignmentView:
    times = moment(one.assigned_at), moment(one.ended_at)
    return AssignmentView(one.executor_id, one.reason, one.by_id, one.instead_of_id, *times)


def _show_absence(one: Absence) -> AbsenceView:
    ends = None if one.ends_at == FOREVER else moment(one.ends_at)
    return AbsenceView(one.id, one.user_id, moment(one.starts_at), ends, one.note)


def _show_handed(one: Handed) -> HandedView:
    return HandedView(one.moved, one.stayed)


def _read_moment(text: str, field: str) -> int:
    try:
        found = clock.parse_iso(text)
    except ValueError:
        raise Invalid("A moment is written like 2026-12-24T09:00:00Z.", field=field) from None
    if not 0 <= found < FOREVER:
        raise Invalid("A moment is written like 2026-12-24T09:00:00Z.", field=field)
    return found


@get("/assignments", tags=["execution"])
async def list_assignments(door: NamedDependency[Door], thread_id: ThreadOf = None) -> Items[AssignmentView]:
    """The history of hands of a thread, oldest first."""
    if thread_id is None:
        raise Invalid("Say of which thread.", field="thread_id")

    def verb(tx: ReadTx, viewer: Viewer) -> list[Assignment]:
        get_thread(tx, viewer, thread_id)
        return list_hands(tx, thread_id)

    return Items([_show_hand(one) for one in await door.read(verb)])


@get("/absences", tags=["execution"])
async def list_away(door: NamedDependency[Door], user_id: PersonOf = None) -> Items[AbsenceView]:
    """Who is away now or later."""
    found = await door.read(lambda tx, _viewer: list_absences(tx, clock.now(), user_id))
    return Items([_show_absence(one) for one in found])


@post("/absences", tags=["execution"])
async def go_away(
    door: NamedDependency[Door], request: StrictRequest, data: JSONBody[NewAbsence], idempotency_key: Key = None
) -> AbsenceView:
    """Say that you are away; administrators say it of anybody."""
    starts = _read_moment(data.starts_at, "starts_at")
    ends = None if data.ends_at is None else _read_moment(data.ends_at, "ends_at")

    def verb(tx: WriteTx, viewer: Viewer) -> AbsenceView:
        return _show_absence(add_absence(tx, viewer, data.user_id or viewer.user_id, starts, ends, data.note))

    return await once(door, request, idempotency_key, AbsenceView, verb)


@delete("/absences/{absence_id:int}", tags=["execution"])
async def come_back(door: NamedDependency[Door], absence_id: Id) -> None:
    """End an absence now, or take it back before it begins."""
    await door.write(end_absence, absence_id)


@get("/users/{user_id:int}/deputies", tags=["execution"])
async def show_deputies(door: NamedDependency[Door], user_id: Id) -> Deputies:
    """Who stands in for a person."""

    def verb(tx: ReadTx, _viewer: Viewer) -> list[int]:
        get_user(tx, user_id)
        return list_deputies(tx, user_id)

    return Deputies(deputy_ids=await door.read(verb))


@put("/users/{user_id:int}/deputies", tags=["execution"])
async def name_deputies(door: NamedDependency[Door], user_id: Id, data: JSONBody[Deputies]) -> Deputies:
    """Say who stands in for you; administrators say it of anybody."""
    await door.write(set_deputies, user_id, data.deputy_ids)
    return data


@post("/users/{user_id:int}/hand-over", tags=["execution"], status_code=200)
async def give_over(door: NamedDependency[Door], user_id: Id) -> HandedView:
    """Give what waits for us in the hands of a person to who stands in for them."""
    return _show_handed(await door.write(hand_over, user_id))


@post("/users/{user_id:int}/take-back", tags=["execution"], status_code=200)
async def get_back(door: NamedDependency[Door], user_id: Id) -> HandedView:
    """Give a person the open threads back that others have in their stead."""
    return _show_handed(await door.write(take_back, user_id))


ROUTES = [list_assignments, list_away, go_away, come_back, show_deputies, name_deputies, give_over, get_back]
