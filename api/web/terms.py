"""When the house works, and what a mailbox promises: the pages of working hours and of the time for an answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from api.auth import Door
from api.web.calendar_form import read_calendar, show_calendar
from api.web.desk import Asked, Desk, Id, html
from api.web.forms import read_form, read_id
from api.web.shapes import Speaker
from api.web.shell import Around, see_around
from core.database import ReadTx, WriteTx
from core.errors import Invalid
from core.zones import zone_names
from crm.staff.people import User, list_users
from crm.staff.readable import Viewer, demand, demand_admin
from crm.working import Calendar
from mailhub.mailboxes.boxes import Mailbox, get_mailbox
from mailhub.mailboxes.terms import (
    Terms,
    find_house_calendar,
    find_own_calendar,
    set_house_calendar,
    set_mailbox_calendar,
    set_terms,
    terms_of,
)

PLACES = 3


@dataclass(frozen=True, slots=True)
class SeenTerms:
    """A mailbox with its promise and calendars, and who may be told."""

    box: Mailbox
    own: Calendar | None
    house: Calendar | None
    people: list[User]
    around: Around


def see_house(tx: ReadTx, viewer: Viewer) -> tuple[Calendar | None, Around]:
    """Raises Forbidden."""
    demand_admin(viewer)
    return find_house_calendar(tx), see_around(tx, viewer)


def see_terms(tx: ReadTx, viewer: Viewer, box_id: int) -> SeenTerms:
    """Raises NotFound, Forbidden."""
    around = see_around(tx, viewer)
    if box_id not in {box.id for box in around.boxes}:
        get_mailbox(tx, 0)  # as if there were none
    box = get_mailbox(tx, box_id)
    demand(viewer, "manage", box.scope_id)
    people = [one for one in list_users(tx) if not one.disabled]
    return SeenTerms(box, find_own_calendar(tx, box), find_house_calendar(tx), people, around)


@get("/settings/calendar", include_in_schema=False)
async def show_house(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """When the house works."""
    desk = Desk(door, request)

    def render(viewer: Viewer, found: tuple[Calendar | None, Around]) -> str:
        (calendar, around), speaker = found, desk.speaker(viewer)
        form = show_calendar(speaker, calendar, desk.zone.key)
        zones = sorted(zone_names())
        data = {"form": form, "zones": zones, "chosen": calendar is not None}
        return desk.render("calendar.html", speaker, around, "settings", **data)

    return html(await door.page(render, see_house))


@post("/settings/calendar", include_in_schema=False, status_code=303)
async def keep_house(door: NamedDependency[Door], request: Asked) -> Redirect:
    """Keep it, or let every hour count again."""
    form = await read_form(request, longest=40_000)
    calendar = None if form.get("act") == "drop" else read_calendar(form)
    await door.write(set_house_calendar, calendar)
    return Redirect("/settings/calendar", status_code=303)


@get("/settings/mailboxes/{box_id:int}/terms", include_in_schema=False)
async def show_box(door: NamedDependency[Door], request: Asked, box_id: Id) -> Response[str]:
    """What a mailbox promises, and the calendar it has of its own."""
    desk = Desk(door, request)

    def render(viewer: Viewer, found: SeenTerms) -> str:
        speaker = desk.speaker(viewer)
        form = show_calendar(speaker, found.own or found.house, desk.zone.key)
        zones = sorted(zone_names())
        data = {"form": form, "zones": zones, "chosen": found.own is not None, **shape(speaker, found)}
        return desk.render("terms.html", speaker, found.around, "settings", **data)

    return html(await door.page(render, see_terms, box_id))


@post("/settings/mailboxes/{box_id:int}/terms", include_in_schema=False, status_code=303)
async def keep_box(door: NamedDependency[Door], request: Asked, box_id: Id) -> Redirect:
    """Keep what it promises."""
    form = await read_form(request)
    terms = read_terms(form)

    def verb(tx: WriteTx, viewer: Viewer) -> None:
        set_terms(tx, viewer, box_id, terms)

    await door.write(verb)
    return Redirect(f"/settings/mailboxes/{box_id}/terms", status_code=303)


@post("/settings/mailboxes/{box_id:int}/calendar", include_in_schema=False, status_code=303)
async def keep_box_calendar(door: NamedDependency[Door], request: Asked, box_id: Id) -> Redirect:
    """Keep a calendar of its own, or go by that of the house again."""
    form = await read_form(request, longest=40_000)
    calendar = None if form.get("act") == "drop" else read_calendar(form)
    await door.write(set_mailbox_calendar, box_id, calendar)
    return Redirect(f"/settings/mailboxes/{box_id}/terms", status_code=303)


def read_terms(form: dict[str, str]) -> Terms:
    """What the form says. Raises Invalid."""
    how, amount = form.get("remind", "share"), read_id(form, "remind_amount") or 0
    if how not in ("no", "share", "minutes"):
        raise Invalid("There is no such reminder.", field="remind")
    named = [one for number in range(PLACES) if (one := read_id(form, f"person_{number}")) is not None]
    return Terms(
        answer_hours=read_id(form, "answer_hours") or 0,
        next_hours=read_id(form, "next_hours") or 0,
        remind_share=amount if how == "share" else 0,
        remind_minutes=amount if how == "minutes" else 0,
        escalates=form.get("escalates") == "yes",
        escalate_to=tuple(dict.fromkeys(named)),
    )


def shape(speaker: Speaker, found: SeenTerms) -> dict[str, Any]:
    """What the template shows of the promise."""
    terms = terms_of(found.box)
    how = "minutes" if terms.remind_minutes else "share" if terms.remind_share else "no"
    named = (*terms.escalate_to, *(0,) * PLACES)[: max(PLACES, len(terms.escalate_to))]
    return {
        "box": found.box,
        "terms": terms,
        "amount": terms.remind_minutes or terms.remind_share or 75,
        "hows": [
            (key, called, key == how)
            for key, called in (
                ("share", speaker.say("per cent of the time are gone")),
                ("minutes", speaker.say("working minutes before the end")),
                ("no", speaker.say("no reminder")),
            )
        ],
        "places": [[(one.id, one.name, one.id == chosen) for one in found.people] for chosen in named],
        "house_has": found.house is not None,
    }


ROUTES = [show_house, keep_house, show_box, keep_box, keep_box_calendar]
