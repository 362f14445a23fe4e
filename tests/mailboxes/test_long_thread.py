"""A thread of thousands of letters is read in parts, and every letter stands in exactly one of them."""

from __future__ import annotations

from functools import partial

import pytest

from core.database import Database
from core.errors import NotFound
from mailhub.mailboxes.reading import get_thread, list_later
from tests.support.world import World, letter

LETTERS = 25


@pytest.fixture
def world(database: Database) -> World:
    world = World(database)
    world.box("sales")
    world.grant("ivan", "sales", "answer")
    world.arrive(letter("Pumps", "0@client.example"), "sales")
    return world


def test_letters_come_in_parts(world: World) -> None:
    for number in range(1, LETTERS):
        world.arrive(
            letter("Re: Pumps", f"{number}@client.example", references=f"{number - 1}@client.example"), "sales"
        )
    (row,) = world.threads("ivan")
    viewer, read = world.viewer("ivan"), world.database.read_now
    seen: list[int] = []
    before, parts = None, 0
    while True:
        opened = read(partial(get_thread, before=before, most=10), viewer, row.id)
        assert opened.row.message_count == LETTERS
        ids = [one.id for one in opened.messages]
        assert ids == sorted(ids)
        assert len(ids) <= 10
        seen, parts = [*ids, *seen], parts + 1
        if opened.earlier is None:
            break
        before = opened.earlier
    assert (parts, len(seen), len(set(seen))) == (3, LETTERS, LETTERS)
    assert seen == sorted(seen) == [one.id for one in read(get_thread, viewer, row.id).messages]
    assert read(list_later, viewer, row.id, seen[20]) == seen[20:]
    with pytest.raises(NotFound):
        read(list_later, world.viewer("stranger"), row.id, seen[20])
