"""A letter that answers a thread closed long ago begins a new one, whatever comes first; both name the other."""

from __future__ import annotations

import random

import pytest

from core import clock
from core.database import Database
from crm.parties import add_contact, add_counterparty
from mailhub.mailboxes.attention import set_urgent
from mailhub.mailboxes.handling import assign_thread, set_state
from mailhub.mailboxes.reading import get_thread
from mailhub.mailboxes.regrouping import merge_threads
from tests.routing.test_arrival_fuzz import make_talk
from tests.routing.test_arrival_order import threads_in, written
from tests.support.world import World, letter

LONG = 91 * clock.DAY
ORDERS = 6


@pytest.fixture
def world(database: Database) -> World:
    world = World(database)
    world.grant("olena", "sales", "answer", "assign")
    client = database.write_now(add_counterparty, "Client Ltd", domains=["client.example"])
    database.write_now(add_contact, "Anna", emails=["anna@client.example"], counterparty_id=client)
    return world


def close_all(world: World, box: str) -> None:
    for row in world.threads("olena", "open"):
        if row.mailbox_id == world.box(box).id:
            world.database.write_now(set_state, world.viewer("olena"), row.id, "closed")
    world.now = max(world.now, clock.now())


def answer(name: str, *named: str, **more: str) -> bytes:
    headers = f"References: {' '.join(f'<{one}@client>' for one in named)}\r\n" + more.pop("headers", "")
    return letter("Re: Pumps", f"{name}@client", references=f"{named[-1]}@client", headers=headers, **more)


def lines(world: World, thread_id: int) -> dict[str, int]:
    found = world.database.read_now(get_thread, world.viewer("olena"), thread_id)
    return {event.sentence: event.fields["thread"] for event in found.events if "thread" in event.fields}


def test_a_new_thread_goes_on_with_one_closed_long_ago(world: World) -> None:
    world.arrive(letter("Pumps", "a@client"), "sales")
    (old,) = world.threads("olena")
    world.database.write_now(assign_thread, world.viewer("olena"), old.id, world.person("olena"))
    close_all(world, "sales")
    world.now += LONG
    world.arrive(answer("b", "a"), "sales")
    (new,) = world.threads("olena", "waiting")
    assert (new.id != old.id, new.counterparty_id) == (True, old.counterparty_id)
    assert [row.id for row in world.threads("olena", "closed")] == [old.id]
    assert lines(world, new.id) == {"Goes on with a thread that was closed long ago.": old.id}
    said = "A letter came long after this thread was closed. It goes on in a new one."
    assert lines(world, old.id) == {said: new.id}
    # What follows goes on in the new one, whichever of the letters it names.
    world.arrive(answer("c", "a"), "sales")
    world.arrive(answer("d", "a", "b"), "sales")
    world.arrive(answer("e", "b", "a"), "sales")
    assert [row.message_count for row in world.threads("olena", "open")] == [4]
    # And so on, from the last.
    close_all(world, "sales")
    world.now += 2 * LONG
    world.arrive(answer("f", "a"), "sales")
    (newest,) = world.threads("olena", "open")
    assert lines(world, newest.id) == {"Goes on with a thread that was closed long ago.": new.id}


def test_before_that_a_letter_opens_the_thread_again_for_its_executor(world: World) -> None:
    world.arrive(letter("Pumps", "a@client"), "sales")
    (old,) = world.threads("olena")
    world.database.write_now(assign_thread, world.viewer("olena"), old.id, world.person("olena"))
    close_all(world, "sales")
    world.now += LONG - 2 * clock.DAY
    world.arrive(answer("b", "a"), "sales")
    (row,) = world.threads("olena", "waiting")
    assert (row.id, row.executor_id, row.message_count) == (old.id, world.person("olena"), 2)


def test_what_a_machine_or_an_archive_says_begins_nothing(world: World) -> None:
    world.arrive(letter("Pumps", "a@client"), "sales")
    close_all(world, "sales")
    world.now += LONG
    world.arrive(answer("b", "a", headers="Auto-Submitted: auto-replied\r\n"), "sales")
    world.arrive(answer("c", "a"), "sales", quiet=True)
    (row,) = world.threads("olena")
    assert (row.state, row.message_count) == ("closed", 3)


def test_people_may_make_one_of_the_two(world: World) -> None:
    world.arrive(letter("Pumps", "a@client"), "sales")
    (old,) = world.threads("olena")
    close_all(world, "sales")
    world.now += LONG
    world.arrive(answer("b", "a"), "sales")
    (new,) = world.threads("olena", "open")
    world.database.write_now(merge_threads, world.viewer("olena"), old.id, new.id)
    close_all(world, "sales")
    world.now += LONG
    world.arrive(answer("c", "a", "b"), "sales")
    (newest,) = world.threads("olena", "open")
    assert newest.id not in (old.id, new.id)
    assert lines(world, newest.id) == {"Goes on with a thread that was closed long ago.": old.id}


@pytest.mark.parametrize("seed", range(4))
def test_random_talks_after_a_long_silence(world: World, seed: int) -> None:
    dice = random.Random(100 + seed)
    letters = [
        raw.replace(b"18 Nov 2026 10:00", b"%02d Nov 2026 10:00" % (number + 3))
        for number, raw in enumerate(written(make_talk(dice)))
    ]
    before = dice.randint(1, max(1, len(letters) - 2))
    found = None
    for number in range(ORDERS):
        box = f"box{number}"
        world.grant("olena", box, "answer", "assign")
        for raw in letters[:before]:
            world.arrive(raw, box)
        for row in world.threads("olena", "open"):  # somebody worked on them, so they stay what they are
            world.database.write_now(lambda tx, one=row.id: set_urgent(tx, world.viewer("olena"), one, urgent=True))
        close_all(world, box)
        world.now += LONG
        order = letters[before:] * (1 + number % 2)
        if number:
            dice.shuffle(order)
        for raw in order:
            world.arrive(raw, box)
        threads = threads_in(world, box)
        found = found or threads
        assert threads == found, f"seed {seed}, order {number}"
