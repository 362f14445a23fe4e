"""Time zones by their names (IANA), wherever people, files and programs say one."""

from __future__ import annotations

from functools import cache
from zoneinfo import ZoneInfo, available_timezones


@cache
def zone_names() -> frozenset[str]:
    """All that there are: looked for on the disk once, which takes as long as a page."""
    return frozenset(available_timezones())


def find_zone(name: str) -> ZoneInfo | None:
    """The zone of this name, None where there is none. ``Europe`` is a folder of zones, and a fault to ``ZoneInfo``."""
    return ZoneInfo(name) if name in zone_names() else None
