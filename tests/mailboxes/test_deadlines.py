"""By when somebody who waits for us is answered: by the hours of rule, client and mailbox, in working time."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core import clock, jobs
from core.database import Database
from core.errors import Forbidden, Invalid, NotFound
from core.secrets import Keys
from crm.parties import add_counterparty
from crm.working import Calendar
from mailhub.mailboxes.handling import set_state
from mailhub.mailboxes.tables import thread
from mailhub.mailboxes.terms import (
    DEADLINES_MOVED,
    Terms,
    move_part,
    set_client_hours,
    set_house_calendar,
    set_mailbox_calendar,
    set_terms,
)
from mailhub.outbound.headers import Address
from mailhub.outbound.identity import Stamp
from mailhub.outbound.writing import Answer, answer_thread
from tests.support.engines import look
from tests.support.world import START, World, letter

ZONE = ZoneInfo("Europe/Kyiv")
OFFICE = Calendar("Europe/Kyiv", tuple([((540, 1080),)] * 5 + [()] * 2))
FIRST = START + clock.MINUTE  # Wednesday, 18 November 2026, 13:07 in Kyiv


@pytest.fixture
def world(database: Database) -> World:
    world = World(database)
    world.box("sales", answer_hours=4)
    world.grant("olena", "sales", "answer", "assign", "manage")
    world.grant("petro", "sales", "answer")
    world.person("chief", is_admin=True)
    return world


def row(world: World, thread_id: int = 1) -> Any:
    return world.database.read_now(lambda tx: tx.get(thread, thread_id))


def due(world: World, thread_id: int = 1) -> str:
    at = row(world, thread_id).due_at
    return clock.to_datetime(at).astimezone(ZONE).strftime("%a %H:%M")


def move(world: World) -> None:
    """Do what the loop of execution does with deadlines that moved."""
    write = world.database.write_now
    boot = write(jobs.start_boot)
    while claimed := write(jobs.claim, DEADLINES_MOVED, boot, 1):
        write(move_part, claimed[0])
    write(jobs.stop_boot, boot)


def answer(world: World, thread_id: int = 1) -> None:
    stamp = Stamp(Keys([bytes(32)]), 1, "own", "")
    wanted = Answer("We have them.", to=(Address("Anna", "anna@client.example"),))
    world.database.write_now(answer_thread, stamp, world.viewer("olena"), thread_id, wanted)


def test_without_a_calendar_every_hour_counts(world: World) -> None:
    world.arrive(letter("Pumps", "1@client"), "sales")
    assert row(world).due_at == FIRST + 4 * clock.HOUR
    assert row(world).watch_at == FIRST + 3 * clock.HOUR


def test_working_hours_of_the_house_and_of_a_mailbox(world: World) -> None:
    write, chief = world.database.write_now, world.viewer("chief")
    write(set_house_calendar, chief, OFFICE)
    world.arrive(letter("Pumps", "1@client"), "sales")
    assert clock.to_datetime(FIRST).astimezone(ZONE).strftime("%a %H:%M") == "Wed 13:07"
    assert due(world) == "Wed 17:07"
    write(set_terms, world.viewer("olena"), world.box("sales").id, Terms(answer_hours=6))
    move(world)
    assert due(world) == "Thu 10:07"
    write(set_mailbox_calendar, world.viewer("olena"), world.box("sales").id, Calendar("UTC", (((0, 1440),),) * 7))
    move(world)
    assert due(world) == "Wed 19:07"
    write(set_mailbox_calendar, world.viewer("olena"), world.box("sales").id, None)
    write(set_house_calendar, chief, None)
    move(world)
    assert row(world).due_at == FIRST + 6 * clock.HOUR


def test_the_first_answer_and_the_next_ones_have_their_hours(world: World) -> None:
    write, sales = world.database.write_now, world.box("sales").id
    write(set_terms, world.viewer("olena"), sales, Terms(answer_hours=4, next_hours=2))
    world.arrive(letter("Pumps", "1@client"), "sales")
    assert row(world).due_at == FIRST + 4 * clock.HOUR
    answer(world)
    waits = look(world.database, "SELECT thread_id, first, since, due_at FROM wait")
    assert waits == [(1, 1, FIRST, FIRST + 4 * clock.HOUR)]
    assert (row(world).watch_at, row(world).waiting_for) == (None, "them")
    world.now = clock.now()
    world.arrive(letter("Re: Pumps", "2@client", references="1@client"), "sales")
    assert row(world).due_at == row(world).waiting_since + 2 * clock.HOUR


def test_a_client_has_hours_of_its_own(world: World) -> None:
    write, olena = world.database.write_now, world.viewer("olena")
    client = write(lambda tx: add_counterparty(tx, "Client", domains=["client.example"]))
    other = write(lambda tx: add_counterparty(tx, "Other", domains=["other.example"]))
    world.arrive(letter("Pumps", "1@client"), "sales")
    write(set_client_hours, olena, client, 1, 0)
    world.arrive(letter("Valves", "2@client"), "sales")
    world.arrive(letter("Pipes", "3@other", sender="Bo <bo@other.example>"), "sales")
    assert other != client
    assert row(world, 2).due_at - row(world, 2).waiting_since == clock.HOUR
    assert row(world, 3).due_at - row(world, 3).waiting_since == 4 * clock.HOUR
    assert row(world, 1).due_at - FIRST == 4 * clock.HOUR
    move(world)
    assert row(world, 1).due_at - FIRST == clock.HOUR, "what waits already follows"
    write(set_client_hours, olena, client, 0, 0)
    move(world)
    assert row(world, 2).due_at - row(world, 2).waiting_since == 4 * clock.HOUR
    assert look(world.database, "SELECT client_hours FROM mailbox") == [(0,)]


def test_what_is_closed_and_opened_waits_as_before(world: World) -> None:
    world.database.write_now(set_house_calendar, world.viewer("chief"), OFFICE)
    world.arrive(letter("Pumps", "1@client"), "sales")
    before = row(world)
    for state in ("closed", "open"):
        world.database.write_now(set_state, world.viewer("olena"), 1, state)
    after = row(world)
    assert (after.due_at, after.watch_at, after.waiting_since) == (before.due_at, before.watch_at, FIRST)


def test_only_who_may_changes_terms(world: World) -> None:
    write, sales = world.database.write_now, world.box("sales").id
    world.person("outsider")
    for change in (
        lambda tx, who: set_terms(tx, who, sales, Terms()),
        lambda tx, who: set_mailbox_calendar(tx, who, sales, OFFICE),
    ):
        with pytest.raises(NotFound):
            write(change, world.viewer("outsider"))
        with pytest.raises(Forbidden):
            write(change, world.viewer("petro"))
    for person in ("petro", "olena"):
        with pytest.raises(Forbidden):
            write(set_house_calendar, world.viewer(person), OFFICE)
    with pytest.raises(Forbidden):
        write(set_client_hours, world.viewer("petro"), 1, 1, 1)


@pytest.mark.parametrize(
    "wrong",
    [{"answer_hours": 0}, {"answer_hours": 721}, {"next_hours": -1}, {"remind_share": 100}, {"remind_minutes": -5}],
)
def test_bad_terms_are_refused(world: World, wrong: dict[str, int]) -> None:
    with pytest.raises(Invalid):
        world.database.write_now(set_terms, world.viewer("olena"), world.box("sales").id, Terms(**wrong))
