"""Who did what, for administrators: by person, act and period, page by page, as CSV, and whether the chain holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from api.auth import Door
from api.exports import written
from api.web.audit_words import ACTIONS
from api.web.desk import Asked, Desk, html
from api.web.shapes import Speaker, When, make_when
from api.web.shell import Around, see_around
from core import clock
from core.clock import iso
from core.database import ReadTx, WriteTx
from core.errors import Invalid
from crm.staff.audit import Asked as Wanted
from crm.staff.audit import Checked, Entry, follow_chain, list_actions, list_audit, record_audit
from crm.staff.people import User, list_users
from crm.staff.readable import Viewer, demand_admin

SHOWN = 100
EXPORTED_AT_A_TIME, MOST_PIECES = 1000, 200
Person = Annotated[str, QueryParameter(name="person", max_length=20)]
Act = Annotated[str, QueryParameter(name="action", max_length=100)]
Day = Annotated[str, QueryParameter(max_length=10)]
Before = Annotated[int | None, QueryParameter(name="before", ge=1, le=2**63 - 1)]


@dataclass(frozen=True, slots=True)
class Filters:
    """What was chosen in the form, as text."""

    person: str = ""
    action: str = ""
    since: str = ""
    until: str = ""

    def query(self, **more: str) -> str:
        """The same choice in an address."""
        chosen = {"person": self.person, "action": self.action, "since": self.since, "until": self.until, **more}
        return urlencode({name: text for name, text in chosen.items() if text})


@dataclass(frozen=True, slots=True)
class Line:
    """One line of who did what."""

    when: When | None
    who: str
    action: str
    about: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What the page reads."""

    entries: list[Entry]
    actions: list[str]
    people: list[User]
    around: Around


@get("/settings/audit", include_in_schema=False)
async def audit(
    door: NamedDependency[Door], request: Asked, person: Person = "", action: Act = "", since: Day = "",
    until: Day = "", before: Before = None,
) -> Response[str]:  # fmt: skip
    """A page of it, the newest first."""
    desk, filters = Desk(door, request), Filters(person, action, since, until)
    wanted = parse_filters(filters, door)

    def see(tx: ReadTx, viewer: Viewer) -> Seen:
        demand_admin(viewer)
        entries = list_audit(tx, before, SHOWN + 1, wanted)
        return Seen(entries, list_actions(tx), list_users(tx), see_around(tx, viewer))

    def render(viewer: Viewer, seen: Seen) -> str:
        speaker = desk.speaker(viewer)
        shown = shape(speaker, seen, filters) | {"checked": None, "first": before is None}
        return desk.render("audit.html", speaker, seen.around, "settings", **shown)

    return html(await door.page(render, see))


@post("/settings/audit/check", include_in_schema=False, status_code=200)
async def check(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """Follow the chain from the first line to the last."""
    checked = await follow_whole_chain(door)
    desk = Desk(door, request)

    def see(tx: ReadTx, viewer: Viewer) -> Seen:
        demand_admin(viewer)
        return Seen(list_audit(tx, None, SHOWN + 1), list_actions(tx), list_users(tx), see_around(tx, viewer))

    def render(viewer: Viewer, seen: Seen) -> str:
        speaker = desk.speaker(viewer)
        shown = shape(speaker, seen, Filters()) | {"checked": checked, "first": True}
        return desk.render("audit.html", speaker, seen.around, "settings", **shown)

    return html(await door.page(render, see))


@get("/settings/audit.csv", include_in_schema=False)
async def export(
    door: NamedDependency[Door], person: Person = "", action: Act = "", since: Day = "", until: Day = ""
) -> Response[bytes]:
    """The lines that were chosen, the newest 200,000 first; that somebody exported is a line too."""
    wanted = parse_filters(Filters(person, action, since, until), door)
    names = await door.write(_begin_export)
    said = {"Content-Disposition": 'attachment; filename="audit.csv"'}
    return Response(await _rows(door, wanted, names), media_type="text/csv", headers=said)


async def follow_whole_chain(door: Door) -> Checked:
    """In many short reads, each as the administrator who asks. Raises Forbidden."""

    def follow(tx: ReadTx, viewer: Viewer, so_far: Checked) -> Checked:
        demand_admin(viewer)
        return follow_chain(tx, so_far)

    checked = Checked()
    while checked.more:
        checked = await door.search(follow, checked)
    return checked


def parse_filters(filters: Filters, door: Door) -> Wanted:
    """What the form asks for; days are those of the company's time zone. Raises Invalid."""
    if filters.person and not (filters.person.isascii() and filters.person.isdigit() and len(filters.person) < 19):
        raise Invalid("The field %(name)s must be a number.", name="person", field="person")
    return Wanted(
        int(filters.person) if filters.person else None,
        filters.action or None,
        _parse_day(filters.since, "since", door, 0),
        _parse_day(filters.until, "until", door, 1),
    )


def shape(speaker: Speaker, seen: Seen, filters: Filters) -> dict[str, Any]:
    """What the template shows."""
    names = {one.id: one.name for one in seen.people}
    shown = seen.entries[:SHOWN]
    more = filters.query(before=str(shown[-1].id)) if len(seen.entries) > SHOWN else ""
    return {
        "lines": [
            Line(
                make_when(speaker, one.at, long=True),
                names.get(one.user_id or 0, speaker.say("the server")),
                speaker.say(ACTIONS.get(one.action, one.action)),
                _about(one),
            )
            for one in shown
        ],
        "filters": filters,
        "actions": sorted(
            ((one, speaker.say(ACTIONS.get(one, one))) for one in seen.actions), key=lambda pair: pair[1].casefold()
        ),
        "people": [(str(one.id), one.name) for one in seen.people],
        "more": f"/settings/audit?{more}" if more else None,
        "export": f"/settings/audit.csv?{filters.query()}",
    }


def _about(entry: Entry) -> str:
    details = ", ".join(f"{name} {said}" for name, said in sorted(entry.details.items()) if said not in ("", None))
    return " · ".join(part for part in (entry.subject, details) if part)


def _begin_export(tx: WriteTx, viewer: Viewer) -> dict[int, str]:
    demand_admin(viewer)
    record_audit(tx, viewer.user_id, "audit-exported")
    return {one.id: one.email for one in list_users(tx)}


async def _rows(door: Door, wanted: Wanted, names: dict[int, str]) -> bytes:
    def see(tx: ReadTx, viewer: Viewer, before: int | None) -> list[Entry]:
        demand_admin(viewer)
        return list_audit(tx, before, EXPORTED_AT_A_TIME, wanted)

    pieces = ["\ufeff".encode() + written([["id", "at", "who", "action", "subject", "details"]], ",")]
    before: int | None = None
    while len(pieces) <= MOST_PIECES and (entries := await door.search(see, before)):
        before = entries[-1].id
        lines = [
            [
                str(one.id), iso(one.at), names.get(one.user_id or 0, ""), one.action, one.subject,
                msgspec.json.encode(one.details).decode() if one.details else "",
            ]
            for one in entries
        ]  # fmt: skip
        pieces.append(written(lines, ","))
    return b"".join(pieces)


def _parse_day(text: str, name: str, door: Door, after: int) -> int | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text) + timedelta(days=after)
        moment = datetime.combine(day, time(), door.house.speak("").zone)
    except (ValueError, OverflowError) as problem:
        raise Invalid("%(text)s is no day.", text=text, field=name) from problem
    return int(moment.timestamp()) * clock.SECOND


ROUTES = [audit, check, export]
