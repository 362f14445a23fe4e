"""Work for later: once, by one, and never lost."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from core import clock, jobs
from core.database import Database, WriteTx
from core.errors import Conflict, Invalid
from core.jobs import DeadLetter, Job, claim, enqueue, finish, give_up
from tests.support.engines import count, look, only

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def boot(database: Database) -> str:
    return database.write_now(jobs.start_boot)


def take(database: Database, boot: str, most: int = 10) -> list[Job]:
    return database.write_now(claim, "test", boot, most)


def order(database: Database, number: int, **options) -> int | None:
    return database.write_now(enqueue, "test", {"number": number}, **options)


def make_ready(database: Database) -> None:
    database.write_now(lambda tx: tx.sql("UPDATE job SET run_at = 0"))


def test_a_job_lives_and_dies_with_the_transactions_around_it(database: Database, boot: str) -> None:
    def fail(tx: WriteTx) -> None:
        enqueue(tx, "test", {})
        raise Invalid("No.")

    with pytest.raises(Invalid):
        database.write_now(fail)
    assert take(database, boot) == []
    number = order(database, 1)
    (job,) = take(database, boot)
    assert (job.id, job.kind, job.payload, job.tries) == (number, "test", {"number": 1}, 1)

    def finish_and_fail(tx: WriteTx) -> None:
        finish(tx, job)
        raise Invalid("No.")

    with pytest.raises(Invalid):
        database.write_now(finish_and_fail)
    assert database.read_now(jobs.count_waiting) == {"test": 1}
    database.write_now(finish, job)
    assert count(database, "job") == 0


def test_equal_keys_wait_once(database: Database, boot: str) -> None:
    assert order(database, 1, dedupe_key="a") is not None
    assert order(database, 2, dedupe_key="a") is None
    assert order(database, 3, dedupe_key="b") is not None
    (first, second) = take(database, boot)
    assert [first.payload, second.payload] == [{"number": 1}, {"number": 3}]
    assert order(database, 4, dedupe_key="a") is None
    database.write_now(finish, first)
    assert order(database, 5, dedupe_key="a") is not None


def test_jobs_are_taken_when_due_the_oldest_first(database: Database, boot: str) -> None:
    now = clock.now()
    for number, run_at in enumerate([now - 10, now - 30, now + clock.HOUR, now - 20]):
        order(database, number, run_at=run_at)
    database.write_now(enqueue, "other", {})
    assert [job.payload["number"] for job in take(database, boot, 2)] == [1, 3]
    assert [job.payload["number"] for job in take(database, boot)] == [0]
    assert take(database, boot) == []
    (other,) = database.write_now(claim, "other", boot, 5)
    database.write_now(finish, other)
    assert look(database, "SELECT run_at FROM job WHERE boot IS NULL") == [(now + clock.HOUR,)]
    assert database.read_now(jobs.count_waiting) == {"test": 4}


def test_a_stale_worker_cannot_finish_nor_give_up(database: Database, boot: str) -> None:
    order(database, 1)
    (stale,) = take(database, boot)
    other = database.write_now(jobs.start_boot)  # on SQLite that voids the lease, on PostgreSQL its silence would
    database.write_now(jobs.stop_boot, boot)
    with pytest.raises(Conflict):
        database.write_now(finish, stale)
    (fresh,) = take(database, other)
    assert fresh.fence > stale.fence
    with pytest.raises(Conflict):
        database.write_now(finish, stale)
    assert not database.write_now(give_up, stale, "late")
    assert look(database, "SELECT error FROM job") == [(None,)]
    with pytest.raises(Conflict):
        take(database, boot)
    database.write_now(finish, fresh)
    with pytest.raises(Conflict):
        database.write_now(finish, fresh)
    assert count(database, "job") == 0


def test_a_failing_job_waits_longer_each_time_and_dies(database: Database, boot: str) -> None:
    number = order(database, 1)
    waits = []
    for attempt in range(1, jobs.TRIES + 1):
        make_ready(database)
        (job,) = take(database, boot)
        assert job.tries == attempt
        before = clock.now()
        assert database.write_now(give_up, job, f"error {attempt} " + "x" * 1000) == (attempt == jobs.TRIES)
        waits.append((look(database, "SELECT run_at FROM job")[0][0] - before) // clock.SECOND)
        assert take(database, boot) == []
    assert all(later >= earlier for earlier, later in pairwise(waits))
    assert waits[0] <= 11
    assert waits[-1] <= 3601
    (dead,) = database.read_now(jobs.list_dead_letters)
    assert isinstance(dead, DeadLetter)
    assert (dead.id, dead.kind, dead.payload, dead.tries) == (number, "test", {"number": 1}, jobs.TRIES)
    assert dead.error.startswith(f"error {jobs.TRIES}")
    assert len(dead.error) == 500
    make_ready(database)
    assert take(database, boot) == []
    assert database.read_now(jobs.count_waiting) == {}
    assert database.write_now(jobs.revive, dead.id)
    assert not database.write_now(jobs.revive, dead.id)
    (job,) = take(database, boot)
    assert job.tries == 1
    database.write_now(finish, job)


def fall_silent(tx: WriteTx, boot: str) -> None:
    """What its death looks like to the others."""
    tx.sql("UPDATE boot SET seen_at = 0 WHERE name = :boot", boot=boot)


def test_a_job_that_kills_its_process_is_not_taken_for_ever(database: Database) -> None:
    order(database, 1)
    for _ in range(jobs.TRIES):
        boot = database.write_now(jobs.start_boot)
        assert len(take(database, boot)) == 1
        if not database.is_sqlite:
            database.write_now(fall_silent, boot)
            database.write_now(jobs.beat, database.write_now(jobs.start_boot))
    boot = database.write_now(jobs.start_boot)
    assert take(database, boot) == []
    assert [dead.error for dead in database.read_now(jobs.list_dead_letters)] == [jobs.ENDED]


def die(database: Database, boot: str) -> str:
    """A process is killed, another begins."""
    if not database.is_sqlite:
        database.write_now(fall_silent, boot)
        database.write_now(jobs.beat, database.write_now(jobs.start_boot))
    return database.write_now(jobs.start_boot)


def test_only_what_was_alone_in_hand_is_held_to_blame(database: Database, boot: str) -> None:
    """However often a process is killed: the others of a batch stay whole, and the one that does it is found."""
    for number in range(3):
        order(database, number)
    for _ in range(20):
        assert len(take(database, boot)) == 3
        boot = die(database, boot)
    assert database.read_now(jobs.list_dead_letters) == []
    assert database.write_now(jobs.take_dead, "test") == []
    assert look(database, "SELECT DISTINCT tries, deaths, lone_deaths FROM job") == [(0, 20, 0)]
    for _ in range(3):
        (suspect,) = database.write_now(partial(claim, least_deaths=3), "test", boot, 1)
        assert database.write_now(partial(claim, most_deaths=2), "test", boot, 5) == []
        boot = die(database, boot)
    assert database.write_now(jobs.take_dead, "test") == []
    (dead,) = database.write_now(partial(jobs.take_dead, lone_deaths=3), "test")
    assert (dead.id, dead.error) == (suspect.id, jobs.ENDED)
    (first, second) = take(database, boot)
    assert (first.tries, second.tries) == (1, 1)


def test_what_could_not_even_be_given_up_is_let_go_and_the_try_does_not_count(database: Database, boot: str) -> None:
    for number in range(3):
        order(database, number)
    database.write_now(enqueue, "other", {})
    (other,) = database.write_now(claim, "other", boot, 5)
    stale = take(database, boot)
    assert database.write_now(jobs.give_back, "test", boot) == 3
    assert database.write_now(jobs.give_back, "test", boot) == 0
    with pytest.raises(Conflict):
        database.write_now(finish, stale[0])
    assert [(job.payload["number"], job.tries) for job in take(database, boot)] == [(0, 1), (1, 1), (2, 1)]
    database.write_now(finish, other)


def test_a_clean_stop_gives_its_jobs_back(database: Database, boot: str) -> None:
    order(database, 1)
    assert len(take(database, boot)) == 1
    database.write_now(jobs.stop_boot, boot)
    assert len(take(database, database.write_now(jobs.start_boot))) == 1
    assert not database.write_now(jobs.beat, boot)


@only("sqlite")
def test_a_start_voids_what_the_process_before_held(database: Database, boot: str) -> None:
    order(database, 1)
    assert len(take(database, boot)) == 1
    after = database.write_now(jobs.start_boot)
    assert len(take(database, after)) == 1
    assert not database.write_now(jobs.beat, boot)


@only("postgresql")
def test_the_silent_lose_their_jobs_and_the_living_keep_them(database: Database, boot: str) -> None:
    other = database.write_now(jobs.start_boot)
    order(database, 1)
    order(database, 2)
    assert [len(take(database, name, 1)) for name in (boot, other)] == [1, 1]
    assert database.write_now(jobs.beat, other)
    assert take(database, other) == []
    silence(database, boot)
    assert database.write_now(jobs.beat, other)
    assert [job.payload["number"] for job in take(database, other)] == [1]
    assert not database.write_now(jobs.beat, boot)


def silence(database: Database, boot: str) -> None:
    database.write_now(lambda tx: tx.sql(f"UPDATE boot SET seen_at = seen_at - 60000000 WHERE name = '{boot}'"))


@only("postgresql")
def test_a_claim_under_way_when_its_boot_is_given_up_leaves_no_job_behind(database: Database, boot: str) -> None:
    """A process paused between its claim and the commit: nobody may hold a lease that no boot answers for."""
    order(database, 1)
    other = database.write_now(jobs.start_boot)
    silence(database, boot)
    claimed, go = threading.Event(), threading.Event()

    def claim_slowly(tx: WriteTx) -> list[Job]:
        found = claim(tx, "test", boot, 1)
        claimed.set()
        assert go.wait(10)
        return found

    async def interleave() -> None:
        slow = asyncio.ensure_future(database.write(claim_slowly))
        await asyncio.to_thread(claimed.wait, 10)
        await database.write(jobs.beat, other)
        go.set()
        assert len(await slow) == 1

    asyncio.run(interleave())
    database.write_now(jobs.beat, other)
    assert len(take(database, other)) == 1


@only("postgresql")
def test_two_thousand_jobs_survive_workers_that_are_killed_and_paused(database: Database) -> None:
    """None lost, none done twice, though one of two processes is killed or paused again and again.

    Whoever is to be killed has begun to work first: where starting takes long there would be nothing but starts.
    """
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    total, silence_of = 2000, clock.SECOND
    database.write_now(lambda tx: tx.sql("CREATE TABLE effect (number bigint, boot text)"))

    def order_all(tx: WriteTx) -> None:
        for number in range(total):
            enqueue(tx, "test", {"number": number})

    database.write_now(order_all)

    def start() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.support.job_worker", database.url, str(silence_of)]
        return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": "."})

    def at_work(worker: int) -> bool:
        born = births[worker]
        begun = look(database, f"SELECT count(*) FROM boot WHERE started_at >= {born}")[0][0]
        return int(begun) >= sum(one >= born for one in births)

    births = [clock.now(), clock.now()]
    workers = [start(), start()]
    kills = pauses = 0
    deadline = time.monotonic() + 180
    try:
        while count(database, "job") and time.monotonic() < deadline:
            victim = chance.randrange(2)
            while not at_work(victim) and count(database, "job") and time.monotonic() < deadline:
                time.sleep(0.05)
            time.sleep(chance.uniform(0.05, 0.6))
            if chance.random() < 0.25:
                workers[victim].send_signal(signal.SIGSTOP)
                time.sleep(1.5 * silence_of / clock.SECOND)
                workers[victim].send_signal(signal.SIGCONT)
                pauses += 1
            else:
                workers[victim].kill()
                workers[victim].wait()
                births[victim] = clock.now()
                workers[victim] = start()
                kills += 1
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    done = look(database, "SELECT count(*), count(DISTINCT number), count(DISTINCT boot) FROM effect")[0]
    print(f"seed {seed}: {kills} kills, {pauses} pauses; {done[0]} effects of {done[1]} jobs by {done[2]} boots")
    assert done[:2] == (total, total)
    assert database.read_now(jobs.list_dead_letters) == []
    assert kills >= 3
