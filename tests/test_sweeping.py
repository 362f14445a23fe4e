"""What is over is swept away, and only that."""

from __future__ import annotations

import pytest

from core import clock
from core.database import Database
from crm.staff import sessions
from crm.staff.people import add_user
from crm.staff.sessions import IDLE, list_sessions, start_session, sweep


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
