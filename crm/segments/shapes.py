"""What the room tells of segments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Table

from crm.parties.tables import contact, counterparty

Of = Literal["counterparties", "contacts"]
TABLES: dict[str, Table] = {"counterparties": counterparty, "contacts": contact}
"""What the members of a segment may be, and where they stand."""
BY_HAND = 0
"""The version of a segment that goes by no rule."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A group of clients or contacts. ``rule`` is None where members are put in by hand; ``zone`` is the time zone of
    its dates. ``busy``: a new rule is being asked of everybody, until then its members are those of the one before."""

    id: int
    name: str
    of: Of
    size: int
    rule: dict[str, Any] | None
    zone: str
    version: int
    busy: bool
    created_by: int | None
    created_at: int
    standing: int = BY_HAND
    """The version by which its members are members now."""

    @property
    def by_hand(self) -> bool:
        """Whether people put its members in."""
        return self.rule is None


@dataclass(frozen=True, slots=True)
class Member:
    """Who is in a segment, since when, and put in by whom (None: by the rule)."""

    party_id: int
    name: str
    entered_at: int
    by_id: int | None


@dataclass(frozen=True, slots=True)
class Stay:
    """One time that a party was in a segment; ``left_at`` None: still is. ``cause`` of the exit: rule, hand, merge."""

    segment_id: int
    name: str
    entered_at: int
    left_at: int | None
    cause: str = ""
