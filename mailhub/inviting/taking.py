"""What others invite us to, in our own calendar: planned for who took it over, moved and called off by who invites."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import select

from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Invalid
from crm.interactions import Basis
from crm.parties import find_contact
from crm.planner import (
    Plan,
    call_off,
    find_next,
    follow_event,
    follow_time,
    get_zone,
    instant_of,
    join_event,
    list_people,
    local_of,
    parse_rule,
    parse_starts,
    plan_event,
    show_starts,
    write_rule,
)
from crm.planner.planning import LONGEST_MINUTES, LONGEST_PLACE, LONGEST_SUBJECT
from crm.planner.recurrence import find_last, first_time
from crm.planner.tables import event, occurrence
from crm.planner.times import LAST_YEAR, print_zone
from crm.staff.readable import Viewer
from mailhub.inviting.requests import Request
from mailhub.inviting.tables import event_request
from mailhub.letters.calendar_times import end_of, find_calendar_zone
from mailhub.letters.calendar_times import instant_of as moment_of
from mailhub.letters.values import Invitation
from mailhub.mailboxes.notifying import notify_of

REMIND_MINUTES = 15
MOVED_BY_ORGANIZER = "Who invites has changed “%(subject)s”: it is on %(due_at)s"
CALLED_OFF_BY_ORGANIZER = "Who invites has called off “%(subject)s”, %(due_at)s"
CHANGE_NOT_TAKEN = (
    "Who invites has changed “%(subject)s”, %(due_at)s, and the calendar could not follow: read the letter"
)
NOT_COMING = "%(by)s said that we do not come: “%(subject)s”, %(due_at)s"


@dataclass(frozen=True, slots=True)
class When:
    """When something takes place, as the planner says it. ``all_of_it`` is False where only its first time could be
    read, since it repeats in a way that is not known here."""

    starts: str
    zone: str
    minutes: int
    rule: str
    all_of_it: bool


def read_when(said: Invitation, zone: str) -> When:
    """The times of an invitation; without a zone of its own it is read in ``zone``. Raises Invalid, which says what to
    do, for what our calendars cannot hold."""
    local, named, minutes = _read_first(said, zone)
    if minutes > LONGEST_MINUTES:
        raise Invalid("It lasts longer than two weeks: plan it by hand.")
    if not said.rule or said.recurrence is not None:
        return When(show_starts(local), named, minutes, "", all_of_it=True)
    try:
        rule = parse_rule(_local_rule(said.rule, get_zone(named)))
        local = first_time(rule, local)
    except Invalid:
        return When(show_starts(local), named, minutes, "", all_of_it=False)
    return When(show_starts(local), named, minutes, write_rule(rule), all_of_it=True)


def find_when(said: Invitation, zone: str) -> When | None:
    """``read_when``; None for what our calendars cannot hold."""
    try:
        return read_when(said, zone)
    except Invalid:
        return None


def is_over(when: When) -> bool:
    """Whether nothing of it is to come; what goes on still is, unless it was the last of a series."""
    first, zone = parse_starts(when.starts), get_zone(when.zone)
    if not when.rule:
        return instant_of(first, zone) + when.minutes * clock.MINUTE < clock.now()
    last = find_last(parse_rule(when.rule), first)
    return last is not None and instant_of(last, zone) < clock.now()


def take_up(tx: WriteTx, viewer: Viewer, row: Any, request: Request, thread: Any, zone: str) -> int:
    """It stands in the viewer's calendar: planned, or with the viewer among those of the mailbox who take part. ``row``
    is what is kept of the request, ``thread`` that of its letter. Returns the next time. Raises Invalid for what our
    calendars cannot hold, Conflict for what is over."""
    when = read_when(request.said, zone)
    if is_over(when):
        raise Conflict("This is over already.")
    event_id, key = _find_taken(tx, row)
    found = None if event_id is None else find_next(tx, event_id, key)
    if event_id is not None and found is not None:
        join_event(tx, event_id, viewer.user_id)
        return found
    contact_id = thread.contact_id
    person = None if contact_id is None else find_contact(tx, contact_id)
    theirs = person is not None and thread.counterparty_id in (None, *person.counterparty_ids)
    base = {"based_on_id": None, "based_thread_id": thread.id, "based_message_id": row.message_id}
    basis = Basis(thread.scope_id, "", contact_id if theirs else None, base)
    plan = Plan(
        kind="meeting", executor_id=viewer.user_id, counterparty_id=thread.counterparty_id,
        remind_minutes=REMIND_MINUTES, **{"subject": thread.subject or "–", **_told(request.said, when)},
    )  # fmt: skip
    occurrence_id = plan_event(tx, viewer, plan, basis)
    tx.change(event_request, row.id, event_id=tx.get(occurrence, occurrence_id).event_id)
    return occurrence_id


def let_go(tx: WriteTx, viewer: Viewer, row: Any) -> None:
    """It stands in our calendar no longer; who else had it there hears of it."""
    event_id, key = _find_taken(tx, row)
    if event_id is None:
        return
    people = list_people(tx, event_id)
    gone = call_off(tx, event_id, key, by_id=viewer.user_id)
    if row.event_id is not None:
        tx.change(event_request, row.id, event_id=None)
    if gone is not None:
        notify_of(tx, "planned", people, occurrence_id=gone, by_id=viewer.user_id, sentence=NOT_COMING)


def follow(tx: WriteTx, row: Any, request: Request) -> None:
    """What stands in our calendar follows what its organizer says now, and its people hear of it."""
    event_id, key = _find_taken(tx, row)
    if event_id is None:
        return
    people = list_people(tx, event_id)
    if request.said.method == "CANCEL":
        gone = call_off(tx, event_id, key)
        if gone is not None:
            notify_of(tx, "planned", people, occurrence_id=gone, sentence=CALLED_OFF_BY_ORGANIZER)
        return
    before = find_next(tx, event_id, key)
    when = find_when(request.said, tx.get(event, event_id).zone)
    after: int | None
    if when is None or before is None:
        after = None
    elif key:
        zone = get_zone(tx.get(event, event_id).zone)
        at = instant_of(parse_starts(when.starts), get_zone(when.zone))
        after = follow_time(tx, event_id, key, show_starts(local_of(at, zone)))
    else:
        after = follow_event(tx, event_id, _told(request.said, when))
    if after is not None:
        notify_of(tx, "planned", people, occurrence_id=after, sentence=MOVED_BY_ORGANIZER)
    elif before is not None and find_next(tx, event_id, key) is not None:
        notify_of(tx, "planned", people, occurrence_id=before, sentence=CHANGE_NOT_TAKEN)


def _find_taken(tx: ReadTx, row: Any) -> tuple[int | None, str]:
    """The event that stands for a request, and of a series the time that is meant: one time may have been taken over
    with its series or alone."""
    if row.event_id is not None or not row.recurrence:
        return row.event_id, ""
    here = event_request.c
    whole = select(here.event_id).where(
        here.mailbox_id == row.mailbox_id, here.series == row.series, here.organizer == row.organizer,
        here.recurrence == "", here.event_id.is_not(None),
    )  # fmt: skip
    event_id = tx.value(whole)
    if event_id is None:
        return None, ""
    zone = get_zone(tx.get(event, event_id).zone)
    if row.recurrence.isascii() and row.recurrence.isdigit():
        return event_id, show_starts(local_of(int(row.recurrence), zone))
    return event_id, f"{row.recurrence[:10]}T00:00"


def _told(said: Invitation, when: When) -> dict[str, Any]:
    subject = {"subject": said.summary[:LONGEST_SUBJECT]} if said.summary else {}
    times = {"starts": when.starts, "zone": when.zone, "minutes": when.minutes, "rule": when.rule}
    return {**subject, "place": (said.place or "")[:LONGEST_PLACE], **times}


def _read_first(said: Invitation, zone: str) -> tuple[datetime, str, int]:
    """The first time: local, its zone, and its length in minutes."""
    start = said.start or ""
    if not start:
        raise Invalid("This invitation does not say when: ask who invites.")
    if "T" not in start:
        days = _days(start, said.end)
        return datetime.combine(_day(start), datetime.min.time()), zone, days * 24 * 60
    _, _, named = start.rstrip("]").partition("[")
    own = find_calendar_zone(named) if named else None
    if named and own is None:
        raise Invalid("Nobody here knows the time zone “%(zone)s”: ask at what hour, and plan it by hand.", zone=named)
    begins = moment_of(start, zone)
    if begins is None or clock.to_datetime(begins).year >= LAST_YEAR:
        raise Invalid("This time stands in no calendar: %(when)s. Ask who invites.", when=start)
    ends = end_of(start, said.end, zone)
    # A series in UTC stays there: who invites moves its hours with no clock.
    where = "UTC" if start.endswith("Z") and said.rule else zone
    if own is not None and not _keeps_hours(str(own), zone, clock.to_datetime(begins).year):
        where = str(own)
    minutes = max(0, (ends - begins) // clock.MINUTE) if ends is not None else 0
    return local_of(begins, get_zone(where)), where, minutes


@lru_cache(maxsize=256)
def _keeps_hours(one: str, other: str, year: int) -> bool:
    """Whether two zones are one under two names around a year: Windows still says ``Europe/Kiev``."""
    return one == other or print_zone(get_zone(one), year) == print_zone(get_zone(other), year)


def _day(written: str) -> date:
    try:
        found = date.fromisoformat(written)
    except ValueError:
        found = date.min
    if not 1970 < found.year < LAST_YEAR:
        raise Invalid("This time stands in no calendar: %(when)s. Ask who invites.", when=written)
    return found


def _days(start: str, end: str | None) -> int:
    """How many whole days: an end that is one is the day after the last."""
    lasts = end_of(f"{start}T00:00:00Z", end) if end and end.startswith("P") else None
    if lasts is not None:
        begins = clock.from_datetime(datetime.combine(_day(start), datetime.min.time(), UTC))
        return max(1, (lasts - begins) // clock.DAY)
    try:
        return max(1, (date.fromisoformat(end or "") - _day(start)).days)
    except ValueError:
        return 1


def _local_rule(rule: str, zone: Any) -> str:
    """A rule whose last day is that on the wall: calendars end it in UTC. RFC 5545 §3.3.10."""
    name, sign, rest = rule.upper().partition("UNTIL=")
    until, colon, more = rest.partition(";")
    if not sign or not until.endswith("Z"):
        return rule
    try:
        last = datetime.strptime(until, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).astimezone(zone)
    except (ValueError, OverflowError):
        return rule
    return f"{name}UNTIL={last:%Y%m%d}T235959{colon}{more}"
