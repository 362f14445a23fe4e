"""Price lists as tables: which column means what is known by its header, in the five languages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from core.database import WriteTx
from core.errors import Invalid
from core.fulltext import fold
from core.money import parse_decimal, read_currency, to_minor
from crm.documents import PARTS, add_item, items_named
from crm.documents.tables import item
from crm.staff.readable import Viewer, demand_somewhere
from crm.suppliers.verbs import LARGEST, NewPrice, add_prices, read_day

MOST_ROWS = 20_000
HEADERS = {
    "name": """name; item; product; goods; description; назва; найменування; товар; позиція; номенклатура; наименование;
        название; позиция; артикул име; име; продукт; стока; артикул; tên; mặt hàng; sản phẩm; tên hàng""",
    "code": """code; sku; article; part number; код; артикул номер; номер; каталожен номер; mã; mã hàng""",
    "price": "price; unit price; cost; ціна; ціна за одиницю; цена; цена за единицу; единична цена; giá; đơn giá",
    "currency": "currency; валюта; tiền tệ; loại tiền",
    "quantity": """minimum quantity; min quantity; min qty; moq; from quantity; quantity; мінімальна кількість;
        кількість; кількість від; минимальное количество; количество; количество от; минимално количество;
        số lượng tối thiểu; số lượng""",
    "date_from": "from; valid from; date; діє з; від; з; дата; действует с; с; от; в сила от; từ; từ ngày; ngày",
    "date_to": "until; to; valid to; valid until; діє до; до; действует до; в сила до; đến; đến ngày",
}
_KNOWN = {fold(word): key for key, words in reversed(HEADERS.items()) for part in words.split(";")
          if (word := " ".join(part.split()))}  # fmt: skip
_DAYS = ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S")


@dataclass(frozen=True, slots=True)
class ListRow:
    """A row that was understood."""

    number: int
    name: str
    code: str
    price: int
    currency: str
    quantity: int
    date_from: str
    date_to: str


@dataclass(frozen=True, slots=True)
class Unread:
    """A row that was not taken in, and why: a message id with what fills it."""

    number: int
    sentence: str
    fields: dict[str, str]


def read_list(
    headers: Sequence[str], rows: Iterable[tuple[int, Sequence[str]]], currency: str, today: str
) -> tuple[list[ListRow], list[Unread]]:
    """The rows of a table with these headers; without a currency or a first day of its own a row has those given.
    Raises Invalid where no column names items or prices, or where there are too many rows."""
    places: dict[str, int] = {}
    for place, header in enumerate(headers):
        key = _KNOWN.get(fold(" ".join(header.split())))
        if key is not None:
            places.setdefault(key, place)
    if "name" not in places or "price" not in places:
        raise Invalid("A price list needs a column with names of items and one with prices.", field="file")
    good: list[ListRow] = []
    bad: list[Unread] = []
    for number, cells in rows:
        if len(good) + len(bad) >= MOST_ROWS:
            raise Invalid("A price list has at most %(most)s rows.", most=MOST_ROWS, field="file")
        told = {key: cells[place].strip() if place < len(cells) else "" for key, place in places.items()}
        if not any(told.values()):
            continue
        try:
            good.append(_read_row(number, told, currency, today))
        except Invalid as problem:
            bad.append(Unread(number, problem.sentence, {key: str(one) for key, one in problem.fields.items()}))
    return good, bad


def _read_row(number: int, told: dict[str, str], currency: str, today: str) -> ListRow:
    name = " ".join(told["name"].split())
    if not 0 < len(name) <= 300:
        raise Invalid("There is no name of an item.", field="name")
    money = read_currency(told.get("currency") or currency)
    price = to_minor(parse_decimal(told["price"]), money)
    quantity = parse_decimal(told.get("quantity") or "0") * PARTS
    if not 0 <= price <= LARGEST or not 0 <= quantity <= LARGEST or quantity != quantity.to_integral_value():
        raise Invalid("A price and a quantity are not below zero.", field="price")
    last = _day(told["date_to"]) if told.get("date_to") else ""
    first = _day(told["date_from"]) if told.get("date_from") else today
    if last and last < first:
        raise Invalid("The last day is before the first.", field="date_to")
    return ListRow(number, name, told.get("code", "")[:100], price, money, int(quantity), first, last)


def _day(text: str) -> str:
    for shape in _DAYS:
        try:
            return str(datetime.strptime(text, shape).date())  # noqa: DTZ007 - a day of a paper, in no zone
        except ValueError:
            continue
    return read_day(text)


def take_list(tx: WriteTx, viewer: Viewer, counterparty_id: int, rows: Sequence[ListRow]) -> int:
    """Take a price list in: items are found by their codes, else by their names, and made where there are none.
    Returns how many prices. Raises NotFound, Forbidden, Invalid."""
    demand_somewhere(viewer, "answer")
    named = items_named(tx, [one.name for one in rows])
    coded = _coded(tx, {one.code for one in rows if one.code})
    prices = []
    for one in rows:
        found = coded.get(one.code) if one.code else None
        found = found or named.get(fold(one.name))
        if found is None:
            found = named[fold(one.name)] = add_item(tx, one.name, code=one.code)
            if one.code:
                coded[one.code] = found
        prices.append(NewPrice(found, one.price, one.currency, one.date_from, one.date_to, one.quantity))
    return add_prices(tx, viewer, counterparty_id, prices)


def _coded(tx: WriteTx, codes: set[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    ordered = sorted(codes)
    for start in range(0, len(ordered), 500):
        here = item.c.code.in_(ordered[start : start + 500])
        found |= {row.code: row.id for row in tx.rows(select(item.c.code, item.c.id).where(here))}
    return found
