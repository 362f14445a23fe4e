"""The calendar object in a letter, read as far as a person wants to see it and an answer has to be understood. Nothing
here applies it. RFC 5545, RFC 5546, RFC 6047.

Read by hand and not by a library: what comes in may be anything, and this looks at so many lines of it and no further.
"""

from __future__ import annotations

import re

from mailhub.letters.clean import one_line
from mailhub.letters.values import Invitation

_FOLD = re.compile(r"\r?\n[ \t]")
_LINE = re.compile(r'([A-Za-z-]{1,40})((?:;(?:"[^"]*"|[^":;])*)*+):(.*)')
_ESCAPE = re.compile(r"\\([\\;,nN])")
_MOMENT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)?(Z?))?$", re.ASCII)
_ZONE = re.compile(r';TZID="?([^";:]{1,60})', re.IGNORECASE)
_ANSWER = re.compile(r';PARTSTAT="?([A-Za-z-]{1,20})', re.IGNORECASE)
_ATTENDEES = 200
_LINES = 5_000
_HEADED = 4_000
_LONGEST = 1_000
_SHOWN = {"VEVENT", "VTODO"}
_MOMENTS = {"DTSTART", "DTEND", "DUE", "DURATION", "DTSTAMP", "RECURRENCE-ID"}


def parse_invitation(text: str) -> Invitation | None:
    """The first event (or task) of an iCalendar text; None when there is none.

    Times: ``…Z`` in UTC, ``YYYY-MM-DD`` for whole days, and a local time followed by ``[Zone]`` where a zone is named.
    An end may be how long it lasts: ``PT1H30M``.
    """
    if "BEGIN:V" not in text[:_HEADED].upper():
        return None
    method: str | None = None
    maker = ""
    values: dict[str, str] = {}
    attendees: list[tuple[str, str]] = []
    inside: list[str] = []
    for line in _FOLD.sub("", text).splitlines()[:_LINES]:
        match = _LINE.match(line)
        if match is None:
            continue
        name, params, value = match[1].upper(), match[2], match[3].strip()
        if name == "BEGIN":
            inside.append(value.upper())
        elif name == "END":
            if inside and inside.pop() in _SHOWN:
                break
        elif name == "METHOD":
            method = method or one_line(value).upper()[:40] or None
        elif name == "PRODID":
            maker = maker or one_line(value)[:100]
        elif inside and inside[-1] in _SHOWN:
            if name == "ATTENDEE":
                answer = _ANSWER.search(params)
                attendees.append((_address(value), answer[1].lower() if answer else ""))
            else:
                values.setdefault(name, _moment(value, params) if name in _MOMENTS else value)
    if not values and method is None:
        return None
    organizer = values.get("ORGANIZER")
    return Invitation(
        method=method,
        uid=_text(values.get("UID")),
        summary=_text(values.get("SUMMARY")),
        start=values.get("DTSTART"),
        end=values.get("DTEND") or values.get("DUE") or values.get("DURATION"),
        organizer=_address(organizer) if organizer else None,
        attendees=tuple(address for address, _ in attendees[:_ATTENDEES]),
        answers=tuple(answer for _, answer in attendees[:_ATTENDEES]),
        sequence=_number(values.get("SEQUENCE")),
        stamp=values.get("DTSTAMP"),
        recurrence=values.get("RECURRENCE-ID"),
        place=_text(values.get("LOCATION")),
        comment=_text(values.get("COMMENT")),
        rule=_text(values.get("RRULE")),
        maker=maker,
    )


def _text(value: str | None) -> str | None:
    if value is None:
        return None
    said = _ESCAPE.sub(lambda match: "\n" if match[1] in "nN" else match[1], value[: 2 * _LONGEST])
    return one_line(said)[:_LONGEST] or None


def _number(value: str | None) -> int | None:
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 10 else None


def _address(value: str) -> str:
    said = one_line(value[:500]).strip()
    return said[7:] if said[:7].lower() == "mailto:" else said


def _moment(value: str, params: str) -> str:
    match = _MOMENT.match(value)
    if match is None:
        return one_line(value)[:40]
    year, month, day, hour, minute, second, utc = match.groups()
    if hour is None:
        return f"{year}-{month}-{day}"
    zone = _ZONE.search(params)
    suffix = "Z" if utc else f"[{one_line(zone[1])}]" if zone else ""
    return f"{year}-{month}-{day}T{hour}:{minute}:{second or '00'}{suffix}"
