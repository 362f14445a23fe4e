"""Values in words: as a reader of pages sees them, and as letters say them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal

from core.language import LANGUAGES
from core.money import to_major
from crm.attributes.shapes import Attribute

_YES = {"en": "yes", "uk": "так", "ru": "да", "bg": "да", "vi": "có"}
_LOCALES = {code: Locale.parse("en_GB" if code == "en" else code) for code in LANGUAGES}


def say_value(locale: Locale, attribute: Attribute, value: Any) -> str:
    """A value as it is written in that language; '' for yes and no, which pages and letters say in their own way."""
    if attribute.type == "money":
        return str(format_currency(to_major(value, attribute.currency), attribute.currency, locale=locale))
    if attribute.type == "number":
        return str(format_decimal(value, locale=locale))
    if attribute.type == "date":
        return str(format_date(date.fromisoformat(value), "long", locale=locale))
    if attribute.type == "yes_no":
        return ""
    if attribute.type == "choice":
        return attribute.label_of(value)
    if attribute.type == "choices":
        return ", ".join(attribute.label_of(one) for one in value)
    return str(value)


def tell_values(attributes: Iterable[Attribute], values: Mapping[str, Any], code: str) -> dict[str, str | list[str]]:
    """What letters in a language say of a thing, by the keys of its fields. Several choices are a list. A yes is a word
    and a no is not there, so that ``{% if client.has_trucks %}`` asks for it."""
    locale = _LOCALES.get(code, _LOCALES["en"])
    told: dict[str, str | list[str]] = {}
    for one in attributes:
        value = values.get(one.key)
        if value is None or value is False:
            continue
        if one.type == "choices":
            told[one.key] = [one.label_of(choice) for choice in value]
        else:
            told[one.key] = _YES[code if code in _YES else "en"] if value is True else say_value(locale, one, value)
    return told
