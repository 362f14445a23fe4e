"""How an invitation from outside stands, on the card of its letter: our answer, the buttons, where it is planned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from api.web.cards import Asked, Choice
from api.web.shapes import Speaker, make_when
from core.database import ReadTx
from core.errors import HouseError, Invalid
from crm.planner import find_next, find_planned
from crm.staff.people import list_names
from crm.staff.readable import Viewer
from mailhub.inviting.requests import Standing, list_standings
from mailhub.inviting.taking import When, is_over, read_when
from mailhub.mailboxes.boxes import get_mailbox
from mailhub.mailboxes.reading import Message


@dataclass(frozen=True, slots=True)
class SeenRequests:
    """The invitations of a thread, by letter; what stands in the calendar because of them and may be seen, by event;
    who answered, by number."""

    standings: Mapping[int, Standing] = field(default_factory=dict)
    planned: Mapping[int, int] = field(default_factory=dict)
    names: Mapping[int, str] = field(default_factory=dict)


def see_requests(tx: ReadTx, viewer: Viewer, mailbox_id: int, messages: Sequence[Message]) -> SeenRequests:
    """Read them, on the snapshot of the thread."""
    if not any(one.parsed.get("invitation") and one.direction == "in" for one in messages):
        return SeenRequests()
    found = list_standings(tx, get_mailbox(tx, mailbox_id), messages)
    events = {one.event_id for one in found.values() if one.event_id is not None}
    nexts = {event_id: number for event_id in events if (number := find_next(tx, event_id)) is not None}
    seen = find_planned(tx, viewer, nexts.values())
    people = sorted({one.answered_by_id for one in found.values() if one.answered_by_id is not None})
    return SeenRequests(
        found,
        {event_id: number for event_id, number in nexts.items() if number in seen},
        list_names(tx, people) if people else {},
    )


def make_asked(speaker: Speaker, url: str, seen: SeenRequests, message_id: int, may_answer: bool) -> Asked | None:
    """What the card of a letter says of it; ``url`` is where its buttons post to. None for no invitation."""
    found = seen.standings.get(message_id)
    if found is None or found.request.said.method == "CANCEL":
        return None
    calendar = speaker.viewer.uses("calendar")
    planned = seen.planned.get(found.event_id or 0) if calendar else None
    choices: list[Choice] = []
    notes = [_answered(speaker, found, seen.names)] if found.answer else []
    if found.called_off:
        notes.append(speaker.say("Who invites has called it off."))
    elif found.newer:
        notes.append(speaker.say("A newer letter has changed this invitation."))
    elif may_answer:
        if found.asks:
            choices = _choices(speaker, found)
        elif found.refused is not None and found.request.said.method == "REQUEST":
            notes.append(_said(speaker, found.refused))
        if planned is None and calendar:
            when = _read_when(found, str(speaker.language.zone))
            if not isinstance(when, When):
                notes.append(_said(speaker, when))
            elif not is_over(when):
                choices.append(Choice(speaker.say("Add to calendar"), "calendar", False))
            if isinstance(when, When) and not when.all_of_it:
                notes.append(
                    speaker.say("It repeats in a way that is not known here: only its first time is taken over.")
                )
    return Asked(tuple(notes), tuple(choices), url, f"/calendar/{planned}" if planned is not None else None)


def _choices(speaker: Speaker, found: Standing) -> list[Choice]:
    titles = {"accepted": speaker.say("Accept"), "tentative": speaker.say("Maybe"), "declined": speaker.say("Decline")}
    return [Choice(title, act, found.answer == act and not found.outdated) for act, title in titles.items()]


def _answered(speaker: Speaker, found: Standing, names: Mapping[int, str]) -> str:
    sentences = {
        "accepted": "%(name)s accepted, %(when)s.",
        "tentative": "%(name)s answered “maybe”, %(when)s.",
        "declined": "%(name)s declined, %(when)s.",
    }
    when = make_when(speaker, found.answered_at, long=True)
    name = names.get(found.answered_by_id or 0, "")
    said = speaker.say(sentences[found.answer], name=name, when=when.text if when else "")
    return f"{said} {speaker.say('It has changed since: answer anew.')}" if found.outdated else said


def _said(speaker: Speaker, problem: HouseError) -> str:
    return speaker.language.gettext(problem.sentence, **problem.fields)


def _read_when(found: Standing, zone: str) -> When | Invalid:
    try:
        return read_when(found.request.said, zone)
    except Invalid as problem:
        return problem
