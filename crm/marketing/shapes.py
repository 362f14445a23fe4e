"""What the room tells of marketing events and of whom they touched."""

from __future__ import annotations

from dataclasses import dataclass

KINDS = ("exhibition", "webinar", "campaign", "advertisement", "seminar", "other")
WAYS = ("visited", "registered", "took_part", "met", "answered", "other")
"""How somebody was touched: visited the stand, registered, took part, was met, answered."""


@dataclass(frozen=True, slots=True)
class MarketingEvent:
    """An exhibition, a campaign. ``planned`` and ``spent`` are minor units of ``currency``, None where nothing was
    said; days are ``2026-11-18``, '' where they are not known."""

    id: int
    name: str
    kind: str
    channel_id: int | None
    date_from: str
    date_to: str
    currency: str
    planned: int | None
    spent: int | None
    responsible_id: int | None
    about: str
    created_at: int
    version: int


@dataclass(frozen=True, slots=True)
class Party:
    """Whom a marketing event touches: a client, and the person there where one is known."""

    counterparty_id: int
    contact_id: int | None = None


@dataclass(frozen=True, slots=True)
class Touch:
    """Somebody touched by a marketing event: ``id`` is the line in the history of the client."""

    id: int
    event_id: int
    counterparty_id: int
    contact_id: int | None
    way: str
    at: int
    note: str
    author_id: int | None


@dataclass(frozen=True, slots=True)
class Tally:
    """What came of a marketing event: how many touches, of how many clients, and how many of these it brought."""

    touches: int
    clients: int
    brought: int
