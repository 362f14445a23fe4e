"""Telephone numbers: read as people write them, kept as E.164, shown by country."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any

from babel.core import get_global

from core.errors import Invalid

_E164 = re.compile(r"\+[1-9][0-9]{7,14}")
KINDS = ("", "work", "mobile", "home", "accounts", "other")


@dataclass(frozen=True, slots=True)
class Phone:
    """A number in E.164, what is dialled after it, and what it is for (one of ``KINDS``)."""

    number: str
    extension: str = ""
    kind: str = ""


def region_of(zone: str) -> str | None:
    """The country whose numbers people of a time zone write without its code, or None: Europe/Kyiv → UA."""
    found: str | None = get_global("zone_territories").get(zone)
    return found


def parse_phone(text: str, region: str | None = None, kind: str = "") -> Phone:
    """Read a number, with its country's code or as it is dialled in ``region``. Raises Invalid."""
    if kind not in KINDS:
        raise Invalid("There is no kind %(kind)s.", kind=kind, field="phones")
    if _whole(text.strip()) is not None:
        return Phone(text.strip(), "", kind)
    plans = _plans()
    try:
        read = plans.parse(text.strip(), region)
    except plans.NumberParseException as problem:
        raise Invalid(
            "%(number)s is not a telephone number. Write it with the code of its country: +380 44 123 45 67.",
            number=text.strip(),
            field="phones",
        ) from problem
    if not plans.is_possible_number(read):
        raise Invalid("%(number)s is too short or too long for a telephone.", number=text.strip(), field="phones")
    return Phone(plans.format_number(read, plans.PhoneNumberFormat.E164), read.extension or "", kind)


def _whole(number: str) -> str | None:
    """The digits behind the country's code of a number that is E.164 beyond doubt, else None. An import asks it for
    every row: to read a number in all the ways that people write one costs twenty times as much."""
    if not _E164.fullmatch(number):
        return None
    for length in (1, 2, 3):
        plan = _plan_of(int(number[1 : 1 + length]))
        if plan is not None:
            digits = number[1 + length :]
            lengths, prefix = plan
            sure = len(digits) in lengths and digits[0] != "0" and (prefix is None or not prefix.match(digits))
            return digits if sure else None
    return None


@lru_cache(maxsize=1000)
def _plan_of(code: int) -> tuple[frozenset[int], re.Pattern[str] | None] | None:
    """How long numbers of a country are, and what is dialled before them inside it; None where that is not told."""
    plans = _plans()
    region = plans.region_code_for_country_code(code)
    metadata = plans.PhoneMetadata.metadata_for_region(region, None) if region not in ("ZZ", "001") else None
    if metadata is None:
        return None
    prefix = metadata.national_prefix_for_parsing
    return frozenset(metadata.general_desc.possible_length), re.compile(prefix) if prefix else None


def national(number: str) -> str:
    """The digits of an E.164 number that are dialled inside its country, without a zero before them."""
    if (digits := _whole(number)) is not None:
        return digits
    return str(_plans().parse(number).national_number)


def show_phone(phone: Phone) -> str:
    """The number as people read it: +380 44 123 4567 ext. 12."""
    plans = _plans()
    read = plans.parse(phone.number)
    read.extension = phone.extension or None
    return str(plans.format_number(read, plans.PhoneNumberFormat.INTERNATIONAL))


@lru_cache(maxsize=1)
def _plans() -> Any:
    """The numbering plans of the world: a tenth of a second that a start need not wait for."""
    return import_module("phonenumbers")
