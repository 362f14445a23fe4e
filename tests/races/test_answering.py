"""Two people answer one letter at the same moment: one wins, the other is told with the letter that was quicker."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core import jobs
from core.database import Database
from core.errors import Conflict
from core.secrets import Keys
from crm.staff.readable import get_viewer
from mailhub.letters.values import Address
from mailhub.outbound.identity import Stamp
from mailhub.outbound.writing import Answer, answer_thread
from tests.races.conftest import Race
from tests.support.engines import look, only
from tests.support.mail import add_office, deliver, write_letter

KEYS = Keys([b"k" * 32])
ROUNDS = 6
PEOPLE = ("ivan", "olena", "petro", "anna")


def make_answer(text: str, seen: int, *, force: bool = False) -> Answer:
    """What somebody sends who saw that letter last."""
    return Answer(text, (Address("Anna", "anna@client.example"),), seen_message_id=seen, force=force)


@pytest.fixture
def people(database: Database) -> list[int]:
    """Four people and as many threads as there are rounds, each with one letter."""
    box, people = add_office(database, *PEOPLE)
    boot = database.write_now(jobs.start_boot)
    for number in range(ROUNDS):
        deliver(database, boot, write_letter(number), box.id)
    return people


def newest(database: Database, thread_id: int) -> int:
    return int(look(database, f"SELECT max(id) FROM message WHERE thread_id = {thread_id}")[0][0])


def letters_of(database: Database, thread_id: int) -> list[int]:
    rows = look(database, f"SELECT id FROM message WHERE direction = 'out' AND thread_id = {thread_id} ORDER BY id")
    return [int(row[0]) for row in rows]


@pytest.mark.parametrize("rivals", [2, 4])
def test_one_wins_and_the_others_are_told(database: Database, race: Race, people: list[int], rivals: int) -> None:
    for thread_id in range(1, ROUNDS + 1):
        seen = newest(database, thread_id)
        viewers = [database.read_now(get_viewer, one) for one in people[:rivals]]
        told = race(
            *(
                (answer_thread, Stamp(KEYS, 1), viewer, thread_id, make_answer(f"{viewer.name} says yes.", seen))
                for viewer in viewers
            )
        )
        sent = [one for one in told if isinstance(one, int)]
        refused = [one for one in told if isinstance(one, Conflict)]
        assert (len(sent), len(refused)) == (1, rivals - 1), told
        assert all(one.fields["message_ids"] == sent for one in refused)
        assert letters_of(database, thread_id) == sent
        assert look(database, f"SELECT count(*) FROM delivery WHERE message_id = {sent[0]}") == [(1,)]


def test_who_was_told_sends_anyway(database: Database, race: Race, people: list[int]) -> None:
    seen = newest(database, 1)
    first, second = (database.read_now(get_viewer, one) for one in people[:2])
    told = race(
        (answer_thread, Stamp(KEYS, 1), first, 1, make_answer("Yes.", seen)),
        (answer_thread, Stamp(KEYS, 1), second, 1, make_answer("No.", seen, force=True)),
    )
    assert isinstance(told[1], int), "who insists is never refused"
    assert len(letters_of(database, 1)) == len([one for one in told if isinstance(one, int)])
    loser = next((viewer for viewer, one in zip((first, second), told, strict=True) if isinstance(one, Conflict)), None)
    if loser is not None:
        again = make_answer("Yes.", newest(database, 1))
        assert isinstance(database.write_now(answer_thread, Stamp(KEYS, 1), loser, 1, again), int)


@only("postgresql")
def test_two_processes_at_one_thread(database: Database, people: list[int]) -> None:
    """Each process answers every thread at the moment it is told; both had seen the same."""
    program = [sys.executable, "-m", "tests.races.test_answering", database.url]
    root = Path(__file__).resolve().parents[2]
    rivals = [
        subprocess.Popen(
            [*program, str(one)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, cwd=root
        )
        for one in people[:2]
    ]
    try:
        for rival in rivals:
            assert rival.stdout is not None
            assert rival.stdout.readline() == "ready\n"
        for thread_id in range(1, ROUNDS + 1):
            seen = newest(database, thread_id)
            moment = time.time() + 0.3
            for rival in rivals:
                assert rival.stdin is not None
                rival.stdin.write(json.dumps([thread_id, seen, moment]) + "\n")
            told = [json.loads(rival.stdout.readline()) for rival in rivals if rival.stdout is not None]
            sent = letters_of(database, thread_id)
            assert len(sent) == 1
            assert sorted(told, key=str) == sorted([{"sent": sent[0]}, {"moved": sent}], key=str)
    finally:
        for rival in rivals:
            rival.kill()
            rival.communicate()


def be_a_rival(url: str, user_id: int) -> None:
    """Answer what is told on the standard input, each at its moment."""
    database = Database(url)
    database.start()
    viewer = database.read_now(get_viewer, user_id)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        thread_id, seen, moment = json.loads(line)
        time.sleep(max(0.0, moment - time.time()))
        try:
            sent = asyncio.run(_answer(database, viewer.user_id, thread_id, seen))
        except Conflict as moved:
            said = {"moved": moved.fields["message_ids"]}
        else:
            said = {"sent": sent}
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()


async def _answer(database: Database, user_id: int, thread_id: int, seen: int) -> int:
    viewer = await database.read(get_viewer, user_id)
    return await database.write(answer_thread, Stamp(KEYS, 1), viewer, thread_id, make_answer("Yes.", seen))


if __name__ == "__main__":
    be_a_rival(sys.argv[1], int(sys.argv[2]))
