"""``/suppliers``: terms, price lists and how suppliers keep their word. Sums are whole minor units of a
currency."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from litestar import delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter

from api.auth import Door
from api.rest.once import Key, once
from api.rest.shapes import After, Body, Id, Items, Limit, StrictRequest, page_of
from api.supplying import bring_list, forget_price, keep_prices, settle_terms
from api.uploads import LARGEST_SENT
from core import clock
from core.database import ReadTx, WriteTx
from core.errors import NotFound
from crm.documents import PARTS, get_item
from crm.parties import get_counterparty
from crm.staff.readable import Viewer
from crm.suppliers import (
    NewPrice,
    Price,
    Record,
    Terms,
    find_terms,
    get_record,
    list_offers,
    list_prices,
    list_suppliers,
    records_of,
)

Sum = Annotated[int, msgspec.Meta(ge=0, le=10**15)]
Days = Annotated[int, msgspec.Meta(ge=0, le=3650)]
Day = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]
On = Annotated[str, QueryParameter(pattern=r"^(\d{4}-\d{2}-\d{2})?$", description="Only what holds on this day.")]
Words = Annotated[str, msgspec.Meta(max_length=1000)]
Money = Annotated[str, msgspec.Meta(min_length=3, max_length=3)]


class TermsView(msgspec.Struct):
    """What was agreed: days for payment and delivery, the smallest order (``least``); null where nothing was."""

    currency: str
    payment: str
    delivery: str
    payment_days: int | None
    lead_days: int | None
    least: int | None


class RecordView(msgspec.Struct):
    """The latest orders: how many came, of these in time, how many are overdue, the days in which half of them came,
    and how many of a hundred come in time."""

    orders: int
    came: int
    in_time: int
    overdue: int
    usual_days: int | None
    reliability: int | None


class SupplierView(msgspec.Struct):
    """A client with whom terms were agreed."""

    counterparty_id: int
    name: str
    terms: TermsView
    record: RecordView


class NewTerms(Body):
    """What is agreed from now on."""

    currency: Money
    payment: Words = ""
    delivery: Words = ""
    payment_days: Days | None = None
    lead_days: Days | None = None
    least: Sum | None = None


class PriceView(msgspec.Struct):
    """What an item costs, for one unit, from ``quantity`` on; ``date_to`` null while it holds on."""

    id: int
    counterparty_id: int
    item_id: int
    price: int
    currency: str
    quantity: float
    date_from: str
    date_to: str | None


class PriceOf(Body):
    """A price; of the same item, currency and quantity the one before ends on the day before."""

    item_id: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
    price: Sum
    currency: Money
    date_from: Day
    date_to: Day | None = None
    quantity: Annotated[float, msgspec.Meta(ge=0, le=10**9)] = 0


class NewPrices(Body):
    """Prices to put into the list."""

    prices: Annotated[list[PriceOf], msgspec.Meta(min_length=1, max_length=1000)]


class Taken(msgspec.Struct):
    """How many prices were taken in."""

    prices: int


class UnreadView(msgspec.Struct):
    """A row that was not taken in, and why."""

    row: int
    reason: str


class TakenList(msgspec.Struct):
    """What came of a price list."""

    prices: int
    unread: list[UnreadView]


class OfferView(msgspec.Struct):
    """Who sells an item, for how much, and how they keep their word."""

    name: str
    price: PriceView
    lead_days: int | None
    record: RecordView


def show_terms(one: Terms) -> TermsView:
    """In the shape of the interface."""
    return TermsView(one.currency, one.payment, one.delivery, one.payment_days, one.lead_days, one.least)


def show_record(one: Record) -> RecordView:
    """In the shape of the interface."""
    return RecordView(
        len(one.orders), len(one.came), one.in_time, len(one.overdue), one.usual_days, one.reliability
    )  # fmt: skip


def show_price(one: Price) -> PriceView:
    """In the shape of the interface."""
    return PriceView(
        one.id, one.counterparty_id, one.item_id, one.price, one.currency, one.quantity / PARTS, one.date_from,
        one.date_to,
    )  # fmt: skip


def today_of(door: Door) -> str:
    """The day that it is in the company's zone."""
    zone = ZoneInfo(door.house.settings.company.timezone)
    return str(clock.to_datetime(clock.now()).astimezone(zone).date())


def see_supplier(tx: ReadTx, counterparty_id: int, today: str) -> SupplierView:
    """Raises NotFound for who is no supplier."""
    client = get_counterparty(tx, counterparty_id)
    terms = find_terms(tx, counterparty_id)
    if terms is None:
        raise NotFound("There are no terms with the client %(id)s.", id=counterparty_id)
    return SupplierView(client.id, client.name, show_terms(terms), show_record(get_record(tx, client.id, today)))


