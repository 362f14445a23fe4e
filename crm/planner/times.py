"""Local times as people write them, and the instants that follow from them.

A time that a night in spring leaves out is the one an hour later on the clock; a time that a night in autumn has twice
is the first of them. So every local time is one instant, and what is planned for it happens once.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from core import clock
from core.errors import Invalid
from core.zones import find_zone

FORMAT = "%Y-%m-%dT%H:%M"
LAST_YEAR = 2200
YEARS_PRINTED = 6
_QUARTER = 6 * 3600


def parse_starts(written: str) -> datetime:
    """A local time without a zone, to the minute. Raises Invalid."""
    try:
        read = datetime.fromisoformat(written.strip())
    except ValueError as problem:
        raise Invalid("Choose a day and an hour.", field="starts") from problem
    if read.tzinfo is not None or not 1970 < read.year < LAST_YEAR:
        raise Invalid("Choose a day and an hour.", field="starts")
    return read.replace(second=0, microsecond=0)


def show_starts(local: datetime) -> str:
    """As it is kept: ``2026-11-22T10:00``."""
    return local.strftime(FORMAT)


def get_zone(name: str) -> ZoneInfo:
    """A time zone by its name. Raises Invalid."""
    found = find_zone(name)
    if found is None:
        raise Invalid("There is no time zone “%(zone)s”.", zone=name, field="zone")
    return found


def instant_of(local: datetime, zone: ZoneInfo) -> int:
    """The instant of a local time."""
    return int(local.replace(tzinfo=zone, fold=0).timestamp()) * clock.SECOND


def local_of(instant: int, zone: ZoneInfo) -> datetime:
    """What the clock on the wall shows at an instant."""
    return clock.to_datetime(instant).astimezone(zone).replace(tzinfo=None, second=0, microsecond=0)


def print_zone(zone: ZoneInfo, year: int) -> str:
    """A print of the hours that a zone keeps in the years around this one: another one after a change of its rules."""
    first = int(datetime(year - 1, 1, 1, tzinfo=UTC).timestamp())
    last = int(datetime(year - 1 + YEARS_PRINTED, 1, 1, tzinfo=UTC).timestamp())
    offsets = (datetime.fromtimestamp(one, zone).utcoffset() for one in range(first, last, _QUARTER))
    return hashlib.sha256(repr([one and one.total_seconds() for one in offsets]).encode()).hexdigest()[:32]
