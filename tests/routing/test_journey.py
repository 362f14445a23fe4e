"""From bytes to a thread with its client and its executor: the steps, and what a stranger cannot make them do."""

from __future__ import annotations

import itertools
from functools import partial

import pytest

from core import jobs
from core.database import Database
from crm.parties import add_contact, add_counterparty, record_not_a_client
from mailhub.ingest.intake import PROCESS_JOB, Arrival, accept
from mailhub.mailboxes.finding import search_threads
from mailhub.mailboxes.handling import assign_thread
from mailhub.mailboxes.lists import count_threads
from mailhub.mailboxes.reading import ThreadEvent, get_thread
from mailhub.routing.journey import NOBODY_ASSIGNED
from mailhub.routing.quarantine import hold, release
from tests.support.world import World, letter


@pytest.fixture
def world(database: Database) -> World:
    """Olena answers for the client in sales@; Petro answers there too."""
    world = World(database)
    world.grant("olena", "sales", "answer", "assign")
    world.grant("petro", "sales", "answer")
    return world


@pytest.fixture
def client(world: World) -> int:
    """A client with one contact, whose manager is Olena."""
    write = world.database.write_now
    client_id = write(add_counterparty, "Client Ltd", manager_id=world.person("olena"), domains=["client.example"])
    write(add_contact, "Anna", emails=["anna@client.example"], counterparty_id=client_id)
    return client_id


def test_a_letter_finds_its_client_thread_and_executor(world: World, client: int) -> None:
    world.arrive(letter("Pumps", "1@client"), "sales")
    world.arrive(letter("Re: Pumps", "2@client", references="1@client"), "sales")
    (row,) = world.threads("olena", "waiting")
    assert (row.subject, row.message_count, row.counterparty_id) == ("Pumps", 2, client)
    assert row.executor_id == world.person("olena")
    assert row.unread
    opened = world.database.read_now(get_thread, world.viewer("olena"), row.id)
    assert [message.subject for message in opened.messages] == ["Pumps", "Re: Pumps"]
    assert world.database.read_now(count_threads, world.viewer("olena")).by_mailbox == {world.box("sales").id: 1}
    found = world.database.read_now(search_threads, world.viewer("olena"), "pumps")
    assert [thread.id for thread in found] == [row.id]


def test_a_domain_names_the_company_but_free_mail_does_not(world: World, client: int) -> None:
    world.arrive(letter("One", "1@x", sender="boris@client.example"), "sales")
    world.arrive(letter("Two", "2@x", sender="boris@mail.client.example"), "sales")
    world.arrive(letter("Three", "3@x", sender="boris@gmail.com"), "sales")
    assert [row.counterparty_id for row in world.threads("olena")] == [None, client, client]


def test_several_clients_with_one_address_are_a_choice(world: World, client: int) -> None:
    write = world.database.write_now
    other = write(add_counterparty, "Other Ltd")
    write(add_contact, "Anna", emails=["anna@client.example"], counterparty_id=other)
    world.arrive(letter("Pumps", "1@client"), "sales")
    (row,) = world.threads("olena")
    assert row.counterparty_id is None
    match = world.database.read_now(get_thread, world.viewer("olena"), row.id).match
    assert {pair[1] for pair in match["pairs"]} == {client, other}


def test_a_sender_that_is_not_a_client_is_not_asked_about_again(world: World) -> None:
    world.database.write_now(record_not_a_client, "robot@news.example", "olena")
    world.arrive(letter("News", "1@news", sender="robot@news.example"), "sales")
    (row,) = world.threads("olena")
    assert world.database.read_now(get_thread, world.viewer("olena"), row.id).match["refused"]


def test_the_order_of_arrival_does_not_matter(world: World, client: int) -> None:
    parts = [
        letter("Pumps", "1@client"),
        letter("Re: Pumps", "2@client", references="1@client"),
        letter("Re: Pumps", "3@client", references="2@client", headers="References: <1@client> <2@client>\r\n"),
    ]
    for number, order in enumerate(itertools.permutations(parts)):
        box = f"box{number}"
        world.grant("olena", box, "see")
        for raw in order:
            world.arrive(raw, box)
    counts = {row.mailbox_id: row.message_count for row in world.threads("olena")}
    assert len(world.threads("olena")) == 6, counts
    assert set(counts.values()) == {3}


