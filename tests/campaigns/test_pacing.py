"""How fast mailings leave, in which hours, and what the first days let go."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from core import clock, jobs
from core.errors import Conflict, Forbidden, Invalid
from mailhub.campaigns import speed
from mailhub.campaigns.windows import rows
from mailhub.campaigns.windows.rows import Claimed, Result, Turn
from mailhub.outbound import pacing
from mailhub.outbound.hours import Hours
from mailhub.outbound.letting import plan_warm_up
from mailhub.outbound.replies import Reply
from tests.campaigns.house import Marketing

ALWAYS = {"a_minute": 0, "days": 127, "since_hour": 0, "until_hour": 24, "zone": "Europe/Kyiv", "warm_up": 0}
BOX = "mailbox %d"


def started(house: Marketing, *domains: str, **more: object) -> int:
    """A mailing under way to two people of each domain."""
    for domain in domains:
        house.client(domain, ("A", [f"a@{domain}"]), ("B", [f"b@{domain}"]))
    made = house.mailing(people="all")
    house.ready(made)
    house.database.write_now(partial(speed.set_speed, **(ALWAYS | more)), house.world.viewer("ivan"), made)  # type: ignore[arg-type]
    house.start(made)
    return made


def claim(house: Marketing, *results: Result) -> tuple[Claimed, ...]:
    """What the fast way gets."""
    boot = house.database.write_now(jobs.start_boot)
    turn = Turn(claim=500, results=list(results))
    return house.database.write_now(rows.take_turn, house.stamp.keys, boot, turn).claimed


def test_a_mailing_takes_no_more_than_its_rate(house: Marketing) -> None:
    started(house, "one.example", "two.example", "three.example", a_minute=12)
    assert len(claim(house)) == 2, "ten seconds of twelve a minute"
    assert not claim(house)


def test_the_house_and_the_mailbox_share_their_rates(house: Marketing) -> None:
    write = house.database.write_now
    write(pacing.set_pace, house.world.viewer("ivan"), BOX % house.world.box("news").id, 18)
    started(house, "one.example", "two.example", "three.example")
    assert len(claim(house)) == 3
    assert not claim(house), "another process has no bucket of its own"
    with pytest.raises(Forbidden):
        write(pacing.set_pace, house.world.viewer("ivan"), "house", 1)
    with pytest.raises(Invalid):
        write(pacing.set_pace, house.world.viewer("ivan"), "planet earth", 1)


def test_a_domain_that_wants_little_holds_nobody_else(house: Marketing) -> None:
    house.database.write_now(pacing.set_pace, house.world.viewer("ivan"), "domain slow.example", 6)
    for number in range(5):
        house.client(f"Slow {number}", ("S", [f"s{number}@slow.example"]))
    made = started(house, "quick.example")
    found = [one.domain for one in claim(house)]
    assert (found.count("slow.example"), found.count("quick.example")) == (1, 2)
    waits = "SELECT next_at FROM recipient WHERE domain = 'slow.example' AND state = 'queued' ORDER BY next_at"
    moments = [row[0] for row in house.database.write_now(lambda tx: list(tx.sql(waits).fetchall()))]
    apart = [round((after - before) / clock.SECOND) for before, after in pairwise(moments)]
    assert apart == [10, 10, 10], "each has a moment of its own"
    assert not claim(house)
    assert house.see(made).state == "sending"


def test_what_servers_ask_for_is_learned_and_forgotten(house: Marketing) -> None:
    def learn(later: int, taken: int, *, away: bool = False) -> int:
        tell = {"busy.example": later} if later else {}
        took = {"busy.example": taken} if taken else {}
        house.database.write_now(pacing.learn, tell, took, ["busy.example"] if away else [])
        house.database.write_now(lambda tx: tx.sql("UPDATE pace SET changed_at = changed_at - 61000000"))
        return next((one.learned for one in house.database.read_now(pacing.list_paces)), 0)

    assert learn(2, 0) == 0, "greylists say later once a letter"
    assert learn(3, 100) == 0, "three of a hundred are no rule"
    assert [learn(5, 5), learn(5, 5), learn(0, 0, away=True)] == [300, 150, 75]
    assert [learn(0, 9), learn(0, 9)] == [112, 168]
    for _ in range(4):
        learn(0, 9)
    assert not house.database.read_now(pacing.list_paces), "quick again"
    sweep = partial(house.database.write_now, pacing.sweep_paces)
    assert sweep() == 0
    age = "UPDATE pace SET changed_at = changed_at - :by, arrival = 0, slot = 0"
    house.database.write_now(lambda tx: tx.sql(age, by=2 * clock.DAY))
    house.database.write_now(pacing.set_pace, house.world.viewer("ivan"), "domain kept.example", 6)
    assert (sweep(), sweep()) == (1, 0), "whoever said a rate keeps it"


def test_answers_reach_the_bucket(house: Marketing) -> None:
    started(house, "one.example")
    boot = house.database.write_now(jobs.start_boot)
    keys, take = house.stamp.keys, house.database.write_now
    first = take(rows.take_turn, keys, boot, Turn(claim=500)).claimed
    take(rows.take_turn, keys, boot, Turn(marks=list(first)))
    busy = [Result(one, Reply("rcpt", 421, "", "too many")) for one in first]
    take(rows.take_turn, keys, boot, Turn(results=busy))
    assert [one.learned for one in house.database.read_now(pacing.list_paces)] == [300]


def at(text: str, zone: str = "UTC") -> int:
    return clock.from_datetime(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)))


@pytest.mark.parametrize(
    ("now", "zone", "opens"),
    [
        ("2026-11-23T08:59", "Europe/Kyiv", "2026-11-23T09:00"),
        ("2026-11-23T09:00", "Europe/Kyiv", "2026-11-23T09:00"),
        ("2026-11-23T18:00", "Europe/Kyiv", "2026-11-24T09:00"),
        ("2026-11-20T17:59", "Europe/Kyiv", "2026-11-20T17:59"),
        ("2026-11-20T18:30", "Europe/Kyiv", "2026-11-23T09:00"),
        ("2026-03-28T12:00", "Europe/Kyiv", "2026-03-30T09:00"),
        ("2026-10-24T12:00", "Europe/Kyiv", "2026-10-26T09:00"),
        ("2026-11-23T03:00", "Asia/Ho_Chi_Minh", "2026-11-23T09:00"),
    ],
)
def test_monday_to_friday_nine_to_six_by_their_clock(now: str, zone: str, opens: str) -> None:
    hours = Hours(31, 9, 18, "UTC")
    assert hours.opens(zone, at(now, zone)) == at(opens, zone)
    assert Hours(31, 9, 18, zone).opens("", at(now, zone)) == at(opens, zone), "of whom nobody knows the zone"
    assert Hours(31, 9, 18, zone).opens("Nowhere/Such", at(now, zone)) == at(opens, zone)


@pytest.mark.parametrize("folder", ["Europe", "America/Argentina", "a" * 300, "../../etc"])
def test_what_is_no_zone_is_refused_and_stops_nothing(house: Marketing, folder: str) -> None:
    """``Europe`` is a folder where zones lie, and raised in the turn of the sender, for all mailings, for ever."""
    now = at("2026-11-23T08:59", "UTC")
    assert Hours(31, 9, 18, folder).opens(folder, now) == at("2026-11-23T09:00", "UTC")
    with pytest.raises(Invalid):
        started(house, zone=folder)


def test_work_goes_on_in_open_hours_alone() -> None:
    hours = Hours(31, 9, 18, "Europe/Kyiv")
    friday = at("2026-11-20T17:00", "Europe/Kyiv")
    assert hours.after(friday, 3 * clock.HOUR) == at("2026-11-23T11:00", "Europe/Kyiv")


def test_rows_wait_for_the_morning_of_their_reader(house: Marketing) -> None:
    now = clock.to_datetime(clock.now()).astimezone(UTC)
    open_hour = now.hour
    zone_open, zone_shut = "UTC", "Etc/GMT-5" if open_hour < 19 else "Etc/GMT+5"
    house.client("Here", ("H", ["h@here.example"]), time_zone=zone_open)
    house.client("There", ("T", ["t@there.example"]), time_zone=zone_shut)
    started(house, since_hour=open_hour, until_hour=open_hour + 1)
    assert [one.domain for one in claim(house)] == ["here.example"]
    when = house.database.write_now(lambda tx: tx.sql("SELECT next_at FROM recipient WHERE name = 'T'").scalar())
    local = clock.to_datetime(when).astimezone(ZoneInfo(zone_shut))
    assert (local.hour, local.minute) == (open_hour, 0)


def test_the_plan_of_the_first_days_is_shown_and_kept(house: Marketing) -> None:
    assert plan_warm_up({"big.example": 300, "small.example": 5}, 2) == {
        "big.example": [2, 4, 8, 16, 32, 64, 128, 46], "small.example": [2, 3, 0, 0, 0, 0, 0, 0],
    }  # fmt: skip
    for number in range(7):
        house.client(f"Client {number}", ("A", [f"r{number}@big.example"]))
    made = started(house, "small.example", warm_up=2)
    shown = house.database.read_now(speed.plan_days, house.world.viewer("ivan"), made)
    assert shown["big.example"][:3] == [2, 4, 1]
    found = [one.domain for one in claim(house)]
    assert (found.count("big.example"), found.count("small.example")) == (2, 2)
    assert not claim(house), "the others have their day"
    began = house.see(made).started_at or 0
    waits = "SELECT next_at FROM recipient WHERE state = 'queued' ORDER BY next_at"
    days = [row[0] - began for row in house.database.write_now(lambda tx: list(tx.sql(waits).fetchall()))]
    assert [round(one / clock.DAY) for one in days] == [1, 1, 1, 1, 2]
    with pytest.raises(Conflict):
        house.database.write_now(
            partial(speed.set_speed, **(ALWAYS | {"warm_up": 9})), house.world.viewer("ivan"), made
        )


def test_the_end_is_told_by_what_really_left(house: Marketing) -> None:
    made = started(house, "one.example", "two.example", "three.example")
    house.conduct()
    assert speed.forecast_end(house.see(made), clock.now()) is None
    house.database.write_now(
        lambda tx: tx.sql("UPDATE recipient SET state = 'sent', sent_at = 1 WHERE domain = 'one.example'")
    )
    house.database.write_now(lambda tx: tx.sql("UPDATE mailing SET counted_at = counted_at - 60000000"))
    house.conduct()
    one = house.see(made)
    assert one.rate in (1, 2)
    ends = speed.forecast_end(one, one.counted_at or 0)
    assert ends is not None
    assert (one.counted_at or 0) + clock.MINUTE < ends < (one.counted_at or 0) + 5 * clock.MINUTE
