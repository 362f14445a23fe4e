"""By when somebody who waits for us is answered: by the hours of rule, client and mailbox, in working time."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from core import clock
from core.database import Database
from mailhub.mailboxes.tables import thread
from tests.support.world import START, World, letter

KYIV = ZoneInfo("Europe/Kyiv")


@pytest.fixture
def world(database: Database) -> World:
    world = World(database)
    world.box("sales", answer_hours=4)
    world.grant("olena", "sales", "answer", "assign", "manage")
    world.person("chief", is_admin=True)
    return world


def row(world: World, thread_id: int = 1) -> object:
    return world.database.read_now(lambda tx: tx.get(thread, thread_id))


def moment(text: str) -> int:
    return clock.from_datetime(datetime.fromisoformat(text).replace(tzinfo=KYIV))


def test_without_a_calendar_every_hour_counts(world: World) -> None:
    world.arrive(letter("Pumps", "1@client"), "sales")
    assert row(world).due_at == START + clock.MINUTE + 4 * clock.HOUR
    assert row(world).watch_at == START + clock.MINUTE + 3 * clock.HOUR
