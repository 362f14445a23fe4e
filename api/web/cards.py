"""The calendar object of a letter as a card: what it says, when by the clock of its reader, where, and who."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from api.web.shapes import Speaker
from core import clock
from mailhub.letters.calendar_times import end_of, instant_of, is_shown

MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Choice:
    """A button of a card: what it says and posts; ``chosen`` is what was answered."""

    title: str
    act: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """How an invitation from outside stands: sentences, buttons that post to ``url``, and where it is planned."""

    notes: tuple[str, ...]
    choices: tuple[Choice, ...]
    url: str
    planned_url: str | None


@dataclass(frozen=True, slots=True)
class Card:
    """See templates/web/_letter.html: ``lines`` are names with what they say, ``asked`` what can be done with it."""

    title: str
    lines: tuple[tuple[str, str], ...]
    asked: Asked | None = None


def make_card(speaker: Speaker, parsed: dict[str, Any], writer: str, asked: Asked | None = None) -> Card | None:
    """The card of a letter by ``writer``, None for one that brings no calendar object; ``asked`` is how it stands."""
    said = parsed.get("invitation")
    if not said:
        return None
    subject = said["summary"] or speaker.say("no subject")
    found = [
        (speaker.say("When"), _when(speaker, said["start"], said["end"])),
        (speaker.say("Where"), said["place"] or ""),
    ]
    if said["method"] not in ("REPLY", "COUNTER"):
        others = said["attendees"][:MOST_NAMED]
        more = f" +{len(said['attendees']) - MOST_NAMED}" if len(said["attendees"]) > MOST_NAMED else ""
        found += [(speaker.say("Invites"), said["organizer"] or ""), (speaker.say("Invited"), ", ".join(others) + more)]
    found.append((speaker.say("Note"), said["comment"] or ""))
    title = speaker.say(_sentence(said, writer), subject=subject)
    return Card(title, tuple((name, text) for name, text in found if text), asked)


def _sentence(said: dict[str, Any], writer: str) -> str:
    sentences = {
        "accepted": "Accepted: %(subject)s",
        "tentative": "Maybe: %(subject)s",
        "declined": "Declined: %(subject)s",
        "COUNTER": "Another time is proposed: %(subject)s",
        "CANCEL": "Called off: %(subject)s",
        "REQUEST": "Invitation: %(subject)s",
        "": "In the calendar: %(subject)s",
    }
    key = said["method"] or ""
    if key == "REPLY":
        answers = dict(zip((one.lower() for one in said["attendees"]), said["answers"], strict=False))
        key = answers.get(writer.lower(), next(iter(answers.values()), ""))
    return sentences.get(key, sentences[""])


def _when(speaker: Speaker, start: str | None, end: str | None) -> str:
    """By the clock of the reader; one in a zone that nobody knows, or beyond all calendars, stays as written."""
    language = speaker.language
    begins, ends = instant_of(start), end_of(start, end)
    if begins is not None:
        said = language.format_datetime(begins)
        same_day = ends is not None and language.moment(ends).date() == language.moment(begins).date()
        return f"{said}–{language.format_time(ends)}" if ends is not None and same_day else said
    try:
        day = date.fromisoformat(start or "")
    except ValueError:
        day = date.min
    if not is_shown(day):
        return (start or "").replace("T", " ").replace("[", " (").replace("]", ")")
    return language.format_date(clock.from_datetime(datetime.combine(day, time(12), language.zone)))
