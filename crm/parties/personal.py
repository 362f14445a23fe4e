"""What is the same of a company and of a person, read strictly: name, language, birthday, time zone."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from core.errors import Conflict, Invalid
from core.fulltext import fold
from core.zones import zone_names

LONGEST_NAME = 300
LONGEST_TEXT = 10_000
_LONGEST_SORTED = 300  # letters: an index of PostgreSQL holds no more than 2.7 kB
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_BIRTHDAY = re.compile(r"(?P<year>\d{4}|-)-(?P<month>\d{2})-(?P<day>\d{2})")
_LEAP_YEAR = 2000


def read_name(name: str, empty: str) -> dict[str, str]:
    """The columns of a name. Raises Invalid: ``empty`` says what is missing."""
    stripped = " ".join(name.split())
    if not stripped:
        raise Invalid(empty, field="name")
    return {"name": stripped, "name_folded": sort_name(stripped)}


def sort_name(name: str) -> str:
    """The name as lists order it; the row itself keeps all of it."""
    return fold(name.strip())[:_LONGEST_SORTED]


def fold_said(values: dict[str, Any]) -> dict[str, str]:
    """What rules compare of a city and a position, for the columns beside them."""
    return {f"{name}_folded": sort_name(values[name] or "") for name in ("city", "position") if name in values}


def check_personal(values: dict[str, Any]) -> dict[str, Any]:
    """Language, birthday, time zone and free text among the values, read; city and position also as rules compare them.
    Raises Invalid with the field."""
    language = values.get("language")
    if language and not _LANGUAGE.fullmatch(language):
        raise Invalid("Write a language as two letters: uk, bg, vi.", field="language")
    if values.get("time_zone") and values["time_zone"] not in zone_names():
        raise Invalid("There is no time zone “%(zone)s”.", zone=values["time_zone"], field="time_zone")
    if values.get("birthday"):
        values = values | {"birthday": parse_birthday(values["birthday"])}
    if len(values.get("about") or "") > LONGEST_TEXT:
        raise Invalid("This text is longer than %(count)s characters.", count=LONGEST_TEXT, field="about")
    return values | fold_said(values)


def parse_birthday(text: str) -> str:
    """``1990-02-28``, or ``--02-29`` where the year is unknown. Raises Invalid."""
    found = _BIRTHDAY.fullmatch(text.strip())
    try:
        if found is None:
            raise ValueError(text)
        year = _LEAP_YEAR if found["year"] == "-" else int(found["year"])
        date(year, int(found["month"]), int(found["day"]))
    except ValueError as problem:
        raise Invalid("Write a birthday as 1990-12-31, or --12-31 without the year.", field="birthday") from problem
    return text.strip()


def demand_own(row: Any) -> None:
    """Raises Conflict for a party that has been merged into another."""
    if row.merged_into is not None:
        said = "%(name)s was merged into another one (number %(id)s). Open that one, or take the merge back first."
        raise Conflict(said, name=row.name, id=row.merged_into)
