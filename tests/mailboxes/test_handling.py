"""What people do with threads, and that only those who may can do it."""

from __future__ import annotations

import pytest

from core.database import Database
from core.errors import Forbidden, Invalid, NotFound
from crm.execution import list_hands
from crm.interactions import get_letter_facts, list_history
from crm.parties import add_contact, add_counterparty
from crm.staff.rights import remove_grant
from mailhub.mailboxes.filing import file_under
from mailhub.mailboxes.handling import assign_thread, set_read, set_state
from mailhub.mailboxes.lists import list_threads
from mailhub.mailboxes.reading import get_thread
from tests.support.world import World, letter


@pytest.fixture
def world(database: Database) -> World:
    world = World(database)
    world.grant("olena", "sales", "answer", "assign")
    world.grant("petro", "sales", "answer", only_assigned=True)
    world.grant("reader", "sales", "see")
    world.person("outsider")
    return world


def one(world: World) -> int:
    world.arrive(letter("Pumps", f"{world.now}@client"), "sales")
    return world.threads("olena")[0].id


def test_what_is_assigned_is_all_that_a_limited_person_sees(world: World) -> None:
    first, second = one(world), one(world)
    write = world.database.write_now
    assert world.threads("petro") == []
    write(assign_thread, world.viewer("olena"), first, world.person("petro"))
    assert [row.id for row in world.threads("petro")] == [first]
    assert [row.id for row in world.threads("petro", "waiting")] == [first]
    with pytest.raises(NotFound):
        world.database.read_now(get_thread, world.viewer("petro"), second)
    write(assign_thread, world.viewer("olena"), first, None)
    assert world.threads("petro") == []
    hands = world.database.read_now(list_hands, first)
    assert [hand.ended_at is None for hand in hands] == [False]


def test_foreign_missing_and_taken_away_are_alike(world: World) -> None:
    thread_id = one(world)
    write = world.database.write_now
    for person, wanted in (("outsider", thread_id), ("olena", 999_999)):
        with pytest.raises(NotFound):
            write(set_state, world.viewer(person), wanted, "closed")
    with pytest.raises(Forbidden):
        write(set_state, world.viewer("reader"), thread_id, "closed")
    for right in ("answer", "assign"):
        write(remove_grant, world.box("sales").scope_id, right, user_id=world.person("olena"))
    with pytest.raises(NotFound):
        write(set_state, world.viewer("olena"), thread_id, "closed")


def test_nobody_is_given_a_thread_they_could_not_answer(world: World) -> None:
    thread_id = one(world)
    with pytest.raises(Invalid):
        world.database.write_now(assign_thread, world.viewer("olena"), thread_id, world.person("reader"))


def test_closing_ends_the_waiting_of_the_client(world: World) -> None:
    write, read = world.database.write_now, world.database.read_now
    client = write(add_counterparty, "Client Ltd")
    write(add_contact, "Anna", emails=["anna@client.example"], counterparty_id=client)
    first, second = one(world), one(world)
    viewer = world.viewer("olena")
    since = {row.id: row.waiting_since for row in world.threads("olena", "waiting")}
    assert read(get_letter_facts, viewer, client).waiting_since == since[first]
    write(set_state, viewer, first, "closed")
    assert read(get_letter_facts, viewer, client).waiting_since == since[second]
    write(set_state, viewer, second, "spam")
    assert read(get_letter_facts, viewer, client).waiting_since is None


def test_filing_moves_letters_history_and_facts(world: World) -> None:
    write, read = world.database.write_now, world.database.read_now
    right, wrong = write(add_counterparty, "Right Ltd"), write(add_counterparty, "Wrong Ltd")
    thread_id = one(world)
    viewer = world.viewer("olena")
    write(file_under, viewer, thread_id, wrong, None)
    write(file_under, viewer, thread_id, right, None)
    assert [line.thread_id for line in read(list_history, viewer, right)] == [thread_id]
    assert read(list_history, viewer, wrong) == []
    assert read(get_letter_facts, viewer, right).letters == 1
    assert read(get_letter_facts, viewer, wrong).letters == 0
    assert read(get_letter_facts, viewer, wrong).waiting_since is None
    assert read(list_history, world.viewer("outsider"), right) == []


def test_read_and_unread_are_each_persons_own(world: World) -> None:
    thread_id = one(world)
    world.database.write_now(set_read, world.viewer("olena"), thread_id, read=True)
    assert not world.threads("olena")[0].unread
    assert world.threads("reader")[0].unread
    world.database.write_now(set_read, world.viewer("olena"), thread_id, read=False)
    assert world.threads("olena")[0].unread


def test_pages_of_a_list_hold_every_thread_once(world: World) -> None:
    ids = [one(world) for _ in range(7)]
    viewer, seen, cursor = world.viewer("olena"), [], None
    while True:
        page = world.database.read_now(list_threads, viewer, "open", after=cursor, limit=3)
        seen += [row.id for row in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert seen == ids[::-1]