@get("/suppliers", tags=["suppliers"])
async def list_all(door: NamedDependency[Door], limit: Limit = 50, after: After = None) -> Items[SupplierView]:
    """Everybody with whom terms were agreed, by name."""
    today = today_of(door)

    def verb(tx: ReadTx, _viewer: Viewer) -> Items[SupplierView]:
        page = list_suppliers(tx, after=after, limit=limit)
        records = records_of(tx, [terms.counterparty_id for _, terms in page.items], today)
        return page_of(
            page,
            lambda one: SupplierView(
                one[1].counterparty_id, one[0], show_terms(one[1]), show_record(records[one[1].counterparty_id])
            ),
        )

    return await door.read(verb)


@get("/suppliers/{counterparty_id:int}", tags=["suppliers"])
async def one(door: NamedDependency[Door], counterparty_id: Id) -> SupplierView:
    """One supplier: its terms, and how it keeps its word."""
    today = today_of(door)
    return await door.read(lambda tx, _: see_supplier(tx, counterparty_id, today))


@put("/suppliers/{counterparty_id:int}", tags=["suppliers"])
async def change(door: NamedDependency[Door], counterparty_id: Id, data: JSONBody[NewTerms]) -> SupplierView:
    """Agree on terms with a client, who is a supplier from then on."""
    today = today_of(door)

    def verb(tx: WriteTx, viewer: Viewer) -> SupplierView:
        told = {name: getattr(data, name) for name in data.__struct_fields__}
        settle_terms(tx, viewer, Terms(counterparty_id, **told))
        return see_supplier(tx, counterparty_id, today)

    return await door.write(verb)


@get("/suppliers/{counterparty_id:int}/prices", tags=["suppliers"])
async def prices(
    door: NamedDependency[Door], counterparty_id: Id, limit: Limit = 50, after: After = None, on: On = ""
) -> Items[PriceView]:
    """The price list of a supplier, by the names of items."""

    def verb(tx: ReadTx, _viewer: Viewer) -> Items[PriceView]:
        get_counterparty(tx, counterparty_id)
        return page_of(
            list_prices(tx, counterparty_id, on=on, after=after, limit=limit), lambda row: show_price(row[1])
        )

    return await door.read(verb)


@post("/suppliers/{counterparty_id:int}/prices", tags=["suppliers"])
async def add(
    door: NamedDependency[Door],
    request: StrictRequest,
    counterparty_id: Id,
    data: JSONBody[NewPrices],
    idempotency_key: Key = None,
) -> Taken:
    """Put prices into the list of a supplier."""
    told = [
        NewPrice(row.item_id, row.price, row.currency, row.date_from, row.date_to or "", round(row.quantity * PARTS))
        for row in data.prices
    ]
    return await once(
        door, request, idempotency_key, Taken, lambda tx, viewer: Taken(keep_prices(tx, viewer, counterparty_id, told))
    )


@delete("/suppliers/{counterparty_id:int}/prices/{price_id:int}", tags=["suppliers"])
async def drop(door: NamedDependency[Door], counterparty_id: Id, price_id: Id) -> None:
    """Take a price out of the list."""
    await door.write(forget_price, counterparty_id, price_id)


@post("/suppliers/{counterparty_id:int}/price-list", tags=["suppliers"], request_max_body_size=LARGEST_SENT)
async def bring(door: NamedDependency[Door], request: StrictRequest, counterparty_id: Id) -> TakenList:
    """Take a price list in: the body is a table (CSV or XLSX) with columns for items and prices, and maybe codes,
    currencies, quantities and days. The same list again changes nothing."""
    currency = door.house.settings.company.currency
    number, unread = await bring_list(door, counterparty_id, await request.body(), currency, today_of(door))
    return TakenList(number, [UnreadView(row.number, row.sentence % row.fields) for row in unread])


@get("/items/{item_id:int}/suppliers", tags=["suppliers"])
async def offers(door: NamedDependency[Door], item_id: Id, on: On = "") -> Items[OfferView]:
    """Who sells an item, the cheapest first, and how they keep their word."""
    today = today_of(door)

    def verb(tx: ReadTx, _viewer: Viewer) -> list[OfferView]:
        get_item(tx, item_id)
        found = list_offers(tx, item_id, on or today)
        records = records_of(tx, {price.counterparty_id for _, price in found}, today)
        return [
            OfferView(
                name, show_price(price), records[price.counterparty_id].promised,
                show_record(records[price.counterparty_id]),
            )
            for name, price in found
        ]  # fmt: skip

    return Items(await door.read(verb))


ROUTES = [list_all, one, change, prices, add, drop, bring, offers]
