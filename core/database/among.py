"""Lists of values in a statement that is said again and again: ``column IN (…)`` on SQLite, where each length is a
text of its own, and ``column = ANY(array)`` on PostgreSQL, whose driver would read a text of hundreds of holes anew."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ARRAY, Boolean, any_, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import BindParameter, ColumnElement
from sqlalchemy.sql.functions import FunctionElement


class _Among(FunctionElement[bool]):
    name = "among"
    inherit_cache = True
    type = Boolean()

    def self_group(self, against: Any = None) -> Any:  # noqa: ARG002 - said by the library
        """As it is: made a number (``… = 1``), as SQLite's truths are, no index would be of use."""
        return self


def among(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """True where the column is one of the values that are given as ``name`` (a list)."""
    return _Among(column, bindparam(name, expanding=True, type_=column.type))


@compiles(_Among)
def _as_list(element: _Among, compiler: SQLCompiler, **more: Any) -> str:
    column, values = element.clauses
    return str(compiler.process(column.in_(values), **more))


@compiles(_Among, "postgresql")
def _as_array(element: _Among, compiler: SQLCompiler, **more: Any) -> str:
    column, values = element.clauses
    assert isinstance(values, BindParameter)
    array: BindParameter[Any] = bindparam(values.key, type_=ARRAY(column.type))
    return str(compiler.process(column == any_(array), **more))
