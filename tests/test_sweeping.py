"""What is over is swept away, and only that."""

from __future__ import annotations

import pytest

from core import clock
from core.database import Database
from core.errors import NotFound
from crm.staff import sessions
from crm.staff.people import add_user
from crm.staff.sessions import IDLE, list_sessions, start_session, sweep
from mailhub.ingest.intake import Arrival, accept, sweep_arrivals
from mailhub.routing.quarantine import hold
from tests.support.world import World, letter


def test_sessions_that_are_over_are_swept(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    person = database.write_now(add_user, "oksana@firm.example", "Oksana")
    now = clock.now()

    def start(agent: str) -> str:
        return database.write_now(lambda tx: start_session(tx, person, peer="192.0.2.1", agent=agent))

    start("an old browser")
    monkeypatch.setattr(sessions.clock, "now", lambda: now + IDLE - clock.DAY)
    mine = start("a new browser")
    assert len(database.read_now(list_sessions, person, mine)) == 2
    assert database.write_now(sweep) == 0
    monkeypatch.setattr(sessions.clock, "now", lambda: now + IDLE + clock.HOUR)
    assert [one.agent for one in database.read_now(list_sessions, person, mine)] == ["a new browser"]
    assert database.write_now(sweep) == 1
    assert [one.current for one in database.read_now(list_sessions, person, mine)] == [True]


def test_one_session_is_ended_by_its_name_and_by_its_owner(database: Database) -> None:
    person, other = (database.write_now(add_user, f"{name}@firm.example", name) for name in ("oksana", "ivan"))
    for _ in range(2):
        database.write_now(lambda tx: start_session(tx, person, peer="192.0.2.1", agent="x"))
    one, two = database.read_now(list_sessions, person, None)
    with pytest.raises(NotFound):
        database.write_now(sessions.end_named_session, other, one.name)
    database.write_now(sessions.end_named_session, person, one.name)
    assert [left.name for left in database.read_now(list_sessions, person, None)] == [two.name]


def test_a_token_says_when_it_was_used_once_a_minute(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    person = database.write_now(add_user, "oksana@firm.example", "Oksana")
    _, secret = database.write_now(sessions.add_token, person, "report", ["read"])
    now = clock.now()
    assert database.read_now(sessions.find_token, secret) == (person, ("read",), True)
    database.write_now(sessions.touch_token, secret)
    assert database.read_now(sessions.find_token, secret) == (person, ("read",), False)
    assert (database.read_now(sessions.list_tokens, person)[0].used_at or 0) >= now
    monkeypatch.setattr(sessions.clock, "now", lambda: now + 2 * clock.MINUTE)
    assert database.read_now(sessions.find_token, secret) == (person, ("read",), True)


def test_how_letters_came_is_forgotten_and_nothing_else(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(database)
    world.box("sales")
    world.grant("ivan", "sales", "see")
    for number in range(3):
        world.arrive(letter("Pumps", f"{number}@client.example"), "sales")
    held = database.write_now(accept, Arrival(b"From: x\r\n\r\n", "smtp", clock.now(), [world.box("sales").id], {}))
    database.write_now(hold, held, "parse", "no")
    seen = world.threads("ivan")
    assert database.write_now(sweep_arrivals, 30) == 0
    now = clock.now()
    monkeypatch.setattr(sessions.clock, "now", lambda: now + 31 * clock.DAY)
    assert database.write_now(sweep_arrivals, 30) == 3
    assert database.write_now(sweep_arrivals, 30) == 0
    assert database.read_now(lambda tx: tx.sql("SELECT id FROM incoming").scalars().all()) == [held]
    assert world.threads("ivan") == seen
