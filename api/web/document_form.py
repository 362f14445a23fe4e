"""A document, entered and changed by hand: each field tells what is wrong with it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from api.auth import Door
from api.documenting import rewrite_document, write_document
from api.web.client_form import Fields, Problem
from api.web.desk import Asked, Desk, Id, html, lead
from api.web.document_words import document_kinds, name_document
from api.web.field_form import make_inputs, read_inputs
from api.web.forms import read_form, read_id
from api.web.shell import Around, see_around
from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Forbidden, Invalid
from core.fulltext import fold
from core.money import parse_decimal, read_currency, to_major, to_minor
from crm.attributes import Attribute, list_attributes
from crm.documents import (
    PARTS,
    Document,
    Item,
    Line,
    NewLine,
    get_document,
    items_named,
    list_items,
    list_lines,
    list_reasons,
)
from crm.interactions import get_interaction
from crm.parties import get_counterparty, list_firms, list_people_of
from crm.staff.people import list_users
from crm.staff.readable import Viewer, demand_somewhere

SPARE = 3
MOST_ROWS = 200
LONGEST = 12_000
MOST_ITEMS = 500
BaseId = Annotated[int | None, QueryParameter(name="base", ge=1, le=2**63 - 1)]
LineId = Annotated[int | None, QueryParameter(name="line", ge=1, le=2**63 - 1)]
Kind = Annotated[str, QueryParameter(name="kind", max_length=20)]


@dataclass(frozen=True, slots=True)
class Asking:
    """What the page needs beside the fields."""

    client_id: int
    client: str
    document: Document | None
    base: Document | None
    fields: Fields
    people: list[tuple[int, str]]
    firms: list[tuple[int, str]]
    users: list[tuple[int, str]]
    items: Sequence[Item]
    reasons: list[str]
    own: list[Attribute]
    around: Around


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for: a client's new document, of a kind, on a basis; or one that is there."""

    client_id: int = 0
    document_id: int | None = None
    kind: str = ""
    base_id: int | None = None
    line_id: int | None = None


def see_form(tx: ReadTx, viewer: Viewer, wanted: Wanted, sent: Fields | None, zone: str, currency: str) -> Asking:
    """The form, with what was sent. Raises NotFound, Forbidden."""
    demand_somewhere(viewer, "answer")
    document = get_document(tx, wanted.document_id) if wanted.document_id is not None else None
    client = get_counterparty(tx, document.counterparty_id if document else wanted.client_id)
    base = get_document(tx, wanted.base_id) if wanted.base_id is not None else None
    fields = sent
    if fields is None and document is not None:
        fields = _fields_of(document, list_lines(tx, document.id))
    if fields is None:
        fields = _begin(tx, viewer, wanted, base, zone, currency)
    return Asking(
        client_id=client.id,
        client=client.name,
        document=document,
        base=base,
        fields=fields,
        people=[(one.id, one.name) for one in list_people_of(tx, client.id)],
        firms=[(one.id, one.name) for one in list_firms(tx, client.id)],
        users=[(one.id, one.name) for one in list_users(tx) if not one.disabled],
        items=list_items(tx, limit=MOST_ITEMS).items,
        reasons=[one.name for one in list_reasons(tx) if not one.ended],
        own=list_attributes(tx, "document"),
        around=see_around(tx, viewer),
    )


def _begin(tx: ReadTx, viewer: Viewer, wanted: Wanted, base: Document | None, today: str, currency: str) -> Fields:
    fields: Fields = {"kind": wanted.kind or "offer", "currency": currency, "executor_id": str(viewer.user_id)}
    if base is not None:
        fields |= _fields_of(base, list_lines(tx, base.id)) | {"kind": fields["kind"], "number": "", "version": ""}
    elif wanted.line_id is not None:
        _client, line = get_interaction(tx, viewer, wanted.line_id)
        fields["contact_id"] = str(line.contact_id or "")
    return fields | {"date": today}


def _fields_of(one: Document, lines: Sequence[Line]) -> Fields:
    fields: Fields = {name: str(getattr(one, name) or "") for name in ("kind", "number", "date", "currency", "reason")}
    fields |= {name: str(getattr(one, name) or "") for name in ("contact_id", "legal_entity_id", "executor_id")}
    fields |= {"about": one.about, "version": str(one.version)}
    fields["profit"] = "" if one.profit is None else str(to_major(one.profit, one.currency))
    if sum(line.amount for line in lines) != one.amount:
        fields["amount"] = str(to_major(one.amount, one.currency))
    for place, line in enumerate(lines):
        fields[f"line_text_{place}"] = line.text
        fields[f"line_quantity_{place}"] = f"{Decimal(line.quantity) / PARTS:f}"
        fields[f"line_price_{place}"] = str(to_major(line.price, one.currency))
    return fields


def read_lines(tx: ReadTx, fields: Fields, currency: str) -> list[NewLine]:
    """The lines of the form; rows left empty are none. A line called like an item is of that item. Raises Invalid."""
    rows = [place for place in range(MOST_ROWS) if fields.get(f"line_text_{place}", "").strip()]
    items = items_named(tx, [fields[f"line_text_{place}"] for place in rows])
    lines = []
    for place in rows:
        text = fields[f"line_text_{place}"].strip()
        try:
            quantity = parse_decimal(fields.get(f"line_quantity_{place}") or "1") * PARTS
            price = to_minor(parse_decimal(fields.get(f"line_price_{place}") or "0"), currency)
        except Invalid as problem:
            raise Invalid(problem.sentence, **problem.fields | {"field": "lines"}) from problem
        if quantity != quantity.to_integral_value():
            raise Invalid("A quantity has at most three places.", field="lines")
        lines.append(NewLine(text, int(quantity), price, item_id=items.get(fold(text))))
    return lines


