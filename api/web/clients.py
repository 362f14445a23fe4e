"""The clients: the list, and one with its people and what happened with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Redirect

from api.auth import Door
from api.web.desk import After, Asked, Desk, Id, Words, html
from api.web.field_words import say_field
from api.web.forms import read_form, read_id
from api.web.panel import about_client
from api.web.shapes import Pill, Speaker, When, make_pill, make_when
from api.web.shell import Around, see_around
from core.database import ReadTx, WriteTx
from core.errors import Invalid, NotFound
from core.paging import Page
from crm.attributes import LONGEST_VALUE, RANGED, Attribute, Having, list_listed
from crm.interactions import LetterFacts, get_letter_facts
from crm.parties import (
    Channel,
    Counterparty,
    can_order,
    forget_address,
    get_contact,
    learn_address,
    list_channels,
    list_counterparties,
)
from crm.segments import Segment, list_segments
from crm.staff.audit import record_audit
from crm.staff.people import list_users
from crm.staff.readable import Viewer, demand_somewhere

OWN = "own_"
CHANNEL = "channel"
Sort = Annotated[str, QueryParameter(name="sort", max_length=60)]
OfChannel = Annotated[str, QueryParameter(name="channel", pattern=r"^\d{0,18}$")]


@dataclass(frozen=True, slots=True)
class ClientRow:
    """A line of the list."""

    id: int
    url: str
    name: str
    about: str
    manager: str | None
    waiting: Pill | None
    last_in: When | None
    last_out: When | None
    own: list[str]


@dataclass(frozen=True, slots=True)
class OwnFilter:
    """A column that the list is narrowed by: ``kind`` is ``choice`` (one of ``choices``), ``range`` or ``text``;
    ``input`` is the type of its input."""

    name: str
    label: str
    kind: str
    input: str
    value: str
    high: str
    choices: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Column:
    """A field in the list: where the list in its order is, and how it goes by it now: ``ascending``, ``descending``."""

    name: str
    url: str | None
    state: str


@dataclass(frozen=True, slots=True)
class Clients:
    """See templates/web/clients.html."""

    query: str
    next_url: str | None
    rows: list[ClientRow]
    may_add: bool = False
    may_import: bool = False
    columns: tuple[Column, ...] = ()
    sort: str = ""
    name_url: str | None = None
    total: int | None = None
    segments: tuple[tuple[int, str], ...] = ()
    filters: tuple[OwnFilter, ...] = ()
    filtered: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A page of clients with what one sees of their correspondence."""

    page: Page[Counterparty]
    facts: dict[int, LetterFacts]
    managers: dict[int, str]
    listed: list[Attribute]
    channels: list[Channel]
    by_hand: list[Segment]
    around: Around


def see_clients(tx: ReadTx, viewer: Viewer, words: str, asked: dict[str, str], sort: str, after: str | None) -> Found:
    """By name. Raises Invalid for a bad cursor, and for what no value of a field can be."""
    listed = list_listed(tx, "counterparty")
    own = [Having(one.key, *_asked_of(one, asked)) for one in listed]
    channels = list_channels(tx) if viewer.uses("marketing") else []
    came_by = int(asked.get(CHANNEL, 0)) if channels else 0
    page = list_counterparties(tx, words=words, own=own, channel_id=came_by or None, sort=sort, after=after)
    facts = {client.id: get_letter_facts(tx, viewer, client.id) for client in page.items}
    managers = {user.id: user.name for user in list_users(tx)}
    by_hand = list_segments(tx, "counterparties") if viewer.uses("segments") else []
    by_hand = [one for one in by_hand if one.by_hand]
    return Found(page, facts, managers, listed, channels, by_hand, see_around(tx, viewer))


@get("/clients", include_in_schema=False)
async def clients(
    door: NamedDependency[Door],
    request: Asked,
    q: Words = "",
    channel: OfChannel = "",
    sort: Sort = "",
    after: After = None,
) -> Response[str]:
    """The list, or those of a name or who came by a channel; by name or by a field."""
    desk, words = Desk(door, request), q.strip()
    asked = {
        name: str(one).strip()[:LONGEST_VALUE]
        for name, one in request.query_params.items()
        if name.startswith(OWN) and str(one).strip()
    }
    if int(channel or 0):
        asked[CHANNEL] = channel

    def render(viewer: Viewer, found: Found) -> str:
        speaker = desk.speaker(viewer)
        link = None
        if found.page.next:
            link = _url(words, asked, sort, found.page.next)
        rows = [_row(speaker, one, found) for one in found.page.items]
        may_add = viewer.may_somewhere("answer")
        columns = tuple(_column(one, words, asked, sort) for one in found.listed)
        by_name = _url(words, asked, "") if sort else None
        segments = tuple((one.id, one.name) for one in found.by_hand) if may_add else ()
        filters = (*_channels(speaker, found, asked), *(_filter(speaker, one, asked) for one in found.listed))
        shown = Clients(
            words, link, rows, may_add=may_add, may_import=viewer.may_somewhere("assign"), columns=columns, sort=sort,
            name_url=by_name, segments=segments, filters=filters, filtered=bool(asked),
        )  # fmt: skip
        return desk.render("clients.html", speaker, found.around, "clients", clients=shown)

    return html(await door.page(render, see_clients, words, asked, sort, after))


