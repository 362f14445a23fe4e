"""Questions to the DNS, as verdicts ask them: an answer, an empty answer, or no answer in time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal

Kind = Literal["TXT", "A", "AAAA", "MX", "PTR"]
Ask = Callable[[str, Kind], Awaitable[tuple[bytes, ...]]]
"""``await ask(name, kind)``: the records in their order, empty for none or no such name. TXT comes with its pieces
joined, MX as names from the most preferred, addresses as text. Raises NoAnswerError."""

LONGEST_NAME = 253


class NoAnswerError(Exception):
    """The servers did not answer in time, or said that they cannot now: ``temperror``."""


def is_name(name: str) -> bool:
    """Can there be such a name? RFC 1035 §2.3.4."""
    bare = name.removesuffix(".")
    return 0 < len(bare) <= LONGEST_NAME and all(0 < len(label) <= 63 for label in bare.split("."))
