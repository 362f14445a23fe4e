"""The only ``now()`` of the house, so that a test can make the clock stand still.

All instants are ``int`` microseconds since the Unix epoch, UTC: one type in tables, cursors and JSON,
exact on both engines. ``iso`` is for the eyes of programs, ``parse_iso`` reads it back.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def now() -> int:
    """Microseconds since the epoch, by the machine's clock."""
    return time.time_ns() // 1000


def to_datetime(instant: int) -> datetime:
    """The instant as an aware datetime in UTC."""
    return _EPOCH + timedelta(microseconds=instant)


def from_datetime(moment: datetime) -> int:
    """The instant of an aware datetime. Raises ``ValueError`` for a naive one: a moment without a zone is none."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return (moment - _EPOCH) // timedelta(microseconds=1)


@lru_cache(16384)
def iso(instant: int) -> str:
    """ISO 8601 in UTC with ``Z``; microseconds only where there are some."""
    return to_datetime(instant).isoformat().replace("+00:00", "Z")


def parse_iso(text: str) -> int:
    """Read what ``iso`` wrote, or any ISO 8601 moment that names its zone. Raises ``ValueError`` otherwise."""
    return from_datetime(datetime.fromisoformat(text))
