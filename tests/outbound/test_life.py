"""What happened to a letter, from what is stored."""

from __future__ import annotations

import pytest

from core.errors import NotFound
from mailhub.mailboxes.reading import get_thread
from mailhub.outbound.life import list_life
from tests.outbound.conftest import Office
from tests.support.world import letter


def test_a_letter_that_came_and_its_answer(office: Office) -> None:
    database, ivan = office.world.database, office.world.viewer("ivan")
    sent = office.answer()
    first = database.read_now(get_thread, ivan, office.thread_id).messages[0]
    steps = database.read_now(list_life, ivan, first.id)
    assert steps[0].what == "received"
    assert steps[-1].what == "answered"
    assert steps[-1].who == ("Ivan",)
    ours = database.read_now(list_life, ivan, sent)
    assert [(one.what, one.state) for one in ours] == [("written", None), ("delivery", "queued")]
    assert ours[1].who == ("anna@client.example",)
    office.world.arrive(letter("Re: Pumps", "9@client.example", references=_name(office, sent)), "sales")
    assert database.read_now(list_life, ivan, sent)[-1].what == "answered"


def test_who_may_not_see_the_letter_does_not_see_its_life(office: Office) -> None:
    office.world.person("petro")
    sent = office.answer()
    with pytest.raises(NotFound):
        office.world.database.read_now(list_life, office.world.viewer("petro"), sent)


def _name(office: Office, message_id: int) -> str:
    shown = office.world.database.read_now(get_thread, office.world.viewer("ivan"), office.thread_id).messages
    return next(one.message_id for one in shown if one.id == message_id)


def test_it_says_by_what_server_a_letter_left(office: Office) -> None:
    message_id = office.answer()
    office.world.database.write_now(lambda tx: tx.sql("UPDATE delivery SET server = 'relay.example:587'"))
    steps = office.world.database.read_now(list_life, office.world.viewer("ivan"), message_id)
    assert [one.server for one in steps if one.what == "delivery"] == ["relay.example:587"]
