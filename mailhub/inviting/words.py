"""What an invitation says to a person, beside what it says to their calendar."""

from __future__ import annotations

from core.language import Language
from crm.planner import get_zone, instant_of, parse_starts
from mailhub.inviting.calendars import Method, Part, Told


def say_when(language: Language, told: Told) -> str:
    """When it takes place first, with its zone: ``Tuesday, 24 November 2026, 10:00–11:00 (Europe/Kyiv, UTC+02:00)``."""
    zone = get_zone(told.zone)
    begins = instant_of(parse_starts(told.starts), zone)
    ends = f"–{language.format_time(begins + told.minutes * 60_000_000)}" if told.minutes else ""
    offset = language.moment(begins).strftime("%z")
    return f"{language.format_datetime(begins)}{ends} ({told.zone}, UTC{offset[:3]}:{offset[3:5]})"


def say_subject(language: Language, method: Method, told: Told, *, again: bool) -> str:
    """The subject of the letter."""
    if method == "CANCEL":
        return language.gettext("Called off: %(subject)s", subject=told.subject)
    if again:
        return language.gettext("Changed: %(subject)s", subject=told.subject)
    return language.gettext("Invitation: %(subject)s", subject=told.subject)


def say_letter(language: Language, method: Method, told: Told, name: str, *, again: bool) -> str:
    """Its text; ``language`` speaks in the zone of the event."""
    if method == "CANCEL":
        first = language.gettext("This does not take place: “%(subject)s”.", subject=told.subject)
    elif again:
        first = language.gettext("This has changed: “%(subject)s”.", subject=told.subject)
    else:
        first = language.gettext("%(name)s invites you: “%(subject)s”.", name=name, subject=told.subject)
    lines = [language.gettext("When: %(when)s", when=say_when(language, told))]
    if told.place:
        lines.append(language.gettext("Where: %(place)s", place=told.place))
    if told.rule and method == "REQUEST":
        lines.append(language.gettext("It repeats: your calendar shows every time."))
    parts = [first, "\n".join(lines)]
    if told.words and method == "REQUEST":
        parts.append(told.words)
    if method == "REQUEST":
        parts.append(language.gettext("Please say in your calendar, or by answering this letter, whether you come."))
    return "\n\n".join([*parts, name])


def say_reply_subject(language: Language, part: Part, subject: str) -> str:
    """The subject of our answer to an invitation."""
    sentences = {
        "accepted": "Accepted: %(subject)s",
        "tentative": "Maybe: %(subject)s",
        "declined": "Declined: %(subject)s",
    }
    return language.gettext(sentences[part], subject=subject)


def say_reply(language: Language, part: Part, told: Told | None, subject: str, name: str, words: str) -> str:
    """Its text; ``told`` where our calendars can say when."""
    sentences = {
        "accepted": "%(name)s comes: “%(subject)s”.",
        "tentative": "%(name)s may come: “%(subject)s”.",
        "declined": "%(name)s does not come: “%(subject)s”.",
    }
    first = language.gettext(sentences[part], name=name, subject=subject)
    when = [] if told is None else [language.gettext("When: %(when)s", when=say_when(language, told))]
    return "\n\n".join([first, *when, *([words] if words else [])])
