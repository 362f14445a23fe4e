"""Telephone numbers: read as people write them, kept as E.164, shown by country."""

from __future__ import annotations

from dataclasses import dataclass

import phonenumbers
from babel.core import get_global
from phonenumbers import PhoneNumberFormat

from core.errors import Invalid

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
    try:
        read = phonenumbers.parse(text.strip(), region)
    except phonenumbers.NumberParseException as problem:
        raise Invalid(
            "%(number)s is not a telephone number. Write it with the code of its country: +380 44 123 45 67.",
            number=text.strip(),
            field="phones",
        ) from problem
    if not phonenumbers.is_possible_number(read):
        raise Invalid("%(number)s is too short or too long for a telephone.", number=text.strip(), field="phones")
    return Phone(phonenumbers.format_number(read, PhoneNumberFormat.E164), read.extension or "", kind)


def national(number: str) -> str:
    """The digits of an E.164 number that are dialled inside its country, without a zero before them."""
    return str(phonenumbers.parse(number).national_number)


def show_phone(phone: Phone) -> str:
    """The number as people read it: +380 44 123 4567 ext. 12."""
    read = phonenumbers.parse(phone.number)
    read.extension = phone.extension or None
    return phonenumbers.format_number(read, PhoneNumberFormat.INTERNATIONAL)
