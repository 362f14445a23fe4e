"""What a letter may say of its occasion: ``{{ event.subject }}``, ``{{ document.number }}``, in the language of its
reader."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from babel import Locale
from babel.dates import format_date, format_time

from core.language import LANGUAGES
from mailhub.automatic.shapes import Rule
from mailhub.campaigns.choosing import Candidate

FIELDS: dict[str, tuple[str, ...]] = {
    "event": ("event.subject", "event.date", "event.time"),
    "date": ("date.day",),
    "silence": ("letter.subject",),
    "letter": ("letter.subject",),
    "document": ("document.number", "document.date"),
    "tag": ("letter.subject",),
    "assigned": ("letter.subject", "executor.name", "executor.email"),
}
"""The fields that a letter may hold besides those of every mailing, by what its rule waits for."""


def fields_of(rule: Rule, candidate: Candidate, facts: dict[str, Any]) -> dict[str, Any]:
    """The values of these fields for one occasion."""
    code = candidate.language or next(iter(_written(rule)), "")
    locale = Locale.parse(code if code in LANGUAGES else "en")
    kind = rule.told.kind
    if kind == "event":
        said = datetime.fromisoformat(f"{facts['date']}T{facts['time']}")
        time = format_time(said, "short", locale=locale)
        return {"event": {"subject": facts["subject"], "date": _day(said, locale), "time": time}}
    if kind == "date":
        return {"date": {"day": _said(facts["date"], locale)}}
    if kind == "document":
        return {"document": {"number": facts["number"], "date": _said(facts["date"], locale)}}
    found: dict[str, Any] = {"letter": {"subject": facts.get("subject", "")}}
    if kind == "assigned":
        found["executor"] = {"name": facts["name"], "email": facts["email"]}
    return found


def _written(rule: Rule) -> list[str]:
    return [language for language in rule.letters if language]


def _said(text: str, locale: Locale) -> str:
    """``2026-11-22``, or ``--11-22`` where nobody knows the year."""
    if text.startswith("--"):
        return str(format_date(date.fromisoformat(f"2000{text[1:]}"), "d MMMM", locale=locale))
    return _day(date.fromisoformat(text), locale)


def _day(day: date, locale: Locale) -> str:
    return str(format_date(day, "long", locale=locale))
