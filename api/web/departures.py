"""The moments at which a letter may leave later: those of ``moments``, and in an hour."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from api.web import moments
from api.web.shapes import Speaker
from core import clock


@dataclass(frozen=True, slots=True)
class Departure:
    """A button: what it posts, what it says, and the hour that it means."""

    name: str
    title: str
    when: str


def list_departures(speaker: Speaker) -> list[Departure]:
    """Those that are offered now."""
    sentences = {
        "later": "Later today",
        "tomorrow": "Tomorrow morning",
        "monday": "On Monday morning",
        "week": "In a week",
    }
    soon = Departure("hour", speaker.say("In an hour"), "")
    found = moments.list_moments(speaker.now, speaker.language.zone)
    offered = [
        Departure(name, speaker.say(sentences[name]), speaker.language.format_time(at)) for name, at in found.items()
    ]
    return [soon, *offered]


def read_departure(zone: ZoneInfo, now: int, text: str) -> int:
    """The instant of a button, or of ``2026-03-01T09:00`` in that zone. Raises Invalid."""
    return now + clock.HOUR if text == "hour" else moments.read_moment({"when": text, "at": text}, now, zone)