def test_a_reference_alone_lets_nobody_into_a_thread(world: World, client: int) -> None:
    world.arrive(letter("Pumps", "1@client"), "sales")
    world.arrive(letter("Re: Pumps", "9@evil", sender="eve@evil.example", references="1@client"), "sales")
    forged, honest = world.threads("olena")
    assert (forged.message_count, honest.message_count) == (1, 1)
    claims = world.database.read_now(get_thread, world.viewer("olena"), forged.id).claims
    assert claims is not None
    assert claims.id == honest.id


def test_an_id_that_hundreds_forged_still_leads_home(world: World, client: int) -> None:
    world.arrive(letter("Pumps", "1@client"), "sales")
    for number in range(60):
        world.arrive(letter(f"Junk {number}", "1@client", sender=f"eve{number}@evil.example"), "sales")
    world.arrive(letter("Re: Pumps", "2@client", references="1@client"), "sales")
    pumps = [row for row in world.threads("olena") if row.counterparty_id == client]
    assert [row.message_count for row in pumps] == [2]


def test_a_digest_that_names_many_conversations_joins_one_of_them(world: World, client: int) -> None:
    for number in range(10):
        world.arrive(letter(f"Order {number}", f"{number}@client"), "sales")
    invented = "".join(f" <x{number}@client>\r\n" for number in range(300))
    named = "".join(f" <{number}@client>\r\n" for number in range(10))
    world.arrive(letter("Digest", "99@client", headers=f"References:{invented}{named}".rstrip() + "\r\n"), "sales")
    assert sorted(row.message_count for row in world.threads("olena")) == [1] * 9 + [2]


@pytest.mark.parametrize(
    "sender",
    ["anna@client.example, eve@evil.example", "anna@client.example)<eve@evil.example>", '"anna@client.example" <>'],
)
def test_a_doubtful_sender_is_shown_and_never_matched(world: World, client: int, sender: str) -> None:
    world.arrive(letter("Pumps", "1@evil", sender=sender), "sales")
    (row,) = world.threads("olena")
    assert row.counterparty_id is None
    (message,) = world.database.read_now(get_thread, world.viewer("olena"), row.id).messages
    assert not message.from_trusted


def test_the_same_subject_alone_joins_nothing_but_an_answer_goes_on(world: World, client: int) -> None:
    world.arrive(letter("Invoice", "1@client"), "sales")
    world.arrive(letter("Invoice", "2@client"), "sales")
    world.arrive(letter("Re: Invoice", "3@client"), "sales")
    assert [row.message_count for row in world.threads("olena")] == [2, 1]


def test_one_letter_in_two_mailboxes_is_understood_once(world: World, client: int) -> None:
    world.grant("olena", "claims", "see")
    world.arrive(letter("Pumps", "1@client"), "sales", "claims")
    world.arrive(b"Received: from elsewhere\r\n" + letter("Pumps", "1@client"), "claims")
    assert len(world.threads("olena")) == 2
    assert world.database.read_now(lambda tx: tx.sql("SELECT count(*) FROM letter").scalar()) == 1
    world.arrive(letter("Pumps", "1@client", body="Another text under the same id."), "sales")
    assert world.database.read_now(lambda tx: tx.sql("SELECT count(*) FROM letter").scalar()) == 2


def test_nobody_without_access_is_ever_assigned(world: World) -> None:
    write = world.database.write_now
    outsider = world.person("outsider")
    client_id = write(add_counterparty, "Client Ltd", manager_id=outsider)
    write(add_contact, "Anna", emails=["anna@client.example"], counterparty_id=client_id)
    world.arrive(letter("Pumps", "1@client"), "sales")
    (row,) = world.threads("olena")
    assert row.executor_id is None
    events = world.database.read_now(get_thread, world.viewer("olena"), row.id).events
    assert any("Nobody was assigned" in event.sentence for event in events)


def test_round_robin_takes_turns(world: World) -> None:
    world.box("turns", way="round_robin")
    for name in ("olena", "petro"):
        world.grant(name, "turns", "answer")
    for number in range(4):
        world.arrive(letter(f"Question {number}", f"{number}@x", sender=f"p{number}@x.example"), "turns")
    executors = [row.executor_id for row in world.threads("olena")]
    assert executors == [world.person(name) for name in ("petro", "olena", "petro", "olena")]


