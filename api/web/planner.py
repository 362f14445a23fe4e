"""The calendar: day, week, month and agenda of a person or of a team."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from api.auth import Door
from api.web.desk import Asked, Desk, html
from api.web.planner_words import FIRST_HOUR, LAST_HOUR, Shown, show
from api.web.repeating import day_names
from api.web.shapes import Speaker
from api.web.shell import Around, see_around
from core import clock
from core.database import ReadTx
from core.errors import Invalid, NotFound
from crm.parties import names_of
from crm.planner import Planned, list_agenda, list_held, list_late, may_change
from crm.staff.people import Team, list_teams, list_users
from crm.staff.readable import Viewer

VIEWS = ("day", "week", "month", "agenda")
AGENDA_DAYS = 31
View = Annotated[str, QueryParameter(name="view", max_length=10)]
Day = Annotated[str, QueryParameter(name="day", max_length=10)]
Whose = Annotated[str, QueryParameter(name="of", max_length=25)]
TEAM = "team-"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of the calendar is asked for, as it stands in the address."""

    view: str
    day: date
    who: int | None
    team: int | None

    @property
    def of(self) -> str | None:
        """Whose it is, as the address says it: a person's number, ``team-`` and a team's, nothing for oneself."""
        return f"{TEAM}{self.team}" if self.team is not None else str(self.who) if self.who is not None else None

    def url(self, **changed: Any) -> str:
        """The same with something else in it."""
        fields = {"view": self.view, "day": self.day.isoformat(), "of": self.of} | changed
        kept = {name: one for name, one in fields.items() if one is not None and (name, one) != ("view", "week")}
        return f"/calendar?{urlencode(kept)}"

    @property
    def span(self) -> tuple[date, date]:
        """The first day that is shown, and the first that is not any more."""
        if self.view == "day":
            return self.day, self.day + timedelta(days=1)
        if self.view == "agenda":
            return self.day, self.day + timedelta(days=AGENDA_DAYS)
        first = self.day if self.view == "week" else self.day.replace(day=1)
        first -= timedelta(days=first.weekday())
        if self.view == "week":
            return first, first + timedelta(days=7)
        following = (self.day.replace(day=28) + timedelta(days=4)).replace(day=1)
        return first, following + timedelta(days=-following.weekday() % 7)

    def step(self, way: int) -> date:
        """The day of the page before or after."""
        if self.view == "month":
            middle = self.day.replace(day=15) + timedelta(days=31 * way)
            return middle.replace(day=1)
        return self.day + timedelta(days={"day": 1, "week": 7, "agenda": AGENDA_DAYS}[self.view] * way)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the page reads."""

    planned: list[Planned]
    late: list[Planned]
    held: list[Planned]
    clients: dict[int, str]
    users: dict[int, str]
    teams: list[Team]
    around: Around


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """A day with what is planned; ``out`` of the month that is shown."""

    day: str
    number: int
    name: str
    url: str
    new_url: str
    today: bool
    weekend: bool
    out: bool
    items: list[Shown]


@dataclass(frozen=True, slots=True)
class CalendarPage:
    """See templates/web/planner.html."""

    title: str
    view: str
    views: list[tuple[str, str, bool]]
    before_url: str
    today_url: str
    after_url: str
    new_url: str
    days: list[CalendarDay]
    hours: list[str]
    late: list[Shown]
    held: list[Shown]
    people: list[tuple[str, str, bool]]
    hidden: dict[str, str]


def read_wanted(view: str, day: str, of: str, zone: ZoneInfo) -> Wanted:
    """Raises Invalid for what no calendar shows."""
    number = of.removeprefix(TEAM)
    if of and not (number.isascii() and number.isdigit() and len(number) < 19):
        raise Invalid("The field %(name)s must be a number.", name="of", field="of")
    who = int(number) if of and not of.startswith(TEAM) else None
    team = int(number) if of.startswith(TEAM) else None
    try:
        chosen = date.fromisoformat(day) if day else datetime.now(zone).date()
    except ValueError as problem:
        raise Invalid("Choose a day.", field="day") from problem
    if not 1990 <= chosen.year <= 2150 or (view and view not in VIEWS):
        raise Invalid("Choose a day.", field="day")
    return Wanted(view or "week", chosen, who, team)


def see_calendar(tx: ReadTx, viewer: Viewer, wanted: Wanted, zone: ZoneInfo) -> Seen:
    """Raises NotFound for no such team."""
    teams, people = list_teams(tx), [wanted.who or viewer.user_id]
    if wanted.team is not None:
        found = next((one for one in teams if one.id == wanted.team), None)
        if found is None:
            raise NotFound("There is no team with the number %(id)s.", id=wanted.team)
        people = list(found.member_ids)
    first, last = (clock.from_datetime(datetime.combine(one, time(), zone)) for one in wanted.span)
    planned = list_agenda(tx, viewer, people, first, last)
    late, held = list_late(tx, viewer, people, clock.now(), 20), list_held(tx, viewer, 20)
    names = {one.counterparty_id for one in (*planned, *late, *held) if one.counterparty_id is not None}
    return Seen(
        planned=planned,
        late=late,
        held=held,
        clients=names_of(tx, names),
        users={one.id: one.name for one in list_users(tx) if not one.disabled},
        teams=teams,
        around=see_around(tx, viewer),
    )


@get("/calendar", include_in_schema=False)
async def page(
    door: NamedDependency[Door], request: Asked, view: View = "", day: Day = "", of: Whose = ""
) -> Response[str]:
    """What is planned; what is past without a result and what was held stand first."""
    desk = Desk(door, request)
    wanted = read_wanted(view, day, of, desk.zone)

    def render(viewer: Viewer, seen: Seen) -> str:
        speaker = desk.speaker(viewer)
        shown = make_page(speaker, wanted, seen)
        return desk.render("planner.html", speaker, seen.around, "calendar", calendar=shown)

    return html(await door.page(render, see_calendar, wanted, desk.zone))


def make_page(speaker: Speaker, wanted: Wanted, seen: Seen) -> CalendarPage:
    """Its days, each with what is planned."""

    def shown(one: Planned) -> Shown:
        return show(speaker, one, seen.clients, seen.users, moves=may_change(speaker.viewer, one))

    by_day: dict[str, list[Shown]] = {}
    for one in seen.planned:
        each = shown(one)
        by_day.setdefault(each.day, []).append(each)
    first, last = wanted.span
    days = [_day(speaker, wanted, first + timedelta(days=n), by_day) for n in range((last - first).days)]
    names = {
        "day": speaker.say("Day"),
        "week": speaker.say("Week"),
        "month": speaker.say("Month"),
        "agenda": speaker.say("Agenda"),
    }
    me = speaker.viewer.user_id
    whose = [(str(one), name, wanted.team is None and one == (wanted.who or me)) for one, name in seen.users.items()]
    whose += [(f"{TEAM}{one.id}", one.name, one.id == wanted.team) for one in seen.teams]
    return CalendarPage(
        title=_title(speaker, wanted),
        view=wanted.view,
        views=[(names[view], wanted.url(view=view), view == wanted.view) for view in VIEWS],
        before_url=wanted.url(day=wanted.step(-1).isoformat()),
        today_url=wanted.url(day=None),
        after_url=wanted.url(day=wanted.step(1).isoformat()),
        new_url="/calendar/new",
        days=days if wanted.view != "agenda" else [one for one in days if one.items],
        hours=[f"{hour}:00" for hour in range(FIRST_HOUR, LAST_HOUR)],
        late=[shown(one) for one in seen.late],
        held=[shown(one) for one in seen.held],
        people=whose,
        hidden={"view": wanted.view, "day": wanted.day.isoformat()},
    )


def _day(speaker: Speaker, wanted: Wanted, day: date, by_day: dict[str, list[Shown]]) -> CalendarDay:
    written = day.isoformat()
    names = day_names(speaker)
    return CalendarDay(
        day=written,
        number=day.day,
        name=names[day.weekday()],
        url=wanted.url(view="day", day=written),
        new_url=f"/calendar/new?day={written}",
        today=day == speaker.language.moment(speaker.now).date(),
        weekend=day.weekday() >= 5,
        out=wanted.view == "month" and day.month != wanted.day.month,
        items=by_day.get(written, []),
    )


def _title(speaker: Speaker, wanted: Wanted) -> str:
    first, last = wanted.span[0], wanted.span[1] - timedelta(days=1)
    if wanted.view == "day":
        noon = datetime.combine(first, time(12), speaker.language.zone)
        return speaker.language.format_date(clock.from_datetime(noon))
    if wanted.view == "month":
        name = speaker.language.locale.months["stand-alone"]["wide"][wanted.day.month]
        return f"{name} {wanted.day.year}"
    return speaker.language.format_days(first, last)


ROUTES = [page]
