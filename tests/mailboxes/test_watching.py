"""Who is reminded and who is told of what is late: once a wait, and never in a burst."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest

from core import clock
from core.database import Database
from crm.execution import add_absence, set_deputies
from crm.working import Calendar
from mailhub.mailboxes.handling import assign_thread, set_state
from mailhub.mailboxes.snoozing import snooze, wake_due
from mailhub.mailboxes.terms import Terms, set_house_calendar, set_terms
from mailhub.mailboxes.trash import bring_back, throw_away
from mailhub.mailboxes.watching import MANY_LATE, watch
from tests.support.engines import look
from tests.support.world import World, letter

HOUR = clock.HOUR


class Time:
    """The clock of the house, moved by hand."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.now = world.now

    def read(self) -> int:
        return self.now

    def at(self, hours: float) -> list[tuple[str, str, str | None]]:
        """Let so many hours pass since the first letter, then look; what was told by it: kind, person, sentence."""
        self.now = self.world.now + int(hours * HOUR)
        before = look(self.world.database, "SELECT coalesce(max(id), 0) FROM notice")[0][0]
        for _ in range(2):
            self.world.database.write_now(watch)
        statement = (
            f'SELECT kind, "user".email, fields FROM notice JOIN "user" ON "user".id = user_id '
            f"WHERE notice.id > {before} AND kind IN ('reminder', 'escalation') ORDER BY notice.id"
        )
        found = look(self.world.database, statement)
        return [(kind, email.partition("@")[0], _sentence(fields)) for kind, email, fields in found]


def _sentence(fields: Any) -> str | None:
    return MANY_LATE if MANY_LATE in str(fields).replace("\\u201c", "“").replace("\\u201d", "”") else None


@pytest.fixture
def world(database: Database) -> World:
    world = World(database)
    world.box("sales", answer_hours=4)
    world.grant("olena", "sales", "answer", "assign", "manage")
    world.grant("petro", "sales", "answer")
    world.person("chief", is_admin=True)
    return world


@pytest.fixture
def time(world: World) -> Iterator[Time]:
    made = Time(world)
    with patch.object(clock, "now", made.read):
        yield made


def come(world: World, time: Time, *, to: str | None = "petro", count: int = 1) -> list[int]:
    made = []
    for number in range(count):
        world.arrive(letter(f"Pumps {number}", f"{world.now}@client"), "sales")
        made.append(world.threads("olena")[0].id)
        if to is not None:
            world.database.write_now(assign_thread, world.viewer("olena"), made[-1], world.person(to))
    world.now -= count * clock.MINUTE  # hours are counted from the first letter
    world.now += clock.MINUTE
    time.now = world.now
    return made


def test_the_executor_is_reminded_and_the_manager_told_once(world: World, time: Time) -> None:
    come(world, time)
    assert time.at(2.9) == []
    assert time.at(3) == [("reminder", "petro", None)]
    assert time.at(3.5) == []
    assert time.at(4) == [("escalation", "olena", None)]
    assert time.at(5) == []
    assert time.at(27) == []
    assert time.at(28) == [("escalation", "olena", None)], "the day after it is told again"
    assert time.at(29) == []


def test_what_was_missed_is_told_once_and_both_hear(world: World, time: Time) -> None:
    come(world, time)
    assert sorted(time.at(10)) == [("escalation", "olena", None), ("reminder", "petro", None)]
    assert time.at(11) == []


def test_answered_closed_or_put_aside_is_not_told(world: World, time: Time) -> None:
    first, second, third = come(world, time, count=3)
    write, olena = world.database.write_now, world.viewer("olena")
    write(set_state, olena, first, "closed")
    write(snooze, olena, second, world.now + 6 * HOUR)
    write(set_state, olena, third, "spam")
    assert time.at(5) == []
    assert look(world.database, f"SELECT watch_at FROM thread WHERE id IN ({first}, {third})") == [(None,), (None,)]
    time.now = world.now + 7 * HOUR
    write(wake_due)
    assert sorted(time.at(7)) == [("escalation", "olena", None), ("reminder", "petro", None)]
    write(set_state, olena, first, "open")
    assert len(time.at(8)) == 2, "who waits again is looked after again"


