"""An answer is stopped when its thread moved since it was opened, whatever the dates of what came say."""

from __future__ import annotations

import pytest

from core import clock
from core.errors import Conflict
from mailhub.mailboxes.regrouping import merge_threads
from mailhub.outbound.undoing import take_back
from mailhub.outbound.writing import suggest_answer
from tests.outbound.conftest import Office
from tests.support.world import letter


def _seen(office: Office) -> int:
    viewer = office.world.viewer("ivan")
    return office.world.database.read_now(suggest_answer, viewer, office.thread_id).seen_message_id


def test_a_letter_that_was_on_its_way_longer_stops_it(office: Office) -> None:
    world = office.world
    first = _seen(office)
    world.now -= 10 * clock.MINUTE
    world.arrive(letter("Re: Pumps", "2@client.example", references="1@client.example"), "sales")
    late = _seen(office)
    assert late < first, "it sorts before the one that was seen, and yet it is the news"
    with pytest.raises(Conflict) as stopped:
        office.answer(seen_message_id=first)
    assert stopped.value.fields["message_ids"] == [late]
    assert office.answer(seen_message_id=late)


def test_a_colleagues_answer_stops_it_and_one_that_was_taken_back_does_not(office: Office) -> None:
    seen = _seen(office)
    answered = office.answer("Three weeks.", seen_message_id=seen, wait=clock.MINUTE)
    with pytest.raises(Conflict) as stopped:
        office.answer("Two weeks.", seen_message_id=seen)
    assert stopped.value.fields["message_ids"] == [answered]
    office.world.database.write_now(take_back, office.world.viewer("ivan"), answered)
    assert office.answer("Two weeks.", seen_message_id=seen)


def test_letters_of_a_thread_that_was_merged_are_news(office: Office) -> None:
    world, first = office.world, _seen(office)
    world.now -= clock.DAY
    world.arrive(letter("Valves", "3@client.example"), "sales")
    other = next(row.id for row in world.threads("ivan") if row.subject == "Valves")
    world.database.write_now(merge_threads, world.viewer("ivan"), office.thread_id, other)
    with pytest.raises(Conflict):
        office.answer(seen_message_id=first)
    assert office.answer(seen_message_id=_seen(office))


def test_a_number_that_nobody_could_have_seen_stops_it(office: Office) -> None:
    with pytest.raises(Conflict):
        office.answer(seen_message_id=2**62)
