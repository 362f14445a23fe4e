"""Each letter goes exactly once or is held: whatever clocks, nights and outages do, and however many processes look."""

from __future__ import annotations

import asyncio

import pytest

from core import clock
from crm.working import HOUSE, choose_calendar, parse_calendar
from mailhub.automatic.automating import Automating
from tests.automatic.house import DAY, KYIV, Automatics

WEEK = {
    "zone": "Europe/Kyiv",
    "hours": [[["09:00", "18:00"]]] * 5 + [[], []],
    "days": [{"date": "2026-11-23", "hours": []}],
}


@pytest.mark.parametrize("night", ["2026-10-25", "2027-03-28"])
def test_a_night_of_changing_clocks_sends_each_letter_once(house: Automatics, night: str) -> None:
    acme = house.client("Acme")
    house.at(f"{night}T00:00")
    house.rule(minutes=0, until_answer=False)
    for hour in ("01:30", "02:30", "03:00", "03:30", "04:30"):
        house.plan(acme, hour, f"{night}T{hour}")
    house.until(f"{night}T06:00", 10 * clock.MINUTE)
    assert sorted((one.state, one.facts["subject"]) for one in house.letters()) == [
        ("sent", hour) for hour in ("01:30", "02:30", "03:00", "03:30", "04:30")
    ]
    assert len(house.deliveries()) == 5


def test_a_clock_that_jumps_an_hour_doubles_and_loses_nothing(house: Automatics) -> None:
    acme = house.client("Acme")
    house.rule(minutes=0, until_answer=False)
    for hour in range(11, 17):
        house.plan(acme, f"{hour}:00", f"2026-11-18T{hour}:00")
    house.until("2026-11-18T13:30", 10 * clock.MINUTE)
    house.on(-clock.HOUR)
    house.look()
    house.until("2026-11-18T14:10", 10 * clock.MINUTE)
    house.on(clock.HOUR)
    house.look()
    house.until("2026-11-18T17:00", 10 * clock.MINUTE)
    assert [one.state for one in house.letters()] == ["sent"] * 6
    assert len(house.deliveries()) == 6


def test_a_clock_that_jumps_four_hundred_days_holds_what_it_passed(house: Automatics) -> None:
    acme = house.client("Acme")
    house.rule(minutes=-DAY, until_answer=False)
    house.plan(acme, "Every month", "2026-12-01T15:00", rule="FREQ=MONTHLY;COUNT=12")
    true = house.now
    house.on(400 * clock.DAY)
    house.look()
    assert {one.state for one in house.letters()} == {"held"}
    assert house.deliveries() == []
    held = len(house.letters())
    house.now = true
    house.until("2027-02-10T15:00", clock.DAY // 2)
    assert len(house.letters()) == held
    assert house.deliveries() == []


def test_three_days_off_are_no_burst(house: Automatics) -> None:
    acme = house.client("Acme")
    house.rule(minutes=-60, until_answer=False)
    for day in (19, 20, 21, 24):
        house.plan(acme, f"On the {day}th", f"2026-11-{day}T15:00")
    house.look()
    house.on(3 * clock.DAY + 6 * clock.HOUR)
    house.look()
    assert house.states() == [("held", "off")] * 3
    house.until("2026-11-24T15:00")
    assert [one.state for one in house.letters()] == ["held", "held", "held", "sent"]


def test_two_clocks_look_at_once(house: Automatics) -> None:
    acme = house.client("Acme")
    house.rule(minutes=0, until_answer=False)
    for minute in range(20):
        house.plan(acme, f"At {minute}", f"2026-11-18T11:{minute:02}")
    house.at("2026-11-18T12:00")

    async def both() -> None:
        loops = [Automating(house.database, house.means, KYIV) for _ in range(3)]
        await asyncio.gather(*(one.look() for one in loops))

    asyncio.run(both())
    assert [one.state for one in house.letters()] == ["sent"] * 20
    assert len(house.deliveries()) == 20


def test_working_hours_are_those_of_the_reader_and_no_holiday(house: Automatics) -> None:
    house.database.write_now(choose_calendar, HOUSE, parse_calendar(WEEK))
    kyiv, hanoi = house.client("Kyiv"), house.client("Hanoi", time_zone="Asia/Ho_Chi_Minh")
    house.rule(minutes=0, hours="working", until_answer=False)
    house.plan(kyiv, "On Saturday", "2026-11-21T11:00", contact_id=house.made["Kyiv"])
    house.plan(hanoi, "In the evening there", "2026-11-19T15:00", contact_id=house.made["Hanoi"])
    house.look()
    house.until("2026-11-22T11:00")
    (kyivs,) = [one for one in house.letters() if one.counterparty_id == kyiv]
    (hanois,) = [one for one in house.letters() if one.counterparty_id == hanoi]
    assert kyivs.state == "waiting"
    assert clock.iso(kyivs.send_at) == "2026-11-24T07:00:00Z", "Monday is a holiday"
    assert clock.iso(hanois.send_at) == "2026-11-20T02:00:00Z", "nine in the morning in Hanoi"


def test_before_a_meeting_it_goes_in_the_last_working_hour(house: Automatics) -> None:
    house.database.write_now(choose_calendar, HOUSE, parse_calendar(WEEK))
    acme = house.client("Acme")
    house.rule(minutes=-120, hours="working")
    house.plan(acme, "Early", "2026-11-20T09:30")
    house.until("2026-11-20T09:30", clock.HOUR)
    (sent,) = house.letters()
    assert (sent.state, clock.iso(sent.send_at)) == ("sent", "2026-11-19T15:59:00Z")


def test_an_often_written_person_is_spared(house: Automatics) -> None:
    acme = house.client("Acme")
    house.rule(minutes=0, cap_days=7, until_answer=False)
    for day in (19, 22, 27):
        house.plan(acme, f"On the {day}th", f"2026-11-{day}T15:00")
    house.until("2026-11-28T10:00")
    assert house.states() == [("sent", ""), ("left_out", "too_often"), ("sent", "")]