def _url(words: str, asked: dict[str, str], sort: str, after: str = "") -> str:
    told = {"q": words, **asked, "sort": sort, "after": after}
    kept = {name: one for name, one in told.items() if one}
    return f"/clients?{urlencode(kept)}" if kept else "/clients"


def _column(one: Attribute, words: str, asked: dict[str, str], sort: str) -> Column:
    """Chosen once it is the order from the beginning, chosen again from the end."""
    if not can_order(one):
        return Column(one.label, None, "")
    state = {one.key: "ascending", f"-{one.key}": "descending"}.get(sort, "")
    return Column(one.label, _url(words, asked, f"-{one.key}" if state == "ascending" else one.key), state)


@post("/clients/{client_id:int}/addresses", include_in_schema=False, status_code=303)
async def addresses(door: NamedDependency[Door], request: Asked, client_id: Id) -> Redirect:
    """A person there learns an address, or loses one; older letters follow."""
    form = await read_form(request)
    contact_id = read_id(form, "contact_id")
    if contact_id is None:
        raise Invalid("Choose a person first.", field="contact_id")
    await door.write(change_address, client_id, contact_id, form.get("add", "").strip(), form.get("remove", ""))
    return Redirect(f"/clients/{client_id}", status_code=303)


def change_address(tx: WriteTx, viewer: Viewer, client_id: int, contact_id: int, add: str, remove: str) -> None:
    """Raises NotFound for a person who is not there, Forbidden, Invalid for what is no address."""
    demand_somewhere(viewer, "assign")
    if client_id not in get_contact(tx, contact_id).counterparty_ids:
        raise NotFound("There is no contact with the number %(id)s.", id=contact_id)
    if remove:
        forget_address(tx, contact_id, remove)
    else:
        learn_address(tx, contact_id, add)
    record_audit(tx, viewer.user_id, "contact-changed", str(contact_id))


def _asked_of(one: Attribute, asked: dict[str, str]) -> tuple[str, str]:
    return asked.get(f"{OWN}{one.key}", ""), asked.get(f"{OWN}{one.key}.to", "") if one.type in RANGED else ""


def _channels(speaker: Speaker, found: Found, asked: dict[str, str]) -> list[OwnFilter]:
    """By what they came, those that are offered no more behind the others."""
    ordered = sorted(found.channels, key=lambda one: one.ended)
    choices = [(str(one.id), one.name) for one in ordered]
    own = asked.get(CHANNEL, "")
    return [OwnFilter(CHANNEL, speaker.say("Came by"), "choice", "text", own, "", choices)] if choices else []


def _filter(speaker: Speaker, one: Attribute, asked: dict[str, str]) -> OwnFilter:
    low, high = _asked_of(one, asked)
    kind = "range" if one.type in RANGED else "text"
    choices = [(each.label, each.label) for each in one.choices]
    if one.type == "yes_no":
        choices = [("yes", speaker.say("Yes")), ("no", speaker.say("No"))]
    given = "date" if one.type == "date" else "text"
    return OwnFilter(f"{OWN}{one.key}", one.label, "choice" if choices else kind, given, low, high, choices)


def _row(speaker: Speaker, one: Counterparty, found: Found) -> ClientRow:
    facts = found.facts[one.id]
    return ClientRow(
        id=one.id,
        url=f"/clients/{one.id}",
        name=one.name,
        about=about_client(speaker, one),
        manager=found.managers.get(one.manager_id or 0),
        waiting=make_pill(speaker, facts.waiting_since, None) if facts.waiting_since else None,
        last_in=make_when(speaker, facts.last_in),
        last_out=make_when(speaker, facts.last_out),
        own=[say_field(speaker, field, one.attributes.get(field.key)) for field in found.listed],
    )


ROUTES = [clients, addresses]
