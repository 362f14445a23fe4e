"""The editor of a rule: a sentence of chips, read back from what its form sent and shown again.

The form has lines of conditions, one after another; lines that stand further in are a group of their own, joined the
other way round. What a program wrote deeper than that is shown as its sentence and is not edited here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.errors import Invalid
from core.rules import All, Condition, Field, Not, Rule
from core.rules import Any as AnyOf
from core.rules.vocabulary import Type
from mailhub.routing.rules.actions import Actions, actions_data
from mailhub.routing.rules.facts import LETTERS

MOST_LINES = 30
SEVERAL = ("text", "list")
OFFERED: dict[Type, tuple[str, ...]] = {
    "text": ("contains", "-contains", "eq", "-eq", "starts_with", "is_empty", "-is_empty"),
    "number": ("gt", "lt", "between", "-between", "eq"),
    "moment": (),
    "choice": ("eq", "-eq"),
    "reference": ("eq", "-eq", "is_empty", "-is_empty"),
    "flag": ("eq", "-eq"),
    "list": ("contains", "-contains", "starts_with", "-starts_with"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One condition as the form holds it. ``op`` begins with a minus where it is turned round; ``inner`` lines are a
    group."""

    field: str
    op: str
    values: tuple[str, ...] = ()
    inner: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """A rule as the form holds it. ``who`` is ``user:5``, ``team:3``, ``way:manager``, ``way:turn`` or empty."""

    name: str = ""
    joined: str = "all"
    lines: tuple[Line, ...] = (Line("from.domain", "eq"),)
    who: str = ""
    state: str = ""
    hours: str = ""
    acknowledge: bool = True
    stop: bool = False


def read_draft(fields: Mapping[str, str], chosen: Mapping[str, Sequence[str]]) -> Draft:
    """What the form sent. ``chosen`` are all values of fields that may stand several times. Raises Invalid."""
    lines = []
    for number in range(MOST_LINES):
        key = fields.get(f"field_{number}")
        if key is None:
            continue
        field = LETTERS.get(key)
        op = fields.get(f"op_{number}", "")
        if op.lstrip("-") not in field.ops or fields.get(f"was_{number}", key) != key:
            op = OFFERED[field.type][0]
            values: tuple[str, ...] = ()
        else:
            values = tuple(chosen.get(f"value_{number}", ()))
        lines.append(Line(key, op, values, fields.get(f"in_{number}") == "1"))
    return Draft(
        name=fields.get("name", "").strip(),
        joined="any" if fields.get("joined") == "any" else "all",
        lines=tuple(lines),
        who=fields.get("do_who", ""),
        state=fields.get("do_state", ""),
        hours=fields.get("do_hours", "").strip(),
        acknowledge=fields.get("do_silent") != "1",
        stop=fields.get("do_stop") == "1",
    )


def press(draft: Draft, button: str) -> Draft:
    """What a button of the form makes of it: ``add``, ``group``, ``drop-2``, ``in-2``, ``out-2``."""
    name, _, place = button.partition("-")
    lines = list(draft.lines)
    if name in ("add", "group") and len(lines) < MOST_LINES:
        inner = name == "group" or bool(lines and lines[-1].inner and name != "add")
        lines.append(Line("subject", "contains", (), inner))
    elif place.isascii() and place.isdigit() and int(place) < len(lines):
        if name == "drop":
            del lines[int(place)]
        elif name in ("in", "out"):
            lines[int(place)] = replace(lines[int(place)], inner=name == "in")
    return replace(draft, lines=tuple(lines))


def condition_data(draft: Draft) -> dict[str, Any]:
    """The conditions of a draft as ``parse_rule`` reads them. Raises Invalid for an empty value."""
    parts: list[dict[str, Any]] = []
    group: list[dict[str, Any]] | None = None
    other = "any" if draft.joined == "all" else "all"
    for line in draft.lines:
        leaf = _leaf(line)
        if not line.inner:
            parts.append(leaf)
            group = None
        elif group is None:
            group = [leaf]
            parts.append({other: group})
        else:
            group.append(leaf)
    return {draft.joined: parts} if parts else {"all": []}


