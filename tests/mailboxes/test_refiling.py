"""Older letters follow an address to the contact who learns it, and back; what a person filed stays."""

from __future__ import annotations

from functools import partial

import pytest

from core import jobs
from core.database import Database
from crm.interactions import get_letter_facts, list_history
from crm.parties import ADDRESSES_MOVED, add_contact, add_counterparty, update_contact
from mailhub.mailboxes.filing import file_under
from mailhub.mailboxes.reading import get_thread
from mailhub.mailboxes.refiling import PART, refile_part
from tests.support.world import World, letter

NEW = "anna@home.example"


@pytest.fixture
def world(database: Database) -> World:
    world = World(database)
    world.grant("olena", "sales", "answer", "assign")
    world.person("olena")
    return world


@pytest.fixture
def client(world: World) -> int:
    return world.database.write_now(add_counterparty, "Client Ltd", domains=["client.example"])


@pytest.fixture
def anna(world: World, client: int) -> int:
    add = partial(add_contact, emails=["anna@client.example"], counterparty_id=client)
    contact_id = world.database.write_now(add, "Anna")
    follow(world)
    return contact_id


def follow(world: World) -> int:
    """Do all the parts that wait; says how many there were."""
    boot, parts = world.database.write_now(jobs.start_boot), 0
    while claimed := world.database.write_now(jobs.claim, ADDRESSES_MOVED, boot, 1):
        world.database.write_now(refile_part, claimed[0])
        parts += 1
    world.database.write_now(jobs.stop_boot, boot)
    return parts


def learn(world: World, contact_id: int, *emails: str) -> int:
    world.database.write_now(partial(update_contact, emails=list(emails)), contact_id)
    return follow(world)


def state(world: World, client: int) -> tuple[object, ...]:
    read, olena = world.database.read_now, world.viewer("olena")
    rows = {row.id: (row.counterparty_id, row.contact_id) for row in world.threads("olena")}
    history = sorted((line.thread_id, line.message_id) for line in read(list_history, olena, client))
    return rows, history, read(get_letter_facts, olena, client)


def test_letters_move_to_who_learned_their_address_and_back(world: World, client: int, anna: int) -> None:
    world.arrive(letter("Known", "1@client"), "sales")
    world.arrive(letter("Strange", "2@home", sender=NEW), "sales")
    world.arrive(letter("Re: Strange", "3@home", sender=NEW, references="2@home"), "sales")
    before = state(world, client)
    strange = next(row.id for row in world.threads("olena") if row.subject == "Strange")
    assert learn(world, anna, "anna@client.example", NEW) == 1
    rows, history, facts = state(world, client)
    assert set(rows.values()) == {(client, anna)}  # type: ignore[attr-defined]
    assert [thread_id for thread_id, _ in history].count(strange) == 2  # type: ignore[attr-defined]
    assert facts.letters == 3  # type: ignore[attr-defined]
    assert facts.waiting_since == min(row.waiting_since or 0 for row in world.threads("olena"))  # type: ignore[attr-defined]
    assert learn(world, anna, "anna@client.example") == 1
    after = state(world, client)
    assert after[0] == before[0]
    assert after[1] == before[1]
    assert after[2].letters == before[2].letters  # type: ignore[attr-defined]


def test_what_a_person_filed_stays(world: World, client: int, anna: int) -> None:
    write, olena = world.database.write_now, world.viewer("olena")
    other = write(add_counterparty, "Other Ltd")
    world.arrive(letter("Strange", "1@home", sender=NEW), "sales")
    (row,) = world.threads("olena")
    write(file_under, olena, row.id, other, None)
    learn(world, anna, NEW)
    assert [row.counterparty_id for row in world.threads("olena")] == [other]
    learn(world, anna)
    assert [row.counterparty_id for row in world.threads("olena")] == [other]


def test_two_owners_of_an_address_are_a_choice_again(world: World, client: int, anna: int) -> None:
    other = world.database.write_now(add_counterparty, "Other Ltd")
    world.arrive(letter("Strange", "1@home", sender=NEW), "sales")
    learn(world, anna, NEW)
    boris = world.database.write_now(partial(add_contact, emails=[NEW], counterparty_id=other), "Boris")
    follow(world)
    (row,) = world.threads("olena")
    assert row.counterparty_id is None
    match = world.database.read_now(get_thread, world.viewer("olena"), row.id).match
    assert {tuple(pair) for pair in match["pairs"]} == {(anna, client), (boris, other)}


def test_who_only_takes_part_decides_nothing(world: World, client: int, anna: int) -> None:
    world.arrive(letter("Known", "1@client"), "sales")
    cc = "References: <1@client>\r\n"
    world.arrive(letter("Re: Known", "2@client", sender="boris@client.example", headers=cc), "sales")
    other = world.database.write_now(add_counterparty, "Other Ltd")
    world.database.write_now(partial(add_contact, emails=["boris@client.example"], counterparty_id=other), "Boris")
    follow(world)
    assert [row.counterparty_id for row in world.threads("olena")] == [client]


def test_many_letters_follow_in_parts(world: World, client: int, anna: int) -> None:
    for number in range(PART + 5):
        world.arrive(letter(f"Strange {number}", f"{number}@home", sender=NEW), "sales")
    assert learn(world, anna, "anna@client.example", NEW) == 2
    assert {row.counterparty_id for row in world.threads("olena")} == {client}
