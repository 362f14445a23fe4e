"""The calendar object of an invitation: what other programs read of an event. RFC 5545, RFC 5546. Pure."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Literal
from zoneinfo import ZoneInfo

import icalendar

from core import clock
from crm.planner import get_zone, parse_rule, parse_starts, write_rule
from mailhub.letters.calendar_times import instant_of as moment_of
from mailhub.letters.values import Address, Invitation
from mailhub.outbound.parts import Calendar

Method = Literal["REQUEST", "CANCEL"]
Part = Literal["accepted", "tentative", "declined"]
MAKER = "-//mailhub//invitation//EN"
_YEARS_OF_HOURS = 5
_LAST_OF_HOURS = date(2038, 1, 1)
_WHEN = ("starts", "zone", "minutes", "rule", "place", "moved", "dropped")


@dataclass(frozen=True, slots=True)
class Told:
    """What guests are told of an event: ``starts`` and the times of ``moved`` (from, to) and ``dropped`` are local
    times in ``zone``, as the planner writes them."""

    subject: str
    words: str
    place: str
    starts: str
    zone: str
    minutes: int
    rule: str
    moved: tuple[tuple[str, str], ...] = ()
    dropped: tuple[str, ...] = ()

    def written(self) -> str:
        """It as one text, the same for the same."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)


def is_same_time(one: str, other: str) -> bool:
    """Whether two such texts say the same when and where."""
    before, after = json.loads(one), json.loads(other)
    return all(before[name] == after[name] for name in _WHEN)


def write_calendar(
    method: Method, uid: str, told: Told, sequence: int, organizer: Address, guest: Address, now: int
) -> Calendar:
    """The calendar object for one guest: nobody else who is invited stands in it."""
    calendar = icalendar.Calendar()
    calendar.add("prodid", MAKER)
    calendar.add("version", "2.0")
    calendar.add("method", method)
    zone = get_zone(told.zone)

    def entry(starts: str) -> icalendar.Event:
        return _entry(method, uid, told, starts, zone, sequence, organizer, guest, now)

    first = entry(told.starts)
    if told.rule:
        first.add("rrule", _rule(told.rule, zone))
        if told.dropped:
            first.add("exdate", [parse_starts(one).replace(tzinfo=zone) for one in told.dropped])
    calendar.add_component(first)
    for key, starts in told.moved if method == "REQUEST" else ():
        moved = entry(starts)
        moved.add("recurrence-id", parse_starts(key).replace(tzinfo=zone))
        calendar.add_component(moved)
    begins = parse_starts(told.starts).date()
    ends = date(begins.year + _YEARS_OF_HOURS, 1, 1)
    calendar.add_missing_timezones(date(begins.year - 1, 1, 1), ends if ends > _LAST_OF_HOURS else _LAST_OF_HOURS)
    return Calendar(method, bytes(calendar.to_ical()))


def write_reply(said: Invitation, invited: str, name: str, part: Part, words: str, now: int) -> Calendar:
    """The answer to an invitation, of the address that it ``invited``: the same UID, SEQUENCE and time of a series. RFC
    5546 §3.2.3."""
    calendar = icalendar.Calendar()
    calendar.add("prodid", MAKER)
    calendar.add("version", "2.0")
    calendar.add("method", "REPLY")
    entry = icalendar.Event()
    entry.add("uid", said.uid)
    entry.add("sequence", said.sequence or 0)
    entry.add("dtstamp", datetime.fromtimestamp(now // clock.SECOND, UTC))
    for field, written in (("dtstart", said.start), ("recurrence-id", said.recurrence)):
        moment = _moment(written)
        if moment is not None:
            entry.add(field, moment)
    if said.summary:
        entry.add("summary", said.summary)
    entry.add("organizer", _person(Address("", said.organizer or ""), {}))
    entry.add("attendee", _person(Address(name, invited), {"PARTSTAT": part.upper()}))
    if words:
        entry.add("comment", words)
    calendar.add_component(entry)
    return Calendar("REPLY", bytes(calendar.to_ical()))


def _moment(written: str | None) -> datetime | date | None:
    """A moment of an invitation in UTC, which needs no zone beside it; as it was written if nobody knows its zone."""
    at = moment_of(written)
    if at is not None:
        return datetime.fromtimestamp(at // clock.SECOND, UTC)
    try:
        local = datetime.fromisoformat((written or "").partition("[")[0])
    except ValueError:
        return None
    return local if "T" in (written or "") else local.date()


def _entry(
    method: Method,
    uid: str,
    told: Told,
    starts: str,
    zone: ZoneInfo,
    sequence: int,
    organizer: Address,
    guest: Address,
    now: int,
) -> icalendar.Event:
    entry = icalendar.Event()
    begins = parse_starts(starts).replace(tzinfo=zone)
    entry.add("uid", uid)
    entry.add("sequence", sequence)
    entry.add("dtstamp", datetime.fromtimestamp(now // clock.SECOND, UTC))
    entry.add("dtstart", begins)
    if told.minutes:
        # An end by the clock is two moments in the night when clocks go back; and hours, since a day may be 25 of them.
        hours, minutes = divmod(told.minutes, 60)
        entry.add("duration", icalendar.vText(f"PT{f'{hours}H' if hours else ''}{f'{minutes}M' if minutes else ''}"))
    entry.add("summary", told.subject)
    if told.words:
        entry.add("description", told.words)
    if told.place:
        entry.add("location", told.place)
    entry.add("status", "CONFIRMED" if method == "REQUEST" else "CANCELLED")
    entry.add("organizer", _person(organizer, {}))
    asked = {"CUTYPE": "INDIVIDUAL", "ROLE": "REQ-PARTICIPANT", "PARTSTAT": "NEEDS-ACTION", "RSVP": "TRUE"}
    entry.add("attendee", _person(guest, asked if method == "REQUEST" else {}))
    return entry


def _person(who: Address, params: dict[str, str]) -> icalendar.vCalAddress:
    found = icalendar.vCalAddress(f"mailto:{who.address}")
    if who.name:
        found.params["CN"] = " ".join(who.name.replace('"', "'").split())
    found.params.update(params)
    return found


def _rule(rule: str, zone: ZoneInfo) -> dict[str, Any]:
    """A rule as calendars want it: its last day ends in UTC where the times have a zone. RFC 5545 §3.3.10."""
    parsed = parse_rule(rule)
    parts: dict[str, Any] = dict(icalendar.vRecur.from_ical(write_rule(parsed)))
    if parsed.until is not None:
        last = datetime.combine(parsed.until, time(23, 59, 59), zone)
        parts["UNTIL"] = last.astimezone(UTC)
    return parts
