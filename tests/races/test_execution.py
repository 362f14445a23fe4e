"""Letters, the clock and people at once: who gets what, and who is told, is decided once."""

from __future__ import annotations

from collections import Counter
from unittest.mock import patch

from core import clock, jobs
from core.database import Database
from crm.execution import Choice, choose_least_busy
from mailhub.mailboxes import handling
from mailhub.mailboxes.busy import count_waiting
from mailhub.mailboxes.watching import watch
from tests.races.conftest import Race
from tests.support.engines import look
from tests.support.mail import add_office, deliver, write_letter


def arrive(database: Database, box_id: int, letters: int) -> list[int]:
    boot = database.write_now(jobs.start_boot)
    for number in range(letters):
        deliver(database, boot, write_letter(number, sender=f"client{number}@client.example"), box_id)
    return [row[0] for row in look(database, "SELECT id FROM thread ORDER BY id")]


def test_letters_at_once_are_shared_out_evenly(database: Database, race: Race) -> None:
    box, people = add_office(database, "olena", "petro", "iryna", way="nobody")
    threads = arrive(database, box.id, 12)

    def take(tx, thread_id):  # type: ignore[no-untyped-def]
        found = choose_least_busy(tx, box.scope_id, lambda asked: count_waiting(tx, asked))
        handling.give(tx, thread_id, Choice(found, "least_busy"))

    for start in range(0, 12, 4):
        assert race(*((take, one) for one in threads[start : start + 4])) == [None] * 4
    executors = Counter(row[0] for row in look(database, "SELECT executor_id FROM thread"))
    assert executors == dict.fromkeys(people, 4)


def test_two_clocks_tell_once(database: Database, race: Race) -> None:
    box, _people = add_office(database, "olena", "petro", way="round_robin")
    arrive(database, box.id, 6)
    later = clock.now() + 6 * clock.HOUR + 20 * clock.MINUTE
    with patch.object(clock, "now", lambda: later):
        race(*((watch,) for _ in range(4)))
    assert look(database, "SELECT count(*) FROM thread WHERE watched = 1") == [(6,)]
    told = look(database, "SELECT thread_id, user_id, kind FROM notice WHERE kind = 'reminder'")
    assert len(set(told)) == len(told) == 6