@pytest.mark.parametrize(
    "headers",
    ["Auto-Submitted: auto-replied\r\n", "X-Spam-Flag: YES\r\n"],
)
def test_nobody_waits_because_of_a_machine_or_junk(world: World, client: int, headers: str) -> None:
    world.arrive(letter("Away", "1@client", headers=headers), "sales")
    (row,) = world.threads("olena")
    assert (row.waiting_for, row.executor_id) == (None, None)
    assert world.threads("olena", "waiting") == []


def test_an_import_is_quiet_and_ordered_by_its_own_dates(world: World, client: int) -> None:
    old = letter("Old", "1@client").replace(b"18 Nov 2026", b"18 Nov 2020")
    world.arrive(letter("New", "2@client"), "sales")
    world.arrive(old, "sales", quiet=True)
    new, imported = world.threads("olena")
    assert (imported.subject, imported.state, imported.waiting_for, imported.unread) == ("Old", "closed", None, False)
    assert imported.last_message_id < new.last_message_id


def test_a_clients_letter_reopens_a_closed_thread(world: World, client: int) -> None:
    world.arrive(letter("Pumps", "1@client"), "sales", quiet=True)
    world.arrive(letter("Re: Pumps", "2@client", references="1@client"), "sales")
    (row,) = world.threads("olena")
    assert (row.state, row.waiting_for, row.message_count) == ("open", "us", 2)


def test_a_letter_out_of_an_archive_is_told_when_it_comes_to_the_door(world: World, client: int) -> None:
    world.arrive(letter("Pumps", "1@client"), "sales", quiet=True)
    (row,) = world.threads("olena")
    assert (row.state, row.unread, row.waiting_for, row.executor_id) == ("closed", False, None, None)
    world.arrive(letter("Pumps", "1@client"), "sales", quiet=True)
    assert world.threads("olena", "waiting") == []
    for _ in range(2):
        world.arrive(letter("Pumps", "1@client"), "sales")
        (row,) = world.threads("olena", "waiting")
        assert (row.unread, row.message_count, row.executor_id) == (True, 1, world.person("olena"))


def test_a_known_letter_let_out_of_quarantine_is_filed_by_hand(world: World, client: int) -> None:
    write = world.database.write_now
    other = write(add_counterparty, "Other Ltd")
    world.arrive(letter("Pumps", "1@client"), "sales")
    (incoming_id,) = accept_only(world, letter("Pumps", "1@client"), "sales")
    boot = write(jobs.start_boot)
    (job,) = write(jobs.claim, PROCESS_JOB, boot, 5)
    write(hold, incoming_id, "parse", "Because.")
    write(jobs.finish, job)
    write(partial(release, by_hand={"counterparty_id": other}), incoming_id)
    world.work()
    (row,) = world.threads("olena")
    assert row.counterparty_id == other


def test_that_nobody_was_assigned_is_said_once_until_somebody_is(world: World) -> None:
    for number in range(3):
        world.arrive(letter("Help", f"{number}@x", references="0@x" if number else ""), "sales")
    (row,) = world.threads("olena")
    said = [event.sentence for event in events(world, row.id)]
    assert said.count(NOBODY_ASSIGNED) == 1
    world.database.write_now(assign_thread, world.viewer("olena"), row.id, world.person("petro"))
    world.database.write_now(assign_thread, world.viewer("olena"), row.id, None)
    for number in range(3, 5):
        world.arrive(letter("Help", f"{number}@x", references="0@x"), "sales")
    said = [event.sentence for event in events(world, row.id)]
    assert said.count(NOBODY_ASSIGNED) == 2


def events(world: World, thread_id: int) -> list[ThreadEvent]:
    return world.database.read_now(get_thread, world.viewer("olena"), thread_id).events


def accept_only(world: World, raw: bytes, box: str) -> list[int]:
    """A letter at the door that does not travel yet."""
    arrival = Arrival(raw, "smtp", world.now, [world.box(box).id], {})
    return [world.database.write_now(accept, arrival)]
