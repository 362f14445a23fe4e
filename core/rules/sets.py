"""A rule as a condition of SQL, for sets. It is never NULL: what a thing does not have answers with no."""

from __future__ import annotations

from typing import Any as Anything

from sqlalchemy import ColumnElement, and_, exists, false, func, not_, or_, true
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from core.errors import Invalid
from core.rules.operands import At, Operand, make_operand
from core.rules.tree import All, Condition, Not, Rule
from core.rules.vocabulary import Field, Vocabulary


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


def as_condition(rule: Rule, vocabulary: Vocabulary, at: At) -> ColumnElement[bool]:
    """The rule over the columns of its vocabulary. Raises Invalid where a field can only be asked of one thing."""
    if isinstance(rule, Condition):
        return _condition(vocabulary.get(rule.field), rule, at)
    if isinstance(rule, Not):
        return not_(as_condition(rule.of, vocabulary, at))
    parts = [as_condition(one, vocabulary, at) for one in rule.of]
    if isinstance(rule, All):
        return and_(true(), *parts)
    return or_(false(), *parts)


def _condition(field: Field, condition: Condition, at: At) -> ColumnElement[bool]:
    operand = make_operand(field, condition, at)
    if field.column is None:
        raise Invalid("“%(name)s” can be asked of one letter at a time only.", name=field.label)
    found = _of_members(field, operand) if field.type == "list" else _test(field, field.column, operand)
    return not_(found) if operand.negated else found


def _of_members(field: Field, operand: Operand) -> ColumnElement[bool]:
    assert field.within is not None, "a list has a query for its members"
    assert field.column is not None
    if operand.test == "empty":
        return not_(exists(field.within))
    return exists(field.within.where(_test(field, field.column, operand)))


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
