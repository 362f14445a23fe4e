"""Letters that come at once: each once, in the right thread, counted right."""

from __future__ import annotations

import time
from collections import Counter
from functools import partial

import pytest

from core import jobs
from core.database import Database, WriteTx
from core.errors import Conflict
from crm.interactions import get_letter_facts, set_waiting
from crm.parties import add_counterparty
from crm.staff.readable import get_viewer
from mailhub.ingest.intake import PROCESS_JOB, accept
from mailhub.mailboxes import threads
from mailhub.mailboxes.boxes import add_mailbox
from mailhub.mailboxes.handling import set_state
from mailhub.mailboxes.letters import Known, Understood, record_letter
from mailhub.mailboxes.lists import list_threads
from mailhub.mailboxes.regrouping import merge_threads
from mailhub.routing.quarantine import hold, release
from tests.races.conftest import Race
from tests.support.engines import count, look
from tests.support.mail import add_office, arrive, claim_letters, deliver, read_letter, write_letter


@pytest.fixture
def boot(database: Database) -> str:
    return database.write_now(jobs.start_boot)


def test_a_letter_that_is_sent_twice_at_once_is_taken_once(database: Database, race: Race) -> None:
    box, _ = add_office(database)
    for number in range(10):
        arrival = arrive(write_letter(number), box.id, envelope=("relay.example", "anna@client.example"))
        first, second = race((accept, arrival), (accept, arrival))
        assert first == second
    assert count(database, "incoming") == count(database, "job") == count(database, "blob") == 10


def test_equal_bytes_of_strangers_are_letters_of_their_own_and_one_blob(database: Database, race: Race) -> None:
    box, _ = add_office(database)
    told = race(*((accept, arrive(write_letter(1), box.id)) for _ in range(6)))
    assert len(set(told)) == 6
    assert (count(database, "incoming"), count(database, "job"), count(database, "blob")) == (6, 6, 1)


def write_down(tx: WriteTx, understood: Understood) -> tuple[int, bool]:
    return record_letter(tx, understood, Known(tx, [understood.parsed]))


def test_a_letter_is_written_down_once(database: Database, race: Race) -> None:
    for number in range(10):
        understood = read_letter(write_letter(number, answers=77))
        told = race(*((write_down, understood) for _ in range(4)))
        assert len({letter_id for letter_id, _ in told}) == 1
        assert sorted(new for _, new in told) == [False] * 3 + [True]
    assert count(database, "letter") == count(database, "letter_words") == count(database, "letter_reference") == 10


def test_answers_in_one_thread_are_all_counted(database: Database, race: Race, boot: str) -> None:
    box, (olena,) = add_office(database, "olena")
    deliver(database, boot, write_letter(0), box.id)
    for number in range(1, 21):
        database.write_now(accept, arrive(write_letter(number, answers=0), box.id))
    assert race(*claim_letters(database, boot)) == [None] * 20
    assert look(database, "SELECT message_count, state, waiting_for FROM thread") == [(21, "open", "us")]
    assert count(database, "message") == 21
    newest = look(database, "SELECT max(id) FROM message")[0][0]
    assert look(database, "SELECT last_message_id, last_in_id FROM thread")[0][1] == newest
    assert look(database, "SELECT user_id FROM unread") == [(olena,)]
    assert count(database, "job") == 0
    assert look(database, "SELECT count(*) FROM change WHERE kind = 'message.arrived'") == [(21,)]


def test_an_answer_that_comes_with_its_question_joins_it(database: Database, race: Race, boot: str) -> None:
    box, _ = add_office(database)
    for number in range(0, 20, 2):
        database.write_now(accept, arrive(write_letter(number), box.id))
        database.write_now(accept, arrive(write_letter(number + 1, answers=number), box.id))
        assert race(*claim_letters(database, boot)) == [None] * 2
    assert look(database, "SELECT message_count FROM thread") == [(2,)] * 10


def test_one_letter_taken_in_twice_lies_once_in_its_mailbox(database: Database, race: Race, boot: str) -> None:
    box, _ = add_office(database)
    for number in range(10):
        for _ in range(3):
            database.write_now(accept, arrive(write_letter(number), box.id))
        assert race(*claim_letters(database, boot)) == [None] * 3
    assert count(database, "message") == count(database, "thread") == 10


def test_a_known_letter_taken_in_twice_lies_once_in_another_mailbox(database: Database, race: Race, boot: str) -> None:
    box, _ = add_office(database)
    other = database.write_now(add_mailbox, "support@firm.example", "Support", "public")
    for number in range(10):
        deliver(database, boot, write_letter(number), box.id)
        for _ in range(3):
            database.write_now(accept, arrive(write_letter(number), other.id))
        assert race(*claim_letters(database, boot)) == [None] * 3
    assert look(database, f"SELECT count(*) FROM message WHERE mailbox_id = {other.id}") == [(10,)]


