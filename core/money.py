"""Sums of money: whole minor units (cents, kopiykas) beside the code of their currency (ISO 4217)."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from fractions import Fraction

from babel.core import get_global
from babel.numbers import get_currency_precision, is_currency

from core.errors import Invalid

LARGEST = 10**15
"""Minor units: what a JSON number, a float and every driver hold exactly."""


def read_currency(code: str) -> str:
    """The code of a currency, ``UAH``. Raises Invalid."""
    read = code.strip().upper()
    if not is_currency(read):
        raise Invalid("There is no currency “%(code)s”: write a code such as EUR.", code=code.strip(), field="currency")
    return read


def minor_digits(currency: str) -> int:
    """How many places the minor unit takes: 2 for EUR, 0 for VND."""
    return get_currency_precision(currency) if currency in get_global("currency_fractions") else 2


def to_minor(amount: Decimal, currency: str) -> int:
    """Whole minor units of an amount. Raises Invalid for one that is finer than the smallest coin: 0.0045 UAH."""
    minor = Fraction(amount) * 10 ** minor_digits(currency)
    if minor.denominator != 1:
        said = f"{amount:f}"[:60]
        raise Invalid(
            "%(amount)s %(currency)s is finer than the smallest coin. Write it rounded.", amount=said, currency=currency
        )
    return int(minor)


def to_major(minor: int, currency: str) -> Decimal:
    """The amount as people say it."""
    return Decimal(minor).scaleb(-minor_digits(currency))


def parse_decimal(text: str) -> Decimal:
    """A number as people write it: ``1 234,50``, ``1,234.50``, ``1.234,50``, ``-5``. Raises Invalid.

    Where both a comma and a point stand, the last of them begins the fraction; one alone begins it unless it stands
    several times."""
    bare = "".join(one for one in text if not one.isspace() and one not in "'’_")
    for mark, other in ((",", "."), (".", ",")):
        if mark in bare and (bare.rfind(mark) > bare.rfind(other)):
            bare = bare.replace(other, "")
            bare = bare.replace(mark, "." if bare.count(mark) == 1 else "")
            break
    try:
        if not bare.isascii() or any(one.isalpha() for one in bare):
            raise InvalidOperation
        read = Decimal(bare)
    except InvalidOperation as problem:
        raise Invalid("“%(text)s” is not a number.", text=text.strip()[:60]) from problem
    return read
