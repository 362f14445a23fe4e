"""Words of what is planned, and one of it as pages show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from api.web.repeating import say_rule
from api.web.shapes import Person, Speaker, make_person, make_when
from core.clock import iso
from crm.planner import Planned, instant_of, parse_starts

ICONS = {"call": "phone", "meeting": "users", "negotiation": "users", "task": "circle-check", "other": "clock"}
FIRST_HOUR, LAST_HOUR = 7, 21
ROWS_AN_HOUR = 2
MOST_ROWS = (LAST_HOUR - FIRST_HOUR) * ROWS_AN_HOUR


def plan_kinds(speaker: Speaker) -> dict[str, str]:
    """What can be planned."""
    return {
        "call": speaker.say("Call"),
        "meeting": speaker.say("Meeting"),
        "negotiation": speaker.say("Negotiation"),
        "task": speaker.say("Task"),
        "other": speaker.say("Something else"),
    }


@dataclass(frozen=True, slots=True)
class Shown:
    """Something planned; see templates/web/planner.html. ``row`` and ``long`` are its half hours in a day."""

    id: int
    url: str
    icon: str
    kind: str
    subject: str
    hour: str
    day: str
    when: str
    due_iso: str
    state: str
    client: str
    client_url: str | None
    executor: Person
    repeats: str
    held: bool
    row: int
    long: int
    moves: bool


def show(
    speaker: Speaker, one: Planned, clients: Mapping[int, str], users: Mapping[int, str], *, moves: bool = False
) -> Shown:
    """One of them on the clock of its reader."""
    local = speaker.language.moment(one.due_at)
    row = (local.hour - FIRST_HOUR) * ROWS_AN_HOUR + (local.minute >= 30) + 1
    row = min(max(row, 1), MOST_ROWS)
    when = make_when(speaker, one.due_at, long=True)
    assert when is not None
    late = one.state == "open" and one.due_at < speaker.now
    client_id = one.counterparty_id
    return Shown(
        id=one.id,
        url=f"/calendar/{one.id}",
        icon=ICONS[one.kind],
        kind=plan_kinds(speaker)[one.kind],
        subject=one.subject,
        hour=speaker.language.format_time(one.due_at),
        day=f"{local:%Y-%m-%d}",
        when=when.text,
        due_iso=iso(one.due_at),
        state="late" if late else one.state,
        client=clients.get(client_id, "") if client_id else "",
        client_url=f"/clients/{client_id}" if client_id else None,
        executor=make_person(
            users.get(one.executor_id, "?"), me=one.executor_id == speaker.viewer.user_id, person_id=one.executor_id
        ),
        repeats=say_rule(speaker, one.rule),
        held=one.held,
        row=row,
        long=min(max(-(-one.minutes // 30), 1), MOST_ROWS - row + 1),
        moves=moves and one.state == "open",
    )


def starts_on(speaker: Speaker, written: str) -> int:
    """The instant of a local time of the reader."""
    return instant_of(parse_starts(written), speaker.language.zone)
