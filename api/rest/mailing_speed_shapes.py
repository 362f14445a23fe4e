"""How fast mailings leave, in the shapes of the interface."""

from __future__ import annotations

from typing import Annotated

import msgspec

from api.rest.shapes import Body


class Speed(Body):
    """How fast it leaves and in which hours. ``days`` are bits, Monday the lowest; ``zone`` counts for whom none is
    known; ``warm_up``: so many to each domain on the first day, twice as many on each of the next six."""

    a_minute: int = 0
    days: int = 127
    since_hour: int = 0
    until_hour: int = 24
    zone: Annotated[str, msgspec.Meta(max_length=64)] = ""
    warm_up: int = 0


class SpeedView(msgspec.Struct):
    """The same as it stands, what leaves a minute now, when everything will have left, and the plan of the first days:
    by domain, the last number is what is left after them."""

    a_minute: int
    days: int
    since_hour: int
    until_hour: int
    zone: str
    warm_up: int
    rate: int
    ends_at: str | None
    plan: dict[str, list[int]]


class PaceView(msgspec.Struct):
    """A rate of ``house``, ``mailbox 7`` or ``domain client.example``; ``learned`` is what its servers take now."""

    name: str
    a_minute: int
    learned: int


class NewPace(Body):
    """So many letters of mailings a minute, 0 for no limit."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=260)]
    a_minute: int


class SendingView(msgspec.Struct):
    """Whether somebody stopped all sending."""

    stopped: bool


class StoppedDomain(msgspec.Struct):
    """A domain to which no mailing leaves; ``until`` null: until somebody lifts it."""

    domain: str
    at: str | None
    until: str | None


class NewStop(Body):
    """A domain to which no mailing shall leave."""

    domain: Annotated[str, msgspec.Meta(min_length=1, max_length=253)]
