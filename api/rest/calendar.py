"""``/calendar``: what is planned, by whom, when; done with its result."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter

from api.auth import Door
from api.inviting import means_of
from api.rest.interactions import read_moment
from api.rest.once import Key, once
from api.rest.shapes import Body, Id, Items, Made, Number, StrictRequest, moment
from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Invalid, NotFound
from crm.planner import (
    Plan,
    Planned,
    finish_planned,
    get_planned,
    list_agenda,
    list_held,
    list_late,
    list_planned_of,
    release_held,
)
from crm.staff.people import list_teams
from crm.staff.readable import Viewer
from mailhub.inviting.sending import drop as drop_it
from mailhub.mailboxes.planning import move, plan, replan

Kind = Literal["call", "meeting", "negotiation", "task", "other"]
LONGEST_DAYS = 400
Text = Annotated[str, msgspec.Meta(max_length=20_000)]
Moment = Annotated[str | None, QueryParameter(max_length=40, description="A moment with its zone.")]
Whose = Annotated[int | None, QueryParameter(ge=1, le=2**63 - 1)]


class PlannedView(msgspec.Struct):
    """Something planned. ``starts`` is the local time in ``timezone``, ``due_at`` its instant; ``rrule`` is empty for
    what happens once; ``held`` is a reminder that came while the server was off."""

    id: int
    event_id: int
    kind: str
    state: str
    subject: str
    body: str
    place: str
    starts: str
    timezone: str
    minutes: int
    due_at: str | None
    rrule: str
    moved: bool
    remind_minutes: int
    counterparty_id: int | None
    contact_id: int | None
    executor_id: int
    author_id: int
    user_ids: list[int]
    contact_ids: list[int]
    held: bool
    result: str
    interaction_id: int | None
    done_at: str | None
    version: int


class NewPlan(Body):
    """What is to be planned. ``starts`` is a local time such as ``2026-11-22T10:00`` in ``timezone`` (yours when not
    said); ``remind_minutes`` before it the executor (you when not said) is reminded, -1 for never."""

    kind: Kind
    starts: str
    subject: str = ""
    body: Text = ""
    place: Annotated[str, msgspec.Meta(max_length=300)] = ""
    timezone: str | None = None
    minutes: int = 30
    rrule: str = ""
    remind_minutes: int = -1
    executor_id: Number | None = None
    counterparty_id: Number | None = None
    contact_id: Number | None = None
    based_on_id: Number | None = None
    user_ids: Annotated[list[Number], msgspec.Meta(max_length=50)] = msgspec.field(default_factory=list)
    contact_ids: Annotated[list[Number], msgspec.Meta(max_length=50)] = msgspec.field(default_factory=list)


class Moved(Body):
    """Another local time for this one, maybe other hands; the rest of a series stays."""

    starts: str
    executor_id: Number | None = None


class Done(Body):
    """What came of it."""

    result: Text = ""
    minutes: int | None = None
    happened_at: datetime | None = None


class DoneView(msgspec.Struct):
    """The line in the client's history, null where there is no client."""

    interaction_id: int | None


class Dropped(Body):
    """This one, or all that is still to come of a series."""

    part: Literal["this", "all"] = "this"


def show_planned(one: Planned) -> PlannedView:
    """Something planned in the shape of the interface."""
    return PlannedView(
        id=one.id,
        event_id=one.event_id,
        kind=one.kind,
        state=one.state,
        subject=one.subject,
        body=one.body,
        place=one.place,
        starts=one.starts,
        timezone=one.zone,
        minutes=one.minutes,
        due_at=moment(one.due_at),
        rrule=one.rule,
        moved=one.moved,
        remind_minutes=one.remind_minutes,
        counterparty_id=one.counterparty_id,
        contact_id=one.contact_id,
        executor_id=one.executor_id,
        author_id=one.author_id,
        user_ids=list(one.user_ids),
        contact_ids=list(one.contact_ids),
        held=one.held,
        result=one.result,
        interaction_id=one.result_id,
        done_at=moment(one.done_at),
        version=one.version,
    )


def read_plan(new: NewPlan, viewer: Viewer, zone: str) -> Plan:
    """The body as what the house plans; ``zone`` where none is said."""
    return Plan(
        kind=new.kind,
        subject=new.subject,
        starts=new.starts,
        zone=new.timezone or zone,
        executor_id=new.executor_id or viewer.user_id,
        body=new.body,
        minutes=new.minutes,
        rule=new.rrule,
        remind_minutes=new.remind_minutes,
        counterparty_id=new.counterparty_id,
        contact_id=new.contact_id,
        based_on_id=new.based_on_id,
        user_ids=tuple(new.user_ids),
        contact_ids=tuple(new.contact_ids),
        place=new.place,
    )


def people_of(tx: ReadTx, viewer: Viewer, user_id: int | None, team_id: int | None) -> list[int]:
    """Whose agenda is asked for: one's own, a colleague's, a team's. Raises NotFound."""
    if team_id is None:
        return [user_id or viewer.user_id]
    team = next((one for one in list_teams(tx) if one.id == team_id), None)
    if team is None:
        raise NotFound("There is no team with the number %(id)s.", id=team_id)
    return list(team.member_ids)


def _span(since: str | None, until: str | None) -> tuple[int, int]:
    first = clock.now() if since is None else _instant(since, "from")
    last = first + 31 * clock.DAY if until is None else _instant(until, "to")
    if not 0 < last - first <= LONGEST_DAYS * clock.DAY:
        raise Invalid("Ask for at most %(count)s days.", count=LONGEST_DAYS, field="to")
    return first, last


