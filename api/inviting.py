"""What it takes to write to the guests of an event, for pages and programs alike."""

from __future__ import annotations

from core import clock
from mailhub.inviting.sending import Means
from mailhub.runtime import House


def means_of(house: House, wait_seconds: int | None = None) -> Means:
    """Letters can be taken back for ``wait_seconds``; None: as long as this house gives."""
    wait = house.settings.send.undo_seconds if wait_seconds is None else wait_seconds
    company = house.settings.company
    return Means(house.stamp, house.catalogs, company.language, wait * clock.SECOND, company.timezone)
