"""The Date header as an instant. RFC 5322 §3.3 and §4.3, and the forms that programs write instead."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from core.clock import SECOND

_MONTHS = {
    name: number
    for number, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
    )
}
_ZONES = {
    "ut": 0, "utc": 0, "gmt": 0, "z": 0, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8,
    "pdt": -7, "cet": 1, "cest": 2, "eet": 2, "eest": 3, "msk": 3, "bst": 1, "wet": 0, "west": 1, "ict": 7, "jst": 9,
}  # fmt: skip
_CLOCK = r"(\d{1,2})[:.](\d{1,2})(?:[:.](\d{1,2}))?"
_RFC = re.compile(
    rf"(\d{{1,2}})[ \t-]+([a-z]{{3}})[a-z]*\.?[ \t,-]+(\d{{2,4}})[ \t,]+{_CLOCK}[ \t]*(\S*)", re.IGNORECASE
)
_C = re.compile(
    rf"([a-z]{{3}})[a-z]*[ \t]+(\d{{1,2}}),?[ \t]+(?:{_CLOCK}[ \t]+)(?:([a-z+-]\S*)[ \t]+)?(\d{{4}})", re.IGNORECASE
)
_ISO = re.compile(rf"(\d{{4}})-(\d{{2}})-(\d{{2}})[ tT]{_CLOCK}(?:\.\d+)?[ ]*(\S*)")
_COMMENT, _COLON = re.compile(r"\([^()]*\)"), re.compile(r"[ \t]*:[ \t]*")
_OFFSET = re.compile(r"(?:gmt|utc)?([+-])(\d{2}):?(\d{2})", re.IGNORECASE)
# What programs write that ask the system for its language, and forms that people are used to.
_LOCAL = re.compile(
    rf"(\d{{1,2}})[ \t.-]+([^\W\d_]{{3}})[^\W\d_]*\.?[ \t,-]+(\d{{4}})[^\d]{{1,8}}{_CLOCK}[ \t]*(\S*)", re.IGNORECASE
)
_AMERICAN = re.compile(
    rf"([a-z]{{3}})[a-z]*\.?[ \t]+(\d{{1,2}}),?[ \t]+(\d{{4}}),?[ \t]+{_CLOCK}[ \t]*([ap])m\b[ \t]*(\S*)", re.IGNORECASE
)
_DOTS = re.compile(rf"\b(\d{{1,2}})\.(\d{{1,2}})\.(\d{{4}}),?[ \t]+{_CLOCK}[ \t]*(\S*)")
_LOCAL_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "янв яну січ jän ene sty jan", "фев лют fév lut feb", "мар бер mär mar", "апр кві avr abr kwi apr",
            "мая май тра mai maj may", "июн юни чер jui cze jun", "июл юли лип lip jul", "авг сер aoû ago sie aug",
            "сен сеп вер wrz sep", "окт жов okt paź oct", "ноя ное лис lis nov", "дек гру dez dic déc gru dec",
        ),
        1,
    )
    for name in names.split()
}  # fmt: skip


def parse_date(value: bytes | None) -> int | None:
    """Microseconds since the epoch; None where there is no date or an absurd one (before 1970, after 2099, +9999)."""
    if value is None:
        return None
    text = value[:200].decode("latin-1")
    moment = _read(text)
    if moment is None:
        # RFC 5322 §4.3: blanks and comments anywhere.
        plain = _COLON.sub(":", _COMMENT.sub("", value[:200].decode("utf-8", "replace")))
        moment = _read(plain) or _read_loosely(plain)
    return None if moment is None else int(moment.timestamp()) * SECOND


def _read(text: str) -> datetime | None:
    moment: datetime | None = None
    if match := _RFC.search(text):
        moment = _moment(match[3], _MONTHS.get(match[2].lower()), match[1], match.group(4, 5, 6), match[7])
    elif match := _ISO.search(text):
        moment = _moment(match[1], int(match[2]), match[3], match.group(4, 5, 6), match[7])
    elif match := _C.search(text):
        moment = _moment(match[7], _MONTHS.get(match[1].lower()), match[2], match.group(3, 4, 5), match[6] or "")
    return moment


def _read_loosely(text: str) -> datetime | None:
    if match := _LOCAL.search(text):
        month = _LOCAL_MONTHS.get(match[2].lower())
        if match[2].lower() == "jui" and "juil" in text.lower():
            month = 7
        return _moment(match[3], month, match[1], match.group(4, 5, 6), match[7])
    if match := _AMERICAN.search(text):
        hour = str(int(match[4]) % 12 + (12 if match[7] in "pP" else 0))
        return _moment(match[3], _MONTHS.get(match[1].lower()), match[2], (hour, match[5], match[6]), match[8])
    if match := _DOTS.search(text):
        return _moment(match[3], int(match[2]), match[1], match.group(4, 5, 6), match[7])
    return None


def _moment(year: str, month: int | None, day: str, clock: tuple[str, ...], zone: str) -> datetime | None:
    full_year = int(year)
    if len(year) == 2:
        full_year += 2000 if full_year < 50 else 1900
    elif len(year) == 3:
        full_year += 1900
    offset = _offset(zone)
    if month is None or offset is None or not 1970 <= full_year <= 2099:
        return None
    hour, minute, second = clock
    try:
        return datetime(full_year, month, int(day), int(hour), int(minute), min(int(second or 0), 59), 0, UTC) - offset
    except ValueError:
        return None


@lru_cache(maxsize=256)
def _offset(zone: str) -> timedelta | None:
    """The distance from UTC; an unknown word means UTC (RFC 5322 §4.3), an impossible number is None."""
    match = _OFFSET.match(zone)
    if match is None:
        return timedelta(hours=_ZONES.get(zone.strip("().,;").lower(), 0))
    hours, minutes = int(match[2]), int(match[3])
    if hours > 15 or minutes > 59:
        return None
    size = timedelta(hours=hours, minutes=minutes)
    return -size if match[1] == "-" else size
