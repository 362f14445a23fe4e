"""Something planned: a page of its own, the form that plans it, and what is done with it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from api.auth import Door
from api.inviting import means_of
from api.web.desk import Asked, Desk, Id, html
from api.web.forms import read_form, read_id
from api.web.guests import GuestPanel, make_guests
from api.web.place import Place
from api.web.planned_about import About, see_about, see_page, see_planned
from api.web.planner_words import Shown, plan_kinds, show
from api.web.repeating import day_names, fields_of, read_rule
from api.web.shapes import Speaker, make_when
from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Invalid
from crm.planner import (
    DAY_CODES,
    Plan,
    Planned,
    finish_planned,
    get_planned,
    get_zone,
    instant_of,
    local_of,
    may_change,
    parse_starts,
    release_held,
    show_starts,
)
from crm.staff.readable import Viewer
from mailhub.inviting.sending import drop, send_invitations
from mailhub.mailboxes.planning import move, plan, replan

OfClient = Annotated[int | None, QueryParameter(name="client", ge=1, le=2**63 - 1)]
OfLine = Annotated[int | None, QueryParameter(name="base", ge=1, le=2**63 - 1)]
OfThread = Annotated[int | None, QueryParameter(name="thread", ge=1, le=2**63 - 1)]
OnDay = Annotated[str, QueryParameter(name="day", max_length=10)]
OfKind = Annotated[str, QueryParameter(name="kind", max_length=20)]
LONGEST = 21_000
REMINDERS = (-1, 0, 10, 30, 60, 24 * 60, 7 * 24 * 60)


@dataclass(frozen=True, slots=True)
class PlanForm:
    """See templates/web/planned_form.html."""

    fields: dict[str, str]
    problem: dict[str, str] | None
    title: str
    url: str
    back_url: str
    client: str
    contacts: list[tuple[int, str]]
    guests: list[tuple[int, str]]
    users: list[tuple[int, str]]
    kinds: list[tuple[str, str]]
    reminders: list[tuple[int, str]]
    days: list[tuple[str, str]]
    zone: str
    series: bool


@dataclass(frozen=True, slots=True)
class PlannedPage:
    """See templates/web/planned.html."""

    shown: Shown
    when: str
    body: str
    zone: str
    contact: str
    others: list[str]
    letter_url: str | None
    result: str
    reminder: str
    may_change: bool
    open: bool
    series: bool
    starts: str
    url: str
    next_url: str
    edit_url: str
    place: str
    over: bool
    guests: GuestPanel | None


@get("/calendar/new", include_in_schema=False)
async def fresh(
    door: NamedDependency[Door],
    request: Asked,
    client: OfClient = None,
    base: OfLine = None,
    thread: OfThread = None,
    day: OnDay = "",
    kind: OfKind = "",
) -> Response[str]:
    """An empty form, or one about a client, on the basis of a line or a letter."""
    desk = Desk(door, request)
    tomorrow = (datetime.now(desk.zone) + timedelta(days=1)).strftime("%Y-%m-%d")
    fields = {"kind": kind or "call", "starts": f"{day or tomorrow}T10:00", "minutes": "30", "remind_minutes": "10"}

    def render(viewer: Viewer, about: About) -> str:
        speaker = desk.speaker(viewer)
        form = make_form(speaker, about, fields | _carried(about, viewer), None)
        return desk.render("planned_form.html", speaker, about.around, "calendar", form=form)

    return html(await door.page(render, see_about, client, base, thread))


@post("/calendar/new", include_in_schema=False, status_code=200)
async def add(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """Plan it; a form with a mistake comes back as it was typed."""
    desk, form = Desk(door, request), await read_form(request, LONGEST)
    try:

        def verb(tx: WriteTx, viewer: Viewer) -> int:
            return plan(tx, viewer, read_plan(form, viewer, str(desk.zone)))

        made = await door.write(verb)
    except Invalid as problem:
        return await _again(door, request, form, problem)
    return _to(f"/calendar/{made}")


@get("/calendar/{planned_id:int}", include_in_schema=False)
async def one(door: NamedDependency[Door], request: Asked, planned_id: Id) -> Response[str]:
    """What it is, and what can be done with it."""
    desk = Desk(door, request)

    def render(viewer: Viewer, about: About) -> str:
        speaker = desk.speaker(viewer)
        return desk.render("planned.html", speaker, about.around, "calendar", planned=make_page(speaker, about))

    return html(await door.page(render, see_page, door.house.keys, planned_id))


@get("/calendar/{planned_id:int}/edit", include_in_schema=False)
async def edit(door: NamedDependency[Door], request: Asked, planned_id: Id) -> Response[str]:
    """Its form."""
    desk = Desk(door, request)

    def render(viewer: Viewer, about: About) -> str:
        speaker = desk.speaker(viewer)
        assert about.before is not None
        form = make_form(speaker, about, _fields(about.before), None)
        return desk.render("planned_form.html", speaker, about.around, "calendar", form=form)

    return html(await door.page(render, see_planned, planned_id))


@post("/calendar/{planned_id:int}/edit", include_in_schema=False, status_code=200)
async def change(door: NamedDependency[Door], request: Asked, planned_id: Id) -> Response[str]:
    """Plan it anew."""
    desk, form = Desk(door, request), await read_form(request, LONGEST)
    try:

        def verb(tx: WriteTx, viewer: Viewer) -> int:
            before = get_planned(tx, viewer, planned_id)
            said = form | {"client_id": str(before.counterparty_id or "")}
            return replan(tx, viewer, planned_id, read_plan(said, viewer, before.zone or str(desk.zone)))

        made = await door.write(verb)
    except Invalid as problem:
        return await _again(door, request, form, problem, planned_id)
    return _to(f"/calendar/{made}")


@post("/calendar/{planned_id:int}", include_in_schema=False, status_code=200)
async def act(door: NamedDependency[Door], request: Asked, planned_id: Id) -> Response[str]:
    """Done with its result, moved, dropped, or seen."""
    desk, form = Desk(door, request), await read_form(request, LONGEST)
    what = form.get("act", "")
    here = f"/calendar/{planned_id}"
    if what == "done":
        before = await door.read(get_planned, planned_id)
        line_id = await door.write(finish_planned, planned_id, form.get("result", ""))
        if form.get("next") and before.counterparty_id is not None:
            return _to(f"/calendar/new?base={line_id}" if line_id else f"/calendar/new?client={before.counterparty_id}")
        return _to(here)
    if what == "move":
        starts = await door.read(_same_hour, planned_id, form, desk)
        await door.write(move, planned_id, starts)
    elif what in ("drop", "drop-all"):
        await door.write(drop, means_of(door.house), planned_id, "all" if what == "drop-all" else "this")
    elif what == "invite":
        await door.write(
            send_invitations,
            means_of(door.house),
            planned_id,
            mailbox_id=read_id(form, "mailbox_id"),
            words=form.get("words"),
        )
    elif what == "seen":
        await door.write(release_held, planned_id)
    else:
        raise Invalid("This answer is not known.", field="act")
    return _to(form["back"] if form.get("back", "").startswith("/calendar?") else here)


def _same_hour(tx: ReadTx, viewer: Viewer, planned_id: int, form: dict[str, str], desk: Desk) -> str:
    """Where something goes: a local time in its own zone, or a day and an hour on the calendar of its reader."""
    if form.get("starts"):
        return form["starts"]
    before = get_planned(tx, viewer, planned_id)
    zone = get_zone(before.zone)
    hour = form.get("hour") or f"{local_of(before.due_at, desk.zone):%H:%M}"
    wanted = parse_starts(f"{form.get('day', '')}T{hour}")
    return show_starts(local_of(instant_of(wanted, desk.zone), zone))


def read_plan(form: dict[str, str], viewer: Viewer, zone: str) -> Plan:
    """What a form plans. Raises Invalid."""
    starts = parse_starts(form.get("starts", ""))
    remind = form.get("remind_minutes", "-1")
    if not (remind.removeprefix("-").isascii() and remind.removeprefix("-").isdigit() and len(remind) < 7):
        raise Invalid("Write a whole number.", field="remind_minutes")
    return Plan(
        kind=form.get("kind", ""),
        subject=form.get("subject", ""),
        starts=form.get("starts", ""),
        zone=form.get("zone", "").strip() or zone,
        executor_id=read_id(form, "executor_id") or viewer.user_id,
        body=form.get("body", ""),
        minutes=read_id(form, "minutes") or 0,
        rule=read_rule(form, starts),
        remind_minutes=int(remind),
        counterparty_id=read_id(form, "client_id"),
        contact_id=read_id(form, "contact_id"),
        based_on_id=read_id(form, "base_id"),
        user_ids=_chosen(form, "with_"),
        contact_ids=_chosen(form, "guest_"),
        place=form.get("place", ""),
    )


def _chosen(form: dict[str, str], prefix: str) -> tuple[int, ...]:
    """The numbers of the boxes that were ticked."""
    said = (name.removeprefix(prefix) for name in form if name.startswith(prefix))
    return tuple(int(one) for one in said if one.isascii() and one.isdigit() and len(one) < 19)


async def _again(
    door: Door, request: Asked, form: dict[str, str], problem: Invalid, planned_id: int | None = None
) -> Response[str]:
    desk = Desk(door, request)

    def see(tx: ReadTx, viewer: Viewer) -> About:
        if planned_id is not None:
            return see_planned(tx, viewer, planned_id)
        return see_about(tx, viewer, read_id(form, "client_id"), read_id(form, "base_id"), None)

    def render(viewer: Viewer, about: About) -> str:
        speaker = desk.speaker(viewer)
        said = {"field": str(problem.fields.get("field", "")), "text": speaker.say(problem.sentence, **problem.fields)}
        return desk.render(
            "planned_form.html", speaker, about.around, "calendar", form=make_form(speaker, about, form, said)
        )

    return html(await door.page(render, see), status=400)


def make_form(speaker: Speaker, about: About, fields: dict[str, str], problem: dict[str, str] | None) -> PlanForm:
    """The form with what was typed."""
    before = about.before
    client = f"/clients/{about.client_id}" if about.client_id is not None else "/calendar"
    return PlanForm(
        fields=defaultdict(str, fields),
        problem=problem,
        title=speaker.say("Plan") if before is None else speaker.say("Plan anew"),
        url="/calendar/new" if before is None else f"/calendar/{before.id}/edit",
        back_url=client if before is None else f"/calendar/{before.id}",
        client=about.client,
        contacts=about.contacts,
        guests=[*about.contacts, *about.invited],
        users=about.users,
        kinds=list(plan_kinds(speaker).items()),
        reminders=[(minutes, _reminder(speaker, minutes)) for minutes in REMINDERS],
        days=list(zip(DAY_CODES, day_names(speaker), strict=True)),
        zone=str(speaker.language.zone),
        series=before is not None and bool(before.rule),
    )


def make_page(speaker: Speaker, about: About) -> PlannedPage:
    """Everything about one."""
    planned = about.before
    assert planned is not None
    users = dict(about.users)
    clients = {about.client_id: about.client} if about.client_id is not None else {}
    when = make_when(speaker, planned.due_at, long=True)
    assert when is not None
    client = f"&client={about.client_id}" if about.client_id is not None else ""
    return PlannedPage(
        shown=show(speaker, planned, clients, users),
        when=speaker.language.format_datetime(planned.due_at),
        body=planned.body,
        zone=f"{planned.starts.replace('T', ' ')}, {planned.zone}"
        if planned.zone != str(speaker.language.zone)
        else "",
        contact=dict(about.contacts).get(planned.contact_id or 0, ""),
        others=[users[one] for one in planned.user_ids if one in users],
        letter_url=Place("all").thread(planned.based_thread_id) if planned.based_thread_id is not None else None,
        result=planned.result,
        reminder=_reminder(speaker, planned.remind_minutes),
        may_change=may_change(speaker.viewer, planned),
        open=planned.state == "open",
        series=bool(planned.rule),
        starts=planned.starts,
        url=f"/calendar/{planned.id}",
        next_url=f"/calendar/new?base={planned.result_id}" if planned.result_id else f"/calendar/new?kind=call{client}",
        edit_url=f"/calendar/{planned.id}/edit",
        place=planned.place,
        over=about.guests is not None and about.guests.found.over,
        guests=make_guests(speaker, planned, about.guests, may_change=may_change(speaker.viewer, planned))
        if about.guests is not None
        else None,
    )


def _carried(about: About, viewer: Viewer) -> dict[str, str]:
    return {
        "subject": about.subject,
        "contact_id": str(about.contact_id or ""),
        "client_id": str(about.client_id or ""),
        "base_id": str(about.based_on_id or ""),
        "executor_id": str(viewer.user_id),
    }


def _fields(before: Planned) -> dict[str, str]:
    fields = {
        "kind": before.kind,
        "subject": before.subject,
        "body": before.body,
        "place": before.place,
        "starts": before.starts,
        "zone": before.zone,
        "minutes": str(before.minutes),
        "remind_minutes": str(before.remind_minutes),
        "executor_id": str(before.executor_id),
        "client_id": str(before.counterparty_id or ""),
        "contact_id": str(before.contact_id or ""),
    }
    people = {f"with_{one}": "yes" for one in before.user_ids} | {f"guest_{one}": "yes" for one in before.contact_ids}
    return fields | people | fields_of(before.rule)


def _reminder(speaker: Speaker, minutes: int) -> str:
    if minutes < 0:
        return speaker.say("No reminder")
    if minutes == 0:
        return speaker.say("When it begins")
    return speaker.say("%(span)s before", span=speaker.language.format_span_long(minutes * clock.MINUTE))


def _to(where: str) -> Response[str]:
    return Response("", status_code=303, headers={"Location": where}, media_type="text/html")


ROUTES = [fresh, add, one, edit, change, act]
