"""Fields that users added, as inputs of a form, and what such a form sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.money import to_major
from crm.attributes import Attribute, parse_value

MARK = "fields"
"""Of a form that asks for fields; one without it says nothing of them."""


@dataclass(frozen=True, slots=True)
class Input:
    """See templates/web/_field_inputs.html. ``choices`` are (name in the form, key, label, chosen)."""

    name: str
    label: str
    type: str
    required: bool
    value: str
    unit: str
    choices: list[tuple[str, str, str, bool]]


def make_inputs(
    attributes: Sequence[Attribute], values: Mapping[str, Any], sent: Mapping[str, str] | None = None
) -> list[tuple[str, list[Input]]]:
    """The inputs under their headings: with what was ``sent``, else with the values."""
    found: dict[str, list[Input]] = {}
    for one in attributes:
        if not one.ended:
            found.setdefault(one.group, []).append(_input(one, values.get(one.key), sent))
    return sorted(found.items(), key=lambda one: one[0] != "")


def read_inputs(attributes: Sequence[Attribute], sent: Mapping[str, str]) -> dict[str, object] | None:
    """What a form says of fields; None for one that does not ask for them. Raises Invalid."""
    if MARK not in sent:
        return None
    told: dict[str, object] = {}
    for one in attributes:
        if one.ended:
            continue
        if one.type == "choices":
            told[one.key] = [choice.key for place, choice in enumerate(one.choices) if f"{_name(one)}.{place}" in sent]
        elif _name(one) in sent:
            told[one.key] = parse_value(one, sent[_name(one)])
    return told


def _name(attribute: Attribute) -> str:
    return f"attributes.{attribute.key}"


def _input(one: Attribute, value: Any, sent: Mapping[str, str] | None) -> Input:
    name = _name(one)
    given = sent is not None and MARK in sent
    chosen = value if isinstance(value, list) else [value]
    choices = []
    for place, choice in enumerate(one.choices):
        own = f"{name}.{place}" if one.type == "choices" else name
        there = choice.key in chosen
        if given and sent is not None:
            there = own in sent if one.type == "choices" else sent.get(name) == choice.key
        if not choice.ended or there:
            choices.append((own, choice.key, choice.label, there))
    text = sent.get(name, "") if given and sent is not None else _text(one, value)
    return Input(name, one.label, one.type, one.required, text, one.currency, choices)


def _text(one: Attribute, value: Any) -> str:
    if value is None or one.type in ("choice", "choices"):
        return ""
    if one.type == "yes_no":
        return "yes" if value else "no"
    return str(to_major(value, one.currency)) if one.type == "money" else str(value)
