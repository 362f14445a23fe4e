"""An answer becomes a letter like every other, in its thread and on the client's timeline, and a row for each
recipient."""

from __future__ import annotations

import pytest

from core.blobs import find_content
from core.errors import Conflict, Forbidden, Invalid
from crm.execution import list_hands
from mailhub.letters.letter import parse_letter
from mailhub.letters.values import Address
from mailhub.mailboxes.reading import get_thread
from mailhub.mailboxes.tables import thread
from mailhub.mailboxes.tally import count_again
from mailhub.outbound import ledger, suppression
from mailhub.outbound.writing import answer_automatically, suggest_answer
from tests.outbound.conftest import ANNA, Office
from tests.support.world import letter


def test_an_answer_stands_in_its_thread_and_goes_to_each_once(office: Office) -> None:
    database = office.world.database
    message_id = office.answer(cc=(Address("", "ANNA@client.example"), Address("Борис", "boris@client.example")),
                               bcc=(Address("", "boss@firm.example"),))  # fmt: skip
    opened = database.read_now(get_thread, office.world.viewer("ivan"), office.thread_id)
    sent = opened.messages[-1]
    assert (sent.id, sent.direction, sent.subject) == (message_id, "out", "Re: Pumps")
    raw = bytes(database.read_now(find_content, sent.blob_id)[0] or b"")
    parsed = parse_letter(raw)
    assert parsed.text == "Three weeks.\n"
    assert parsed.in_reply_to == ("1@client.example",)
    assert parsed.references == ("1@client.example",)
    assert b"boss@" not in raw
    assert office.stamp.read_message_id(sent.message_id) == (message_id, 1)
    rows = database.read_now(ledger.list_of_messages, [message_id])[message_id]
    assert [row.recipient for row in rows] == ["anna@client.example", "boris@client.example", "boss@firm.example"]
    assert {row.state for row in rows} == {"queued"}
    row = database.read_now(lambda tx: tx.get(thread, office.thread_id))
    assert (row.waiting_for, row.due_at, row.message_count) == ("them", None, 2)


def test_a_client_who_writes_again_finds_their_executor(office: Office) -> None:
    world = office.world
    ivan = world.person("ivan")
    world.box("support", way="default", default_executor_id=ivan)
    world.grant("ivan", "support", "answer")
    world.arrive(letter("Help", "9@client.example"), "support")
    office.thread_id = next(row.id for row in world.threads("ivan") if row.subject == "Help")
    office.answer()
    hands = world.database.read_now(list_hands, office.thread_id)
    assert [hand.ended_at is None for hand in hands] == [False]
    world.arrive(letter("Re: Help", "10@client.example", references="9@client.example"), "support")
    hands = world.database.read_now(list_hands, office.thread_id)
    assert [(hand.executor_id, hand.reason, hand.ended_at is None) for hand in hands] == [
        (ivan, "default", False),
        (ivan, "continued", True),
    ]


def test_who_did_not_see_the_newest_letter_is_told(office: Office) -> None:
    seen = office.world.database.read_now(suggest_answer, office.world.viewer("ivan"), office.thread_id)
    assert (seen.to, seen.subject) == ((ANNA,), "Re: Pumps")
    office.world.arrive(letter("Re: Pumps", "2@client.example", references="1@client.example"), "sales")
    with pytest.raises(Conflict) as problem:
        office.answer(seen_message_id=seen.seen_message_id)
    assert len(problem.value.fields["message_ids"]) == 1  # type: ignore[arg-type]
    assert office.answer(seen_message_id=seen.seen_message_id, force=True)


def test_an_address_that_hides_another_is_not_answered(office: Office) -> None:
    """The form shows it as one person, and reads it back as two."""
    sender = "Anna <=?utf-8?Q?anna=40client.example=2Cthief=40evil.example?=>"
    office.world.arrive(letter("Valves", "2@client.example", sender=sender), "sales")
    thread_id = next(row.id for row in office.world.threads("ivan") if row.id != office.thread_id)
    suggested = office.world.database.read_now(suggest_answer, office.world.viewer("ivan"), thread_id)
    assert (suggested.to, suggested.cc, suggested.offered) == ((), (), ())


