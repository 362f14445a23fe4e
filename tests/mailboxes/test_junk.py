"""Junk: what people say of a sender goes before what a filter says, and junk makes nobody work."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core import clock, jobs
from core.database import Database
from core.errors import Forbidden
from crm.parties import add_contact, add_counterparty
from mailhub.ingest.intake import PROCESS_JOB, accept
from mailhub.letters.verdicts import Verdicts
from mailhub.mailboxes.junk import change_state
from mailhub.mailboxes.lists import ThreadRow
from mailhub.mailboxes.reading import get_thread
from mailhub.routing.taking import process_all
from tests.support.mail import arrive, read_letter
from tests.support.world import World, letter

DENIED = Verdicts("fail", "fail", "fail")


@pytest.fixture
def world(database: Database) -> World:
    """Olena answers in sales@ and claims@; Petro only sees sales@. Anna is of a client."""
    world = World(database)
    world.grant("olena", "sales", "answer", "assign")
    world.grant("olena", "claims", "answer")
    world.grant("petro", "sales", "see")
    write = world.database.write_now
    client = write(add_counterparty, "Client Ltd", manager_id=world.person("olena"))
    write(add_contact, "Anna", emails=["anna@client.example"], counterparty_id=client)
    return world


def deliver(
    world: World, subject: str, *, box: str = "sales", verdicts: Verdicts | None = None, junk: bool | None = None
) -> ThreadRow:
    """A letter of Anna's address with what was found out about it; returns its thread."""
    raw, database = letter(subject, f"{clock.now()}@client"), world.database
    understood = replace(read_letter(raw), verdicts=verdicts, junk=junk)
    database.write_now(accept, arrive(raw, world.box(box).id))
    boot = database.write_now(jobs.start_boot)
    for job in database.write_now(jobs.claim, PROCESS_JOB, boot, 10):
        database.write_now(process_all, [(job, understood)])
    (row,) = [row for row in world.threads("olena") if row.subject == subject]
    return row


def call(world: World, row: ThreadRow, state: str, person: str = "olena") -> ThreadRow:
    world.database.write_now(change_state, world.viewer(person), row.id, state)
    (again,) = [one for one in world.threads("olena") if one.id == row.id]
    return again


def test_called_junk_once_the_next_letter_is_junk_by_itself(world: World) -> None:
    first = deliver(world, "One")
    assert (first.state, first.waiting_for, first.executor_id) == ("open", "us", world.person("olena"))
    call(world, first, "spam")
    second = deliver(world, "Two")
    assert (second.state, second.waiting_for, second.executor_id, second.unread) == ("spam", None, None, False)
    assert second.counterparty_id is None
    assert deliver(world, "Three", box="claims").state == "open", "what one mailbox learned is its own"


def test_no_junk_any_more_it_is_filed_and_waits_and_the_filter_is_overruled(world: World) -> None:
    first = deliver(world, "One", junk=True)
    assert (first.state, first.counterparty_id) == ("spam", None)
    again = call(world, first, "open")
    assert (again.state, again.waiting_for) == ("open", "us")
    assert again.counterparty_id is not None
    assert deliver(world, "Two", junk=True).state == "open"


def test_nobody_gets_past_the_filter_in_the_name_of_a_good_sender(world: World) -> None:
    call(world, deliver(world, "One", junk=True), "open")
    assert deliver(world, "Two", junk=True, verdicts=DENIED).state == "spam"
    assert deliver(world, "Three", junk=True, verdicts=Verdicts(dmarc="pass")).state == "open"


def test_a_forged_letter_teaches_nothing_about_whom_it_names(world: World) -> None:
    call(world, deliver(world, "One", verdicts=DENIED), "spam")
    assert deliver(world, "Two").state == "open"


def test_to_close_and_reopen_teaches_nothing(world: World) -> None:
    row = call(world, deliver(world, "One"), "closed")
    assert call(world, row, "open").waiting_for == "us"
    assert deliver(world, "Two", junk=True).state == "spam"


def test_only_who_may_answer_says_what_is_junk(world: World) -> None:
    row = deliver(world, "One")
    with pytest.raises(Forbidden):
        call(world, row, "spam", "petro")
    opened = world.database.read_now(get_thread, world.viewer("olena"), row.id)
    assert not opened.messages[0].spam
    assert deliver(world, "Two").state == "open"


def test_what_was_found_out_stands_beside_the_letter(world: World) -> None:
    row = deliver(world, "One", verdicts=DENIED)
    (message,) = world.database.read_now(get_thread, world.viewer("olena"), row.id).messages
    assert message.verdicts == DENIED
    (message,) = world.database.read_now(get_thread, world.viewer("olena"), deliver(world, "Two").id).messages
    assert message.verdicts is None
