"""One value inside a JSON column, as an expression that an index and a query write alike.

The path is a literal: a bound one (which ``column["key"]`` renders) is not the expression of the index, and scans.
"""

from __future__ import annotations

import re
from typing import Any, Literal

from sqlalchemy import BigInteger, Column, ColumnElement, Float, Integer, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

Kind = Literal["text", "number", "whole", "flag"]
KEY = re.compile(r"[a-z][a-z0-9_]*")
_TYPES: dict[Kind, TypeEngine[Any]] = {"text": Text(), "number": Float(), "whole": BigInteger(), "flag": Integer()}
_CASTS: dict[Kind, str] = {
    "text": '({value} COLLATE "C")',
    "number": "({value}::double precision)",
    "whole": "({value}::bigint)",
    "flag": "({value}::boolean::int)",
}


class JsonValue(FunctionElement[Any]):
    """What stands under ``key`` in a JSON column: a text compared by its bytes, a number, a whole number, or 0 and 1
    for a flag; NULL where nothing does. Raises ValueError for a key that could not stand in SQL as it is."""

    name = "json_value"
    inherit_cache = False

    def __init__(self, column: Column[Any] | ColumnElement[Any], key: str, kind: Kind) -> None:
        if not KEY.fullmatch(key):
            raise ValueError(f"not a key of a JSON value: {key!r}")
        self.key, self.kind = key, kind
        super().__init__(column)
        self.type = _TYPES[kind]


@compiles(JsonValue, "sqlite")
def _on_sqlite(element: JsonValue, compiler: Any, **more: Any) -> str:
    return f"json_extract({compiler.process(element.clauses, **more)}, '$.{element.key}')"


@compiles(JsonValue, "postgresql")
def _on_postgresql(element: JsonValue, compiler: Any, **more: Any) -> str:
    value = f"({compiler.process(element.clauses, **more)} ->> '{element.key}')"
    return _CASTS[element.kind].format(value=value)