def _instant(written: str, field: str) -> int:
    try:
        return clock.parse_iso(written)
    except (ValueError, OverflowError) as problem:
        raise Invalid("Write a moment with its time zone: 2026-11-22T10:00:00Z.", field=field) from problem


@get("/calendar", tags=["calendar"])
async def get_calendar(
    door: NamedDependency[Door],
    since: Annotated[str | None, QueryParameter(name="from", max_length=40, description="From this moment on.")] = None,
    until: Annotated[str | None, QueryParameter(name="to", max_length=40, description="Up to this moment.")] = None,
    user_id: Whose = None,
    team_id: Whose = None,
) -> Items[PlannedView]:
    """What you, a colleague or a team have planned in a time, as far as you may see it."""
    first, last = _span(since, until)

    def look(tx: ReadTx, viewer: Viewer) -> list[Planned]:
        return list_agenda(tx, viewer, people_of(tx, viewer, user_id, team_id), first, last)

    return Items([show_planned(one) for one in await door.read(look)])


@get("/calendar/late", tags=["calendar"])
async def get_late(door: NamedDependency[Door], user_id: Whose = None, team_id: Whose = None) -> Items[PlannedView]:
    """What is past and has no result."""

    def look(tx: ReadTx, viewer: Viewer) -> list[Planned]:
        return list_late(tx, viewer, people_of(tx, viewer, user_id, team_id), clock.now())

    return Items([show_planned(one) for one in await door.read(look)])


@get("/calendar/held", tags=["calendar"])
async def get_held(door: NamedDependency[Door]) -> Items[PlannedView]:
    """Yours whose reminders came while the server was off."""
    return Items([show_planned(one) for one in await door.read(list_held)])


@get("/counterparties/{counterparty_id:int}/planned", tags=["calendar"])
async def get_planned_of(door: NamedDependency[Door], counterparty_id: Id) -> Items[PlannedView]:
    """What is open of a client, the next first; of a series its next time."""
    return Items([show_planned(one) for one in await door.read(list_planned_of, counterparty_id, 100)])


@get("/calendar/{planned_id:int}", tags=["calendar"])
async def get_one(door: NamedDependency[Door], planned_id: Id) -> PlannedView:
    """One thing that is planned."""
    return show_planned(await door.read(get_planned, planned_id))


@post("/calendar", tags=["calendar"])
async def make(
    door: NamedDependency[Door], request: StrictRequest, data: JSONBody[NewPlan], idempotency_key: Key = None
) -> Made:
    """Plan something; the answer names its first time."""
    zone = door.house.settings.company.timezone

    def verb(tx: WriteTx, viewer: Viewer) -> Made:
        return Made(plan(tx, viewer, read_plan(data, viewer, zone)))

    return await once(door, request, idempotency_key, Made, verb)


@patch("/calendar/{planned_id:int}", tags=["calendar"])
async def change(door: NamedDependency[Door], planned_id: Id, data: JSONBody[NewPlan]) -> PlannedView:
    """Plan it anew; of a series all that is still to come."""
    zone = door.house.settings.company.timezone

    def verb(tx: WriteTx, viewer: Viewer) -> Planned:
        return get_planned(tx, viewer, replan(tx, viewer, planned_id, read_plan(data, viewer, zone)))

    return show_planned(await door.write(verb))


@post("/calendar/{planned_id:int}/move", tags=["calendar"], status_code=200)
async def move_one(door: NamedDependency[Door], planned_id: Id, data: JSONBody[Moved]) -> PlannedView:
    """Let this one happen at another time, or in other hands."""

    def verb(tx: WriteTx, viewer: Viewer) -> Planned:
        move(tx, viewer, planned_id, data.starts, data.executor_id)
        return get_planned(tx, viewer, planned_id)

    return show_planned(await door.write(verb))


@post("/calendar/{planned_id:int}/done", tags=["calendar"], status_code=200)
async def finish(
    door: NamedDependency[Door],
    request: StrictRequest,
    planned_id: Id,
    data: JSONBody[Done],
    idempotency_key: Key = None,
) -> DoneView:
    """It is done; its result stands in the client's history."""
    at = read_moment(data.happened_at, "happened_at")

    def verb(tx: WriteTx, viewer: Viewer) -> DoneView:
        line = finish_planned(tx, viewer, planned_id, data.result, minutes=data.minutes, happened_at=at)
        return DoneView(line)

    return await once(door, request, idempotency_key, DoneView, verb)


@post("/calendar/{planned_id:int}/release", tags=["calendar"], status_code=204)
async def release(door: NamedDependency[Door], planned_id: Id) -> None:
    """You have seen a reminder that was held; what is still to come reminds again."""
    await door.write(release_held, planned_id)


@post("/calendar/{planned_id:int}/drop", tags=["calendar"], status_code=204)
async def drop(door: NamedDependency[Door], planned_id: Id, data: JSONBody[Dropped]) -> None:
    """It does not take place. Guests who were invited to what is over are written to."""
    await door.write(drop_it, means_of(door.house), planned_id, data.part)


@delete("/calendar/{planned_id:int}", tags=["calendar"], status_code=204)
async def remove(door: NamedDependency[Door], planned_id: Id) -> None:
    """It does not take place, nor what follows of its series."""
    await door.write(drop_it, means_of(door.house), planned_id, "all")


ROUTES = [
    get_calendar, get_late, get_held, get_planned_of, get_one, make, change, move_one, finish, release, drop, remove,
]  # fmt: skip
