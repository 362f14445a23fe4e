"""Threads put aside: they leave the lists of what is open and come back at their moment, or with a letter."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from core import clock
from core.database import Database
from core.errors import Conflict, Forbidden, Invalid, NotFound
from crm.interactions import get_letter_facts
from crm.parties import add_contact, add_counterparty
from mailhub.mailboxes.handling import set_read, set_state
from mailhub.mailboxes.lists import count_threads
from mailhub.mailboxes.reading import get_thread
from mailhub.mailboxes.regrouping import merge_threads, split_thread, unmerge_thread
from mailhub.mailboxes.snoozing import find_next, snooze, take_up, wake_due
from mailhub.mailboxes.tables import thread
from mailhub.mailboxes.trash import bring_back, throw_away
from tests.support.engines import look
from tests.support.world import START, World, letter


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A clock that stands where the world of letters has its own; the test moves its only hand."""
    hand = [START + clock.HOUR]
    monkeypatch.setattr(clock, "now", lambda: hand[0])
    return hand


@pytest.fixture
def world(database: Database, now: list[int]) -> World:
    world = World(database)
    world.grant("olena", "sales", "answer", "assign")
    world.grant("reader", "sales", "see")
    world.person("outsider")
    return world


def one(world: World, name: str = "a") -> int:
    world.arrive(letter("Pumps", f"{name}@client"), "sales")
    return world.threads("olena")[0].id


def views(world: World, thread_id: int) -> set[str]:
    names = ("waiting", "mine", "open", "snoozed", "closed", "all")
    return {view for view in names if thread_id in [row.id for row in world.threads("olena", view)]}


def sentences(world: World, thread_id: int) -> list[str]:
    return [one.sentence for one in world.database.read_now(get_thread, world.viewer("olena"), thread_id).events]


def row_of(world: World, thread_id: int) -> Any:
    return world.database.read_now(lambda tx: tx.get(thread, thread_id))


def test_what_is_put_aside_comes_back_at_its_moment(world: World, now: list[int]) -> None:
    write, read, thread_id = world.database.write_now, world.database.read_now, one(world)
    client = write(add_counterparty, "Client Ltd")
    write(add_contact, "Anna", emails=["anna@client.example"], counterparty_id=client)
    due = world.threads("olena", "waiting")[0].due_at
    viewer, until = world.viewer("olena"), now[0] + clock.DAY
    assert views(world, thread_id) == {"waiting", "open", "all"}
    write(set_read, viewer, thread_id, read=True)
    write(snooze, viewer, thread_id, until)
    assert views(world, thread_id) == {"snoozed", "all"}
    assert world.threads("olena", "snoozed")[0].snoozed_until == until
    assert (read(count_threads, viewer).waiting, read(count_threads, viewer).snoozed) == (0, 1)
    assert read(get_letter_facts, viewer, client).waiting_since is None
    assert read(find_next) == until
    assert write(wake_due) == 0
    now[0] = until
    assert write(wake_due) == 1
    assert write(wake_due) == 0
    back = world.threads("olena", "waiting")[0]
    assert (back.id, back.state, back.snoozed_until, back.due_at, back.unread) == (thread_id, "open", None, due, True)
    assert read(find_next) is None
    assert sentences(world, thread_id)[-1] == "The moment has come until which it was put aside."


def test_a_letter_wakes_and_what_a_machine_says_does_not(world: World, now: list[int]) -> None:
    thread_id = one(world)
    write, viewer = world.database.write_now, world.viewer("olena")
    write(snooze, viewer, thread_id, now[0] + clock.DAY)
    automatic = "Auto-Submitted: auto-replied\r\n"
    world.arrive(letter("Away: Pumps", "b@client", references="a@client", headers=automatic), "sales")
    assert views(world, thread_id) == {"snoozed", "all"}
    world.arrive(letter("Re: Pumps", "c@client", references="a@client"), "sales")
    assert views(world, thread_id) == {"waiting", "open", "all"}
    assert row_of(world, thread_id).snoozed_until is None
    now[0] += 2 * clock.DAY
    assert write(wake_due) == 0


