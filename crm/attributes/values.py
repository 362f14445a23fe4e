"""Values are read: from programs strictly, from people as they write. A value that does not fit says which field."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from core.errors import Invalid
from core.fulltext import fold
from core.money import LARGEST, parse_decimal, to_minor
from crm.attributes.shapes import Attribute, Value, Values

LONGEST_VALUE = 500  # letters: an index of PostgreSQL holds no more than 2.7 kB
_LARGEST_NUMBER = 2**53
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_LOCAL = re.compile(r"(\d{1,2})[./](\d{1,2})[./](\d{4})")
_YES = frozenset(["yes", "true", "1", "+", "y", "так", "да", "да", "có", "co"])
_NO = frozenset(["no", "false", "0", "-", "n", "ні", "нет", "не", "không", "khong"])


def read_values(
    attributes: Iterable[Attribute], before: Mapping[str, Any] | None, told: Mapping[str, object], *, whole: bool
) -> Values:
    """The values of a thing that had ``before`` and is told more: null, '' and [] take one away, what is not named
    stays. ``whole``: what is required has to be there; else it may only not be taken away. Raises Invalid."""
    known = {one.key: one for one in attributes}
    after: Values = dict(before or {})
    for key, value in told.items():
        found = known.get(key)
        if found is None:
            raise Invalid("There is no field “%(name)s” here.", name=str(key)[:100], field=f"attributes.{key}"[:100])
        if found.ended and value != after.get(key):
            raise _wrong(found, "%(label)s is asked for no more. Bring the field back in the settings to change it.")
        if found.ended:
            continue
        read = read_value(found, value)
        if read is None:
            after.pop(key, None)
        else:
            after[key] = read
    for one in known.values():
        if one.required and not one.ended and one.key not in after and (whole or one.key in told):
            raise _wrong(one, "%(label)s has to be filled in.")
    return after


def read_value(attribute: Attribute, value: object) -> Value | None:
    """One value as programs give it; None for nothing. Raises Invalid."""
    if value is None or value in ("", [], ()):
        return None
    if attribute.type in ("text", "link"):
        return _text(attribute, value)
    if attribute.type == "number":
        return _number(attribute, value)
    if attribute.type == "money":
        return _money(attribute, value)
    if attribute.type == "date":
        return _date(attribute, value)
    if attribute.type == "yes_no":
        if isinstance(value, bool):
            return value
        raise _wrong(attribute, "%(label)s: write true or false.")
    if attribute.type == "choice":
        return _choice(attribute, value)
    given = value if isinstance(value, list | tuple) else [value]
    chosen = {_choice(attribute, one) for one in given}
    return [one.key for one in attribute.choices if one.key in chosen]


def parse_value(attribute: Attribute, text: str) -> Value | None:
    """One value as people write it: in a form, in a table of somebody's. None for nothing. Numbers with a comma or a
    point, sums in whole units, dates as ``2026-11-18`` or ``18.11.2026``, several choices with ``;`` or a line each.
    Raises Invalid."""
    text = text.strip()
    if not text:
        return None
    try:
        if attribute.type == "number":
            number = parse_decimal(text)
            return read_value(attribute, int(number) if number == number.to_integral_value() else float(number))
        if attribute.type == "money":
            bare = text.upper().removesuffix(attribute.currency).removeprefix(attribute.currency)
            return read_value(attribute, to_minor(parse_decimal(bare), attribute.currency))
    except (Invalid, OverflowError) as problem:
        if isinstance(problem, Invalid) and "label" in problem.fields:
            raise
        if isinstance(problem, Invalid) and "amount" in problem.fields:
            raise _wrong(
                attribute, "%(label)s: %(amount)s %(currency)s is finer than the smallest coin. Write it rounded.",
                **problem.fields,
            ) from problem  # fmt: skip
        raise _wrong(attribute, "%(label)s: “%(text)s” is not a number.", text=text[:60]) from problem
    if attribute.type == "date":
        return read_value(attribute, _as_iso(text))
    if attribute.type == "yes_no":
        said = text.lower()
        if said in _YES or said in _NO:
            return said in _YES
        raise _wrong(attribute, "%(label)s: write yes or no.")
    if attribute.type == "choices":
        parts = re.split(r"[;\n]", text)
        return read_value(attribute, [one.strip() for one in parts if one.strip()])
    if attribute.type == "link" and "//" not in text:
        text = f"https://{text}"
    return read_value(attribute, text)


def fold_values(attributes: Iterable[Attribute], values: Mapping[str, Any]) -> dict[str, str]:
    """What of the values is text, as it is compared."""
    texts = [one.key for one in attributes if one.type in ("text", "link")]
    return {key: fold(values[key]) for key in texts if key in values}


def _wrong(attribute: Attribute, sentence: str, **fields: object) -> Invalid:
    return Invalid(sentence, label=attribute.label, field=f"attributes.{attribute.key}", **fields)


def _text(attribute: Attribute, value: object) -> str | None:
    if not isinstance(value, str) or "\0" in value:
        raise _wrong(attribute, "%(label)s: write a text.")
    text = value.strip()
    if len(text) > LONGEST_VALUE:
        raise _wrong(attribute, "%(label)s has at most %(most)s characters.", most=LONGEST_VALUE)
    if attribute.type == "link" and text:
        try:
            parts = urlsplit(text)
            right = parts.scheme.lower() in ("http", "https") and bool(parts.hostname) and " " not in text
        except ValueError:
            right = False
        if not right:
            raise _wrong(attribute, "%(label)s: write an address that begins with https://.")
    return text or None


def _number(attribute: Attribute, value: object) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _wrong(attribute, "%(label)s: write a number.")
    if abs(value) > _LARGEST_NUMBER:
        raise _wrong(attribute, "%(label)s: this number is too large.")
    return int(value) if value == int(value) else value


def _money(attribute: Attribute, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong(attribute, "%(label)s: write whole minor units of %(currency)s.", currency=attribute.currency)
    if abs(value) > LARGEST:
        raise _wrong(attribute, "%(label)s: this number is too large.")
    return value


def _date(attribute: Attribute, value: object) -> str:
    try:
        if isinstance(value, str) and len(value) == 10 and 1000 <= date.fromisoformat(value).year <= 2999:
            return value
    except ValueError:
        pass
    raise _wrong(attribute, "%(label)s: write a date as 2026-11-18.")


def _as_iso(text: str) -> str:
    if found := _ISO.fullmatch(text[:10]):
        year, month, day = found.groups()
    elif found := _LOCAL.fullmatch(text):
        day, month, year = found.groups()
    else:
        return text
    return f"{year}-{int(month):02d}-{int(day):02d}"


def _choice(attribute: Attribute, value: object) -> str:
    if isinstance(value, str):
        wanted = fold(value.strip())
        offered = [one for one in attribute.choices if not one.ended]
        for one in (*offered, *attribute.choices):
            if one.key == value or fold(one.label) == wanted:
                return one.key
    known = ", ".join(one.label for one in attribute.choices if not one.ended)
    raise _wrong(
        attribute, "%(label)s: “%(value)s” is not to be chosen. There are: %(known)s.",
        value=str(value)[:60], known=known[:500],
    )  # fmt: skip
