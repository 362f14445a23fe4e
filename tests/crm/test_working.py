"""Working time is exact: over weekends, holidays and the nights in which clocks are changed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import clock
from core.database import Database
from core.errors import Invalid
from crm.working import (
    HOUSE,
    Calendar,
    OwnDay,
    calendar_data,
    choose_calendar,
    find_calendar,
    find_choice,
    list_countries,
    list_holidays,
    parse_calendar,
)

OFFICE = tuple([((540, 780), (840, 1080))] * 5 + [()] * 2)
KYIV = Calendar("Europe/Kyiv", OFFICE)
# Clocks change at night, at midnight, by half an hour, by a day, and never.
ZONES = (
    "Europe/Kyiv", "Europe/Sofia", "America/New_York", "America/Havana", "Asia/Beirut", "Australia/Lord_Howe",
    "America/Santiago", "Africa/Cairo", "Pacific/Apia", "Asia/Ho_Chi_Minh", "UTC", "Antarctica/Troll",
)  # fmt: skip


def at(zone: str, text: str, fold: int = 0) -> int:
    return clock.from_datetime(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold))


def shown(instant: int, zone: str = "Europe/Kyiv") -> str:
    return clock.to_datetime(instant).astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("since", "hours", "due"),
    [
        ("2026-11-18 10:00", 2, "2026-11-18 12:00"),
        ("2026-11-18 12:00", 2, "2026-11-18 15:00"),
        ("2026-11-18 10:00", 7, "2026-11-18 18:00"),
        ("2026-11-18 23:00", 1, "2026-11-19 10:00"),
        ("2026-11-20 17:00", 2, "2026-11-23 10:00"),
        ("2026-11-21 12:00", 8, "2026-11-23 18:00"),
        ("2026-11-18 09:00", 80, "2026-12-01 18:00"),
    ],
)
def test_hours_of_work_pass_in_hours_of_work(since: str, hours: int, due: str) -> None:
    assert shown(KYIV.add(at("Europe/Kyiv", since), hours * clock.HOUR)) == due


def test_holidays_and_own_days() -> None:
    sofia = Calendar("Europe/Sofia", OFFICE, "BG", "", (OwnDay(date(2026, 12, 23), (), "Party"),
                                                        OwnDay(date(2026, 12, 25), ((600, 660),))))  # fmt: skip
    # 24 December is a holiday in Bulgaria, the 23rd is off here, and on the 25th somebody comes in for an hour.
    assert shown(sofia.add(at("Europe/Sofia", "2026-12-22 17:30"), clock.HOUR), "Europe/Sofia") == "2026-12-25 10:30"
    assert sofia.hours_of(date(2026, 12, 24)) == ()
    assert list_holidays("BG", "", 2026)[date(2026, 12, 25)]
    assert len(list_countries()) > 150


def test_nights_in_which_the_clock_changes() -> None:
    nights = Calendar("Europe/Kyiv", (((0, 360),),) * 7)
    # On 29 March 2026 the clock goes from 03:00 to 04:00, on 25 October from 04:00 back to 03:00.
    for day, hours in (("2026-03-28", 6), ("2026-03-29", 5), ("2026-10-25", 7)):
        start = at("Europe/Kyiv", f"{day} 00:00")
        assert nights.between(start, start + clock.DAY - 2 * clock.HOUR) == hours * clock.HOUR
    assert shown(nights.add(at("Europe/Kyiv", "2026-03-29 02:30"), clock.HOUR)) == "2026-03-29 04:30"
    again = nights.add(at("Europe/Kyiv", "2026-10-25 02:30"), 2 * clock.HOUR)
    assert again == at("Europe/Kyiv", "2026-10-25 03:30", fold=1)
    # The hour that does not exist is nobody's working time.
    gap = Calendar("Europe/Kyiv", (((190, 230),),) * 7)
    assert gap.between(at("Europe/Kyiv", "2026-03-29 00:00"), at("Europe/Kyiv", "2026-03-30 00:00")) == 0
    assert (
        gap.between(at("Europe/Kyiv", "2026-10-25 00:00"), at("Europe/Kyiv", "2026-10-26 00:00")) == 80 * clock.MINUTE
    )


minutes = st.integers(0, 24 * 4).map(lambda quarter: quarter * 15)


@st.composite
def ranges(draw: st.DrawFn) -> tuple[tuple[int, int], ...]:
    points = sorted(draw(st.sets(minutes, max_size=4)))
    return tuple((points[n], points[n + 1]) for n in range(0, len(points) - 1, 2))


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    week = tuple(draw(ranges()) for _ in range(6))
    own = draw(st.dictionaries(st.dates(date(2026, 1, 1), date(2026, 12, 31)), ranges(), max_size=4))
    days = tuple(OwnDay(day, own[day]) for day in sorted(own))
    country = draw(st.sampled_from(["", "BG", "VN", "US"]))
    return Calendar(draw(st.sampled_from(ZONES)), (*week, ((540, 600),)), country, "", days)


# Every zone of ours changes its clock within these.
instants = st.one_of(
    st.integers(at("UTC", "2026-01-01 00:00"), at("UTC", "2026-12-31 00:00")),
    st.sampled_from([at("UTC", one) for one in (
        "2026-03-08 05:00", "2026-03-29 00:30", "2026-04-04 15:00", "2026-10-25 00:30", "2026-11-01 05:00",
        "2026-04-24 00:00", "2026-10-29 21:00", "2026-09-06 03:00", "2011-12-30 09:00",
    )]),
)  # fmt: skip
amounts = st.integers(1, 200 * clock.HOUR)


@given(calendars(), instants, amounts)
def test_adding_and_counting_agree(calendar: Calendar, since: int, amount: int) -> None:
    due = calendar.add(since, amount)
    assert due > since
    assert calendar.between(since, due) == amount
    assert calendar.between(since, due - 1) == amount - 1, "it is the earliest moment"


@given(calendars(), instants, st.integers(0, 10 * clock.DAY), amounts, amounts)
def test_later_letters_and_longer_times_are_due_later(
    calendar: Calendar, since: int, later: int, one: int, two: int
) -> None:
    assert calendar.add(since, one) <= calendar.add(since + later, one)
    assert calendar.add(calendar.add(since, one), two) == calendar.add(since, one + two)


@given(calendars(), instants)
def test_working_time_is_when_the_wall_clock_says_so(calendar: Calendar, since: int) -> None:
    """Walk two days by quarters of an hour and look at the clock each time."""
    zone, step = ZoneInfo(calendar.zone), 15 * clock.MINUTE
    start = since // step * step
    expected = 0
    for moment in range(start, start + 2 * clock.DAY, step):
        wall = clock.to_datetime(moment).astimezone(zone)
        minute = wall.hour * 60 + wall.minute
        expected += step * any(begin <= minute < end for begin, end in calendar.hours_of(wall.date()))
    assert calendar.between(start, start + 2 * clock.DAY) == expected


def test_a_year_of_every_zone_has_the_hours_that_its_days_have() -> None:
    whole = (((0, 1440),),) * 7
    for name in ZONES:
        start = clock.from_datetime(datetime(2026, 1, 1, tzinfo=UTC))
        end = clock.from_datetime(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=365))
        assert Calendar(name, whole).between(start, end) == end - start, name


GOOD: dict[str, Any] = {"zone": "Europe/Kyiv", "hours": [[["09:00", "18:00"]]] * 5 + [[], []]}


def test_a_calendar_is_read_as_it_is_written() -> None:
    days = [{"date": "2026-12-31", "hours": [["09:00", "12:00"]], "name": "Half a day"}]
    calendar = parse_calendar({**GOOD, "country": "DE", "region": "BY", "days": days})
    assert parse_calendar(calendar_data(calendar)) == calendar
    assert calendar.hours_of(date(2026, 12, 31)) == ((540, 720),)
    assert calendar.hours_of(date(2026, 1, 6)) == (), "the Three Kings are a holiday in Bavaria"
    assert parse_calendar({**GOOD, "hours": [[["00:00", "24:00"]]] * 7}).hours[0] == ((0, 1440),)


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        {"zone": "Europe/Nowhere"},
        {"hours": [[]] * 7},
        {"hours": [[["09:00", "18:00"]]] * 6},
        {"hours": [[["18:00", "09:00"]]] * 7},
        {"hours": [[["09:00", "12:00"], ["11:00", "13:00"]]] * 7},
        {"hours": [[["9", "18"]]] * 7},
        {"hours": [[["09:00", "24:01"]]] * 7},
        {"hours": [[["09:60", "18:00"]]] * 7},
        {"country": "XX"},
        {"country": 5},
        {"country": "BG", "region": "nowhere"},
        {"days": [{"date": "2026-02-30"}]},
        {"days": [{"date": "2026-02-03"}, {"date": "2026-02-03"}]},
        {"days": ["2026-02-03"]},
        {"days": {}} | {"zone": 7},
    ],
)
def test_what_is_no_calendar_is_refused(wrong: Any) -> None:
    with pytest.raises(Invalid):
        parse_calendar(wrong if wrong is None else {**GOOD, **wrong})


def test_a_house_and_its_scopes_choose(database: Database) -> None:
    write, read = database.write_now, database.read_now
    assert read(find_calendar, "") is None
    key = write(choose_calendar, HOUSE, KYIV)
    assert write(choose_calendar, 7, None) == key
    own = write(choose_calendar, 7, Calendar("UTC", OFFICE))
    assert own != key
    assert read(find_choice, 7) == own
    found = read(find_calendar, own)
    assert found is not None
    assert found.zone == "UTC"
    assert write(choose_calendar, 7, None) == key
    assert write(choose_calendar, HOUSE, None) == ""
