"""A marketing event as a form: each field tells what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency

from api.auth import Door
from api.marketing import remove_marketing_event, rewrite_marketing_event, write_marketing_event
from api.web.desk import Asked, Desk, Id, html, lead
from api.web.forms import read_form, read_id
from api.web.marketing import PAGE
from api.web.marketing_words import marketing_kinds
from api.web.shell import Around, see_around
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Invalid
from core.money import parse_decimal, read_currency, to_major, to_minor
from crm.marketing import MarketingEvent, get_marketing_event
from crm.parties import Channel, list_channels
from crm.staff.people import list_users
from crm.staff.readable import Viewer, demand_somewhere

LONGEST = 12_000
PLAIN = ("name", "kind", "date_from", "date_to", "currency", "about")
SUMS = ("planned", "spent")
IDS = ("channel_id", "responsible_id")
Typed = dict[str, str]


@dataclass(frozen=True, slots=True)
class Asking:
    """One, or a new one, with what was typed."""

    one: MarketingEvent | None
    typed: Typed
    channels: list[Channel]
    people: list[tuple[int, str]]
    around: Around


def see_form(tx: ReadTx, viewer: Viewer, event_id: int | None, typed: Typed | None, currency: str) -> Asking:
    """The form, with what was typed. Raises NotFound, Forbidden."""
    demand_somewhere(viewer, "answer")
    one = get_marketing_event(tx, event_id) if event_id is not None else None
    if typed is None:
        typed = {"currency": currency, "responsible_id": str(viewer.user_id)} if one is None else _typed(one)
    people = [(user.id, user.name) for user in list_users(tx) if not user.disabled]
    return Asking(one, typed, list_channels(tx), people, see_around(tx, viewer))


def _typed(one: MarketingEvent) -> Typed:
    told = {name: str(getattr(one, name)) for name in PLAIN} | {"version": str(one.version)}
    told |= {name: str(getattr(one, name) or "") for name in IDS}
    sums = {name: getattr(one, name) for name in SUMS}
    return told | {name: "" if minor is None else str(to_major(minor, one.currency)) for name, minor in sums.items()}


def read_typed(form: Typed) -> dict[str, Any]:
    """What the form says. Raises Invalid."""
    told: dict[str, Any] = {name: form.get(name, "").strip() for name in PLAIN}
    told["currency"] = read_currency(told["currency"])
    for name in SUMS:
        try:
            said = form.get(name, "").strip()
            told[name] = to_minor(parse_decimal(said), told["currency"]) if said else None
        except Invalid as problem:
            raise Invalid(problem.sentence, **problem.fields | {"field": name}) from problem
    return told | {name: read_id(form, name) or 0 for name in IDS}


def save(tx: WriteTx, viewer: Viewer, event_id: int | None, form: Typed) -> int:
    """Add or change it. Raises Forbidden, NotFound, Invalid, Conflict."""
    told = read_typed(form)
    if event_id is None:
        return write_marketing_event(tx, viewer, **told)
    rewrite_marketing_event(tx, viewer, event_id, version=read_id(form, "version"), **told)
    return event_id


async def _show(
    door: Door, request: Asked, event_id: int | None, typed: Typed | None, problem: Invalid | Conflict | None
) -> Response[str]:
    desk = Desk(door, request)

    def render(viewer: Viewer, asking: Asking) -> str:
        speaker, own = desk.speaker(viewer), asking.typed.get("channel_id", "")
        told = None
        if problem is not None:
            text = speaker.say(problem.sentence, **problem.fields)
            told = {"field": str(problem.fields.get("field", "name")), "text": text}
        form = {
            "fields": {name: asking.typed.get(name, "") for name in (*PLAIN, *SUMS, *IDS, "version")},
            "problem": told,
            "title": asking.one.name if asking.one else speaker.say("New marketing event"),
            "url": f"{PAGE}/{event_id}/edit" if event_id is not None else f"{PAGE}/new",
            "back_url": f"{PAGE}/{event_id}" if event_id is not None else PAGE,
            "kinds": list(marketing_kinds(speaker).items()),
            "channels": [(one.id, one.name) for one in asking.channels if not one.ended or str(one.id) == own],
            "people": asking.people,
            "known": event_id is not None,
        }
        return desk.render("marketing_form.html", speaker, asking.around, "marketing", form=form)

    currency = door.house.settings.company.currency
    return html(await door.page(render, see_form, event_id, typed, currency), 200 if problem is None else 400)


async def _answer(door: Door, request: Asked, event_id: int | None) -> Response[str]:
    form = await read_form(request, LONGEST)
    try:
        if form.get("act") == "remove" and event_id is not None:
            await door.write(remove_marketing_event, event_id)
            return lead(request, PAGE)
        made = await door.write(save, event_id, form)
    except (Invalid, Conflict) as problem:
        return await _show(door, request, event_id, form, problem)
    return lead(request, f"{PAGE}/{made}")


@get(f"{PAGE}/new", include_in_schema=False)
async def new(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """The form of a new one."""
    return await _show(door, request, None, None, None)


@post(f"{PAGE}/new", include_in_schema=False)
async def add(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """Add it, or tell what is wrong."""
    return await _answer(door, request, None)


@get(f"{PAGE}/{{marketing_id:int}}/edit", include_in_schema=False)
async def edit(door: NamedDependency[Door], request: Asked, marketing_id: Id) -> Response[str]:
    """The form of one that is there."""
    return await _show(door, request, marketing_id, None, None)


@post(f"{PAGE}/{{marketing_id:int}}/edit", include_in_schema=False)
async def change(door: NamedDependency[Door], request: Asked, marketing_id: Id) -> Response[str]:
    """Change it or take it away, or tell what is wrong."""
    return await _answer(door, request, marketing_id)


ROUTES = [new, add, edit, change]
