"""Sums are whole minor units, and none is rounded behind somebody's back."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.errors import Invalid
from core.money import to_major, to_minor


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [("12.5", "EUR", 1250), ("0.050", "EUR", 5), ("-3", "UAH", -300), ("1500", "VND", 1500), ("0.005", "KWD", 5)],
)
def test_an_amount_and_its_minor_units(amount: str, currency: str, minor: int) -> None:
    assert to_minor(Decimal(amount), currency) == minor
    assert to_major(minor, currency) == Decimal(amount)


@pytest.mark.parametrize(
    ("amount", "currency"),
    [("0.0045", "EUR"), ("0.5", "VND"), ("1.0000000000000000000000000000000001", "EUR"), ("-0.001", "UAH")],
)
def test_what_is_finer_than_the_smallest_coin_is_refused(amount: str, currency: str) -> None:
    with pytest.raises(Invalid) as refused:
        to_minor(Decimal(amount), currency)
    assert refused.value.fields == {"amount": amount, "currency": currency}
