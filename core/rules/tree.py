"""A rule as data: ``{"all": […]}``, ``{"any": […]}``, ``{"not": …}`` and leaves ``{"field", "op", "value"}``, with
``"with"`` for what is told of the field.

The whole carries ``"version": 1``; without it the newest version is meant. Depth and size are bounded, so that a rule
costs little wherever it is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any as Anything

from core.errors import Invalid
from core.rules.measures import split_key
from core.rules.vocabulary import TEXTUAL, Field, Vocabulary

VERSION = 1
MOST_DEPTH = 6
MOST_CONDITIONS = 60
MOST_VALUES = 50
LONGEST_TEXT = 300
MOST_DAYS = 36_500
_LARGEST = 2**53


@dataclass(frozen=True, slots=True)
class Condition:
    """A leaf. ``value`` has the shape of its operator: a text, a number, a list of them, a date, true or false."""

    field: str
    op: str
    value: Anything


@dataclass(frozen=True, slots=True)
class All:
    """Every one of them is true; of none: true."""

    of: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Any:
    """At least one of them is true; of none: false."""

    of: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """It is not true."""

    of: Rule


Rule = Condition | All | Any | Not


def parse_rule(data: object, vocabulary: Vocabulary) -> Rule:
    """Read a rule. Raises Invalid with what is wrong and, in ``field``, where: ``all.2.value``."""
    if isinstance(data, dict) and "version" in data:
        if data["version"] != VERSION or isinstance(data["version"], bool):
            raise Invalid("This rule is of a version that is not known here.", field="version")
        data = {key: value for key, value in data.items() if key != "version"}
    rule = _parse(data, vocabulary, "", 1)
    if sum(1 for _ in list_conditions(rule)) > MOST_CONDITIONS:
        raise Invalid("A rule has %(most)s conditions at most.", most=MOST_CONDITIONS)
    return rule


def to_data(rule: Rule) -> dict[str, Anything]:
    """The rule as ``parse_rule`` reads it."""
    return {"version": VERSION, **_data(rule)}


def list_conditions(rule: Rule) -> Iterator[Condition]:
    """Its leaves, from left to right."""
    if isinstance(rule, Condition):
        yield rule
    else:
        for one in (rule.of,) if isinstance(rule, Not) else rule.of:
            yield from list_conditions(one)


def _data(rule: Rule) -> dict[str, Anything]:
    if isinstance(rule, Condition):
        value = list(rule.value) if isinstance(rule.value, tuple) else rule.value
        key, told = split_key(rule.field)
        return {"field": key, **({"with": told} if told else {}), "op": rule.op, "value": value}
    if isinstance(rule, Not):
        return {"not": _data(rule.of)}
    return {"all" if isinstance(rule, All) else "any": [_data(one) for one in rule.of]}


def _parse(data: object, vocabulary: Vocabulary, place: str, depth: int) -> Rule:
    if depth > MOST_DEPTH:
        raise Invalid("A rule is %(most)s levels deep at most.", most=MOST_DEPTH, field=place)
    if not isinstance(data, dict):
        raise Invalid("A rule is all, any, not, or a condition with field and op.", field=place or None)
    if "field" in data:
        return _condition(data, vocabulary, place)
    ((key, inside), *more) = data.items() or [("", None)]
    if more or key not in ("all", "any", "not"):
        raise Invalid("A rule is all, any, not, or a condition with field and op.", field=place or None)
    here = f"{place}.{key}".lstrip(".")
    if key == "not":
        return Not(_parse(inside, vocabulary, here, depth + 1))
    if not isinstance(inside, list) or len(inside) > MOST_CONDITIONS:
        raise Invalid("A rule has %(most)s conditions at most.", most=MOST_CONDITIONS, field=here)
    parts = tuple(_parse(one, vocabulary, f"{here}.{number}", depth + 1) for number, one in enumerate(inside))
    return All(parts) if key == "all" else Any(parts)


def _condition(data: dict[str, Anything], vocabulary: Vocabulary, place: str) -> Condition:
    here = f"{place}." if place else ""
    if not set(data) <= {"field", "op", "value", "with"}:
        raise Invalid("A condition has field, op and value, and nothing else.", field=place or None)
    key, op = data["field"], data.get("op")
    field = _told_field(vocabulary, key, data.get("with"), here) if isinstance(key, str) else None
    if field is None:
        raise Invalid("There is no field “%(name)s” here.", name=str(key)[:100], field=f"{here}field")
    if op not in field.ops:
        ops = ", ".join(field.ops)
        raise Invalid("This field can be asked: %(ops)s.", ops=ops, field=f"{here}op")
    return Condition(field.key, op, _value(field, op, data.get("value"), f"{here}value"))


def _told_field(vocabulary: Vocabulary, key: str, told: object, here: str) -> Field | None:
    try:
        return vocabulary.find_told(key, told or {})
    except Invalid as problem:
        raise Invalid(problem.sentence, **(problem.fields | {"field": f"{here}with"})) from problem


def _value(field: Field, op: str, value: object, place: str) -> Anything:
    if op == "is_empty" or field.type == "flag":
        if value is None or isinstance(value, bool):
            return value is not False
        raise Invalid("Here stands true or false.", field=place)
    if op in ("older_than_days", "within_days"):
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_DAYS:
            return value
        raise Invalid("Here stands a number.", field=place)
    read = {
        "number": _number,
        "moment": _date,
        "day": _date,
        "reference": _reference,
        "references": _reference,
    }.get(field.type, _text)
    if op == "between":
        if not isinstance(value, list | tuple) or len(value) != 2:
            raise Invalid("Here stand two values: from, to.", field=place)
        return tuple(read(field, one, place) for one in value)
    several = op in ("in", "contains", "starts_with") and isinstance(value, list | tuple)
    if not several:
        if op == "in":
            raise Invalid("Here stands a list of %(most)s values at most.", most=MOST_VALUES, field=place)
        return read(field, value, place)
    assert isinstance(value, list | tuple)
    if not 0 < len(value) <= MOST_VALUES:
        raise Invalid("Here stands a list of %(most)s values at most.", most=MOST_VALUES, field=place)
    return tuple(read(field, one, place) for one in value)


def _number(_field: Field, value: object, place: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _LARGEST:  # no NaN either
        raise Invalid("Here stands a number.", field=place)
    return value


def _date(_field: Field, value: object, place: str) -> str:
    try:
        if isinstance(value, str) and len(value) == 10 and 1970 <= date.fromisoformat(value).year <= 2999:
            return value
    except ValueError:
        pass
    raise Invalid("Here stands a date as 2026-11-18.", field=place)


def _reference(_field: Field, value: object, place: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63:
        return value
    raise Invalid("Here stands a number.", field=place)


def _text(field: Field, value: object, place: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise Invalid("Here stands a text.", field=place)
    if len(value) > LONGEST_TEXT or "\0" in value or any("\ud800" <= one <= "\udfff" for one in value):
        raise Invalid("A text here has %(most)s characters at most.", most=LONGEST_TEXT, field=place)
    if field.type in ("choice", "choices") and value not in field.choices:
        raise Invalid("“%(value)s” is not to be chosen here.", value=value, field=place)
    if field.type in TEXTUAL and not field.fold(value).strip():
        raise Invalid("“%(value)s” holds nothing to look for.", value=value, field=place)
    return value.strip() if field.type in TEXTUAL else value
