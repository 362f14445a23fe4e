"""A rule asked of one thing. Its answer is that of SQL; what is not known makes it unknown only where it matters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any as Anything
from typing import Final

from core.rules.operands import At, Operand, make_operand
from core.rules.tree import All, Condition, Not, Rule, list_conditions
from core.rules.vocabulary import MANY, TEXTUAL, Field, Vocabulary


class Unknown(Enum):
    """What a thing was like at another time may not be known any more."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN
Facts = Callable[[str], Anything]
"""Field key → its value: a text as it is, a number, microseconds, a key, an id, a bool, members; None for nothing,
``UNKNOWN`` for what cannot be told."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One condition of a rule and its answer; None where it cannot be told."""

    condition: Condition
    answer: bool | None


def evaluate(rule: Rule, vocabulary: Vocabulary, facts: Facts, at: At) -> bool | None:
    """Whether the rule is true of a thing; None when that hangs on something unknown."""
    if isinstance(rule, Condition):
        return _ask(vocabulary.get(rule.field), rule, facts, at)
    if isinstance(rule, Not):
        answer = evaluate(rule.of, vocabulary, facts, at)
        return None if answer is None else not answer
    decisive = not isinstance(rule, All)
    doubtful = False
    for one in rule.of:
        answer = evaluate(one, vocabulary, facts, at)
        if answer is decisive:
            return decisive
        doubtful = doubtful or answer is None
    return None if doubtful else not decisive


def explain(rule: Rule, vocabulary: Vocabulary, facts: Facts, at: At) -> list[Finding]:
    """Every condition with its own answer."""
    return [Finding(one, evaluate(one, vocabulary, facts, at)) for one in list_conditions(rule)]


def _ask(field: Field, condition: Condition, facts: Facts, at: At) -> bool | None:
    value = facts(field.key)
    if value is UNKNOWN:
        return None
    operand = make_operand(field, condition, at)
    if field.type in MANY:
        found = _of_members(field, value or (), operand)
    else:
        found = _test(field, field.fold(value) if field.type == "text" and value is not None else value, operand)
    return found is not operand.negated


def _of_members(field: Field, members: Iterable[Anything], operand: Operand) -> bool:
    folded = [field.fold(one) for one in members] if field.type in TEXTUAL else list(members)
    if operand.test == "empty":
        return not folded
    return any(_test(field, one, operand) for one in folded)


def _test(field: Field, value: Anything, operand: Operand) -> bool:
    if operand.test == "empty":
        return value is None or (field.type == "text" and value == field.fold(""))
    if value is None:
        return False
    if operand.test == "flag":
        return bool(value)
    if operand.test == "equal":
        return value in operand.values
    if operand.test == "contains":
        return any(one in value for one in operand.values)
    if operand.test == "starts":
        return any(value.startswith(one) for one in operand.values)
    low, high, with_low, with_high = operand.bounds
    above = low is None or value > low or (with_low and value == low)
    return above and (high is None or value < high or (with_high and bool(value == high)))
