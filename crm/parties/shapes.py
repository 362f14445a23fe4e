"""What the room tells of clients and people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from core.errors import Invalid
from crm.parties.phones import Phone

Kind = Literal["company", "person"]
ROLES = ("customer", "supplier", "competitor", "partner", "other")
PLACES = ("", "holding", "department")
"""What a client is to the one above it: belongs to it in no particular way, to its holding, is a department of it."""
ADDRESS_KINDS = ("", "work", "private", "accounts", "other")


@dataclass(frozen=True, slots=True)
class Email:
    """An address and what it is for (one of ``ADDRESS_KINDS``)."""

    address: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Counterparty:
    """A company or a person we deal with. ``birthday`` is ``2001-12-31`` or, without a year, ``--12-31``.
    ``first_channel_at`` is when it was first said by what channel they came."""

    id: int
    name: str
    kind: Kind
    roles: tuple[str, ...]
    addresses: tuple[Email, ...]
    domains: tuple[str, ...]
    manager_id: int | None
    city: str
    language: str
    external_id: str | None
    phones: tuple[Phone, ...] = ()
    parent_id: int | None = None
    parent_as: str = ""
    time_zone: str = ""
    birthday: str = ""
    channel_id: int | None = None
    first_channel_id: int | None = None
    first_channel_at: int | None = None
    about: str = ""
    created_at: int = 0
    version: int = 1
    merged_into: int | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def emails(self) -> tuple[str, ...]:
        """The addresses alone."""
        return tuple(one.address for one in self.addresses)


@dataclass(frozen=True, slots=True)
class Contact:
    """A person, at one counterparty or several; ``positions`` are what they are at each, where it is known."""

    id: int
    name: str
    position: str
    language: str
    addresses: tuple[Email, ...]
    counterparty_ids: tuple[int, ...]
    phones: tuple[Phone, ...] = ()
    positions: Mapping[int, str] = field(default_factory=dict)
    time_zone: str = ""
    birthday: str = ""
    about: str = ""
    version: int = 1
    merged_into: int | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def emails(self) -> tuple[str, ...]:
        """The addresses alone."""
        return tuple(one.address for one in self.addresses)

    def position_at(self, counterparty_id: int) -> str:
        """What they are there."""
        return self.positions.get(counterparty_id) or self.position


def check_choice(value: str, choices: tuple[str, ...], name: str) -> str:
    """Raises Invalid for what is none of the choices."""
    if value not in choices:
        raise Invalid("There is no %(name)s “%(value)s”.", name=name, value=value, field=name)
    return value