@pytest.mark.parametrize(
    "wrong",
    [
        {"to": ()},
        {"to": (Address("", "anna@"),)},
        {"to": (Address("", "a@b.example\r\nRCPT TO:<c@d.example>"),)},
        {"to": (Address("", "anna@client@example"),)},
        {"text": " "},
    ],
)
def test_what_cannot_be_sent_is_refused_and_leaves_nothing(office: Office, wrong: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        office.answer(**wrong)  # type: ignore[arg-type]
    opened = office.world.database.read_now(get_thread, office.world.viewer("ivan"), office.thread_id)
    assert len(opened.messages) == 1


def test_only_who_may_answer_answers(office: Office) -> None:
    office.world.grant("olga", "sales", "see")
    office.world.people["ivan"] = office.world.person("olga")
    with pytest.raises(Forbidden):
        office.answer()


def test_an_address_that_does_not_exist_is_said_before_sending(office: Office) -> None:
    database = office.world.database
    database.write_now(suppression.suppress, office.stamp.keys, "Anna@CLIENT.example", "bounce")
    with pytest.raises(Conflict, match="come back"):
        office.answer()
    database.write_now(suppression.lift, office.stamp.keys, "anna@client.example")
    assert office.answer()


def test_an_automatic_answer_turns_nothing_and_has_no_return_path(office: Office) -> None:
    database = office.world.database
    viewer = office.world.viewer("ivan")
    came = database.read_now(get_thread, viewer, office.thread_id).messages[0]
    sent = database.write_now(answer_automatically, office.stamp, came.id, "We have your letter.")
    assert sent is not None
    row = database.read_now(lambda tx: tx.get(thread, office.thread_id))
    assert (row.waiting_for, row.message_count) == ("us", 2)
    written = database.read_now(get_thread, viewer, office.thread_id).messages[-1]
    assert (written.kind, written.parsed["auto_submitted"]) == ("auto_reply", "auto-replied")
    paths = database.read_now(lambda tx: tx.sql("SELECT return_path, kind FROM delivery").fetchall())
    assert [tuple(path) for path in paths] == [("", "automatic")]
    database.write_now(suppression.suppress, office.stamp.keys, "anna@client.example", "complaint")
    assert database.write_now(answer_automatically, office.stamp, came.id, "Again.") is None


def test_a_letter_that_waits_can_be_called_off(office: Office) -> None:
    database, viewer = office.world.database, office.world.viewer("ivan")
    message_id = office.answer()
    (row,) = database.read_now(ledger.list_deliveries, viewer, message_id=message_id).items
    database.write_now(ledger.cancel, viewer, row.id)
    assert database.read_now(ledger.get_delivery, viewer, row.id).state == "cancelled"
    with pytest.raises(Conflict):
        database.write_now(ledger.cancel, viewer, row.id)


def test_a_forward_answers_nobody(office: Office) -> None:
    lawyer = Address("", "lawyer@other.example")
    message_id = office.answer("See below.", (lawyer,), forwards=True)
    row = office.world.threads("ivan")[0]
    assert row.waiting_for == "us"
    assert row.message_count == 2
    shown = office.world.database.read_now(get_thread, office.world.viewer("ivan"), row.id).messages[-1]
    assert shown.id == message_id
    raw = parse_letter(bytes(office.world.database.read_now(find_content, shown.blob_id)[0] or b""))
    assert raw.subject == "Fwd: Pumps"
    assert not raw.in_reply_to
    assert not raw.references
    office.world.database.write_now(count_again, row.id)
    assert office.world.threads("ivan")[0].waiting_for == "us"
