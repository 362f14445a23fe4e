"""The words of rules: which fields things have, of which type, and which questions a type answers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select

from core.errors import Invalid
from core.rules.measures import Param, join_key, read_told, split_key

Type = Literal[
    "text", "number", "moment", "day", "choice", "reference", "flag", "list", "texts", "choices", "references"
]  # fmt: skip
Op = Literal[
    "eq", "ne", "in", "lt", "le", "gt", "ge", "between", "contains", "starts_with", "is_empty", "older_than_days",
    "within_days",
]  # fmt: skip
OPS: dict[Type, tuple[Op, ...]] = {
    "text": ("contains", "eq", "ne", "in", "starts_with", "is_empty"),
    "number": ("eq", "ne", "lt", "le", "gt", "ge", "between", "is_empty"),
    "moment": ("lt", "ge", "between", "older_than_days", "within_days", "is_empty"),
    "day": ("lt", "ge", "between", "older_than_days", "within_days", "is_empty"),
    "choice": ("eq", "ne", "in", "is_empty"),
    "reference": ("eq", "ne", "in", "is_empty"),
    "flag": ("eq",),
    "list": ("contains", "in", "starts_with", "is_empty"),
    "texts": ("contains", "in", "starts_with", "is_empty"),
    "choices": ("contains", "in", "is_empty"),
    "references": ("contains", "in", "is_empty"),
}
TEXTUAL: frozenset[Type] = frozenset(("text", "list", "texts"))
MANY: frozenset[Type] = frozenset(("list", "texts", "choices", "references"))
"""Fields with members, of which one is enough. What is asked of a member of ``texts`` may stand anywhere in it."""


MOST_KEPT = 1_000
"""So many fields with what was told of them are kept ready."""


def as_is(text: str) -> str:
    """The folding of texts that are compared letter by letter, whatever their case: addresses, names of domains."""
    return text.strip().lower()


@dataclass(frozen=True, slots=True)
class Window:
    """What is counted from ``days`` before a day to that day. ``column(first, last)`` is the number, ``leaves`` the
    first day that stands in it, ``enters(last)`` the first behind it: when the number turns though nothing happens."""

    days: int
    column: Callable[[Any, Any], ColumnElement[Any]]
    leaves: Callable[[Any, Any], ColumnElement[Any]]
    enters: Callable[[Any], ColumnElement[Any]]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a thing.

    ``label`` is a message id, said in the middle of a sentence. ``column`` is what a set is asked: for a text it holds
    what ``fold`` makes of it, for a moment microseconds, for a day ``2026-11-18``, for a flag 0 or 1; None where only
    one thing at a time can be asked. What has members (``MANY``) has ``within``, the query for those of one thing,
    whose values ``column`` is; choices may instead stand in one column as a list of JSON. ``choices`` are keys with
    their message ids; a reference has none, what it may name is read where it is asked. ``unit`` is a message id
    behind a number.
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
    raw: ColumnElement[Any] | None = None
    """What is shown and asked one by one, where ``column`` holds it folded."""
    members: Select[Any] | None = None
    """As ``within`` for many things at once: ``owner`` and ``value``."""
    scale: int = 0
    """Of a number whose column counts in parts of what a rule says: 2 for cents."""
    params: tuple[Param, ...] = ()
    """What may be told of it."""
    make: Callable[[Mapping[str, Any]], Field] | None = None
    """The field as it is with what was told of it; without that it has no column."""
    told: Mapping[str, Any] = field(default_factory=dict)
    window: Window | None = None
    """Of a number of the last days: it has no ``column`` either, what it is hangs on the day that it is asked."""
    part: str = ""
    """The part of the house that it belongs to, where that can be turned off."""

    @property
    def ops(self) -> tuple[Op, ...]:
        """The questions it answers."""
        return OPS[self.type]


NOT_USED = "something that is not used here"


def _without_a_name(one: Field) -> Field:
    return replace(one, label=NOT_USED, choices=dict.fromkeys(one.choices, NOT_USED))


class Vocabulary:
    """The fields of one kind of thing by their keys, in the order in which they are offered. Those of the parts ``off``
    are known to rules that name them already, are offered to none, and are called ``NOT_USED``."""

    def __init__(self, of: str, fields: Iterable[Field], off: Collection[str] = ()) -> None:
        self.of = of
        self._fields = {one.key: _without_a_name(one) if one.part in off else one for one in fields}
        self._offered = [one for one in self._fields.values() if one.part not in off]
        self._off = frozenset(off)
        self._told: dict[str, Field] = {}

    def __iter__(self) -> Iterator[Field]:
        return iter(self._offered)

    def find(self, key: str) -> Field | None:
        """The field, or None; a key may say what was told of it."""
        found = self._fields.get(key) or self._told.get(key)
        if found is None or (found.make is not None and not found.told):
            base, told = split_key(key)
            try:
                return self.find_told(base, told)
            except Invalid:
                return None
        return found

    def find_told(self, key: str, told: object) -> Field | None:
        """The field with what is told of it, or None where there is none. Raises Invalid for what cannot be told."""
        base = self._fields.get(key)
        if base is None or base.make is None:
            if told:
                raise Invalid("There is nothing to be told of this field.", field="with")
            return base
        read = read_told(base.params, told)
        whole = join_key(key, read)
        found = self._told.get(whole)
        if found is None:
            if len(self._told) >= MOST_KEPT:
                self._told.clear()
            found = base.make(read)
            self._told[whole] = found = _without_a_name(found) if base.part in self._off else found
        return found

    def get(self, key: str) -> Field:
        """The field. Raises Invalid."""
        found = self.find(key)
        if found is None:
            raise Invalid("There is no field “%(name)s” here.", name=key[:100], field="field")
        return found

    def base(self, key: str) -> Field:
        """The field as it is offered, whatever was told of it. Raises Invalid."""
        found = self._fields.get(split_key(key)[0])
        if found is None:
            raise Invalid("There is no field “%(name)s” here.", name=key[:100], field="field")
        return found
