"""Whom somebody may mean: contacts by name, address and company, and correspondents, however many others there are."""

from __future__ import annotations

from unittest.mock import patch

import pytest

from core.database import Database, WriteTx
from crm.parties import add_contact, add_counterparty
from mailhub.mailboxes import correspondents
from mailhub.mailboxes.correspondents import list_correspondents
from mailhub.outbound.reasons import read_person
from tests.support.world import World, letter


@pytest.fixture
def world(database: Database) -> World:
    world = World(database)
    world.grant("olena", "sales", "see", "answer")
    world.grant("maria", "claims", "see", "answer", only_assigned=True)
    return world


def meant(world: World, words: str, person: str = "olena") -> list[str]:
    found = world.database.read_now(list_correspondents, world.viewer(person), words)
    return [one.address for one in found]


def test_contacts_by_name_address_and_company_among_thousands(world: World) -> None:
    def fill(tx: WriteTx) -> None:
        mill = add_counterparty(tx, "Romashka Mill Ltd")
        for number in range(1100):
            add_contact(tx, f"Zoryana {number:04}", emails=[f"z{number}@other.example"])
        add_contact(tx, "Zoryana Kovalenko", emails=["kovalenko@mill.example"], counterparty_id=mill)

    world.database.write_now(fill)
    for words in ("zoryana kov", "kovalenko", "romash", "romashka mill", "kovalenko@mi"):
        assert meant(world, words)[:1] == ["kovalenko@mill.example"], words
    assert len(meant(world, "zoryana")) == 8


def test_those_of_other_mailboxes_crowd_out_nobody_and_are_not_told(world: World) -> None:
    for number in range(6):
        world.arrive(letter("Hello", f"{number}@c", sender=f"anna{number}@client.example"), "claims")
    world.arrive(letter("Hello", "9@c", sender="Anna Last <annz@client.example>"), "sales")
    with patch.object(correspondents, "MOST_LOOKED_AT", 2):
        assert meant(world, "ann") == ["annz@client.example"]
    (found,) = world.database.read_now(list_correspondents, world.viewer("olena"), "annz@")
    assert found.name == "Anna Last"
    assert meant(world, "ann", "maria") == [], "nothing there is assigned to her"


@pytest.mark.parametrize(
    ("text", "address", "wrong"),
    [
        ("Anna <anna@client.example>", "anna@client.example", ""),
        ("борис@пример.бг", "борис@пример.бг", ""),
        ("anna@[127.0.0.1]", "anna@[127.0.0.1]", ""),
        ("anna", "anna", "It has no @."),
        ("anna@", "anna@", "There is nothing behind the @."),
        ("a..b@client.example", "a..b@client.example", "It has two dots in a row."),
        ("anna@client", "anna@client", "Behind the @ a dot is missing, as in firm.com."),
        ("anna@-client.example", "anna@-client.example", "A dot or a hyphen stands in a wrong place."),
        ("a@b.example, c@d.example", "a@b.example, c@d.example", "It is no e-mail address."),
    ],
)
def test_what_is_wrong_with_an_address_is_said(text: str, address: str, wrong: str) -> None:
    found = read_person(text)
    assert (found.address, found.wrong) == (address, wrong)
