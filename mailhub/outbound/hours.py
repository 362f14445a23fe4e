"""The hours in which a mailing may leave, by the clock of whoever gets it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from core import clock
from core.zones import find_zone

EVERY_DAY = 127


class Hours(NamedTuple):
    """Days as bits, Monday the lowest, and from which hour until which: 0 to 24 of all days is always. ``zone`` counts
    for whom none is known."""

    days: int = EVERY_DAY
    since: int = 0
    until: int = 24
    zone: str = "UTC"

    @property
    def are_all(self) -> bool:
        """True when there is nothing to wait for."""
        return self.days == EVERY_DAY and (self.since, self.until) == (0, 24)

    def opens(self, zone: str, now: int) -> int:
        """``now`` when it may leave to somebody in this zone, else when it may next."""
        here = find_zone(zone) or find_zone(self.zone) or ZoneInfo("UTC")
        local = clock.to_datetime(now).astimezone(here)
        if self._has(local.weekday()) and self.since <= local.hour < self.until:
            return now
        day = local.date()
        for ahead in range(9):
            then = day + timedelta(days=ahead)
            # An hour that the clock skips begins when it goes on, which is what the rule for gaps gives.
            opens = clock.from_datetime(datetime(then.year, then.month, then.day, self.since, tzinfo=here))
            if self._has(then.weekday()) and opens > now:
                return opens
        return now + 7 * clock.DAY

    def after(self, now: int, work: int) -> int | None:
        """When so many microseconds of work are done that goes on in these hours alone; None for more than a year."""
        if self.are_all:
            return now + work
        moment = now
        while moment < now + 366 * clock.DAY:
            moment = self.opens("", moment)
            local = clock.to_datetime(moment).astimezone(find_zone(self.zone) or ZoneInfo("UTC"))
            hour = clock.HOUR - (local.minute * 60 + local.second) * clock.SECOND
            if work <= hour:
                return moment + work
            work -= hour
            moment += hour
        return None

    def _has(self, weekday: int) -> bool:
        return bool(self.days >> weekday & 1)
