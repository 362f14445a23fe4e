"""What a condition compares with, worked out once for both evaluators, so that they cannot read a value differently."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from core import clock
from core.rules.tree import Condition
from core.rules.vocabulary import TEXTUAL, Field

Test = Literal["equal", "contains", "starts", "range", "empty", "flag"]
Bounds = tuple[Any, Any, bool, bool]
"""From and to, None for none, and whether each belongs to it."""


@dataclass(frozen=True, slots=True)
class At:
    """When a rule is asked, and the time zone whose days its dates are."""

    now: int
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Operand:
    """A condition in the one form that both evaluators know. ``values`` of ``equal``, ``contains`` and ``starts`` are
    several, of which one is enough; a ``range`` has ``bounds``. ``negated``: the answer is turned round. What a thing
    does not have answers every test with no."""

    test: Test
    values: tuple[Any, ...] = ()
    bounds: Bounds = (None, None, False, False)
    negated: bool = False


def make_operand(field: Field, condition: Condition, at: At) -> Operand:
    """The condition on this field, asked at that moment."""
    op, value = condition.op, condition.value
    if op == "is_empty":
        return Operand("empty", negated=not value)
    if field.type == "flag":
        return Operand("flag", negated=not value)
    values = value if isinstance(value, tuple) else (value,)
    if field.scale:
        values = tuple(round(one * 10**field.scale) for one in values)
    if field.type in TEXTUAL:
        values = tuple(field.fold(one) for one in values)
        if op == "contains" and field.type != "list":
            return Operand("contains", values)
        if op == "starts_with":
            return Operand("starts", values)
    if op in ("eq", "ne", "in", "contains"):
        return Operand("equal", values, negated=op == "ne")
    return Operand("range", bounds=_bounds(field, op, values, at))


def _bounds(field: Field, op: str, values: tuple[Any, ...], at: At) -> Bounds:
    first, last = values[0], values[-1]
    if field.type == "day":
        return _days(op, first, last, at)
    if op == "older_than_days":
        return None, at.now - first * clock.DAY, False, False
    if op == "within_days":
        return at.now - first * clock.DAY, at.now, True, True
    if field.type == "moment":
        if op == "between":
            return _begin(first, at), _begin(last, at, days=1), True, False
        return (None, _begin(first, at), False, False) if op == "lt" else (_begin(first, at), None, True, False)
    if op == "between":
        return first, last, True, True
    below = op in ("lt", "le")
    inclusive = op in ("le", "ge")
    return (None, first, False, inclusive) if below else (first, None, inclusive, False)


def _days(op: str, first: Any, last: Any, at: At) -> Bounds:
    """Days are compared as they are written: a day begins nowhere."""
    if op == "older_than_days":
        return None, days_of(first, at)[0], False, False
    if op == "within_days":
        return *days_of(first, at), True, True
    if op == "between":
        return first, last, True, True
    return (None, first, False, False) if op == "lt" else (first, None, True, False)


def days_of(days: int, at: At) -> tuple[str, str]:
    """So many days before the day on which it is asked, and that day, as they are written."""
    today = datetime.fromtimestamp(at.now / clock.SECOND, at.zone).date()
    return str(today - timedelta(days=days)), str(today)


def _begin(day: str, at: At, days: int = 0) -> int:
    """The first instant of that day, there."""
    midnight = datetime.combine(date.fromisoformat(day) + timedelta(days=days), datetime.min.time(), tzinfo=at.zone)
    return clock.from_datetime(midnight)
