"""What people call the fields that a letter to many may hold."""

from __future__ import annotations

import re
from collections.abc import Iterable

from api.web.shapes import Speaker

TEXT_FIELDS = {
    "client.name": "name of the client",
    "client.city": "city of the client",
    "contact.name": "name of the reader",
    "contact.position": "position of the reader",
    "manager.name": "name of the manager",
    "manager.email": "address of the manager",
    "event.subject": "what is planned",
    "event.date": "day of it",
    "event.time": "hour of it",
    "date.day": "the day",
    "letter.subject": "subject of the conversation",
    "document.number": "number of the document",
    "document.date": "date of the document",
    "executor.name": "name of the executor",
    "executor.email": "address of the executor",
}

_PARTS = {"event": "calendar", "document": "documents"}
_FIELD = re.compile(r"\{\{-?\s*([\w.]+)[^{}]*\}\}")


def name_fields(speaker: Speaker, fields: Iterable[str]) -> list[tuple[str, str]]:
    """These fields, each with its name in the reader's language; none of a part that is turned off."""
    there = [one for one in fields if speaker.viewer.uses(_PARTS.get(one.partition(".")[0], ""))]
    return [(one, speaker.say(TEXT_FIELDS[one])) for one in there]


def show_fields(speaker: Speaker, text: str) -> str:
    """A subject as people read it: ``Your contract ends on ‹the day›``."""
    return _FIELD.sub(lambda found: f"‹{speaker.say(TEXT_FIELDS.get(found[1], found[1]))}›", text)
