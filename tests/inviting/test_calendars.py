"""The calendar object that we send is read back as it is; what comes in costs a bounded time, whatever it is."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import icalendar
import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from api.web.cards import make_card
from api.web.shapes import Speaker
from core import clock
from core.language import Catalogs
from crm.planner import Rule, get_zone, instant_of, parse_starts, write_rule
from mailhub.inviting.calendars import Told, is_same_time, write_calendar
from mailhub.letters.calendar_times import end_of, find_calendar_zone
from mailhub.letters.calendar_times import instant_of as moment_of
from mailhub.letters.invitation import parse_invitation
from mailhub.letters.letter import parse_letter
from mailhub.letters.values import Address
from mailhub.mailboxes.letters import as_data
from tests.inviting.answers import OUTLOOK, write_answer

NOW = 1_795_000_000 * clock.SECOND
ZONES = ("Europe/Kyiv", "UTC", "America/New_York", "Asia/Ho_Chi_Minh", "Australia/Lord_Howe", "Europe/Sofia")
RULES = ("", "FREQ=DAILY;INTERVAL=3", "FREQ=WEEKLY;BYDAY=MO,FR;COUNT=9", "FREQ=MONTHLY;BYDAY=-1TH", "FREQ=YEARLY")
words = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]) | st.just("\n"), max_size=60)
line = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=60).map(
    lambda said: " ".join(said.split()) or "x"
)
DAYS = st.dates(date(2026, 1, 1), date(2030, 1, 1))
moments = st.builds(lambda day, at: f"{day}T{at:%H:%M}", DAYS, st.times())
told = st.builds(
    Told, line, words.map(str.strip), st.just("") | line, moments, st.sampled_from(ZONES),
    st.integers(0, 60 * 24 * 14), st.sampled_from(RULES),
)  # fmt: skip


NIGHT = Told("x", "", "", "2026-10-25T02:30", "Europe/Kyiv", 90, "")  # the clocks go back while it lasts


@settings(max_examples=25)
@example(NIGHT, 1, "x")
@given(told, st.integers(1, 10**6), line)
def test_what_we_send_is_read_back_equal(one: Told, sequence: int, name: str) -> None:
    organizer, guest = Address(name, "sales@firm.example"), Address(name, "anna@client.example")
    sent = write_calendar("REQUEST", "uid@mailhub", one, sequence, organizer, guest, NOW)
    (entry,) = icalendar.Calendar.from_ical(sent.content).walk("VEVENT")
    zone = get_zone(one.zone)
    begins = instant_of(parse_starts(one.starts), zone)
    assert clock.from_datetime(entry["dtstart"].dt) == begins
    assert (entry["summary"], entry.get("location", ""), entry.get("description", "")) == (
        one.subject, one.place, one.words,
    )  # fmt: skip
    if one.minutes:
        assert entry["duration"].dt == timedelta(minutes=one.minutes)
        assert b"DURATION:PT" in sent.content, "a day of a calendar has 25 hours once a year"
    assert (entry["uid"], entry["sequence"]) == ("uid@mailhub", sequence)
    assert bool(entry.get("rrule")) == bool(one.rule)
    assert max(len(part) for part in sent.content.split(b"\r\n")) <= 75
    ours = parse_invitation(sent.content.decode())
    assert ours is not None
    assert (ours.method, ours.uid, ours.sequence) == ("REQUEST", "uid@mailhub", sequence)
    assert (ours.organizer, ours.attendees) == (organizer.address, (guest.address,))
    assert ours.answers == ("needs-action",)
    assert ours.summary == " ".join(one.subject.split())
    assert moment_of(ours.start) == begins
    assert end_of(ours.start, ours.end) == (begins + one.minutes * clock.MINUTE if one.minutes else None)
    assert moment_of(ours.stamp) == NOW


def test_a_last_day_ends_in_utc() -> None:
    rule = write_rule(Rule("WEEKLY", until=date(2026, 12, 31)))
    one = Told("Pumps", "", "", "2026-11-24T10:00", "Europe/Kyiv", 30, rule)
    who = Address("", "a@firm.example")
    sent = write_calendar("REQUEST", "u", one, 1, who, who, NOW)
    (entry,) = icalendar.Calendar.from_ical(sent.content).walk("VEVENT")
    assert entry["rrule"]["UNTIL"] == [datetime(2026, 12, 31, 21, 59, 59, tzinfo=UTC)]


def test_words_alone_are_no_other_time() -> None:
    one = Told("Pumps", "", "Kyiv", "2026-11-24T10:00", "Europe/Kyiv", 30, "")
    other = Told("Pumps again", "Hello", "Kyiv", "2026-11-24T10:00", "Europe/Kyiv", 30, "")
    assert is_same_time(one.written(), other.written())
    assert not is_same_time(one.written(), replace(one, place="Sofia").written())


def test_zones_of_windows_are_known() -> None:
    zone = find_calendar_zone("FLE Standard Time")
    assert zone is not None
    assert datetime(2026, 11, 24, tzinfo=zone).utcoffset() == timedelta(hours=2)
    assert moment_of("2026-11-24T10:00:00[FLE Standard Time]") == moment_of("2026-11-24T08:00:00Z")
    assert moment_of("2026-11-24T10:00:00[Nowhere/At all]", "Europe/Kyiv") == moment_of("2026-11-24T08:00:00Z")
    for nothing in (None, "", "2026-11-24", "2026-02-31T10:00:00Z", "9999-99-99T99:99:99Z", "0001-01-01T00:00:00[UTC]"):
        assert moment_of(nothing) is None


_EVENT = "BEGIN:VEVENT\r\nUID:1\r\nDTSTART:20261124T100000Z\r\nRRULE:FREQ=SECONDLY;COUNT=999999999\r\nEND:VEVENT\r\n"
BOMBS = {
    "thousands of events": "BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\n" + _EVENT * 20_000,
    "deep": "BEGIN:VCALENDAR\r\n" + "BEGIN:VEVENT\r\n" * 200_000,
    "one line": "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:" + "a" * 5_000_000,
    "folds": "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nATTENDEE" + "\r\n ;X=1" * 500_000,
    "quotes": "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nATTENDEE" + ';CN="a' * 500_000,
    "attendees": "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n" + "ATTENDEE;PARTSTAT=ACCEPTED:mailto:a@b.c\r\n" * 100_000,
    "numbers": "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSEQUENCE:" + "9" * 400_000,
}  # fmt: skip


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_costs_a_bounded_time(bomb: str) -> None:
    raw = b"From: a@b.example\r\nContent-Type: text/calendar; method=REPLY\r\n\r\n" + BOMBS[bomb].encode()
    begun = time.process_time()
    letter = parse_letter(raw)
    assert time.process_time() - begun < 2, "what a letter may cost"
    assert letter.error is None
    if letter.invitation is not None:
        assert len(letter.invitation.attendees) <= 200
        assert len(letter.invitation.summary or "") <= 1000


TITLES = [("ACCEPTED", "Accepted: "), ("DECLINED", "Declined: "), ("X", "In the calendar: ")]


@pytest.mark.parametrize(("part", "title"), TITLES)
def test_an_answer_is_shown_as_a_card(catalogs: Catalogs, part: str, title: str) -> None:
    language = catalogs.language("en", "Asia/Ho_Chi_Minh")
    letter = parse_letter(write_answer(OUTLOOK, "uid@mailhub", part=part, comment="Parking?"))
    card = make_card(Speaker(None, language, NOW), as_data(letter), "anna@client.example")  # type: ignore[arg-type]
    assert card is not None
    assert card.title == f"{title}Accepted: pumps"
    assert card.lines == (("When", "Tuesday, 24 November 2026, 15:00–15:30"), ("Note", "Parking?"))
    assert make_card(Speaker(None, language, NOW), {}, "anna@client.example") is None  # type: ignore[arg-type]


YEARS = [("00010101T000000Z", "0001-01-01 00:00:00Z"), ("99991231T235959Z", "9999-12-31 23:59:59Z")]
DAYS_OF_YEARS = [("00010101", "0001-01-01"), ("99991231", "9999-12-31")]


@pytest.mark.parametrize(("said", "shown"), [*YEARS, *DAYS_OF_YEARS])
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/New_York"])
def test_the_ends_of_all_calendars_are_shown_as_written(catalogs: Catalogs, zone: str, said: str, shown: str) -> None:
    speaker = Speaker(None, catalogs.language("en", zone), NOW)  # type: ignore[arg-type]
    for lines in (f"DTSTART:{said}", f"DTSTART:{said}\r\nDTEND:{said}", f"DTSTART:{said}\r\nDURATION:P9999W"):
        found = parse_invitation(f"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n{lines}\r\nEND:VEVENT\r\n")
        card = make_card(speaker, {"invitation": msgspec.to_builtins(found)}, "anna@client.example")
        assert card is not None
        assert card.lines == (("When", shown),)
    for start, end in (("19710101T000000Z", said), ("99981231T235959Z", said), ("99981231T235959Z", "")):
        lines = f"DTSTART:{start}\r\nDTEND:{end}" if end else f"DTSTART:{start}\r\nDURATION:P9999W"
        found = parse_invitation(f"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n{lines}\r\nEND:VEVENT\r\n")
        assert make_card(speaker, {"invitation": msgspec.to_builtins(found)}, "anna@client.example") is not None
