"""Absence and deputies: one's own, and for administrators those of anybody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Redirect

from api.auth import Door
from api.web.desk import Asked, Desk, Id, html
from api.web.forms import read_form, read_id
from api.web.shapes import Speaker, make_when
from api.web.shell import Around, see_around
from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Invalid
from crm.execution import (
    FOREVER,
    Absence,
    add_absence,
    end_absence,
    get_absence,
    list_absences,
    list_deputies,
    set_deputies,
)
from crm.staff.people import User, get_user, list_users
from crm.staff.readable import Viewer, demand_admin
from mailhub.mailboxes.standing_in import Handed, count_handed, hand_over, take_back

Of = Annotated[int | None, QueryParameter(name="of", ge=1, le=2**63 - 1)]
PLACES = 3


@dataclass(frozen=True, slots=True)
class Found:
    """What the page reads."""

    person: User
    people: list[User]
    absences: list[Absence]
    everybody: list[Absence]
    deputies: list[int]
    waiting: int
    held: int
    around: Around


def see_away(tx: ReadTx, viewer: Viewer, user_id: int | None) -> Found:
    """One's own page, or that of anybody. Raises Forbidden, NotFound."""
    if user_id not in (None, viewer.user_id):
        demand_admin(viewer)
    person, now = get_user(tx, user_id or viewer.user_id), clock.now()
    return Found(
        person,
        [one for one in list_users(tx) if not one.disabled],
        list_absences(tx, now, person.id),
        list_absences(tx, now),
        list_deputies(tx, person.id),
        *count_handed(tx, person.id),
        see_around(tx, viewer),
    )


@get("/settings/absence", include_in_schema=False)
async def show(door: NamedDependency[Door], request: Asked, of: Of = None) -> Response[str]:
    """The page."""
    desk = Desk(door, request)

    def render(viewer: Viewer, found: Found) -> str:
        speaker = desk.speaker(viewer)
        return desk.render("absence.html", speaker, found.around, "settings", **shape(speaker, found))

    return html(await door.page(render, see_away, of))


@post("/settings/absence", include_in_schema=False, status_code=303)
async def go(door: NamedDependency[Door], request: Asked) -> Redirect:
    """Away from the first day to the last, both included; without a last day until one says so."""
    form, zone = await read_form(request), Desk(door, request).zone
    first, last = _day(form.get("first", ""), "first"), form.get("last", "").strip()
    starts = clock.from_datetime(datetime.combine(first or datetime.now(zone).date(), time(), zone))
    until = _day(last, "last") if last else None
    ends = None if until is None else clock.from_datetime(datetime.combine(until + timedelta(days=1), time(), zone))
    user_id = read_id(form, "of")

    def verb(tx: WriteTx, viewer: Viewer) -> None:
        add_absence(tx, viewer, user_id or viewer.user_id, starts, ends, form.get("note", ""))

    await door.write(verb)
    return _back(user_id)


@post("/settings/absence/{absence_id:int}/end", include_in_schema=False, status_code=303)
async def come(door: NamedDependency[Door], absence_id: Id) -> Redirect:
    """Back now, or not going at all."""

    def verb(tx: WriteTx, viewer: Viewer) -> int:
        end_absence(tx, viewer, absence_id)
        return viewer.user_id

    person = await door.read(lambda tx, _viewer: get_absence(tx, absence_id).user_id)
    mine = await door.write(verb)
    return _back(None if person == mine else person)


@post("/settings/deputies", include_in_schema=False, status_code=303)
async def name(door: NamedDependency[Door], request: Asked) -> Redirect:
    """Who stands in, in this order; an empty place is passed over."""
    form = await read_form(request)
    wanted = [one for number in range(PLACES) if (one := read_id(form, f"deputy_{number}")) is not None]
    user_id = read_id(form, "of")

    def verb(tx: WriteTx, viewer: Viewer) -> None:
        set_deputies(tx, viewer, user_id or viewer.user_id, wanted)

    await door.write(verb)
    return _back(user_id)


@post("/settings/deputies/hand-over", include_in_schema=False, status_code=303)
async def give_over(door: NamedDependency[Door], request: Asked) -> Redirect:
    """What waits goes to who stands in."""
    return await _move(door, request, hand_over)


@post("/settings/deputies/take-back", include_in_schema=False, status_code=303)
async def get_back(door: NamedDependency[Door], request: Asked) -> Redirect:
    """What others have in the meantime comes back."""
    return await _move(door, request, take_back)


async def _move(door: Door, request: Asked, move: Callable[[WriteTx, Viewer, int], Handed]) -> Redirect:
    user_id = read_id(await read_form(request), "of")

    def verb(tx: WriteTx, viewer: Viewer) -> None:
        move(tx, viewer, user_id or viewer.user_id)

    await door.write(verb)
    return _back(user_id)


def shape(speaker: Speaker, found: Found) -> dict[str, Any]:
    """What the template shows."""
    mine = found.person.id == speaker.viewer.user_id
    names = {one.id: one.name for one in found.people}
    others = [(one.id, one.name) for one in found.people if one.id != found.person.id]
    places = [
        [(number, called, number == chosen) for number, called in others]
        for chosen in (found.deputies + [0] * PLACES)[:PLACES]
    ]
    return {
        "person": found.person.name,
        "of": None if mine else found.person.id,
        "mine": mine,
        "is_admin": speaker.viewer.is_admin,
        "people": [(one.id, one.name, one.id == found.person.id) for one in found.people],
        "absences": [_absence(speaker, one, names) for one in found.absences],
        "everybody": [_absence(speaker, one, names) for one in found.everybody],
        "places": places,
        "waiting": found.waiting,
        "held": found.held,
        "may_hand": bool(found.deputies),
    }


def _absence(speaker: Speaker, one: Absence, names: dict[int, str]) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": names.get(one.user_id, "?"),
        "from": make_when(speaker, one.starts_at),
        "to": None if one.ends_at == FOREVER else make_when(speaker, one.ends_at - clock.SECOND),
        "note": one.note,
        "now": one.starts_at <= speaker.now,
    }


def _day(text: str, field: str) -> date | None:
    if not text.strip():
        return None
    try:
        found = date.fromisoformat(text.strip())
    except ValueError:
        raise Invalid("This is not a day.", field=field) from None
    if not 1970 < found.year < 9000:
        raise Invalid("This is not a day.", field=field)
    return found


def _back(user_id: int | None) -> Redirect:
    return Redirect("/settings/absence" + (f"?of={user_id}" if user_id else ""), status_code=303)


ROUTES = [show, go, come, name, give_over, get_back]
