"""What the pages and the interface do alike with calendars and with clients who go into other hands."""

from __future__ import annotations

from functools import partial

from api.auth import Door
from mailhub.mailboxes.handing_over import Handed, hand_some


def feed_url(door: Door, secret: str) -> str:
    """The address under which a calendar is read."""
    return f"{door.house.settings.web.base_url.rstrip('/')}/feeds/{secret}.ics"


async def hand_all(door: Door, from_id: int, to_id: int, note: str) -> Handed:
    """All clients of a manager, some in each unit. Raises NotFound, Forbidden, Invalid."""
    handed = await door.write(hand_some, from_id, to_id, note)
    while handed.more:
        handed = await door.write(partial(hand_some, so_far=handed), from_id, to_id, note)
    return handed
