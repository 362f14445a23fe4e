"""What the room tells of a field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.money import minor_digits

Holder = Literal["counterparty", "contact", "document", "interaction"]
"""What things may have fields."""
HOLDERS: tuple[Holder, ...] = ("counterparty", "contact", "document", "interaction")
Type = Literal["text", "number", "money", "date", "choice", "choices", "yes_no", "link"]
TYPES: tuple[Type, ...] = ("text", "number", "money", "date", "choice", "choices", "yes_no", "link")
Value = str | int | float | bool | list[str]
"""A text, a link, a choice (its key), a date as ``2026-11-18``; a number; minor units of the field's currency; yes or
no; the keys of several choices."""
Values = dict[str, Value]
"""What a thing has, by the keys of its fields; what it does not have is not there."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What may be chosen. ``ended``: not any more, but who has it keeps it."""

    key: str
    label: str
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Attribute:
    """A field that somebody added. ``key`` never changes. ``group`` is the heading that it stands under; ``place`` its
    place among those of its kind of thing; ``listed``: a column of lists; ``currency`` is that of its sums; ``ended``:
    asked for no more, what is known stays readable."""

    id: int
    of: Holder
    key: str
    label: str
    type: Type
    required: bool
    listed: bool
    choices: tuple[Choice, ...]
    group: str
    place: int
    currency: str
    ended: bool

    @property
    def scale(self) -> int:
        """How many places the minor unit of its sums takes."""
        return minor_digits(self.currency) if self.type == "money" else 0

    def label_of(self, choice: str) -> str:
        """What a choice is called; the key itself for one that is gone."""
        return next((one.label for one in self.choices if one.key == choice), choice)