def _sum_of(fields: Fields, name: str, currency: str) -> int | None:
    text = fields.get(name, "").strip()
    try:
        return to_minor(parse_decimal(text), currency) if text else None
    except Invalid as problem:
        raise Invalid(problem.sentence, **problem.fields | {"field": name}) from problem


def save(tx: WriteTx, viewer: Viewer, wanted: Wanted, fields: Fields) -> int:
    """Write or change a document. Raises NotFound, Forbidden, Invalid, Conflict."""
    currency = read_currency(fields.get("currency", ""))
    told: dict[str, Any] = {name: fields.get(name, "") for name in ("kind", "number", "date", "about")}
    told |= {name: read_id(fields, name) or 0 for name in ("contact_id", "legal_entity_id", "executor_id")}
    lines = read_lines(tx, fields, currency)
    amount = _sum_of(fields, "amount", currency)
    if amount is None and not lines:
        amount = 0
    told |= {"currency": currency, "lines": lines, "amount": amount, "profit": _sum_of(fields, "profit", currency)}
    told["reason"] = fields.get("reason", "") if told["kind"] == "refusal" else None
    told["attributes"] = read_inputs(list_attributes(tx, "document"), fields)
    if wanted.document_id is not None:
        rewrite_document(tx, viewer, wanted.document_id, version=read_id(fields, "version"), **told)
        return wanted.document_id
    based = {"based_on_id": wanted.base_id, "based_line_id": wanted.line_id}
    return write_document(tx, viewer, wanted.client_id, **based, **told)


def show_form(desk: Desk, viewer: Viewer, asking: Asking, problem: Problem | None, url: str) -> str:
    """The page of the form."""
    speaker, fields, one = desk.speaker(viewer), asking.fields, asking.document
    count = max([-1, *(place for place in range(MOST_ROWS) if fields.get(f"line_text_{place}"))]) + 1
    form = {
        "fields": defaultdict(str, fields),
        "problem": problem,
        "title": name_document(speaker, one) if one else speaker.say("New document"),
        "client": asking.client,
        "url": url,
        "back_url": f"/documents/{one.id}" if one else f"/clients/{asking.client_id}",
        "base": name_document(speaker, asking.base) if asking.base else "",
        "kinds": list(document_kinds(speaker).items()),
        "lines": range(min(count + SPARE, MOST_ROWS)),
        "people": asking.people,
        "firms": asking.firms,
        "users": asking.users,
        "item_names": [item.name for item in asking.items if not item.ended],
        "reasons": asking.reasons,
        "own": make_inputs(asking.own, one.attributes if one else {}, fields),
    }
    return desk.render("document_form.html", speaker, asking.around, "documents", form=form)


async def _ask(
    door: Door, request: Asked, wanted: Wanted, sent: Fields | None, problem: Invalid | Conflict | Forbidden | None
) -> Response[str]:
    desk = Desk(door, request)
    url = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    currency = door.house.settings.company.currency

    def render(viewer: Viewer, asking: Asking) -> str:
        told = None
        if problem is not None:
            text = desk.speaker(viewer).say(problem.sentence, **problem.fields)
            told = Problem(str(problem.fields.get("field", "")), text)
        return show_form(desk, viewer, asking, told, url)

    page = await door.page(render, see_form, wanted, sent, _today(desk), currency)
    return html(page, 200 if problem is None else 400)


def _today(desk: Desk) -> str:
    return str(clock.to_datetime(clock.now()).astimezone(desk.zone).date())


async def _answer(door: Door, request: Asked, wanted: Wanted) -> Response[str]:
    fields = await read_form(request, LONGEST)
    try:
        made = await door.write(save, wanted, fields)
        return lead(request, f"/documents/{made}")
    except (Invalid, Conflict, Forbidden) as problem:
        return await _ask(door, request, wanted, fields, problem)


@get("/clients/{client_id:int}/documents/new", include_in_schema=False)
async def new(
    door: NamedDependency[Door],
    request: Asked,
    client_id: Id,
    kind: Kind = "",
    base: BaseId = None,
    line: LineId = None,
) -> Response[str]:
    """The form of a new document, on the basis of another one or of a line of the timeline."""
    return await _ask(door, request, Wanted(client_id, kind=kind, base_id=base, line_id=line), None, None)


@post("/clients/{client_id:int}/documents/new", include_in_schema=False)
async def add(
    door: NamedDependency[Door],
    request: Asked,
    client_id: Id,
    kind: Kind = "",
    base: BaseId = None,
    line: LineId = None,
) -> Response[str]:
    """Write it, or tell what is wrong."""
    return await _answer(door, request, Wanted(client_id, kind=kind, base_id=base, line_id=line))


@get("/documents/{document_id:int}/edit", include_in_schema=False)
async def edit(door: NamedDependency[Door], request: Asked, document_id: Id) -> Response[str]:
    """The form of a document."""
    return await _ask(door, request, Wanted(document_id=document_id), None, None)


@post("/documents/{document_id:int}/edit", include_in_schema=False)
async def change(door: NamedDependency[Door], request: Asked, document_id: Id) -> Response[str]:
    """Change it, or tell what is wrong."""
    return await _answer(door, request, Wanted(document_id=document_id))


ROUTES = [new, add, edit, change]
