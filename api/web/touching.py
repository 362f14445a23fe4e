"""Whom a marketing event touched, entered by hand: several found as one types, all of a segment, one on its card."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from api.auth import Door
from api.marketing import list_members, read_party
from api.web.desk import Asked, Desk, Id, html, lead
from api.web.forms import read_form, read_id
from api.web.marketing import PAGE, show_event
from api.web.marketing_words import touch_ways
from api.web.shapes import Speaker
from api.web.timeline import read_local
from core.database import ReadTx
from core.errors import Invalid
from crm.interactions import may_write
from crm.marketing import MarketingEvent, Party, drop_touch, list_marketing_events, touch_parties
from crm.parties import Contact, find_contact, find_parties, list_those, names_of
from crm.staff.readable import Viewer

AT_ONCE = 100
OFFERED = 8
MOST_CHOSEN = 200
Find = Annotated[str, QueryParameter(name="find", max_length=500)]


@dataclass(frozen=True, slots=True)
class Offer:
    """Somebody to be ticked: ``value`` is ``7`` or, a person there, ``7.12``."""

    value: str
    name: str
    about: str
    chosen: bool


def read_parties(chosen: list[str]) -> list[Party]:
    """Those that were ticked. Raises Invalid."""
    return [read_party(one) for one in dict.fromkeys(chosen[:MOST_CHOSEN])]


def find_offers(tx: ReadTx, _viewer: Viewer, words: str, chosen: list[str]) -> list[Offer]:
    """Those that were ticked already, then clients and people found by words."""
    offers = [_offer(tx, party, chosen=True) for party in read_parties(chosen)]
    if words.strip():
        clients = list_those(tx, find_parties(tx, "counterparty", words)[:OFFERED])
        parties = [Party(one.id) for one in clients]
        people = [find_contact(tx, one) for one in find_parties(tx, "contact", words)[:OFFERED]]
        parties += [Party(_first(one), one.id) for one in people if one is not None and one.counterparty_ids]
        there = {one.value for one in offers if one is not None}
        found = [_offer(tx, party, chosen=False) for party in parties]
        offers += [one for one in found if one is not None and one.value not in there]
    return [one for one in offers if one is not None]


def _first(one: Contact) -> int:
    return one.counterparty_ids[0]


def _offer(tx: ReadTx, party: Party, *, chosen: bool) -> Offer | None:
    name = names_of(tx, [party.counterparty_id]).get(party.counterparty_id)
    if name is None:
        return None
    if party.contact_id is None:
        return Offer(str(party.counterparty_id), name, "", chosen)
    person = find_contact(tx, party.contact_id)
    value = f"{party.counterparty_id}.{party.contact_id}"
    return None if person is None else Offer(value, person.name, name, chosen)


async def _ticked(request: Asked) -> list[str]:
    form = await request.form()
    return [str(one) for one in form.getall("party")] if "party" in form else []


@get("/fragments/marketing-parties", include_in_schema=False)
async def offers(door: NamedDependency[Door], request: Asked, find: Find = "") -> Response[str]:
    """Clients and people while somebody types; those that are ticked stay."""
    desk = Desk(door, request)
    chosen = [str(one) for one in request.query_params.getall("party", [])]

    def render(viewer: Viewer, found: list[Offer]) -> str:
        return desk.render("_marketing_parties.html", desk.speaker(viewer), None, "marketing", offers=found)

    return html(await door.page(render, find_offers, find, chosen))


@post(f"{PAGE}/{{marketing_id:int}}/touches", include_in_schema=False)
async def touched(door: NamedDependency[Door], request: Asked, marketing_id: Id) -> Response[str]:
    """Those who were ticked, or all of a segment; or a touch taken away."""
    form, chosen = await read_form(request, 40_000), await _ticked(request)
    if (removed := read_id(form, "remove")) is not None:
        await door.write(drop_touch, marketing_id, removed)
        return lead(request, f"{PAGE}/{marketing_id}")
    way = form.get("way", "")
    try:
        at = read_local(form.get("at", ""), Desk(door, request).zone)
        touch = partial(touch_parties, at=at, note=form.get("note", ""))
        segment_id = read_id(form, "segment_id")
        if segment_id is not None and not chosen:
            left = await _touch_segment(door, touch, marketing_id, segment_id, way)
        else:
            parties = read_parties(chosen)
            made = await door.write(touch, marketing_id, parties, way)
            left = len(parties) - len(made)
    except Invalid as problem:
        viewer = await door.read(lambda _tx, viewer: viewer)
        fault = Desk(door, request).speaker(viewer).say(problem.sentence, **problem.fields)
        return await show_event(door, request, marketing_id, None, {"fault": fault}, 400)
    return lead(request, f"{PAGE}/{marketing_id}{f'?left={left}' if left else ''}")


async def _touch_segment(door: Door, touch: Callable[..., list[int]], event_id: int, segment_id: int, way: str) -> int:
    """All who are in it now, some at a time so that nobody has to wait; who was touched so already is left out, so that
    it goes on where it was broken off. Returns how many were left out."""
    last, left = 0, 0
    while True:
        members, parties = await door.read(list_members, segment_id, last, AT_ONCE)
        if not members:
            return left
        last = members[-1]
        left += len(members) - len(parties)
        if parties:
            left += len(parties) - len(await door.write(touch, event_id, parties, way))


@dataclass(frozen=True, slots=True)
class CardTouch:
    """See templates/web/_client_touch.html."""

    events: list[tuple[int, str]]
    ways: list[tuple[str, str]]
    people: list[tuple[int, str]]
    url: str


def see_touchable(tx: ReadTx, viewer: Viewer) -> list[MarketingEvent]:
    """The newest marketing events, to choose from on a card; none for who may not write there."""
    if not viewer.uses("marketing") or not may_write(viewer):
        return []
    return list(list_marketing_events(tx, limit=50).items)


def show_touchable(
    speaker: Speaker, client_id: int, events: list[MarketingEvent], people: list[Contact]
) -> CardTouch | None:
    """The part of the card; None where there is nothing to choose."""
    if not events:
        return None
    choices = [(one.id, one.name) for one in events]
    there = [(one.id, one.name) for one in people]
    return CardTouch(choices, list(touch_ways(speaker).items()), there, f"/clients/{client_id}/touches")


@post("/clients/{client_id:int}/touches", include_in_schema=False)
async def touched_client(door: NamedDependency[Door], request: Asked, client_id: Id) -> Response[str]:
    """This client, or a person there, was touched by a marketing event."""
    form = await read_form(request)
    event_id = read_id(form, "event_id")
    if event_id is None:
        raise Invalid("Choose a marketing event.", field="event_id")
    party, way = Party(client_id, read_id(form, "contact_id")), form.get("way", "")
    at = read_local(form.get("at", ""), Desk(door, request).zone)
    touch = partial(touch_parties, at=at, note=form.get("note", ""))
    made = await door.write(touch, event_id, [party], way)
    if not made:
        raise Invalid("This was written already.", field="event_id")
    return lead(request, f"/clients/{client_id}")


ROUTES = [offers, touched, touched_client]
