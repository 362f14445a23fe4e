"""Where somebody is signed in, as a table shows it."""

from __future__ import annotations

from dataclasses import dataclass

from api.web.shapes import Speaker, When, make_when
from crm.staff.sessions import Session

# The first that fits: each browser also names those whose pages it wants to get.
BROWSERS = (
    *(("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari")),
    ("curl", "curl"),
)
SYSTEMS = (
    *(("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "macOS")),
    ("Linux", "Linux"),
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where one is signed in."""

    agent: str
    peer: str
    began: When | None
    seen: When | None
    current: bool
    name: str


def shape_places(speaker: Speaker, sessions: list[Session]) -> list[Place]:
    """The rows of the table."""
    return [
        Place(
            name_program(one.agent) or speaker.say("unknown program"),
            one.peer,
            make_when(speaker, one.created_at, long=True),
            make_when(speaker, one.seen_at, long=True),
            one.current,
            one.name,
        )
        for one in sessions
    ]


def name_program(agent: str) -> str:
    """``Firefox · Linux``: enough of what a browser says of itself to know one's own again."""
    browser = next((name for mark, name in BROWSERS if mark in agent), agent[:40])
    system = next((name for mark, name in SYSTEMS if mark in agent), "")
    return " · ".join(part for part in (browser, system) if part)
