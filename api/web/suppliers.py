"""Suppliers: all of them, one with its terms and price list, and those of one item side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency

from api.auth import Door
from api.supplying import bring_list, forget_price, keep_prices, settle_terms
from api.uploads import LARGEST_SENT
from api.web.desk import After, Asked, Desk, Id, html, lead
from api.web.document_words import say_date, say_quantity, say_sum
from api.web.forms import read_form, read_id
from api.web.shapes import Speaker
from api.web.shell import Around, see_around
from api.web.supplier_words import say_record, say_terms
from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Invalid
from core.fulltext import fold
from core.money import parse_decimal, read_currency, to_major, to_minor
from core.paging import Page
from crm.documents import PARTS, Item, add_item, get_item, items_named, list_items
from crm.parties import Counterparty, get_counterparty
from crm.staff.readable import Viewer
from crm.suppliers import (
    NewPrice,
    Price,
    Record,
    Terms,
    Unread,
    find_terms,
    get_record,
    list_offers,
    list_prices,
    list_suppliers,
    records_of,
)

OFFERED_ITEMS = 500
Typed = dict[str, str]


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of suppliers with how they keep their word."""

    page: Page[tuple[str, Terms]]
    records: dict[int, Record]
    around: Around


@dataclass(frozen=True, slots=True)
class Seen:
    """One supplier."""

    client: Counterparty
    terms: Terms | None
    record: Record
    prices: Page[tuple[str, Price]]
    items: list[str]
    around: Around


@dataclass(frozen=True, slots=True)
class Told:
    """What is said above the page: a fault of what was typed, or what came of a price list."""

    fault: str = ""
    taken: int | None = None
    unread: tuple[Unread, ...] = ()


@dataclass(frozen=True, slots=True)
class Offers:
    """Who sells an item."""

    item: Item
    found: list[tuple[str, Price]]
    records: dict[int, Record]
    around: Around


def today_of(desk: Desk) -> str:
    """The day that it is here."""
    return str(clock.to_datetime(clock.now()).astimezone(desk.zone).date())


@get("/suppliers", include_in_schema=False)
async def suppliers(door: NamedDependency[Door], request: Asked, after: After = None) -> Response[str]:
    """By name, each with its terms and how it keeps its word."""
    desk = Desk(door, request)
    today = today_of(desk)

    def see(tx: ReadTx, viewer: Viewer) -> Listed:
        page = list_suppliers(tx, after=after)
        records = records_of(tx, [terms.counterparty_id for _, terms in page.items], today)
        return Listed(page, records, see_around(tx, viewer))

    def render(viewer: Viewer, found: Listed) -> str:
        speaker = desk.speaker(viewer)
        rows = [
            {
                "name": name,
                "url": f"/clients/{terms.counterparty_id}/supplier",
                "terms": " · ".join(say_terms(speaker, terms)),
                "share": found.records[terms.counterparty_id].reliability,
                "record": say_record(speaker, found.records[terms.counterparty_id]),
            }
            for name, terms in found.page.items
        ]
        more = f"/suppliers?after={found.page.next}" if found.page.next else None
        return desk.render("suppliers.html", speaker, found.around, "suppliers", rows=rows, next_url=more)

    return html(await door.page(render, see))


async def _show(
    door: Door, request: Asked, client_id: int, after: str | None, told: Told, status: int = 200
) -> Response[str]:
    desk = Desk(door, request)
    today = today_of(desk)

    def see(tx: ReadTx, viewer: Viewer) -> Seen:
        return Seen(
            client=get_counterparty(tx, client_id),
            terms=find_terms(tx, client_id),
            record=get_record(tx, client_id, today),
            prices=list_prices(tx, client_id, after=after),
            items=[one.name for one in list_items(tx, ended=False, limit=OFFERED_ITEMS).items],
            around=see_around(tx, viewer),
        )

    def render(viewer: Viewer, seen: Seen) -> str:
        speaker = desk.speaker(viewer)
        data = shape(speaker, seen, today, door.house.settings.company.currency)
        told_rows = [(one.number, speaker.say(one.sentence, **one.fields)) for one in told.unread]
        said = {"fault": told.fault, "taken": told.taken, "unread": told_rows}
        return desk.render("supplier.html", speaker, seen.around, "suppliers", supplier=data, told=said)

    return html(await door.page(render, see), status)


def shape(speaker: Speaker, seen: Seen, today: str, currency: str) -> dict[str, Any]:
    """What the template shows."""
    terms = seen.terms or Terms(seen.client.id, currency)
    here = f"/clients/{seen.client.id}/supplier"
    least = "" if terms.least is None else str(to_major(terms.least, terms.currency))
    return {
        "name": seen.client.name,
        "client_url": f"/clients/{seen.client.id}",
        "url": here,
        "known": seen.terms is not None,
        "record": say_record(speaker, seen.record),
        "late": [
            (one.number or str(one.order_id), f"/documents/{one.order_id}", one.days) for one in seen.record.overdue
        ],
        "terms": {
            "currency": terms.currency,
            "payment": terms.payment,
            "delivery": terms.delivery,
            "payment_days": "" if terms.payment_days is None else str(terms.payment_days),
            "lead_days": "" if terms.lead_days is None else str(terms.lead_days),
            "least": least,
        },
        "said": say_terms(speaker, terms),
        "prices": [
            {
                "id": price.id,
                "name": name,
                "url": f"/items/{price.item_id}/suppliers",
                "price": say_sum(speaker, price.price, price.currency),
                "from": say_quantity(speaker, price.quantity) if price.quantity else "",
                "days": say_days(speaker, price),
                "now": price.holds_on(today),
            }
            for name, price in seen.prices.items
        ],
        "next_url": f"{here}?after={seen.prices.next}" if seen.prices.next else None,
        "item_names": seen.items,
        "today": today,
        "may_change": speaker.viewer.may_somewhere("answer"),
    }


