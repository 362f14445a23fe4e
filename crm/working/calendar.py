"""A working calendar: the hours of each weekday in one time zone, public holidays, days of its own.

An instant is working time when the clock on the wall shows an hour of its day at that instant. So a night in which the
clock is put forward has an hour less, and one in which it is put back an hour twice: whatever lies in those hours is
counted as it happens.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from core import clock
from core.errors import Invalid
from core.zones import zone_names
from crm.working.public import check_country, list_holidays

Range = tuple[int, int]
"""Minutes of the day, from and to (not included, at most 1440)."""
Span = tuple[int, int]
"""Instants, from and to."""

DAYS = 7
DAY_MINUTES = 24 * 60
MOST_RANGES = 4
MOST_OWN_DAYS = 400
LONGEST_NAME = 100
LONGEST_HOURS = 720
"""The longest time for an answer, in working hours."""
_HELD_DAYS = 1_000
_LAST_YEAR = 9998
_LONGEST_REST = 60
_DAY_SECONDS = DAY_MINUTES * 60
_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class OwnDay:
    """A day that is not like its weekday: other hours, or none."""

    day: date
    hours: tuple[Range, ...]
    name: str = ""


@dataclass(frozen=True)
class Calendar:
    """When somebody works. ``hours`` are those of the seven weekdays, Monday first; ``country`` may be empty."""

    zone: str
    hours: tuple[tuple[Range, ...], ...]
    country: str = ""
    region: str = ""
    own_days: tuple[OwnDay, ...] = ()
    _own: dict[date, tuple[Range, ...]] = field(init=False, repr=False, compare=False, default_factory=dict)
    _held: dict[date, tuple[Span, ...]] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._own.update({one.day: one.hours for one in self.own_days})

    def hours_of(self, day: date) -> tuple[Range, ...]:
        """The hours of a day: its own, none on a public holiday, else those of its weekday."""
        if day in self._own:
            return self._own[day]
        if self.country and day in list_holidays(self.country, self.region, day.year):
            return ()
        return self.hours[day.weekday()]

    def add(self, since: int, amount: int) -> int:
        """The instant at which ``amount`` microseconds of working time have passed since ``since``: the earliest one.
        With none it is the first working moment from there on."""
        for start, end in self._spans_from(since):
            if amount <= end - start:
                return start + amount
            amount -= end - start
        return since + amount

    def between(self, since: int, until: int) -> int:
        """How much working time lies between two instants."""
        passed = 0
        for start, end in self._spans_from(since):
            if start >= until:
                break
            passed += min(end, until) - start
        return passed

    def back(self, until: int) -> int:
        """The last working moment up to this one; this one itself where nobody has worked for long."""
        day = datetime.fromtimestamp(until // clock.SECOND, ZoneInfo(self.zone)).date() + timedelta(days=1)
        for _ in range(_LONGEST_REST):
            for start, end in reversed(self._spans_of(day)):
                if start <= until:
                    return max(start, min(until, end - clock.MINUTE))
            day -= timedelta(days=1)
        return until

    def end_of_day(self, at: int) -> int:
        """The instant at which the day of this one ends."""
        zone = ZoneInfo(self.zone)
        day = datetime.fromtimestamp(at // clock.SECOND, zone).date() + timedelta(days=1)
        return max(_midnights(zone, day)) * clock.SECOND

    def _spans_from(self, since: int) -> Iterator[Span]:
        """The working time from an instant on, in its order."""
        day = datetime.fromtimestamp(since // clock.SECOND, ZoneInfo(self.zone)).date() - timedelta(days=1)
        while day.year <= _LAST_YEAR:
            for start, end in self._spans_of(day):
                if end > since:
                    yield max(start, since), end
            day += timedelta(days=1)

    def _spans_of(self, day: date) -> tuple[Span, ...]:
        found = self._held.get(day)
        if found is None:
            if len(self._held) >= _HELD_DAYS:
                self._held.clear()
            found = self._held[day] = tuple(_spans(ZoneInfo(self.zone), day, self.hours_of(day)))
        return found


def _spans(zone: ZoneInfo, day: date, hours: tuple[Range, ...]) -> Iterator[Span]:
    """The instants at which the clock on the wall shows these hours of a day."""
    wall = (day.toordinal() - _EPOCH) * _DAY_SECONDS
    for lo, hi, offset in _stretches(zone, day) if hours else ():
        for begin, end in hours:
            start = max(wall + begin * 60 - offset, lo)
            stop = min(wall + end * 60 - offset, hi)
            if start < stop:
                yield start * clock.SECOND, stop * clock.SECOND


def _stretches(zone: ZoneInfo, day: date) -> list[tuple[int, int, int]]:
    """The day as stretches of one offset each: from and to in seconds since the epoch, and the offset of the wall."""
    lo, hi = min(_midnights(zone, day)), max(_midnights(zone, day + timedelta(days=1)))
    before, after = _offset(zone, lo), _offset(zone, hi - 1)
    if before == after:
        return [(lo, hi, before)]
    least, most = lo, hi - 1
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (middle, most) if _offset(zone, middle) == before else (least, middle)
    return [(lo, most, before), (most, hi, after)]


def _midnights(zone: ZoneInfo, day: date) -> list[int]:
    """When a day begins, in seconds since the epoch: by both readings of a time that the clock shows twice or never."""
    return [int(datetime.combine(day, time(fold=fold), zone).timestamp()) for fold in (0, 1)]


def _offset(zone: ZoneInfo, at: int) -> int:
    offset = datetime.fromtimestamp(at, zone).utcoffset()
    return 0 if offset is None else offset // timedelta(seconds=1)


def parse_calendar(data: Any) -> Calendar:
    """Read a calendar: ``{"zone", "hours": [[["09:00", "18:00"]], …seven], "country"?, "region"?,
    "days"?: [{"date", "hours": […], "name"?}]}``. Raises Invalid, with the field."""
    if not isinstance(data, Mapping):
        raise Invalid("A working calendar has a time zone and the hours of seven weekdays.", field="calendar")
    zone = data.get("zone")
    if not isinstance(zone, str) or zone not in zone_names():
        raise Invalid("There is no time zone named “%(zone)s”.", zone=zone, field="zone")
    week = data.get("hours")
    if not isinstance(week, list) or len(week) != DAYS:
        raise Invalid("A working calendar has the hours of seven weekdays, Monday first.", field="hours")
    hours = tuple(_parse_hours(one, f"hours.{number}") for number, one in enumerate(week))
    if not any(hours):
        raise Invalid("Nobody would ever work: at least one weekday needs hours.", field="hours")
    country, region = data.get("country") or "", data.get("region") or ""
    if not isinstance(country, str) or not isinstance(region, str):
        raise Invalid("A country and a region are named by their codes.", field="country")
    if country:
        check_country(country, region)
    return Calendar(zone, hours, country, region if country else "", _parse_days(data.get("days") or []))


def _parse_days(data: Any) -> tuple[OwnDay, ...]:
    if not isinstance(data, list) or len(data) > MOST_OWN_DAYS:
        raise Invalid("A calendar has at most %(count)s days of its own.", count=MOST_OWN_DAYS, field="days")
    days: dict[date, OwnDay] = {}
    for number, one in enumerate(data):
        place = f"days.{number}"
        try:
            day = date.fromisoformat(one["date"])
        except (KeyError, TypeError, ValueError):
            raise Invalid("A day of one's own is a date such as 2026-12-24.", field=place) from None
        if day in days:
            raise Invalid("The day %(day)s stands there twice.", day=day.isoformat(), field=place)
        name = str(one.get("name") or "")[:LONGEST_NAME]
        days[day] = OwnDay(day, _parse_hours(one.get("hours") or [], place), name)
    return tuple(days[day] for day in sorted(days))


def _parse_hours(data: Any, place: str) -> tuple[Range, ...]:
    if not isinstance(data, list) or len(data) > MOST_RANGES:
        raise Invalid("A day has at most %(count)s stretches of work.", count=MOST_RANGES, field=place)
    ranges: list[Range] = []
    for one in data:
        pair: list[Any] = one if isinstance(one, list) else []
        begin, end = (_parse_minute(pair[0]), _parse_minute(pair[1])) if len(pair) == 2 else (None, None)
        if begin is None or end is None or begin >= end or (ranges and begin < ranges[-1][1]):
            raise Invalid("Hours run from one time to a later one, such as 09:00–18:00, in order.", field=place)
        ranges.append((begin, end))
    return tuple(ranges)


def _parse_minute(text: Any) -> int | None:
    hour, colon, minute = str(text).partition(":")
    if not (colon and hour.isascii() and hour.isdigit() and minute.isascii() and minute.isdigit()):
        return None
    if len(hour) > 2 or len(minute) != 2 or int(minute) > 59:
        return None
    found = int(hour) * 60 + int(minute)
    return found if found <= DAY_MINUTES else None


def calendar_data(calendar: Calendar) -> dict[str, Any]:
    """As ``parse_calendar`` reads it."""
    return {
        "zone": calendar.zone,
        "hours": [_hours_data(one) for one in calendar.hours],
        "country": calendar.country,
        "region": calendar.region,
        "days": [
            {"date": one.day.isoformat(), "hours": _hours_data(one.hours), "name": one.name}
            for one in calendar.own_days
        ],
    }


def _hours_data(hours: tuple[Range, ...]) -> list[list[str]]:
    return [[f"{minute // 60:02}:{minute % 60:02}" for minute in one] for one in hours]
