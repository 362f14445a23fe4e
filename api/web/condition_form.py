"""Conditions as a form of chips: lines read back from what it sent, and the lines of a rule; for rules and views alike.

A form has lines of conditions, one after another; lines that stand further in are a group of their own, joined the
other way round. What is deeper than that does not fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.errors import Invalid
from core.rules import MANY, All, Condition, Field, Not, Param, Rule, Vocabulary, split_key
from core.rules import Any as AnyOf
from core.rules.vocabulary import Type

MOST_LINES = 30
SEVERAL = ("text", "list", "texts")
DAYS = ("older_than_days", "within_days")
OFFERED: dict[Type, tuple[str, ...]] = {
    "text": ("contains", "-contains", "eq", "-eq", "starts_with", "is_empty", "-is_empty"),
    "number": ("gt", "lt", "between", "-between", "eq"),
    "moment": ("older_than_days", "within_days", "lt", "ge", "is_empty", "-is_empty"),
    "day": ("older_than_days", "within_days", "lt", "ge", "is_empty", "-is_empty"),
    "choice": ("eq", "-eq"),
    "reference": ("eq", "-eq", "is_empty", "-is_empty"),
    "flag": ("eq", "-eq"),
    "list": ("contains", "-contains", "starts_with", "-starts_with"),
    "texts": ("contains", "-contains", "starts_with", "is_empty", "-is_empty"),
    "choices": ("contains", "-contains", "is_empty", "-is_empty"),
    "references": ("contains", "-contains", "is_empty", "-is_empty"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One condition as the form holds it. ``field`` is its key with what was told of it; ``op`` begins with a minus
    where it is turned round; ``inner`` lines are a group."""

    field: str
    op: str
    values: tuple[str, ...] = ()
    inner: bool = False


def read_lines(
    fields: Mapping[str, str], chosen: Mapping[str, Sequence[str]], vocabulary: Vocabulary, currency: str = ""
) -> tuple[Line, ...]:
    """What the form sent. ``chosen`` are all values of fields that may stand several times, ``currency`` is that of
    sums of which none is told. Raises Invalid."""
    lines = []
    for number in range(MOST_LINES):
        key = fields.get(f"field_{number}")
        if key is None:
            continue
        told = _read_told(fields, number, vocabulary.base(key).params, currency)
        field = vocabulary.find_told(key, told)
        assert field is not None, "there is one, as its base is"
        op = fields.get(f"op_{number}", "")
        if op.lstrip("-") not in field.ops or fields.get(f"was_{number}", key) != key:
            op = OFFERED[field.type][0]
            values: tuple[str, ...] = ()
        else:
            values = tuple(chosen.get(f"value_{number}", ()))
        lines.append(Line(field.key, op, values, fields.get(f"in_{number}") == "1"))
    return tuple(lines)


def _read_told(
    fields: Mapping[str, str], number: int, params: Sequence[Param], currency: str
) -> dict[str, str | int | None]:
    """What the form tells of a field. Raises Invalid."""
    told: dict[str, str | int | None] = {}
    for one in params:
        said = fields.get(f"with_{number}_{one.key}", "").strip()
        if one.type in ("days", "reference"):
            told[one.key] = read_number(said) if said else None
        else:
            told[one.key] = (said.upper() or currency) if one.type == "currency" else said
    return told


def press_lines(lines: Sequence[Line], button: str, fresh: Line) -> tuple[Line, ...]:
    """What a button of the form makes of it: ``add``, ``group``, ``drop-2``, ``in-2``, ``out-2``. ``fresh`` is a line
    that was added."""
    name, _, place = button.partition("-")
    lines = list(lines)
    if name in ("add", "group") and len(lines) < MOST_LINES:
        inner = name == "group" or bool(lines and lines[-1].inner and name != "add")
        lines.append(replace(fresh, inner=inner))
    elif place.isascii() and place.isdigit() and int(place) < len(lines):
        if name == "drop":
            del lines[int(place)]
        elif name in ("in", "out"):
            lines[int(place)] = replace(lines[int(place)], inner=name == "in")
    return tuple(lines)


