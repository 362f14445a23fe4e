"""Search finds what the viewer may see, however much of others' stands before it; names of any length are kept."""

from __future__ import annotations

import random
import string

import pytest

from core.database import Database
from core.errors import Invalid
from crm.parties import get_contact, list_contacts
from mailhub.mailboxes.finding import search_threads
from mailhub.mailboxes.handling import assign_thread
from mailhub.mailboxes.senders import introduce_client, refuse_sender
from tests.support.world import World, letter

LONG = "".join(random.Random(1).choices(string.ascii_lowercase + string.digits, k=12_000))


@pytest.fixture
def world(database: Database) -> World:
    world = World(database)
    world.grant("olena", "sales", "answer", "assign")
    world.grant("petro", "sales", "answer", only_assigned=True)
    return world


def test_newer_letters_that_they_may_not_see_hide_nothing(world: World) -> None:
    world.arrive(letter("Pumps", "0@client"), "sales")
    (row,) = world.threads("olena")
    world.database.write_now(assign_thread, world.viewer("olena"), row.id, world.person("petro"))
    for number in range(1, 13):
        world.arrive(letter(f"Pumps {number}", f"{number}@client"), "sales")
    found = world.database.read_now(search_threads, world.viewer("petro"), "pumps", limit=2)
    assert [thread.id for thread in found] == [row.id]


def test_a_long_thread_hides_no_other(world: World) -> None:
    world.arrive(letter("Pumps", "old@b", sender="b@b.example"), "sales")
    for number in range(12):
        world.arrive(letter("Re: pumps", f"{number}@client", references="0@client" if number else ""), "sales")
    found = world.database.read_now(search_threads, world.viewer("olena"), "pumps", limit=2)
    assert [thread.message_count for thread in found] == [12, 1]


def test_a_name_of_any_length_is_kept_whole(world: World) -> None:
    world.arrive(letter("Pumps", "1@client", sender=f"{LONG} <anna@client.example>"), "sales")
    (row,) = world.threads("olena")
    world.database.write_now(introduce_client, world.viewer("olena"), row.id, LONG, LONG)
    (contact,) = world.database.read_now(list_contacts, words=LONG[:100]).items
    assert world.database.read_now(get_contact, contact.id).name == LONG


def test_an_endless_address_is_no_sender_to_decide_on(world: World) -> None:
    world.arrive(letter("Pumps", "1@client", sender=f"{LONG}@client.example"), "sales")
    (row,) = world.threads("olena")
    with pytest.raises(Invalid):
        world.database.write_now(refuse_sender, world.viewer("olena"), row.id)