def test_what_a_machine_says_opens_nothing_that_is_closed(world: World) -> None:
    thread_id = one(world)
    world.database.write_now(set_state, world.viewer("olena"), thread_id, "closed")
    automatic = "Auto-Submitted: auto-replied\r\n"
    world.arrive(letter("Away: Pumps", "b@client", references="a@client", headers=automatic), "sales")
    assert views(world, thread_id) == {"closed", "all"}
    world.arrive(letter("Re: Pumps", "c@client", references="a@client"), "sales")
    assert views(world, thread_id) == {"waiting", "open", "all"}


def test_people_take_up_what_was_put_aside_or_close_it(world: World, now: list[int]) -> None:
    thread_id = one(world)
    write, viewer = world.database.write_now, world.viewer("olena")
    until = now[0] + clock.HOUR
    write(snooze, viewer, thread_id, until)
    write(snooze, viewer, thread_id, until)
    write(snooze, viewer, thread_id, until + 1)
    assert row_of(world, thread_id).snoozed_until == until + 1
    write(take_up, viewer, thread_id)
    write(take_up, viewer, thread_id)
    assert views(world, thread_id) == {"waiting", "open", "all"}
    assert sentences(world, thread_id)[-1] == "Taken up again."
    write(snooze, viewer, thread_id, until)
    write(set_state, viewer, thread_id, "closed")
    assert (row_of(world, thread_id).state, row_of(world, thread_id).snoozed_until) == ("closed", None)
    write(set_state, viewer, thread_id, "open")
    assert views(world, thread_id) == {"waiting", "open", "all"}


def test_who_may_and_what_can_be_put_aside(world: World, now: list[int]) -> None:
    thread_id = one(world)
    write, viewer = world.database.write_now, world.viewer("olena")
    for until in (now[0], now[0] - 1, now[0] + 3 * 366 * clock.DAY):
        with pytest.raises(Invalid):
            write(snooze, viewer, thread_id, until)
    until = now[0] + clock.HOUR
    for verb, more in ((snooze, (until,)), (take_up, ())):
        with pytest.raises(Forbidden):
            write(verb, world.viewer("reader"), thread_id, *more)
        with pytest.raises(NotFound):
            write(verb, world.viewer("outsider"), thread_id, *more)
    write(set_state, viewer, thread_id, "closed")
    with pytest.raises(Conflict):
        write(snooze, viewer, thread_id, until)


def test_merging_wakes_and_splitting_does_not(world: World, now: list[int]) -> None:
    first, second = one(world), one(world, "b")
    write, viewer = world.database.write_now, world.viewer("olena")
    until = now[0] + clock.HOUR
    write(snooze, viewer, first, until)
    write(snooze, viewer, second, until)
    write(merge_threads, viewer, first, second)
    assert views(world, first) == {"waiting", "open", "all"}
    write(snooze, viewer, first, until)
    write(unmerge_thread, viewer, first, second)
    assert views(world, first) == {"snoozed", "all"}
    assert views(world, second) == {"waiting", "open", "all"}
    world.arrive(letter("Re: Pumps", "c@client", references="a@client"), "sales")
    write(snooze, viewer, first, until)
    letters = world.database.read_now(get_thread, viewer, first).messages
    apart = write(split_thread, viewer, first, [letters[-1].id])
    assert views(world, apart) == views(world, first) == {"snoozed", "all"}
    now[0] = until
    assert write(wake_due) == 2


def test_what_lies_in_the_trash_wakes_nobody_and_comes_back_open(world: World, now: list[int]) -> None:
    database, olena = world.database, world.viewer("olena")
    thread_id = one(world)
    database.write_now(partial(set_read, read=True), olena, thread_id)
    database.write_now(snooze, olena, thread_id, now[0] + clock.HOUR)
    database.write_now(throw_away, olena, thread_id)
    now[0] += 2 * clock.HOUR
    assert database.write_now(wake_due) == 1
    assert database.read_now(find_next) is None
    assert look(database, "SELECT kind FROM notice WHERE kind = 'snooze'") == []
    assert look(database, f"SELECT 1 FROM unread WHERE user_id = {olena.user_id}") == []
    database.write_now(bring_back, olena, thread_id)
    assert views(world, thread_id) >= {"open", "waiting"}
