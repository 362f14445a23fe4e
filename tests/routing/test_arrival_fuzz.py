"""Random conversations make the same threads in every order of arrival."""

from __future__ import annotations

import random

import pytest

from core.database import Database
from crm.parties import add_contact, add_counterparty
from tests.routing.test_arrival_order import ANNA, BORIS, OUTSIDER, Talk, threads_in, written
from tests.support.world import World

ORDERS = 6
SUBJECTS = ("Помпи", "Order", "Заявка")
ANSWERS = ("Re: ", "Відп: ", "AW: ", "")
PEOPLE = (ANNA, ANNA, BORIS, OUTSIDER)


def make_talk(dice: random.Random) -> Talk:
    """Up to a dozen letters that answer each other, some of which never came; what they name is always older."""
    letters: list[tuple[str, str, str, tuple[str, ...]]] = []
    named: dict[str, tuple[str, ...]] = {}
    for number in range(dice.randint(4, 12)):
        name = f"m{number}"
        older = list(named)
        parent = dice.choice(older) if older and dice.random() < 0.75 else None
        chain = (*named[parent], parent) if parent else ()
        if chain and dice.random() < 0.3:
            chain = chain[-dice.randint(1, len(chain)) :]
        if chain and dice.random() < 0.15:
            chain = (*chain, dice.choice(older))
        named[name] = chain
        subject = dice.choice(SUBJECTS)
        if chain:
            subject = dice.choice(ANSWERS) + (subject if dice.random() < 0.2 else SUBJECTS[0])
        if dice.random() < 0.8:
            letters.append((subject, name, dice.choice(PEOPLE), chain))
    return Talk(tuple(letters), ())


@pytest.mark.parametrize("seed", range(6))
def test_random_talks(database: Database, seed: int) -> None:
    dice = random.Random(seed)
    world = World(database)
    world.grant("olena", "sales", "answer", "assign")
    client = database.write_now(add_counterparty, "Client Ltd", domains=["client.example"])
    database.write_now(add_contact, "Anna", emails=["anna@client.example"], counterparty_id=client)
    letters = [
        raw.replace(b"18 Nov 2026 10:00", b"%02d Nov 2026 10:00" % (number + 3))
        for number, raw in enumerate(written(make_talk(dice)))
    ]
    found = None
    for number in range(ORDERS):
        box = f"box{number}"
        world.grant("olena", box, "answer", "assign")
        order = letters * 2 if number % 2 else list(letters)
        if number:
            dice.shuffle(order)
        for raw in order:
            world.arrive(raw, box)
        threads = threads_in(world, box)
        found = found or threads
        assert threads == found, f"seed {seed}, order {number}"
