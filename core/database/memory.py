"""What a reading unit was told already: it sees one snapshot, so the same question has the same answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Executable

from core.database.prepared import Answer

MOST_ANSWERS = 256
"""How many answers a unit remembers."""
MOST_VALUES = 200
"""Longer answers, and those to longer lists, are not remembered: an export reads a whole base in one unit."""

Take = Callable[[Answer], Any]
"""What is made of an answer: its rows, its first value."""
Key = tuple[Any, ...]


def key_of(take: Take, statement: Executable, parameters: Mapping[str, Any] | None) -> Key | None:
    """By what a question is known again; None for one that is not remembered."""
    key: list[Any] = [take, statement]
    for name, value in (parameters or {}).items():
        many = type(value) is list
        if many and len(value) > MOST_VALUES:
            return None
        key += name, tuple(value) if many else value
    made = tuple(key)
    try:
        hash(made)
    except TypeError:
        return None
    return made


class Memory:
    """Small answers by their questions; what was taken from each stands in a tuple, for it may be None."""

    __slots__ = ("_told",)

    def __init__(self) -> None:
        self._told: dict[Key, tuple[Any]] = {}

    def find(self, key: Key | None) -> tuple[Any] | None:
        """What was taken from the answer to this question; None where it was not asked."""
        return None if key is None else self._told.get(key)

    def keep(self, key: Key | None, told: tuple[Any]) -> None:
        """Remember it, if it is small and there is room."""
        if key is None or len(self._told) >= MOST_ANSWERS:
            return
        if not isinstance(told[0], Sequence) or len(told[0]) <= MOST_VALUES:
            self._told[key] = told