def action_data(draft: Draft) -> list[dict[str, Any]]:
    """The actions of a draft as ``parse_actions`` reads them. Raises Invalid."""
    data: list[dict[str, Any]] = []
    kind, _, key = draft.who.partition(":")
    if kind in ("user", "team"):
        data.append({"assign": {f"{kind}_id": _number(key)}})
    elif kind == "way":
        data.append({"assign": {"way": key}})
    if draft.hours:
        data.append({"answer_hours": _number(draft.hours)})
    if draft.state:
        data.append({"state": draft.state})
    if not draft.acknowledge:
        data.append({"acknowledge": False})
    if draft.stop:
        data.append({"stop": True})
    return data


def make_draft(name: str, rule: Rule, actions: Actions) -> Draft | None:
    """The form of a rule; None for one that is deeper than the form."""
    joined = "any" if isinstance(rule, AnyOf) else "all"
    lines = list(_lines(rule, joined))
    if None in lines or len(lines) > MOST_LINES:
        return None
    (assign,) = [one["assign"] for one in actions_data(actions) if "assign" in one] or [{}]
    who = "".join(f"{key.removesuffix('_id')}:{value}" for key, value in assign.items())
    return Draft(
        name=name,
        joined=joined,
        lines=tuple(one for one in lines if one is not None),
        who=who,
        state=actions.state or "",
        hours=str(actions.answer_hours or ""),
        acknowledge=actions.acknowledge,
        stop=actions.stop,
    )


def _lines(rule: Rule, joined: str) -> Iterator[Line | None]:
    """Its lines; None stands for what does not fit."""
    if not isinstance(rule, All | AnyOf):
        yield _line(rule)
        return
    before = False
    for part in rule.of:
        if not isinstance(part, All | AnyOf):
            yield _line(part)
            before = False
        elif before or isinstance(part, All) == (joined == "all") or not part.of:
            yield None
        else:
            for one in part.of:
                line = _line(one)
                yield None if line is None else replace(line, inner=True)
            before = True


def _line(rule: Rule) -> Line | None:
    turned = isinstance(rule, Not)
    leaf = rule.of if isinstance(rule, Not) else rule
    if not isinstance(leaf, Condition):
        return None
    op, value = leaf.op, leaf.value
    if op in ("ne", "in"):
        turned, op = turned is not (op == "ne"), "contains" if LETTERS.get(leaf.field).type == "list" else "eq"
    if op == "is_empty" or LETTERS.get(leaf.field).type == "flag":
        turned, value = turned is not (not value), ()
    values = value if isinstance(value, tuple) else (value,)
    said = tuple(map(str, values))
    if LETTERS.get(leaf.field).type in SEVERAL and any("," in one for one in said):
        return None
    return Line(leaf.field, f"-{op}" if turned else op, (", ".join(said),) if _typed(leaf.field) and said else said)


def _leaf(line: Line) -> dict[str, Any]:
    field, op = LETTERS.get(line.field), line.op.removeprefix("-")
    leaf: dict[str, Any] = {"field": line.field, "op": op, "value": _value(field, op, line.values)}
    if isinstance(leaf["value"], list) and op == "eq":
        leaf["op"] = "in"
    return {"not": leaf} if line.op.startswith("-") else leaf


def _value(field: Field, op: str, values: Sequence[str]) -> Any:
    if op == "is_empty" or field.type == "flag":
        return True
    if field.type in SEVERAL:
        values = [one.strip() for value in values for one in value.split(",") if one.strip()]
    found: list[Any] = [_plain_number(one) for one in values if one.strip()] if field.type == "number" else list(values)
    if field.type == "reference":
        found = [_number(one) for one in values]
    if not found:
        raise Invalid("Something is missing behind “%(name)s”.", name=field.label, field=field.key)
    return found if len(found) > 1 else found[0]


def _typed(key: str) -> bool:
    return LETTERS.get(key).type in SEVERAL


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Invalid("Here stands a number.")
    return int(text)


def _plain_number(text: str) -> float:
    try:
        return int(text) if text.strip().isdigit() else float(text.replace(",", "."))
    except ValueError as problem:
        raise Invalid("Here stands a number.") from problem
