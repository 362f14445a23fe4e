"""The words of rules: which fields things have, of which type, and which questions a type answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select

from core.errors import Invalid

Type = Literal["text", "number", "moment", "choice", "reference", "flag", "list"]
Op = Literal[
    "eq", "ne", "in", "lt", "le", "gt", "ge", "between", "contains", "starts_with", "is_empty", "older_than_days",
    "within_days",
]  # fmt: skip
OPS: dict[Type, tuple[Op, ...]] = {
    "text": ("contains", "eq", "ne", "in", "starts_with", "is_empty"),
    "number": ("eq", "ne", "lt", "le", "gt", "ge", "between", "is_empty"),
    "moment": ("lt", "ge", "between", "older_than_days", "within_days", "is_empty"),
    "choice": ("eq", "ne", "in", "is_empty"),
    "reference": ("eq", "ne", "in", "is_empty"),
    "flag": ("eq",),
    "list": ("contains", "in", "starts_with", "is_empty"),
}


def as_is(text: str) -> str:
    """The folding of texts that are compared letter by letter, whatever their case: addresses, names of domains."""
    return text.strip().lower()


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a thing.

    ``label`` is a message id, said in the middle of a sentence. ``column`` is what a set is asked: for a text it holds
    what ``fold`` makes of it, for a moment microseconds, for a flag 0 or 1; None where only one thing at a time can be
    asked. A ``list`` has ``within``, the query for its members of one thing, whose values ``column`` is. ``choices``
    are keys with their message ids; a reference has none, what it may name is read where it is asked. ``unit`` is a
    message id behind a number.
    """

    key: str
    type: Type
    label: str
    column: ColumnElement[Any] | None = None
    fold: Callable[[str], str] = as_is
    choices: Mapping[str, str] = field(default_factory=dict)
    within: Select[Any] | None = None
    of: str = ""
    """What a reference names: ``users``, say."""
    unit: str = ""

    @property
    def ops(self) -> tuple[Op, ...]:
        """The questions it answers."""
        return OPS[self.type]


class Vocabulary:
    """The fields of one kind of thing by their keys, in the order in which they are offered."""

    def __init__(self, of: str, fields: Iterable[Field]) -> None:
        self.of = of
        self._fields = {one.key: one for one in fields}

    def __iter__(self) -> Any:
        return iter(self._fields.values())

    def find(self, key: str) -> Field | None:
        """The field, or None."""
        return self._fields.get(key)

    def get(self, key: str) -> Field:
        """The field. Raises Invalid."""
        found = self._fields.get(key)
        if found is None:
            raise Invalid("There is no field “%(name)s” here.", name=key[:100], field="field")
        return found
