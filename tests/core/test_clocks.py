"""Clocks that are put back or differ between hosts, and stops that are nobody's fault: no work waits for them."""

from __future__ import annotations

import pytest

from core import clock, jobs, limits
from core.database import Database
from tests.support.engines import look


def test_work_is_ready_at_once_by_every_clock(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    true = clock.now()
    monkeypatch.setattr(clock, "now", lambda: true + clock.HOUR)
    ids = [database.write_now(jobs.enqueue, "letter.process", {"incoming_id": number}) for number in range(3)]
    monkeypatch.setattr(clock, "now", lambda: true)
    boot = database.write_now(jobs.start_boot)
    assert [job.id for job in database.write_now(jobs.claim, "letter.process", boot, 5)] == ids


def test_a_limit_holds_nobody_longer_than_its_period(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    rate = limits.Rate(5, clock.MINUTE)
    true = clock.now()
    monkeypatch.setattr(clock, "now", lambda: true + clock.DAY)
    database.write_now(limits.take, "sign-in", rate)
    monkeypatch.setattr(clock, "now", lambda: true)
    with pytest.raises(limits.TooMuch) as refused:
        database.write_now(limits.take, "sign-in", rate)
    assert 0 < refused.value.fields["retry_after"] <= 60  # type: ignore[operator]


def test_a_clean_stop_is_no_try_and_no_death(database: Database) -> None:
    database.write_now(jobs.enqueue, "letter.process", {"incoming_id": 1})
    tries = []
    for _ in range(4):
        boot = database.write_now(jobs.start_boot)
        (job,) = database.write_now(jobs.claim, "letter.process", boot, 5)
        tries.append(job.tries)
        database.write_now(jobs.stop_boot, boot)
    assert tries == [1, 1, 1, 1]
    boot = database.write_now(jobs.start_boot)
    database.write_now(jobs.claim, "letter.process", boot, 5)
    if database.is_sqlite:
        boot = database.write_now(jobs.start_boot)  # the one before was killed
        (job,) = database.write_now(jobs.claim, "letter.process", boot, 5)
        assert job.tries == 1
        assert look(database, "SELECT deaths, lone_deaths FROM job") == [(1, 1)]
