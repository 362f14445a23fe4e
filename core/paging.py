"""Keyset pages: a list is continued after the last row that was seen, never at an offset.

A cursor is the sort key of that row, written as URL-safe text. It grants nothing: a reader who edits one only asks
for another place of a list that he may read anyway. What does not have exactly the shape the list asks for is refused,
so that no foreign type, oversized number or NUL reaches a database.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from core.errors import Invalid

Row = TypeVar("Row")
Key = tuple[int | str, ...]
Shape = tuple[type[int] | type[str], ...]

LONGEST_CURSOR = 4096
_SMALLEST, _LARGEST = -(2**63), 2**63 - 1


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows of a list and the cursor of what follows; ``next`` is None at the end."""

    items: Sequence[Row]
    next: str | None


def cut_page(rows: Sequence[Row], limit: int, key: Callable[[Row], Key]) -> Page[Row]:
    """The first ``limit`` of the rows. Ask the database for ``limit + 1``: the one too many says that there is more."""
    if len(rows) <= limit:
        return Page(rows, None)
    items = rows[:limit]
    return Page(items, encode_cursor(key(items[-1])))


def encode_cursor(key: Key) -> str:
    """The key as text for an address: letters, digits, ``-`` and ``_`` only."""
    return urlsafe_b64encode(msgspec.json.encode(key)).rstrip(b"=").decode("ascii")


def decode_cursor(text: str, shape: Shape) -> Key:
    """Read back what ``encode_cursor`` wrote for a key of this shape, ``(int, str)`` say.

    Raises ``Invalid`` for anything else, a cursor of another list included. Integers fit 64 bits, texts hold no NUL.
    """
    try:
        if len(text) > LONGEST_CURSOR:
            raise ValueError("longer than any cursor")
        raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        key: Key = msgspec.json.decode(raw, type=tuple[shape])  # type: ignore[valid-type]
        if not all(map(_fits, key)) or encode_cursor(key) != text:
            raise ValueError("not as it was written")
    except (ValueError, RecursionError, binascii.Error, msgspec.MsgspecError) as error:
        raise Invalid("This place in the list is not known. Start from the beginning.", field="after") from error
    return key


def _fits(value: int | str) -> bool:
    return "\0" not in value if isinstance(value, str) else _SMALLEST <= value <= _LARGEST
