"""What comes back finds its letter by a token of ours, by nothing else, and has its consequences."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from itertools import cycle

import pytest

from core import clock
from core.blobs import find_content
from core.database import Database
from core.secrets import Keys
from crm.execution import list_hands
from mailhub.letters.values import Address
from mailhub.mailboxes.handling import assign_thread
from mailhub.mailboxes.reading import get_thread
from mailhub.mailboxes.recipients import list_recipients
from mailhub.mailboxes.tables import message, thread
from mailhub.outbound import ledger, suppression
from mailhub.outbound.identity import Stamp
from mailhub.outbound.ledger import Delivery
from mailhub.outbound.returns import find_mailbox
from mailhub.outbound.tables import delivery
from tests.outbound.bounces import CASES, MANNERS, Case, complaint, header_of, standard
from tests.outbound.conftest import ANNA, Office
from tests.support.world import letter

LETTERS = 200


@pytest.fixture
def office(office: Office) -> Office:
    office.world.stamp = office.stamp
    return office


def sent_letter(office: Office, to: tuple[Address, ...] = (ANNA,)) -> tuple[bytes, list[Delivery]]:
    """An answer that the relay has taken: its bytes and its rows."""
    database = office.world.database
    message_id = office.answer(to=to)
    database.write_now(lambda tx: tx.sql("UPDATE delivery SET state = 'sent' WHERE state = 'queued'"))
    blob_id = database.read_now(lambda tx: tx.get(message, message_id).blob_id)
    raw = bytes(database.read_now(find_content, blob_id)[0] or b"")
    return raw, database.read_now(ledger.list_of_messages, [message_id])[message_id]


def state_of(database: Database, row: Delivery) -> str:
    return str(database.read_now(lambda tx: tx.get(delivery, row.id).state))


def return_path(database: Database, row: Delivery) -> str:
    return str(database.read_now(lambda tx: tx.get(delivery, row.id).return_path))


def numbered(count: int) -> Iterator[tuple[int, Address]]:
    for number in range(count):
        yield number, Address("", f"reader{number}@client.example")


def test_bounces_of_our_letters_find_their_rows(office: Office) -> None:
    database, found, wrong = office.world.database, 0, []
    cases, manners = cycle(CASES), cycle(MANNERS)
    for number, reader in numbered(LETTERS):
        raw, (row,) = sent_letter(office, (reader,))
        case, manner = next(cases), next(manners)
        by_envelope = number % 2 == 0
        to = return_path(database, row) if by_envelope else "sales@firm.example"
        # By the envelope alone: what the report sends back was torn off.
        inside = raw if not by_envelope else raw.replace(b"Message-ID: <m.", b"Message-ID: <x.")
        office.world.arrive(manner(inside, reader.address, case, to, number), "sales", rcpt=(to,))
        found += state_of(database, row) == "bounced"
        reasons = database.read_now(suppression.find_reasons, office.stamp.keys, reader.address)
        if (reasons == ["bounce"]) != case.suppressed:
            wrong.append((number, manner.__name__, case, reasons))
    print(f"{found} of {LETTERS} bounces found their rows")
    assert found == LETTERS
    assert not wrong


def forgeries(office: Office, raw: bytes, row: Delivery) -> list[tuple[bytes, str]]:
    """The letter as a forger would send it back, and to which address."""
    genuine, path = header_of(raw, "Message-ID"), return_path(office.world.database, row)
    token = genuine[3:].partition("@")[0]
    thief = Stamp(Keys([b"t" * 32]), 1, "verp", "bounce.firm.example")
    later = dataclasses.replace(office.stamp, epoch=2)
    ids = [
        f"<{thief.message_id(row.message_id, 'firm.example')}>",
        f"<{later.message_id(row.message_id, 'firm.example')}>",
        f"<m.{token[:-1]}{'a' if token[-1] != 'a' else 'b'}@firm.example>",
        f"<m.{path[2:].partition('@')[0]}@firm.example>",  # the token of a return path is none of a Message-ID
        f"<m.{row.message_id}@firm.example>",
        "<1@client.example>",
        "<m.@firm.example>",
    ]
    paths = [
        thief.return_path(row.id, "sales@firm.example"),
        later.return_path(row.id, "sales@firm.example"),
        f"b+{token}@bounce.firm.example",
        f"b+{row.id}@bounce.firm.example",
        path.replace("b+", "c+"),
    ]
    made = [(raw.replace(genuine.encode(), one.encode()), "sales@firm.example") for one in ids]
    bare = raw.replace(genuine.encode(), b"<none@firm.example>")
    return [*made, *((bare, one) for one in paths)]


def test_forged_ones_find_nothing(office: Office) -> None:
    database = office.world.database
    raw, (row,) = sent_letter(office)
    tried = 0
    for manner in MANNERS:
        for number, (forged, to) in enumerate(forgeries(office, raw, row)):
            report = manner(forged, "anna@client.example", CASES[0], to, 1000 * tried + number)
            office.world.arrive(report, "sales", rcpt=(to,))
            tried += 1
            assert state_of(database, row) == "sent", (manner.__name__, forged, to)
    assert tried == 36
    assert database.read_now(suppression.find_reasons, office.stamp.keys, "anna@client.example") == []
    assert database.read_now(lambda tx: tx.get(thread, office.thread_id).waiting_for) == "them"


def test_a_bounced_answer_is_in_hand_again(office: Office) -> None:
    world = office.world
    ivan = world.person("ivan")
    world.database.write_now(assign_thread, world.viewer("ivan"), office.thread_id, ivan)
    raw, (row,) = sent_letter(office)
    before = world.database.read_now(lambda tx: tx.get(thread, office.thread_id))
    assert (before.waiting_for, before.executor_id) == ("them", ivan)
    world.now = clock.now()
    world.arrive(standard(raw, "anna@client.example", CASES[0], "sales@firm.example", 1), "sales")
    opened = world.database.read_now(get_thread, world.viewer("ivan"), office.thread_id)
    assert [one.kind for one in opened.messages] == ["letter", "letter", "bounce"]
    assert "came back: there is no such address" in opened.events[-1].sentence
    after = world.database.read_now(lambda tx: tx.get(thread, office.thread_id))
    assert (after.waiting_for, after.waiting_since, after.state) == ("us", opened.messages[0].dated_at, "open")
    hands = world.database.read_now(list_hands, office.thread_id)
    assert [(hand.reason, hand.ended_at is None) for hand in hands] == [("hand", False), ("continued", True)]
    assert state_of(world.database, row) == "bounced"


def test_one_of_several_readers_cannot_silence_another(office: Office) -> None:
    """Whoever has a letter can write a report about it; only a return path is known to its own way alone."""
    database = office.world.database
    boris = Address("", "boris@client.example")
    raw, (_, to_boris) = sent_letter(office, (ANNA, boris))
    office.world.arrive(standard(raw, boris.address, CASES[0], "sales@firm.example", 1), "sales")
    assert database.read_now(suppression.find_reasons, office.stamp.keys, boris.address) == []
    raw, (_, to_boris) = sent_letter(office, (ANNA, boris))
    path = return_path(database, to_boris)
    office.world.arrive(standard(raw, boris.address, CASES[0], path, 2), "sales", rcpt=(path,))
    assert database.read_now(suppression.find_reasons, office.stamp.keys, boris.address) == ["bounce"]


def test_who_answered_is_not_silenced_by_who_read_the_answer(office: Office) -> None:
    """An answer to several carries our Message-ID to all of them."""
    world = office.world
    raw, _ = sent_letter(office)
    answered = header_of(raw, "Message-ID").strip("<>")
    copies = "Cc: mallory@evil.example\r\n"
    world.arrive(letter("Re: Pumps", "2@client.example", references=answered, headers=copies), "sales")
    world.arrive(standard(raw, "anna@client.example", CASES[0], "sales@firm.example", 1), "sales")
    world.arrive(complaint(raw, "sales@firm.example", 1), "sales")
    assert world.database.read_now(suppression.find_reasons, office.stamp.keys, "anna@client.example") == []


def test_a_complaint_silences_what_nobody_asked_for(office: Office) -> None:
    database, keys = office.world.database, office.stamp.keys
    raw, (row,) = sent_letter(office)
    office.world.arrive(complaint(raw, "sales@firm.example", 1), "sales")
    assert state_of(database, row) == "complained"
    assert not database.read_now(suppression.may_send, keys, "ANNA@client.example", "mailing")
    assert database.read_now(suppression.may_send, keys, "anna@client.example", "personal")


def test_an_absence_note_joins_its_thread_and_changes_nothing(office: Office) -> None:
    database = office.world.database
    raw, (row,) = sent_letter(office)
    note = (
        f"From: Anna <anna@client.example>\r\nTo: sales@firm.example\r\nSubject: Out of office\r\n"
        f"Message-ID: <away@client.example>\r\nIn-Reply-To: {header_of(raw, 'Message-ID')}\r\n"
        f"Date: Wed, 18 Nov 2026 12:00:00 +0200\r\nAuto-Submitted: auto-replied\r\n\r\nBack on Monday.\r\n"
    ).encode()
    office.world.arrive(note, "sales")
    row_now = database.read_now(lambda tx: tx.get(thread, office.thread_id))
    assert (row_now.message_count, row_now.waiting_for) == (3, "them")
    assert state_of(database, row) == "sent"


def test_who_reports_is_not_answered_and_has_no_say(office: Office) -> None:
    """Whoever has a letter of ours knows its Message-ID, and would come into the conversation as its machine: an
    automatic answer of a stranger begins a conversation of its own."""
    world = office.world
    raw, _ = sent_letter(office)
    answered = header_of(raw, "Message-ID").strip("<>")
    thief = {"sender": "Mallory <mallory@evil.example>", "references": answered}
    world.arrive(standard(raw, "anna@client.example", CASES[3], "sales@firm.example", 1), "sales")
    world.arrive(letter("Re: Pumps", "2@evil.example", **thief, headers="Auto-Submitted: auto-replied\r\n"), "sales")
    opened = world.database.read_now(get_thread, world.viewer("ivan"), office.thread_id)
    assert {one.kind for one in opened.messages} == {"letter", "bounce"}
    people = world.database.read_now(list_recipients, office.thread_id)
    assert ([one.address for one in people.to], people.cc, people.offered) == (["anna@client.example"], (), ())
    world.arrive(letter("Re: Pumps", "3@evil.example", **thief), "sales")
    assert len(world.threads("ivan")) == 2


def test_an_archive_has_no_consequences(office: Office) -> None:
    raw, (row,) = sent_letter(office)
    report = standard(raw, "anna@client.example", CASES[0], "sales@firm.example", 1)
    office.world.arrive(report, "sales", quiet=True)
    assert state_of(office.world.database, row) == "sent"


@pytest.mark.parametrize("way", ["verp", "plus", "own"])
def test_return_paths_are_read_back_in_any_case(stamp: Stamp, way: str) -> None:
    stamp = dataclasses.replace(stamp, way=way)  # type: ignore[arg-type]
    path = stamp.return_path(1 << 40, "sales@firm.example")
    assert len(path.partition("@")[0]) <= 64
    named = stamp.read_return_path(path.swapcase())
    assert named == (None if way == "own" else (1 << 40, 1))


def test_the_door_knows_whose_a_return_path_is(office: Office) -> None:
    database = office.world.database
    _, (row,) = sent_letter(office)
    named = office.stamp.read_return_path(return_path(database, row))
    assert named is not None
    assert database.read_now(find_mailbox, named) == office.world.box("sales").id
    assert database.read_now(find_mailbox, named._replace(epoch=7)) is None


def test_a_second_report_says_nothing_new(office: Office) -> None:
    raw, _ = sent_letter(office)
    soft = Case("5.2.2", "552 5.2.2 mailbox full", suppressed=False)
    for number in (1, 2):
        office.world.arrive(standard(raw, "anna@client.example", soft, "sales@firm.example", number), "sales")
    opened = office.world.database.read_now(get_thread, office.world.viewer("ivan"), office.thread_id)
    assert sum("came back" in event.sentence for event in opened.events) == 1