def lines_data(joined: str, lines: Sequence[Line], vocabulary: Vocabulary) -> dict[str, Any]:
    """The conditions of a form as ``parse_rule`` reads them. Raises Invalid for an empty value."""
    parts: list[dict[str, Any]] = []
    group: list[dict[str, Any]] | None = None
    other = "any" if joined == "all" else "all"
    for line in lines:
        leaf = _leaf(line, vocabulary)
        if not line.inner:
            parts.append(leaf)
            group = None
        elif group is None:
            group = [leaf]
            parts.append({other: group})
        else:
            group.append(leaf)
    return {joined: parts} if parts else {"all": []}


def make_lines(rule: Rule, vocabulary: Vocabulary) -> tuple[str, tuple[Line, ...]] | None:
    """How its conditions are joined, and its lines; None for a rule that is deeper than the form."""
    joined = "any" if isinstance(rule, AnyOf) else "all"
    lines = list(_lines(rule, joined, vocabulary))
    found = tuple(one for one in lines if one is not None)
    return None if len(found) < len(lines) or len(lines) > MOST_LINES else (joined, found)


def _lines(rule: Rule, joined: str, vocabulary: Vocabulary) -> Iterator[Line | None]:
    """Its lines; None stands for what does not fit."""
    if not isinstance(rule, All | AnyOf):
        yield _line(rule, vocabulary)
        return
    before = False
    for part in rule.of:
        if not isinstance(part, All | AnyOf):
            yield _line(part, vocabulary)
            before = False
        elif before or isinstance(part, All) == (joined == "all") or not part.of:
            yield None
        else:
            for one in part.of:
                line = _line(one, vocabulary)
                yield None if line is None else replace(line, inner=True)
            before = True


def _line(rule: Rule, vocabulary: Vocabulary) -> Line | None:
    turned = isinstance(rule, Not)
    leaf = rule.of if isinstance(rule, Not) else rule
    if not isinstance(leaf, Condition):
        return None
    field, op, value = vocabulary.get(leaf.field), leaf.op, leaf.value
    if op == "in" and field.type == "texts":
        return None
    if op in ("ne", "in"):
        turned, op = turned is not (op == "ne"), "contains" if field.type in MANY else "eq"
    if op == "is_empty" or field.type == "flag":
        turned, value = turned is not (not value), ()
    values = value if isinstance(value, tuple) else (value,)
    said = tuple(map(str, values))
    if field.type in SEVERAL and any("," in one for one in said):
        return None
    return Line(leaf.field, f"-{op}" if turned else op, (", ".join(said),) if field.type in SEVERAL and said else said)


def _leaf(line: Line, vocabulary: Vocabulary) -> dict[str, Any]:
    field, op = vocabulary.get(line.field), line.op.removeprefix("-")
    key, told = split_key(line.field)
    leaf: dict[str, Any] = {"field": key, "op": op, "value": _value(field, op, line.values)}
    if told:
        leaf["with"] = told
    if isinstance(leaf["value"], list) and op == "eq":
        leaf["op"] = "in"
    return {"not": leaf} if line.op.startswith("-") else leaf


def _value(field: Field, op: str, values: Sequence[str]) -> Any:
    if op == "is_empty" or field.type == "flag":
        return True
    if field.type in SEVERAL:
        values = [one.strip() for value in values for one in value.split(",") if one.strip()]
    found: list[Any] = [_plain_number(one) for one in values if one.strip()] if field.type == "number" else list(values)
    if field.type in ("reference", "references") or op in DAYS:
        found = [read_number(one) for one in values if one.strip()]
    if not found:
        raise Invalid("Something is missing behind “%(name)s”.", name=field.label, field=field.key)
    return found if len(found) > 1 else found[0]


def read_number(text: str) -> int:
    """A whole number that somebody wrote. Raises Invalid."""
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Invalid("Here stands a number.")
    return int(text)


def _plain_number(text: str) -> float:
    try:
        return int(text) if text.strip().isdigit() else float(text.replace(",", "."))
    except ValueError as problem:
        raise Invalid("Here stands a number.") from problem