def say_days(speaker: Speaker, price: Price) -> str:
    """From when until when a price holds."""
    first = say_date(speaker, price.date_from, short=True)
    if price.date_to is None:
        return speaker.say("from %(day)s", day=first)
    return f"{first} – {say_date(speaker, price.date_to, short=True)}"


@get("/clients/{client_id:int}/supplier", include_in_schema=False)
async def supplier(door: NamedDependency[Door], request: Asked, client_id: Id, after: After = None) -> Response[str]:
    """Its terms, how it keeps its word, and its price list."""
    return await _show(door, request, client_id, after, Told())


@post("/clients/{client_id:int}/supplier", include_in_schema=False)
async def change(door: NamedDependency[Door], request: Asked, client_id: Id) -> Response[str]:
    """Terms, a price, or a price taken out."""
    form = await read_form(request)
    try:
        await door.write(save, client_id, form)
    except (Invalid, Conflict) as problem:
        viewer = await door.read(lambda _tx, viewer: viewer)
        fault = Desk(door, request).speaker(viewer).say(problem.sentence, **problem.fields)
        return await _show(door, request, client_id, None, Told(fault=fault), 400)
    return lead(request, f"/clients/{client_id}/supplier#{'prices' if form.get('act') != 'terms' else 'terms'}")


def save(tx: WriteTx, viewer: Viewer, client_id: int, form: Typed) -> None:
    """Raises NotFound, Forbidden, Invalid."""
    act, dropped = form.get("act", ""), read_id(form, "drop")
    if dropped is not None:
        forget_price(tx, viewer, client_id, dropped)
    elif act == "terms":
        settle_terms(tx, viewer, read_terms(client_id, form))
    else:
        keep_prices(tx, viewer, client_id, [read_price(tx, form)])


def read_terms(client_id: int, form: Typed) -> Terms:
    """The terms of the form. Raises Invalid."""
    currency, least = read_currency(form.get("currency", "")), form.get("least", "").strip()
    return Terms(
        client_id,
        currency,
        form.get("payment", ""),
        form.get("delivery", ""),
        read_id(form, "payment_days"),
        read_id(form, "lead_days"),
        to_minor(parse_decimal(least), currency) if least else None,
    )


def read_price(tx: WriteTx, form: Typed) -> NewPrice:
    """The price of the form; an item of another name is made. Raises Invalid."""
    name, currency = " ".join(form.get("item", "").split()), read_currency(form.get("currency", ""))
    found = items_named(tx, [name]).get(fold(name)) if name else None
    quantity = parse_decimal(form.get("quantity") or "0") * PARTS
    price = to_minor(parse_decimal(form.get("price", "")), currency)
    item_id = found if found is not None else add_item(tx, name)
    return NewPrice(item_id, price, currency, form.get("date_from", ""), form.get("date_to", ""), int(quantity))


@post("/clients/{client_id:int}/supplier/list", include_in_schema=False, request_max_body_size=LARGEST_SENT + (1 << 16))
async def bring(door: NamedDependency[Door], request: Asked, client_id: Id) -> Response[str]:
    """A price list as a table; what was not taken in is told row by row."""
    desk = Desk(door, request)
    sent = (await request.form()).get("file")
    content = await sent.read() if isinstance(sent, UploadFile) else b""
    currency = door.house.settings.company.currency
    try:
        taken, unread = await bring_list(door, client_id, content, currency, today_of(desk))
    except Invalid as problem:
        viewer = await door.read(lambda _tx, viewer: viewer)
        fault = desk.speaker(viewer).say(problem.sentence, **problem.fields)
        return await _show(door, request, client_id, None, Told(fault=fault), 400)
    return await _show(door, request, client_id, None, Told(taken=taken, unread=tuple(unread[:100])))


@get("/items/{item_id:int}/suppliers", include_in_schema=False)
async def compare(door: NamedDependency[Door], request: Asked, item_id: Id) -> Response[str]:
    """Who sells it today: price, quantity, delivery, and how they keep their word."""
    desk = Desk(door, request)
    today = today_of(desk)

    def see(tx: ReadTx, viewer: Viewer) -> Offers:
        found = list_offers(tx, item_id, today)
        records = records_of(tx, {price.counterparty_id for _, price in found}, today)
        return Offers(get_item(tx, item_id), found, records, see_around(tx, viewer))

    def render(viewer: Viewer, seen: Offers) -> str:
        speaker = desk.speaker(viewer)
        best: dict[str, int] = {}
        for _, price in seen.found:
            best[price.currency] = min(best.get(price.currency, price.price), price.price)
        rows = [
            {
                "name": name,
                "url": f"/clients/{price.counterparty_id}/supplier",
                "price": say_sum(speaker, price.price, price.currency),
                "best": price.price == best[price.currency],
                "from": say_quantity(speaker, price.quantity) if price.quantity else "",
                "lead": seen.records[price.counterparty_id].promised,
                "usual": seen.records[price.counterparty_id].usual_days,
                "share": seen.records[price.counterparty_id].reliability,
                "record": say_record(speaker, seen.records[price.counterparty_id]),
            }
            for name, price in seen.found
        ]
        return desk.render("offers.html", speaker, seen.around, "suppliers", item=seen.item, rows=rows)

    return html(await door.page(render, see))


ROUTES = [suppliers, supplier, change, bring, compare]