def test_nobodys_letters_are_the_managers(world: World, time: Time) -> None:
    come(world, time, to=None)
    assert time.at(3) == [("reminder", "olena", None)]


def test_a_deputy_is_reminded(world: World, time: Time) -> None:
    come(world, time, to="olena")
    write, olena, petro = world.database.write_now, world.viewer("olena"), world.person("petro")
    write(set_deputies, olena, olena.user_id, [petro])
    write(add_absence, olena, olena.user_id, time.now, time.now + clock.DAY)
    assert time.at(3) == [("reminder", "petro", None)]


@pytest.mark.parametrize(
    ("terms", "told"),
    [
        (Terms(4, remind_share=0), {3.9: [], 4: ["escalation"]}),
        (Terms(4, remind_minutes=30), {3.4: [], 3.5: ["reminder"], 4: ["escalation"]}),
        (Terms(4, remind_share=50, escalates=False), {1.9: [], 2: ["reminder"], 40: []}),
        (Terms(4, remind_share=0, escalates=False), {40: []}),
        (Terms(1, remind_minutes=90), {0: ["reminder"], 1: ["escalation"]}),
    ],
)
def test_terms_say_who_is_told_when(world: World, time: Time, terms: Terms, told: dict[float, list[str]]) -> None:
    world.database.write_now(set_terms, world.viewer("olena"), world.box("sales").id, terms)
    come(world, time)
    assert {hours: [kind for kind, _, _ in time.at(hours)] for hours in told} == told


def test_chosen_people_are_told_else_the_administrators(world: World, time: Time) -> None:
    write, sales = world.database.write_now, world.box("sales").id
    chosen = Terms(4, remind_share=0, escalate_to=(world.person("petro"),))
    write(set_terms, world.viewer("olena"), sales, chosen)
    come(world, time)
    assert time.at(4) == [("escalation", "petro", None)]


def test_after_days_off_there_is_one_summary(world: World, time: Time) -> None:
    come(world, time, count=5)
    assert time.at(0.1) == []
    told = time.at(60)
    assert sorted(told, key=str) == [("escalation", "olena", MANY_LATE), ("reminder", "petro", None)]
    assert look(world.database, "SELECT count(*) FROM notice WHERE kind IN ('reminder', 'escalation')") == [(2,)]
    assert look(world.database, "SELECT count(*) FROM thread WHERE watched = 2") == [(5,)]


def test_what_stays_late_is_told_in_one_notice(world: World, time: Time) -> None:
    write = world.database.write_now
    office = Calendar("Europe/Kyiv", tuple([((540, 1080),)] * 5 + [()] * 2))
    write(set_house_calendar, world.viewer("chief"), office)
    come(world, time, count=3)  # Wednesday 13:07; due at 17:07
    assert time.at(3) == [("reminder", "petro", None)]
    assert [kind for kind, _, _ in time.at(4.1)].count("escalation") == 3
    assert time.at(19.8) == []
    assert time.at(19.9) == [("escalation", "olena", MANY_LATE)], "Thursday at nine"
    assert time.at(30) == []


def test_what_lies_in_the_trash_is_not_told_and_hides_nothing_else(world: World, time: Time) -> None:
    database, first = world.database, come(world, time, count=3)[0]
    assert len(time.at(5)) == 6
    database.write_now(throw_away, world.viewer("olena"), first)
    assert time.at(29) == [("escalation", "olena", MANY_LATE)]
    (shown, fields), *_ = look(database, "SELECT thread_id, fields FROM notice ORDER BY id DESC")
    assert shown != first, "whoever hears of two could see neither"
    assert "count:2" in re.sub(r"""["' ]""", "", str(fields))
    database.write_now(bring_back, world.viewer("olena"), first)
    assert [kind for kind, _, _ in time.at(29.1)] == ["escalation"]
