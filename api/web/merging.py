"""Two clients, or two people, are one: who it may be, what goes along, and the way back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from api.auth import Door
from api.web.client_words import reason_words
from api.web.desk import Asked, Desk, Id, Words, html, lead
from api.web.forms import read_form, read_id
from api.web.person_form import get_person_at
from api.web.shapes import Speaker, make_when
from api.web.shell import Around, see_around
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Invalid
from crm.parties import (
    Contact,
    Counterparty,
    Merge,
    count_moves,
    get_contact,
    get_counterparty,
    list_contacts,
    list_counterparties,
    list_doubles,
    list_firms,
    list_merges,
)
from crm.parties.words import Of
from crm.staff.readable import Viewer, demand_somewhere
from mailhub.mailboxes.uniting import merge, part_again

MOST_OFFERED = 20
OtherId = Annotated[int | None, QueryParameter(name="other", ge=1, le=2**63 - 1)]
Party = Counterparty | Contact


@dataclass(frozen=True, slots=True)
class Offered:
    """Somebody who may be the same, and why."""

    party: Party
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asking:
    """What the page needs: whom it is about, who is offered, or the other one with what goes along."""

    of: Of
    one: Party
    offered: list[Offered]
    other: Party | None
    moves: dict[str, int]
    here: str
    around: Around


@dataclass(frozen=True, slots=True)
class PastMerge:
    """A line of the card: who was merged into it."""

    name: str
    at: str
    url: str


def see_merging(
    tx: ReadTx, viewer: Viewer, client_id: int, contact_id: int | None, words: str, other_id: int | None
) -> Asking:
    """Raises NotFound, Forbidden."""
    demand_somewhere(viewer, "assign")
    of: Of = "counterparty" if contact_id is None else "contact"
    one: Party = get_counterparty(tx, client_id) if contact_id is None else get_person_at(tx, client_id, contact_id)
    here = f"/clients/{client_id}" if contact_id is None else f"/clients/{client_id}/people/{contact_id}"
    other = None if other_id is None else _get(tx, of, other_id)
    offered = [] if other else _offered(tx, one, words)
    moves = count_moves(tx, of, other.id) if other else {}
    return Asking(of, one, offered, other, moves, here, see_around(tx, viewer))


def _get(tx: ReadTx, of: Of, party_id: int) -> Party:
    return get_counterparty(tx, party_id) if of == "counterparty" else get_contact(tx, party_id)


def _offered(tx: ReadTx, one: Party, words: str) -> list[Offered]:
    found: list[Offered] = []
    if words:
        list_found = list_counterparties if isinstance(one, Counterparty) else list_contacts
        found = [Offered(other, ()) for other in list_found(tx, words=words, limit=MOST_OFFERED).items]
    elif isinstance(one, Counterparty):
        doubles = list_doubles(
            tx, one.name, tax_numbers=[firm.tax_number for firm in list_firms(tx, one.id)], emails=one.emails,
            domains=one.domains, phones=[phone.number for phone in one.phones], but=one.id,
        )  # fmt: skip
        found = [Offered(double.client, double.reasons) for double in doubles]
    else:
        found = [Offered(other, ()) for other in list_contacts(tx, words=one.name, limit=MOST_OFFERED).items]
    return [other for other in found if other.party.id != one.id]


def show_merging(desk: Desk, viewer: Viewer, asking: Asking, words: str, problem: str) -> str:
    """The page."""
    speaker = desk.speaker(viewer)
    reasons = reason_words(speaker)
    merging = {
        "name": asking.one.name,
        "about": _about(asking.one),
        "url": f"{asking.here}/merge",
        "back_url": asking.here,
        "query": words,
        "problem": problem,
        "of_people": asking.of == "contact",
        "offered": [
            (other.party.id, other.party.name, _about(other.party), ", ".join(reasons[one] for one in other.reasons))
            for other in asking.offered
        ],
        "other": None if asking.other is None else (asking.other.id, asking.other.name, _about(asking.other)),
        "moves": _moves(speaker, asking.moves),
    }
    return desk.render("merge.html", speaker, asking.around, "clients", merging=merging)


def _about(one: Party) -> str:
    phones = [phone.number for phone in one.phones]
    domains = list(one.domains) if isinstance(one, Counterparty) else [one.position]
    return " · ".join(part for part in (*one.emails, *phones, *domains) if part)


def _moves(speaker: Speaker, moves: dict[str, int]) -> list[tuple[str, int]]:
    names = {
        "affiliation": speaker.say("People and places"),
        "party_address": speaker.say("Addresses"),
        "party_phone": speaker.say("Telephones"),
        "legal_entity": speaker.say("Legal entities"),
        "counterparty_domain": speaker.say("Domains"),
        "group_member": speaker.say("Groups"),
        "consent": speaker.say("Answers to mailings"),
    }
    told = [(names[table], moves[table]) for table in names if table in moves]
    if rest := sum(count for table, count in moves.items() if table not in names):
        told.append((speaker.say("What else is known"), rest))
    return told


def list_past(tx: ReadTx, of: Of, party_id: int) -> list[Merge]:
    """The merges that may still be taken back, the newest first."""
    return [one for one in list_merges(tx, of, party_id) if one.undone_at is None]


def show_past(speaker: Speaker, merges: list[Merge]) -> list[PastMerge]:
    """They as lines of the card."""
    told = [(one, make_when(speaker, one.at, long=True)) for one in merges]
    return [PastMerge(one.name, when.text if when else "", f"/merges/{one.id}/undo") for one, when in told]


def unite(tx: WriteTx, viewer: Viewer, client_id: int, contact_id: int | None, fields: dict[str, str]) -> None:
    """Merge the one that was chosen into this one. Raises NotFound, Forbidden, Invalid, Conflict."""
    other_id = read_id(fields, "gone_id")
    if other_id is None:
        raise Invalid("Choose another one to merge with.", field="gone_id")
    if contact_id is None:
        merge(tx, viewer, "counterparty", client_id, other_id)
    else:
        merge(tx, viewer, "contact", get_person_at(tx, client_id, contact_id).id, other_id)


async def _page(
    door: Door, request: Asked, client_id: int, contact_id: int | None, words: str, other_id: int | None,
    problem: Invalid | Conflict | None = None,
) -> Response[str]:  # fmt: skip
    desk = Desk(door, request)

    def render(viewer: Viewer, asking: Asking) -> str:
        said = desk.speaker(viewer).say(problem.sentence, **problem.fields) if problem else ""
        return show_merging(desk, viewer, asking, words, said)

    page = await door.page(render, see_merging, client_id, contact_id, words, other_id)
    return html(page, 200 if problem is None else 400)


async def _unite(door: Door, request: Asked, client_id: int, contact_id: int | None) -> Response[str]:
    fields = await read_form(request)
    try:
        await door.write(unite, client_id, contact_id, fields)
    except (Invalid, Conflict) as refused:
        return await _page(door, request, client_id, contact_id, "", None, refused)
    return lead(request, f"/clients/{client_id}")


@get("/clients/{client_id:int}/merge", include_in_schema=False)
async def choose_client(
    door: NamedDependency[Door], request: Asked, client_id: Id, q: Words = "", other: OtherId = None
) -> Response[str]:
    """Who it may be, or what goes along."""
    return await _page(door, request, client_id, None, q.strip(), other)


@post("/clients/{client_id:int}/merge", include_in_schema=False)
async def merge_client(door: NamedDependency[Door], request: Asked, client_id: Id) -> Response[str]:
    """They are one."""
    return await _unite(door, request, client_id, None)


@get("/clients/{client_id:int}/people/{contact_id:int}/merge", include_in_schema=False)
async def choose_person(
    door: NamedDependency[Door], request: Asked, client_id: Id, contact_id: Id, q: Words = "", other: OtherId = None
) -> Response[str]:
    """Who it may be, or what goes along."""
    return await _page(door, request, client_id, contact_id, q.strip(), other)


@post("/clients/{client_id:int}/people/{contact_id:int}/merge", include_in_schema=False)
async def merge_person(door: NamedDependency[Door], request: Asked, client_id: Id, contact_id: Id) -> Response[str]:
    """They are one."""
    return await _unite(door, request, client_id, contact_id)


@post("/merges/{merge_id:int}/undo", include_in_schema=False)
async def undo_merge(door: NamedDependency[Door], request: Asked, merge_id: Id) -> Response[str]:
    """They are two after all."""
    fields = await read_form(request)
    told = await door.write(part_again, merge_id)
    client_id = told.kept_id if told.of == "counterparty" else read_id(fields, "client_id")
    return lead(request, f"/clients/{client_id}" if client_id else "/clients")


ROUTES = [choose_client, merge_client, choose_person, merge_person, undo_merge]
