"""The form of a working calendar: seven weekdays with a break, a country for its holidays, days of one's own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from babel import Locale

from api.web.shapes import Speaker
from core.errors import Invalid
from crm.working import Calendar, calendar_data, list_countries, list_holidays, parse_calendar

WEEK = 7
SPANS = 2
_HOURS = r"\d{1,2}:\d{2} ?[-–] ?\d{1,2}:\d{2}"
_LINE = re.compile(rf"(?P<date>\d{{4}}-\d{{2}}-\d{{2}})(?P<spans>(?:[ ,]+{_HOURS})*)(?:[ ,]+(?P<name>.*))?")
_SPAN = re.compile(r"(\d{1,2}:\d{2}) ?[-–] ?(\d{1,2}:\d{2})")
OFFICE = [[["09:00", "18:00"]]] * 5 + [[], []]


@dataclass(frozen=True, slots=True)
class CalendarForm:
    """What the template shows; ``days`` is one day a line. ``holidays`` are those of this year."""

    zone: str
    week: list[tuple[str, list[tuple[str, str]]]]
    countries: list[tuple[str, str, bool]]
    region: str
    days: str
    holidays: list[tuple[str, str]]


def show_calendar(speaker: Speaker, calendar: Calendar | None, zone: str) -> CalendarForm:
    """The form of a calendar; of usual office hours where there is none yet."""
    data: Mapping[str, Any] = {"zone": zone, "hours": OFFICE, "country": "", "region": "", "days": []}
    if calendar is not None:
        data = calendar_data(calendar)
    locale = Locale.parse(speaker.language.code)
    names = locale.days["stand-alone"]["wide"]
    year = speaker.language.moment(speaker.now).year
    holidays = list_holidays(data["country"], data["region"], year)
    return CalendarForm(
        zone=data["zone"],
        week=[(names[day], _pairs(data["hours"][day])) for day in range(WEEK)],
        countries=sorted(
            ((code, locale.territories.get(code, code), code == data["country"]) for code in list_countries()),
            key=lambda one: one[1],
        ),
        region=data["region"],
        days="\n".join(_say_day(one) for one in data["days"]),
        holidays=[(day.isoformat(), name) for day, name in holidays.items()],
    )


def read_calendar(form: Mapping[str, str]) -> Calendar:
    """The calendar that a form says. Raises Invalid."""
    hours = []
    for day in range(WEEK):
        pairs = [(form.get(f"from_{day}_{n}", "").strip(), form.get(f"to_{day}_{n}", "").strip()) for n in range(SPANS)]
        if any(bool(begin) != bool(end) for begin, end in pairs):
            raise Invalid("Hours need a beginning and an end.", field=f"from_{day}_0")
        hours.append([[begin, "24:00" if end == "00:00" else end] for begin, end in pairs if begin])
    days = [_read_day(line) for line in form.get("days", "").splitlines() if line.strip()]
    data = {name: form.get(name, "").strip() for name in ("zone", "country", "region")}
    return parse_calendar({**data, "hours": hours, "days": days})


def _pairs(ranges: list[list[str]]) -> list[tuple[str, str]]:
    shown = [(begin, "00:00" if end == "24:00" else end) for begin, end in ranges]
    return (shown + [("", "")] * SPANS)[: max(SPANS, len(shown))]


def _say_day(one: Mapping[str, Any]) -> str:
    spans = ", ".join(f"{begin}-{end}" for begin, end in one["hours"])
    return " ".join(part for part in (one["date"], spans, one["name"]) if part)


def _read_day(line: str) -> dict[str, Any]:
    found = _LINE.fullmatch(line.strip())
    if found is None:
        sentence = "A day that is different begins with a date such as 2026-12-24; this does not: “%(line)s”"
        raise Invalid(sentence, line=line[:80], field="days")
    spans = [[begin.zfill(5), end.zfill(5)] for begin, end in _SPAN.findall(found["spans"] or "")]
    return {"date": found["date"], "hours": spans, "name": (found["name"] or "").strip()}
