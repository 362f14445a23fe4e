"""The clients: the list, and one with its people and what happened with it."""

from __future__ import annotations

from dataclasses import dataclass

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from api.auth import Door
from api.web.desk import After, Asked, Desk, Id, Words, html
from api.web.forms import read_form, read_id
from api.web.panel import about_client
from api.web.place import Place
from api.web.shapes import Pill, Speaker, When, make_pill, make_when
from api.web.shell import Around, see_around
from core.database import ReadTx, WriteTx
from core.errors import Invalid, NotFound
from core.paging import Page
from crm.interactions import LetterFacts, get_letter_facts
from crm.parties import Counterparty, forget_address, get_contact, learn_address, list_counterparties
from crm.staff.audit import record_audit
from crm.staff.people import list_users
from crm.staff.readable import Viewer, demand_somewhere


@dataclass(frozen=True, slots=True)
class ClientRow:
    """A line of the list."""

    url: str
    name: str
    about: str
    manager: str | None
    waiting: Pill | None
    last_in: When | None
    last_out: When | None


@dataclass(frozen=True, slots=True)
class Clients:
    """See templates/web/clients.html."""

    query: str
    next_url: str | None
    rows: list[ClientRow]
    may_add: bool = False
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A page of clients with what one sees of their correspondence."""

    page: Page[Counterparty]
    facts: dict[int, LetterFacts]
    managers: dict[int, str]
    around: Around


def see_clients(tx: ReadTx, viewer: Viewer, words: str, after: str | None) -> Found:
    """By name. Raises Invalid for a bad cursor."""
    page = list_counterparties(tx, words=words, after=after)
    facts = {client.id: get_letter_facts(tx, viewer, client.id) for client in page.items}
    return Found(page, facts, {user.id: user.name for user in list_users(tx)}, see_around(tx, viewer))


@get("/clients", include_in_schema=False)
async def clients(door: NamedDependency[Door], request: Asked, q: Words = "", after: After = None) -> Response[str]:
    """The list, or those of a name."""
    desk, words = Desk(door, request), q.strip()

    def render(viewer: Viewer, found: Found) -> str:
        speaker = desk.speaker(viewer)
        link = Place("all", None, words).list_of("clients", found.page.next) if found.page.next else None
        rows = [_row(speaker, one, found) for one in found.page.items]
        shown = Clients(words, link, rows, may_add=viewer.may_somewhere("answer"))
        return desk.render("clients.html", speaker, found.around, "clients", clients=shown)

    return html(await door.page(render, see_clients, words, after))


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


def _row(speaker: Speaker, one: Counterparty, found: Found) -> ClientRow:
    facts = found.facts[one.id]
    return ClientRow(
        url=f"/clients/{one.id}",
        name=one.name,
        about=about_client(speaker, one),
        manager=found.managers.get(one.manager_id or 0),
        waiting=make_pill(speaker, facts.waiting_since, None) if facts.waiting_since else None,
        last_in=make_when(speaker, facts.last_in),
        last_out=make_when(speaker, facts.last_out),
    )


ROUTES = [clients, addresses]