def test_twenty_letters_are_shared_evenly_by_turn(database: Database, race: Race, boot: str) -> None:
    box, people = add_office(database, "olena", "petro", way="round_robin")
    for number in range(20):
        database.write_now(accept, arrive(write_letter(number, sender=f"client{number}@client.example"), box.id))
    assert race(*claim_letters(database, boot)) == [None] * 20
    hands = look(database, "SELECT thread_id, executor_id FROM assignment WHERE ended_at IS NULL")
    assert len({thread for thread, _ in hands}) == len(hands) == 20
    assert Counter(person for _, person in hands) == dict.fromkeys(people, 10)
    assert sorted(hands) == sorted(look(database, "SELECT id, executor_id FROM thread"))


def test_no_job_is_claimed_twice(database: Database, race: Race, boot: str) -> None:
    box, _ = add_office(database)
    for number in range(30):
        database.write_now(accept, arrive(write_letter(number), box.id))
    taken = race(*((jobs.claim, PROCESS_JOB, boot, 8) for _ in range(6)))
    ids = [job.id for batch in taken for job in batch]
    assert len(ids) == len(set(ids)) == 30


def test_quarantine_lets_a_letter_out_once(database: Database, race: Race, boot: str) -> None:
    box, _ = add_office(database)
    for number in range(5):
        incoming_id = database.write_now(accept, arrive(write_letter(number), box.id))
        (job,) = database.write_now(jobs.claim, PROCESS_JOB, boot, 1)
        database.write_now(hold, incoming_id, "parse", "Because.")
        database.write_now(jobs.finish, job)
        told = race(*((release, incoming_id) for _ in range(4)))
        assert sorted(type(answer).__name__ for answer in told) == ["Conflict"] * 3 + ["NoneType"]
        assert all(isinstance(answer, Conflict | None) for answer in told)
        (job,) = database.write_now(jobs.claim, PROCESS_JOB, boot, 5)
        database.write_now(jobs.finish, job)


def test_a_client_waits_for_what_came_while_another_thread_was_closed(
    database: Database, race: Race, boot: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_slowly(tx: WriteTx, client_id: int, scope_id: int, since: int | None) -> None:
        if since is None:
            time.sleep(0.3)  # nobody waits, as far as whoever closes can see
        set_waiting(tx, client_id, scope_id, since)

    monkeypatch.setattr(threads, "set_waiting", write_slowly)
    box, (olena,) = add_office(database, "olena")
    client = database.write_now(partial(add_counterparty, domains=["client.example"]), "Client Ltd")
    viewer = database.read_now(get_viewer, olena)
    for number in range(0, 6, 2):
        deliver(database, boot, write_letter(number), box.id)
        (old,) = database.read_now(list_threads, viewer, "waiting").items
        database.write_now(accept, arrive(write_letter(number + 1), box.id))
        assert race((set_state, viewer, old.id, "closed"), *claim_letters(database, boot)) == [None] * 2
        (new,) = database.read_now(list_threads, viewer, "waiting").items
        assert database.read_now(get_letter_facts, viewer, client).waiting_since == new.waiting_since
        database.write_now(set_state, viewer, new.id, "closed")


def test_two_branches_and_the_letter_that_names_both_are_one_thread(database: Database, race: Race, boot: str) -> None:
    box, _ = add_office(database)
    for number in range(0, 30, 3):
        both = write_letter(number + 2, answers=number).replace(
            b"In-Reply-To:", f"References: <{number + 1}@client.example>\r\nIn-Reply-To:".encode()
        )
        for raw in (write_letter(number), write_letter(number + 1), both):
            database.write_now(accept, arrive(raw, box.id))
        assert race(*claim_letters(database, boot)) == [None] * 3
    shown = "SELECT count(*), count(DISTINCT thread_id) FROM message"
    assert look(database, shown) == [(30, 10)]
    assert look(database, "SELECT DISTINCT message_count FROM thread WHERE merged_into IS NULL") == [(3,)]


def test_two_people_who_merge_the_same_threads_at_once_merge_them_once(
    database: Database, race: Race, boot: str
) -> None:
    box, (olena, petro) = add_office(database, "olena", "petro")
    for number in range(6):
        deliver(database, boot, write_letter(number), box.id)
    ids = [thread_id for (thread_id,) in look(database, "SELECT id FROM thread ORDER BY id")]
    viewers = [database.read_now(get_viewer, one) for one in (olena, petro)]
    for one, other in zip(ids[::2], ids[1::2], strict=True):
        told = race((merge_threads, viewers[0], one, other), (merge_threads, viewers[1], other, one))
        assert sorted(type(answer).__name__ for answer in told) in (["Conflict", "NoneType"], ["NoneType", "NotFound"])
    assert look(database, "SELECT count(DISTINCT thread_id) FROM message") == [(3,)]
    assert look(database, "SELECT message_count FROM thread WHERE merged_into IS NULL") == [(2,)] * 3
