"""Moments that calendar objects say, as instants. Apart from reading them, which is done by processes that know no more
than they have to."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from core import clock
from core.zones import find_zone

_LASTS = re.compile(r"P(?:(\d{1,4})W)?(?:(\d{1,4})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,6})S)?)?$", re.ASCII)
_SAID = re.compile(r"(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d:\d\d)(Z|\[[^\]]*\])?)?$", re.ASCII)
_LATEST = clock.from_datetime(datetime(9999, 1, 1, tzinfo=UTC))


def instant_of(said: str | None, zone: str = "") -> int | None:
    """The instant of a moment as ``parse_invitation`` writes it, in microseconds; a time without a zone, or in one that
    nobody knows, is read in ``zone``. None for a whole day, for what is no moment, and for one that not
    every clock can show."""
    match = _SAID.match(said or "")
    if match is None or match[2] is None:
        return None
    try:
        local = datetime.fromisoformat(f"{match[1]}T{match[2]}")
    except ValueError:
        return None
    if not is_shown(local):
        return None
    if match[3] == "Z":
        return clock.from_datetime(local.replace(tzinfo=UTC))
    found = find_calendar_zone((match[3] or "")[1:-1] or zone) or find_zone(zone)
    return None if found is None else int(local.replace(tzinfo=found).timestamp()) * clock.SECOND


def end_of(start: str | None, end: str | None, zone: str = "") -> int | None:
    """``instant_of`` the end, which may be said as how long it lasts; a day of that is 24 hours."""
    match = _LASTS.match(end or "")
    if match is None:
        return instant_of(end, zone)
    begins = instant_of(start, zone)
    weeks, days, hours, minutes, seconds = (int(one or 0) for one in match.groups())
    lasts = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    if begins is None or begins >= _LATEST - lasts // timedelta(microseconds=1):
        return None
    return begins + lasts // timedelta(microseconds=1)


def is_shown(day: date) -> bool:
    """Whether a day can be shown on every clock: dates end with the year 9999, and zones lie half a day apart."""
    return 1970 < day.year < 9999


def find_calendar_zone(name: str) -> ZoneInfo | None:
    """The zone that a calendar names: by its name, or by the one that Windows has for it (``FLE Standard Time``)."""
    return find_zone(name) or find_zone(WINDOWS_TO_OLSON.get(name, ""))
