"""Documents in words: their kinds, sums and quantities."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal

from api.web.shapes import Speaker
from core.money import to_major
from crm.documents import PARTS, Document, Kind


def document_kinds(speaker: Speaker) -> dict[Kind, str]:
    """What kinds are called, in the order in which one follows another."""
    say = speaker.say
    return {
        "contract": say("Contract"), "offer": say("Offer"), "order": say("Sales order"), "invoice": say("Invoice"),
        "shipment": say("Shipment"), "return": say("Return"), "refusal": say("Refusal"),
    }  # fmt: skip


def name_document(speaker: Speaker, one: Document) -> str:
    """``Invoice 15``; the kind alone where it has no number."""
    return f"{document_kinds(speaker)[one.kind]} {one.number}".strip()


def say_sum(speaker: Speaker, minor: int | None, currency: str) -> str:
    """A sum as people here write it; '' for one that is not known."""
    if minor is None:
        return ""
    return str(format_currency(to_major(minor, currency), currency, locale=speaker.language.locale))


def say_quantity(speaker: Speaker, parts: int) -> str:
    """A quantity as people here write it."""
    return str(format_decimal(Decimal(parts) / PARTS, locale=speaker.language.locale))


def say_date(speaker: Speaker, day: str, *, short: bool = False) -> str:
    """``2026-11-18`` as people here write it."""
    return str(format_date(date.fromisoformat(day), "short" if short else "long", locale=speaker.language.locale))
