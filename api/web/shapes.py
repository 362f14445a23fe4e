"""Small things that every page shows: people, moments, how long somebody waits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from core.clock import iso
from core.language import Language
from crm.staff.readable import Viewer
from mailhub.mailboxes.boxes import Mailbox
from mailhub.mailboxes.lists import ThreadRow

COLOURS = "abcd"
TAG_COLOURS = ("", *COLOURS)
SOON_SHARE = 75  # per cent of the time allowed that is used up when a thread turns amber


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who reads a page, in which language, and at which moment it was made."""

    viewer: Viewer
    language: Language
    now: int

    def say(self, sentence: str, /, **fields: object) -> str:
        """A sentence that is data, of an error or an event say; those of this room are marked with ``_``."""
        return self.language.gettext(sentence, **fields)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as an avatar."""

    name: str
    initials: str
    me: bool = False
    id: int | None = None
    current: bool = False
    about: str | None = None


@dataclass(frozen=True, slots=True)
class Pill:
    """How long somebody waits, and the moments at which its colour changes."""

    state: str
    text: str
    since_iso: str
    soon_iso: str
    late_iso: str


@dataclass(frozen=True, slots=True)
class When:
    """A moment as programs and people write it."""

    iso: str
    text: str


@lru_cache(1024)
def make_person(
    name: str, *, me: bool = False, person_id: int | None = None, current: bool = False, about: str | None = None
) -> Person:
    """A person with the first letters of the first and the last word of the name."""
    words = [word for word in name.replace("@", " ").replace("<", " ").split() if word[0].isalnum()]
    ends = [words[0], words[-1]] if len(words) > 1 and "@" not in name else words[:1]
    initials = "".join(word[0] for word in ends).upper() or "?"
    return Person(name, initials, me, person_id, current, about)


def executor_of(row: ThreadRow, viewer: Viewer) -> Person | None:
    """Who has the thread."""
    if row.executor_id is None:
        return None
    return make_person(row.executor_name or "", me=row.executor_id == viewer.user_id, person_id=row.executor_id)


def soon_at(since: int, due: int) -> int:
    """When little time is left."""
    return since + (due - since) * SOON_SHARE // 100


def lateness(row: ThreadRow, now: int) -> str | None:
    """``late``, ``soon`` or ``time`` for a thread that waits for us; None for the others."""
    if row.waiting_for != "us" or row.waiting_since is None or row.due_at is None or row.state != "open":
        return None
    if now >= row.due_at:
        return "late"
    return "soon" if now >= soon_at(row.waiting_since, row.due_at) else "time"


def make_pill(speaker: Speaker, since: int, due: int | None) -> Pill:
    """A pill for somebody who waits since then; without a deadline it has no colour."""
    soon = None if due is None else soon_at(since, due)
    state = "none"
    if soon is not None and due is not None and speaker.now >= soon:
        state = "late" if speaker.now >= due else "soon"
    text = speaker.language.relative(speaker.now, since)
    return Pill(state, text, iso(since), iso(soon) if soon else "", iso(due) if due else "")


def make_when(speaker: Speaker, instant: int | None, *, long: bool = False) -> When | None:
    """A moment, short for lists or with the hour for letters."""
    if instant is None:
        return None
    text = speaker.language.format_list_time(speaker.now, instant)
    hour = speaker.language.format_time(instant)
    return When(iso(instant), f"{text}, {hour}" if long and text != hour else text)


def colour_of(kind: str, number: int) -> str:
    """The colour of a mailbox: violet is for personal ones."""
    return "personal" if kind == "personal" else COLOURS[number % len(COLOURS)]


def short_name(box: Mailbox) -> str:
    """``claims@``: how people call a mailbox among themselves."""
    return box.address.partition("@")[0] + "@"
