"""An office that answers: a client's letter in a thread, a person who may answer, and the stamp of the house."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from core.database import Database
from core.secrets import Keys
from mailhub.letters.values import Address
from mailhub.outbound.identity import Stamp
from mailhub.outbound.writing import Answer, answer_thread
from tests.support.world import World, letter

ANNA = Address("Anna", "anna@client.example")


@dataclass
class Office:
    """The world with one thread, and a way to answer in it."""

    world: World
    stamp: Stamp
    thread_id: int

    def answer(self, text: str = "Three weeks.", to: tuple[Address, ...] = (ANNA,), **more: object) -> int:
        """Ivan answers; returns the message."""
        written = Answer(text, to, **more)  # type: ignore[arg-type]
        return self.world.database.write_now(
            answer_thread, self.stamp, self.world.viewer("ivan"), self.thread_id, written
        )


@pytest.fixture
def stamp() -> Stamp:
    return Stamp(Keys([b"k" * 32]), 1, "verp", "bounce.firm.example")


@pytest.fixture
def office(database: Database, stamp: Stamp) -> Office:
    world = World(database)
    world.box("sales")
    world.grant("ivan", "sales", "answer", "assign")
    world.arrive(letter("Pumps", "1@client.example"), "sales")
    return Office(world, stamp, world.threads("ivan")[0].id)
