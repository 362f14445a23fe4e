"""What somebody searched for of late: the newest first, a few, for their own eyes, gone when they say so."""

from __future__ import annotations

import pytest

from core import clock
from core.database import Database
from core.errors import Invalid
from mailhub.mailboxes.recent_searches import MOST_KEPT, forget_searches, list_searches, remember_search
from tests.support.world import World


def test_a_few_are_kept_for_each(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(database)
    monkeypatch.setattr(clock, "now", lambda: world.now)
    for name in ("olena", "petro"):
        world.person(name)
    olena, petro = world.viewer("olena"), world.viewer("petro")
    write, read = database.write_now, database.read_now
    for number in range(MOST_KEPT + 5):
        world.now += clock.SECOND
        write(remember_search, olena, f"pump {number}")
    world.now += clock.SECOND
    write(remember_search, olena, "  pump   10 ")
    found = read(list_searches, olena, 100)
    assert found[:3] == ["pump 10", "pump 24", "pump 23"]
    assert len(found) == MOST_KEPT == len(set(found))
    assert read(list_searches, petro) == []
    write(forget_searches, petro, "pump 10")
    write(forget_searches, olena, "pump 24")
    assert read(list_searches, olena)[:2] == ["pump 10", "pump 23"]
    write(forget_searches, olena)
    assert read(list_searches, olena) == []
    for words in ("", "  ", "a" * 501, "a\x00b"):
        with pytest.raises(Invalid):
            write(remember_search, olena, words)
