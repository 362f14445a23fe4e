"""The moments until which a thread is put aside, in the words and on the clock of the reader."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.clock import from_datetime, parse_iso, to_datetime
from core.errors import Invalid
from core.language import Language

MORNING, EVENING = time(9), time(20)
LATER = timedelta(hours=3)
Opens = Callable[[int], int]
"""The first working moment from an instant on."""


def list_moments(now: int, zone: ZoneInfo, opens: Opens | None = None) -> dict[str, int]:
    """The moments that are offered, by their names: in the morning is when the house begins to work that day, else at
    nine. What would be the same moment twice, or late in the evening, is not offered."""
    found: dict[str, int] = {}
    for name, moment in _name_moments(now, zone, opens).items():
        if moment not in found.values():
            found[name] = moment
    return found


def read_moment(form: dict[str, str], now: int, zone: ZoneInfo, opens: Opens | None = None) -> int:
    """The moment that a form asks for: ``when`` by its name, ``at`` as a browser writes the reader's own clock, or
    ``until`` in UTC. A name holds also where it is not offered any more: midnight came while the page was open. Raises
    Invalid."""
    moments = _name_moments(now, zone, opens)
    if form.get("when") in moments:
        return moments[form["when"]]
    try:
        if form.get("until"):
            return parse_iso(form["until"])
        return from_datetime(datetime.fromisoformat(form.get("at", "")).replace(tzinfo=zone))
    except (ValueError, OverflowError) as problem:
        raise Invalid("Choose a day and an hour.", field="at") from problem


def say_moment(language: Language, now: int, then: int) -> str:
    """``Mon 24 Nov, 09:00``; only the hour for today."""
    hour, day = language.format_time(then), language.format_list_time(now, then)
    if day == hour:
        return hour
    weekday = language.locale.days["stand-alone"]["abbreviated"][language.moment(then).weekday()]
    return f"{weekday} {day}, {hour}"


def _name_moments(now: int, zone: ZoneInfo, opens: Opens | None) -> dict[str, int]:
    here = to_datetime(now).astimezone(zone)
    rounded = here.replace(minute=0, second=0, microsecond=0)
    later = (rounded + LATER + timedelta(hours=here.minute > 0)).astimezone(zone)
    today = later.date() == here.date() and later.time() <= EVENING
    days = {"tomorrow": 1, "monday": 7 - here.weekday(), "week": 7}
    mornings = {name: _morning(here, ahead, opens) for name, ahead in days.items()}
    return ({"later": from_datetime(later)} if today else {}) | mornings


def _morning(here: datetime, days: int, opens: Opens | None) -> int:
    midnight = datetime.combine(here.date() + timedelta(days=days), time(), here.tzinfo)
    begin = from_datetime(midnight.replace(hour=MORNING.hour))
    worked = opens(from_datetime(midnight)) if opens else begin
    same_day = to_datetime(worked).astimezone(here.tzinfo).date() == midnight.date()
    return worked if same_day else begin
