"""What the cells of a table of documents say: kinds, days, sums and currencies, as people and their programs spell
them. Pure."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from functools import cache

from babel.dates import get_month_names

from core.errors import Invalid
from core.fulltext import fold
from core.money import LARGEST, minor_digits, parse_decimal, read_currency, to_minor
from crm.documents import PARTS
from crm.documents.verbs import check_day
from crm.transfer.drafts import read_day
from crm.transfer.lexicon import says_nothing

_KINDS = {
    "return": "возврат; повернення; return; връщане; возвратная; credit; hàng trả lại; trả hàng",
    "refusal": "отказ; відмова; refusal; refused; từ chối",
    "contract": "договор; договір; контракт; contract; agreement; hợp đồng",
    "offer": "предложение; пропозиція; кп; offer; quote; quotation; оферта; báo giá",
    "order": "заказ; замовлення; order; поръчка; đơn hàng; đơn đặt hàng",
    "invoice": "счет; рахунок; invoice; фактура; проформа; bill; hóa đơn",
    "shipment": """реализация; реалізація; отгрузка; відвантаження; накладная; накладна; видаткова; расходная; продажа;
        продаж; акт; упд; shipment; delivery; sale; waybill; продажба; експедиция; доставка; xuất kho; bán hàng""",
}
"""By which words a kind is known; what stands first goes before: “Повернення за накладною” is a return."""
_SPELT = {
    "UAH": "грн гривня гривна гривні ₴ 980", "RUB": "руб рубль рублей рубли ₽ 643 rur", "BGN": "лв лева лев 975",
    "EUR": "евро євро € 978", "USD": "долл доллар долар доларів долларов $ 840 usd", "VND": "đ đồng vnđ ₫ 704",
    "KZT": "тенге тг ₸ 398", "PLN": "zł злотий злотый 985", "GBP": "£ 826",
}  # fmt: skip
_CURRENCIES = {fold(word): code for code, words in _SPELT.items() for word in words.split()}
_TITLE = re.compile(
    r"^(?P<kind>.*?)\s*(?:№|no\.?|N°|#)?\s*(?P<number>[^\s№#]*\d[^\s]*)\s+(?:от|від|from|of|dated|на|ngày)\s+(?P<date>.+)$",
    re.IGNORECASE,
)
_AROUND = re.compile(r"^[^\d(.,+-]+|[^\d)-]+$")
_SHORT = 3  # letters of the name of a month
_WORD = re.compile(r"[^\W_]+")
_LETTERS = re.compile(r"[^\W\d_]+")


def read_kind(text: str) -> str:
    """The kind of a document: “Реализация товаров и услуг” is a shipment. Raises Invalid."""
    words = f" {' '.join(_WORD.findall(fold(text)))} "
    for kind, known in _folded_kinds():
        if any(f" {word}" in words for word in known) or fold(text) == kind:
            return kind
    raise Invalid("“%(text)s” is no kind of documents known here.", text=text[:60])


@cache
def _folded_kinds() -> list[tuple[str, list[str]]]:
    return [(kind, [fold(word.strip()) for word in words.split(";")]) for kind, words in _KINDS.items()]


def read_title(text: str) -> tuple[str, str, str]:
    """The kind, the number and the day in what programs call a document as a whole: “Заказ клиента НФ-12 от 01.03.2024
    9:30:00”. What it does not say is empty; without a day all of it is the number."""
    text = " ".join(text.split())
    found = _TITLE.match(text)
    if found is None:
        return "", text, ""
    try:
        kind, day = read_kind(found["kind"]) if found["kind"] else "", read_date(found["date"])
    except Invalid:
        return "", text, ""
    return kind, found["number"], day


def read_date(text: str) -> str:
    """A day as people and programs write it: 18.11.2026 9:30, 2026-11-18T09:30, 18 листопада 2026 р., Nov 18, 2026,
    20261118, or the number that a spreadsheet keeps; empty where programs write that there is none. Raises Invalid,
    also for a day that no document can have."""
    plain = " ".join(text.split())
    if says_nothing(plain):
        return ""
    if re.fullmatch(r"(19|20)\d{6}(\d{6})?", plain):  # 20261118, 20261118093000
        plain = f"{plain[:4]}-{plain[4:6]}-{plain[6:8]}"
    elif month := next((_months()[word] for word in _words_of(plain) if word in _months()), 0):
        numbers = re.findall(r"\d+", plain)[:2]
        if len(numbers) == 2:
            day, year = numbers if len(numbers[0]) < 3 else numbers[::-1]
            plain = f"{day}.{month}.{year}"
    elif found := re.fullmatch(r"ngay (\d+) thang (\d+) nam (\d+)", fold(plain)):
        plain = ".".join(found.groups())
    day = read_day(plain.replace(",", " "))
    if day.startswith("--"):
        raise Invalid("%(text)s is not a day. Write 1990-12-31 or 31.12.1990.", text=text[:60])
    return check_day(day)


def _words_of(text: str) -> list[str]:
    return [fold(word) for word in _LETTERS.findall(text)]


@cache
def _months() -> dict[str, int]:
    """Names of months and their beginnings, in the languages of tables."""
    found: dict[str, int] = {}
    for language in ("en", "uk", "ru", "bg"):
        for width in ("wide", "abbreviated"):
            for context in ("format", "stand-alone"):
                for month, name in get_month_names(width, context, language).items():
                    found[fold(name).rstrip(".")] = month
                    found.setdefault(fold(name)[:_SHORT], month)
    return found


def read_money_name(text: str) -> str:
    """The code of a currency, however it is said: UAH, грн., 980, €. Raises Invalid."""
    return _CURRENCIES.get(fold(text).strip(" ."), "") or read_currency(text)


def read_number(text: str) -> Decimal:
    """A number with or without a currency or a unit around it; in brackets it is below zero. Raises Invalid."""
    bare = _AROUND.sub("", text.strip().replace("−", "-"))
    if bare.startswith("(") and bare.endswith(")"):
        return -parse_decimal(bare[1:-1])
    return parse_decimal(bare or text)


def read_sum(text: str, currency: str) -> int:
    """Minor units. Raises Invalid, also for a sum that is finer than the smallest coin, or larger than is kept."""
    return _bounded(to_minor(read_number(text), currency), text)


def read_quantity(text: str) -> int:
    """Thousandths. Raises Invalid."""
    parts = read_number(text) * PARTS
    if parts != parts.to_integral_value():
        raise Invalid("A quantity has at most three places.")
    return _bounded(int(parts), text)


def _bounded(number: int, text: str) -> int:
    if abs(number) > LARGEST:
        raise Invalid("“%(text)s” is too large a number.", text=text.strip()[:60])
    return number


def price_of(amount: int, quantity: int) -> int:
    """What one comes to where a table says the sum alone: the nearest coin; the sum of the line stays as it is."""
    if not quantity:
        return 0
    return int((Decimal(amount) * PARTS / Decimal(quantity)).quantize(Decimal(1), ROUND_HALF_UP))


def say_sum(minor: int, currency: str) -> str:
    """A sum in a sentence: 1200.50."""
    return f"{Decimal(minor).scaleb(-minor_digits(currency)):f}"
