"""A rule as a condition of SQL, for sets. It is never NULL: what a thing does not have answers with no."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any as Anything

from sqlalchemy import Boolean, ColumnElement, Text, and_, cast, exists, false, func, not_, null, or_, true
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from core.errors import Invalid
from core.rules.operands import At, Operand, days_of, make_operand
from core.rules.tree import All, Condition, Not, Rule
from core.rules.vocabulary import MANY, Field, Vocabulary


class _Place(FunctionElement[int]):
    """Where one text stands in another, 0 for nowhere: character by character, with no signs that mean something."""

    name = "place"
    inherit_cache = True


@compiles(_Place)
def _place(element: Anything, compiler: Anything, **more: Anything) -> str:
    return f"strpos({compiler.process(element.clauses, **more)})"


@compiles(_Place, "sqlite")
def _place_sqlite(element: Anything, compiler: Anything, **more: Anything) -> str:
    return f"instr({compiler.process(element.clauses, **more)})"


def as_condition(rule: Rule, vocabulary: Vocabulary, at: At, unknown: Collection[str] = ()) -> ColumnElement[bool]:
    """The rule over the columns of its vocabulary. Where fields are ``unknown`` it is NULL when its answer hangs on
    them. Raises Invalid where a field can only be asked of one thing."""
    if isinstance(rule, Condition):
        if rule.field in unknown:
            return cast(null(), Boolean)
        return _condition(vocabulary.get(rule.field), rule, at)
    if isinstance(rule, Not):
        return not_(as_condition(rule.of, vocabulary, at, unknown))
    parts = [as_condition(one, vocabulary, at, unknown) for one in rule.of]
    if isinstance(rule, All):
        return and_(true(), *parts)
    return or_(false(), *parts)


def _condition(field: Field, condition: Condition, at: At) -> ColumnElement[bool]:
    operand = make_operand(field, condition, at)
    if field.window is not None:
        first, last = days_of(field.window.days, at)
        found = _test(field, field.window.column(first, last), operand)
        return not_(found) if operand.negated else found
    if field.column is None:
        raise Invalid("“%(name)s” can be asked of one letter at a time only.", name=field.label)
    found = _of_members(field, operand) if field.type in MANY else _test(field, field.column, operand)
    return not_(found) if operand.negated else found


def _of_members(field: Field, operand: Operand) -> ColumnElement[bool]:
    assert field.column is not None
    if field.within is None:
        return _of_json(field.column, operand)
    if operand.test == "empty":
        return not_(exists(field.within))
    return exists(field.within.where(_test(field, field.column, operand)))


def _of_json(column: ColumnElement[Anything], operand: Operand) -> ColumnElement[bool]:
    """Of keys in a list of JSON: none of them holds a quotation mark."""
    listed = func.coalesce(cast(column, Text), "[]")
    if operand.test == "empty":
        return listed == "[]"
    return or_(*(_Place(listed, f'"{one}"') > 0 for one in operand.values))


def _test(field: Field, column: ColumnElement[Anything], operand: Operand) -> ColumnElement[bool]:
    there = column.is_not(None)
    if operand.test == "empty":
        return or_(column.is_(None), column == field.fold("")) if field.type == "text" else column.is_(None)
    if operand.test == "flag":
        return and_(there, column == 1)
    if operand.test == "equal":
        return and_(there, column.in_(operand.values))
    if operand.test == "contains":
        return and_(there, or_(*(_Place(column, one) > 0 for one in operand.values)))
    if operand.test == "starts":
        return and_(there, or_(*(func.substr(column, 1, len(one)) == one for one in operand.values)))
    low, high, with_low, with_high = operand.bounds
    parts: list[ColumnElement[bool]] = [there]
    if low is not None:
        parts.append(column >= low if with_low else column > low)
    if high is not None:
        parts.append(column <= high if with_high else column < high)
    return and_(*parts)
