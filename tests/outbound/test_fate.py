"""What became of a letter of ours that answers nobody: rows, counters and the client's facts say so."""

from __future__ import annotations

import pytest

from core.database import Database, ReadTx
from crm.interactions import get_letter_facts, list_history
from crm.parties import add_counterparty
from mailhub.mailboxes.filing import file_under
from mailhub.mailboxes.lists import ThreadRow
from mailhub.mailboxes.regrouping import split_thread
from mailhub.mailboxes.tables import thread
from mailhub.mailboxes.tally import count_again
from mailhub.outbound import ledger
from mailhub.outbound.undoing import take_back
from tests.outbound.bounces import CASES, standard
from tests.outbound.conftest import Office
from tests.outbound.test_returns import sent_letter
from tests.support.world import letter


@pytest.fixture
def office(office: Office) -> Office:
    office.world.stamp = office.stamp
    return office


def row_of(office: Office) -> ThreadRow:
    return next(row for row in office.world.threads("ivan") if row.id == office.thread_id)


def count_anew(database: Database, thread_id: int) -> None:
    """What a row says must be what its letters say: compared by counting them again."""

    def said(tx: ReadTx) -> dict[str, object]:
        row = dict(tx.get(thread, thread_id)._mapping)
        return {name: value for name, value in row.items() if name not in ("version", "snippet")}

    before = database.read_now(said)
    database.write_now(count_again, thread_id)
    assert database.read_now(said) == before


def test_a_thread_whose_answer_came_back_shows_the_person_and_a_mark(office: Office) -> None:
    raw, (row,) = sent_letter(office)
    assert not row_of(office).undelivered
    office.world.arrive(standard(raw, "anna@client.example", CASES[0], "sales@firm.example", 1), "sales")
    shown = row_of(office)
    assert (shown.who, shown.undelivered, shown.waiting_for) == ("Anna", True, "us")
    assert "Delivery" not in shown.snippet
    count_anew(office.world.database, office.thread_id)
    # It is tried again: until something else is known it is our answer.
    viewer = office.world.viewer("ivan")
    office.world.database.write_now(ledger.retry, viewer, row.id)
    shown = row_of(office)
    assert (shown.undelivered, shown.waiting_for) == (False, "them")


def test_another_answer_takes_the_mark_away(office: Office) -> None:
    raw, _ = sent_letter(office)
    office.world.arrive(standard(raw, "anna@client.example", CASES[3], "sales@firm.example", 1), "sales")
    assert row_of(office).undelivered
    office.world.arrive(letter("Re: Pumps", "2@client.example", references="1@client.example"), "sales")
    assert row_of(office).undelivered
    office.answer("Once more.")
    assert (row_of(office).undelivered, row_of(office).who) == (False, "Anna")


def test_an_answer_that_was_taken_back_counts_nowhere(office: Office) -> None:
    database, world = office.world.database, office.world
    viewer = world.viewer("ivan")
    client = database.write_now(add_counterparty, "Anna Ltd")
    database.write_now(file_under, viewer, office.thread_id, client, None)
    facts, line = database.read_now(get_letter_facts, viewer, client), database.read_now(list_history, viewer, client)
    before = row_of(office)
    message_id = office.answer()
    assert database.read_now(get_letter_facts, viewer, client).letters == facts.letters + 1
    database.write_now(take_back, viewer, message_id)
    after = row_of(office)
    shown = ("message_count", "waiting_for", "waiting_since", "snippet", "last_message_at", "last_message_id")
    assert [getattr(after, name) for name in shown] == [getattr(before, name) for name in shown]
    assert database.read_now(get_letter_facts, viewer, client) == facts
    assert database.read_now(list_history, viewer, client) == line
    count_anew(database, office.thread_id)
    # It is no letter that a person would have to have seen, and none that keeps a thread alive.
    again = office.answer("Four weeks.", seen_message_id=after.last_message_id)
    assert row_of(office).last_message_id == again
    new = database.write_now(split_thread, viewer, office.thread_id, [message_id])
    assert new != office.thread_id
