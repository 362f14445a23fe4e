"""By which rule something repeats (RFC 5545, section 3.3.10): every few days, weeks, months or years.

Rules speak of local times alone, so a call at ten stays at ten when the clocks change.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice, takewhile
from typing import Literal, cast, get_args

from dateutil.rrule import rrule, rrulestr

from core.errors import Invalid

Every = Literal["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]
DAY_CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
MOST_INTERVAL = 99
MOST_COUNT = 1000
MOST_STEPS = 4000
_KNOWN = {"FREQ", "INTERVAL", "BYDAY", "BYMONTHDAY", "COUNT", "UNTIL", "WKST"}


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule in its parts. ``weekdays`` are 0 for Monday to 6. ``monthday`` is the day of a month, -1 for its last;
    ``nth`` with one weekday is its nth in the month, -1 for the last. It ends after ``count`` times, after the day
    ``until``, or never."""

    every: Every
    interval: int = 1
    weekdays: tuple[int, ...] = ()
    monthday: int = 0
    nth: int = 0
    count: int = 0
    until: date | None = None


def parse_rule(written: str) -> Rule:
    """A rule from its RFC 5545 text, with or without ``RRULE:``. Raises Invalid for what is no rule or repeats in
    ways that are not spoken of here (hours, weeks of a year)."""
    parts = dict(_parts(written.strip().removeprefix("RRULE:")))
    unknown = sorted(set(parts) - _KNOWN)
    if unknown:
        raise _wrong()
    every = parts.get("FREQ", "")
    if every not in get_args(Every):
        raise _wrong()
    days = [one for one in parts.get("BYDAY", "").split(",") if one]
    nth, weekdays = _weekdays(days)
    monthday = _number(parts.get("BYMONTHDAY", "0"))
    rule = Rule(
        every=cast(Every, every),
        interval=_number(parts.get("INTERVAL", "1")),
        weekdays=weekdays,
        monthday=monthday,
        nth=nth,
        count=_number(parts.get("COUNT", "0")),
        until=_until(parts.get("UNTIL", "")),
    )
    return check_rule(rule)


def check_rule(rule: Rule) -> Rule:
    """The rule itself. Raises Invalid for parts that do not go together."""
    months = rule.every in ("MONTHLY", "YEARLY")
    wrong = (
        not 1 <= rule.interval <= MOST_INTERVAL
        or not 0 <= rule.count <= MOST_COUNT
        or not (-1 <= rule.monthday <= 31)
        or rule.nth not in (-1, 0, 1, 2, 3, 4, 5)
        or (rule.count and rule.until)
        or (rule.monthday and (not months or rule.weekdays))
        or (rule.nth and (rule.every != "MONTHLY" or len(rule.weekdays) != 1))
        or (rule.weekdays and rule.every != "WEEKLY" and not rule.nth)
    )
    if wrong:
        raise _wrong()
    return rule


def write_rule(rule: Rule) -> str:
    """Its RFC 5545 text. ``UNTIL`` is a local day to its end."""
    parts = [f"FREQ={rule.every}"]
    if rule.interval != 1:
        parts.append(f"INTERVAL={rule.interval}")
    if rule.weekdays:
        parts.append("BYDAY=" + ",".join(f"{rule.nth or ''}{DAY_CODES[one]}" for one in rule.weekdays))
    if rule.monthday:
        parts.append(f"BYMONTHDAY={rule.monthday}")
    if rule.count:
        parts.append(f"COUNT={rule.count}")
    if rule.until is not None:
        parts.append(f"UNTIL={rule.until:%Y%m%d}T235959")
    return ";".join(parts)


def first_time(rule: Rule, starts: datetime) -> datetime:
    """The first time that the rule says, from this one on. Raises Invalid for a rule that never comes true."""
    found = next(iter(_series(rule, starts)), None)
    if found is None:
        raise _wrong()
    return found


def list_times(rule: Rule, starts: datetime, after: datetime | None, until: datetime) -> list[datetime]:
    """The local times of a series that begins at ``starts``: those later than ``after``, up to ``until``."""
    upto = takewhile(lambda one: one <= until, _series(rule, starts))
    return [one for one in upto if after is None or one > after]


def find_last(rule: Rule, starts: datetime) -> datetime | None:
    """When a series takes place last; None where it never ends."""
    if not rule.count and rule.until is None:
        return None
    last = starts
    for one in islice(_series(rule, starts), MOST_STEPS):
        last = one
    return last


def _series(rule: Rule, starts: datetime) -> rrule:
    found = rrulestr(write_rule(rule), dtstart=starts)
    assert isinstance(found, rrule)
    return found


def _parts(written: str) -> Iterator[tuple[str, str]]:
    if not written or len(written) > 200:
        raise _wrong()
    for part in written.upper().split(";"):
        name, sign, value = part.partition("=")
        if not sign or not value:
            raise _wrong()
        yield name, value


def _weekdays(days: Sequence[str]) -> tuple[int, tuple[int, ...]]:
    found: set[int] = set()
    nths: set[int] = set()
    for one in days:
        if one[-2:] not in DAY_CODES:
            raise _wrong()
        found.add(DAY_CODES.index(one[-2:]))
        nths.add(_number(one[:-2] or "0"))
    if len(nths) > 1:
        raise _wrong()
    return (nths.pop() if nths else 0), tuple(sorted(found))


def _number(written: str) -> int:
    try:
        if not written.removeprefix("+").removeprefix("-").isascii() or len(written) > 5:
            raise _wrong()
        return int(written)
    except ValueError as problem:
        raise _wrong() from problem


def _until(written: str) -> date | None:
    if not written:
        return None
    try:
        return date.fromisoformat(written[:8])
    except ValueError as problem:
        raise _wrong() from problem


def _wrong() -> Invalid:
    return Invalid("This way of repeating is not known here.", field="rule")
