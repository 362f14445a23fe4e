"""Documents: the list with its filters, and one with its lines, its files and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from api.auth import Door
from api.documenting import take_document_away
from api.web.desk import After, Asked, Desk, Id, html, lead
from api.web.document_words import document_kinds, name_document, say_date, say_quantity, say_sum
from api.web.field_words import show_values
from api.web.forms import read_form, read_id
from api.web.shapes import Speaker
from api.web.shell import Around, see_around
from core.database import ReadTx
from core.paging import Page
from crm.attributes import Attribute, list_attributes
from crm.documents import (
    KINDS,
    Document,
    File,
    Line,
    Which,
    documents_of,
    get_document,
    items_of,
    list_documents,
    list_files,
    list_following,
    list_lines,
    remove_file,
)
from crm.parties import find_contact, list_firms, names_of
from crm.staff.people import list_users
from crm.staff.readable import Viewer
from crm.transfer.imports import may_import

Day = Annotated[str, QueryParameter(pattern=r"^(\d{4}-\d{2}-\d{2})?$")]
Kind = Annotated[str, QueryParameter(name="kind", max_length=20)]
Whose = Annotated[str, QueryParameter(name="client", pattern=r"^\d{0,18}$")]
Mine = Annotated[str, QueryParameter(name="of", pattern=r"^\d{0,18}$")]


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A line of a list of documents."""

    url: str
    name: str
    date: str
    client: str
    client_url: str
    sum: str
    profit: str
    executor: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of documents with whom they name."""

    page: Page[Document]
    clients: dict[int, str]
    users: dict[int, str]
    around: Around


@dataclass(frozen=True, slots=True)
class Seen:
    """A document with all that its page shows."""

    one: Document
    client: str
    lines: list[Line]
    units: dict[int, str]
    files: list[File]
    base: Document | None
    following: list[Document]
    contact: str
    firm: str
    executor: str
    own: list[Attribute]
    around: Around


def make_rows(
    speaker: Speaker, documents: list[Document], clients: dict[int, str], users: dict[int, str]
) -> list[DocumentRow]:
    """Documents as lines of a list."""
    return [
        DocumentRow(
            url=f"/documents/{one.id}",
            name=name_document(speaker, one),
            date=say_date(speaker, one.date, short=True),
            client=clients.get(one.counterparty_id, ""),
            client_url=f"/clients/{one.counterparty_id}",
            sum=say_sum(speaker, one.amount, one.currency),
            profit=say_sum(speaker, one.profit, one.currency),
            executor=users.get(one.executor_id or 0, ""),
        )
        for one in documents
    ]


@get("/documents", include_in_schema=False)
async def documents(
    door: NamedDependency[Door],
    request: Asked,
    kind: Kind = "",
    client: Whose = "",
    of: Mine = "",
    date_from: Day = "",
    date_to: Day = "",
    after: After = None,
) -> Response[str]:
    """The newest first, narrowed by kind, client, executor and days."""
    desk = Desk(door, request)
    which = Which(int(client or 0) or None, kind if kind in KINDS else "", int(of or 0) or None, date_from, date_to)

    def see(tx: ReadTx, viewer: Viewer) -> Listed:
        page = list_documents(tx, which, after=after)
        ids = {one.counterparty_id for one in page.items} | (
            {which.counterparty_id} if which.counterparty_id else set()
        )
        return Listed(page, names_of(tx, ids), {one.id: one.name for one in list_users(tx)}, see_around(tx, viewer))

    def render(viewer: Viewer, found: Listed) -> str:
        speaker = desk.speaker(viewer)
        asked = {"kind": kind, "client": client, "of": of, "date_from": date_from, "date_to": date_to}
        asked = {name: value for name, value in asked.items() if value}
        more = f"/documents?{urlencode(asked | {'after': found.page.next})}" if found.page.next else None
        data: dict[str, Any] = {
            "rows": make_rows(speaker, list(found.page.items), found.clients, found.users),
            "kinds": list(document_kinds(speaker).items()),
            "users": sorted(found.users.items(), key=lambda one: one[1].casefold()),
            "asked": {"kind": kind, "of": of, "date_from": date_from, "date_to": date_to, "client": client},
            "client": found.clients.get(which.counterparty_id or 0, ""),
            "next_url": more,
            "may_import": may_import(viewer, "documents"),
        }
        return desk.render("documents.html", speaker, found.around, "documents", **data)

    return html(await door.page(render, see))


def see_document(tx: ReadTx, viewer: Viewer, document_id: int) -> Seen:
    """One document. Raises NotFound."""
    one = get_document(tx, document_id)
    lines = list_lines(tx, document_id)
    contact = find_contact(tx, one.contact_id)
    firms = {firm.id: firm.name for firm in list_firms(tx, one.counterparty_id)}
    users = {user.id: user.name for user in list_users(tx)}
    items = items_of(tx, {line.item_id for line in lines if line.item_id})
    return Seen(
        one=one,
        client=names_of(tx, [one.counterparty_id]).get(one.counterparty_id, ""),
        lines=lines,
        units={item.id: item.unit for item in items.values()},
        files=list_files(tx, document_id),
        base=documents_of(tx, [one.based_on_id]).get(one.based_on_id) if one.based_on_id else None,
        following=list_following(tx, document_id),
        contact=contact.name if contact else "",
        firm=firms.get(one.legal_entity_id or 0, ""),
        executor=users.get(one.executor_id or 0, ""),
        own=list_attributes(tx, "document", ended=viewer.uses("fields")),
        around=see_around(tx, viewer),
    )


@get("/documents/{document_id:int}", include_in_schema=False)
async def document(door: NamedDependency[Door], request: Asked, document_id: Id) -> Response[str]:
    """What it says, what it is about, what it follows from and what follows."""
    desk = Desk(door, request)

    def render(viewer: Viewer, seen: Seen) -> str:
        speaker = desk.speaker(viewer)
        return desk.render("document_page.html", speaker, seen.around, "documents", document=shape(speaker, seen))

    return html(await door.page(render, see_document, document_id))


def shape(speaker: Speaker, seen: Seen) -> dict[str, Any]:
    """What the template shows."""
    one = seen.one
    here = f"/documents/{one.id}"
    kinds = document_kinds(speaker)
    told = [
        (speaker.say("Date"), say_date(speaker, one.date), None),
        (speaker.say("Client"), seen.client, f"/clients/{one.counterparty_id}"),
        (speaker.say("Legal entity"), seen.firm, None),
        (speaker.say("Person"), seen.contact, None),
        (speaker.say("Sum"), say_sum(speaker, one.amount, one.currency), None),
        (speaker.say("Profit"), say_sum(speaker, one.profit, one.currency), None),
        (speaker.say("Reason"), one.reason, None),
        (speaker.say("Responsible"), seen.executor, None),
        (speaker.say("Number elsewhere"), one.external_id or "", None),
    ]
    return {
        "name": name_document(speaker, one),
        "facts": [line for line in told if line[1]],
        "own": show_values(speaker, seen.own, one.attributes),
        "about": one.about,
        "lines": [
            (line.text, f"{say_quantity(speaker, line.quantity)} {seen.units.get(line.item_id or 0, '')}".strip(),
             say_sum(speaker, line.price, one.currency), say_sum(speaker, line.amount, one.currency))
            for line in seen.lines
        ],
        "base": (name_document(speaker, seen.base), f"/documents/{seen.base.id}") if seen.base else None,
        "following": [(name_document(speaker, other), f"/documents/{other.id}") for other in seen.following],
        "files": [
            (file.name, f"/api/v1{here}/files/{file.id}", speaker.language.format_size(file.size), file.id)
            for file in seen.files
        ],
        "next": [
            (name, f"/clients/{one.counterparty_id}/documents/new?kind={kind}&base={one.id}")
            for kind, name in kinds.items()
            if kind not in (one.kind, "contract")
        ],
        "edit_url": f"{here}/edit",
        "here": here,
        "may_change": speaker.viewer.may_somewhere("answer"),
    }  # fmt: skip


@post("/documents/{document_id:int}/remove", include_in_schema=False)
async def remove(door: NamedDependency[Door], request: Asked, document_id: Id) -> Response[str]:
    """Take it away, and on to the client."""
    client_id = await door.write(take_document_away, document_id)
    return lead(request, f"/clients/{client_id}")


@post("/documents/{document_id:int}/files", include_in_schema=False)
async def drop_file(door: NamedDependency[Door], request: Asked, document_id: Id) -> Response[str]:
    """Take a file away; they are added by a script of the page."""
    file_id = read_id(await read_form(request), "remove")
    await door.write(remove_file, document_id, file_id or 0)
    return lead(request, f"/documents/{document_id}#files")


ROUTES = [documents, document, remove, drop_file]
