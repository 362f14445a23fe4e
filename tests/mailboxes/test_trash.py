"""What was thrown away is nowhere to be seen, comes back as it was, and by a letter of its own accord."""

from __future__ import annotations

from functools import partial

import pytest

from core.database import Database
from core.errors import Forbidden, NotFound
from crm.interactions import count_history
from crm.parties import add_contact, add_counterparty
from mailhub.mailboxes.finding import search_threads
from mailhub.mailboxes.lists import count_threads
from mailhub.mailboxes.reading import get_thread
from mailhub.mailboxes.trash import bring_back, list_trash, throw_away
from tests.support.world import World, letter


@pytest.fixture
def world(database: Database) -> World:
    made = World(database)
    client = database.write_now(add_counterparty, "Client")
    database.write_now(partial(add_contact, emails=["anna@client.example"], counterparty_id=client), "Anna")
    made.grant("olena", "sales", "see", "answer")
    made.grant("petro", "sales", "see")
    made.arrive(letter("Pumps", "one@x"), "sales")
    return made


def test_it_is_gone_everywhere_and_comes_back(world: World) -> None:
    database, viewer = world.database, world.viewer("olena")
    (row,) = world.threads("olena")
    assert row.counterparty_id is not None
    database.write_now(throw_away, viewer, row.id)
    assert world.threads("olena") == []
    assert database.read_now(count_threads, viewer).waiting == 0
    assert database.read_now(search_threads, viewer, "pumps ") == []
    assert database.read_now(count_history, viewer, row.counterparty_id) == 0
    with pytest.raises(NotFound):
        database.read_now(get_thread, viewer, row.id)
    (thrown,) = database.read_now(list_trash, viewer).items
    assert (thrown.thread_id, thrown.by, thrown.subject) == (row.id, "Olena", "Pumps")
    database.write_now(bring_back, viewer, row.id)
    (back,) = world.threads("olena")
    assert (back.id, back.state, back.waiting_for, back.due_at) == (row.id, "open", "us", row.due_at)
    assert database.read_now(count_history, viewer, row.counterparty_id) == 1
    assert [one.id for one in database.read_now(search_threads, viewer, "pumps ")] == [row.id]
    assert database.read_now(list_trash, viewer).items == []


def test_a_letter_brings_its_thread_back(world: World) -> None:
    (row,) = world.threads("olena")
    world.database.write_now(throw_away, world.viewer("olena"), row.id)
    world.arrive(letter("Re: Pumps", "two@x", references="one@x"), "sales")
    (back,) = world.threads("olena")
    assert (back.id, back.message_count) == (row.id, 2)


def test_who_only_reads_throws_nothing_away_and_strangers_see_no_trash(world: World) -> None:
    (row,) = world.threads("olena")
    with pytest.raises(Forbidden):
        world.database.write_now(throw_away, world.viewer("petro"), row.id)
    world.database.write_now(throw_away, world.viewer("olena"), row.id)
    world.person("stranger")
    assert world.database.read_now(list_trash, world.viewer("stranger")).items == []
    with pytest.raises(NotFound):
        world.database.write_now(bring_back, world.viewer("stranger"), row.id)
    with pytest.raises(Forbidden):
        world.database.write_now(bring_back, world.viewer("petro"), row.id)
