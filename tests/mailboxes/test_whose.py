"""A letter is its thread's client's, and in the hands of somebody who can answer it."""

from __future__ import annotations

import pytest

from core.clock import DAY
from core.database import Database
from crm.interactions import get_letter_facts, list_history
from crm.parties import add_counterparty
from crm.staff.people import disable_user
from crm.staff.rights import remove_grant
from mailhub.mailboxes.filing import file_under
from mailhub.mailboxes.handling import assign_thread, set_state
from tests.support.world import World, letter


@pytest.fixture
def world(database: Database) -> World:
    world = World(database)
    world.box("sales", way="default", default_executor_id=world.person("olena"))
    for name in ("olena", "petro"):
        world.grant(name, "sales", "answer", "assign")
    return world


def test_letters_follow_their_thread_to_where_it_was_filed(world: World) -> None:
    write, read = world.database.write_now, world.database.read_now
    by_domain = write(add_counterparty, "Domain Ltd", domains=["client.example"])
    chosen = write(add_counterparty, "Chosen Ltd")
    world.arrive(letter("Pumps", "1@client"), "sales")
    viewer = world.viewer("olena")
    (row,) = world.threads("olena")
    write(file_under, viewer, row.id, chosen, None)
    write(set_state, viewer, row.id, "closed")
    world.arrive(letter("Re: Pumps", "2@client", references="1@client"), "sales")
    (row,) = world.threads("olena")
    assert (row.message_count, row.counterparty_id) == (2, chosen)
    assert len(read(list_history, viewer, chosen)) == 2
    facts = read(get_letter_facts, viewer, chosen)
    assert (facts.letters, facts.waiting_since) == (2, row.waiting_since)
    assert read(get_letter_facts, viewer, by_domain).letters == 0


@pytest.mark.parametrize("why", ["left", "right ended"])
def test_who_can_answer_no_more_is_given_no_letters(world: World, why: str) -> None:
    write = world.database.write_now
    world.arrive(letter("Pumps", "1@client"), "sales")
    (row,) = world.threads("olena")
    write(assign_thread, world.viewer("olena"), row.id, world.person("petro"))
    world.arrive(letter("Re: Pumps", "2@client", references="1@client"), "sales")
    assert world.threads("olena")[0].executor_id == world.person("petro")
    if why == "left":
        write(disable_user, world.person("petro"))
    else:
        write(remove_grant, world.box("sales").scope_id, "answer", user_id=world.person("petro"))
    world.arrive(letter("Re: Pumps", "3@client", references="1@client"), "sales")
    assert world.threads("olena")[0].executor_id == world.person("olena")


def test_what_a_form_sends_twice_is_news_twice(world: World) -> None:
    raw = b"From: form@site.example\r\nTo: sales@firm.example\r\nSubject: Call me\r\n\r\n555 12 34\r\n"
    world.arrive(raw, "sales")
    world.database.write_now(set_state, world.viewer("olena"), world.threads("olena")[0].id, "closed")
    world.now += 60 * DAY
    world.arrive(raw, "sales")
    assert len(world.threads("olena", "waiting")) == 1
    world.arrive(raw, "sales", quiet=True)  # an archive has nothing new
    assert len(world.threads("olena")) == 2
