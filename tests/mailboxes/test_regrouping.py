"""Threads merged and split by hand, and both taken back: everybody reads the same, and afterwards all is as before."""

from __future__ import annotations

from typing import Any

import pytest

from core.database import Database
from core.errors import Conflict, Forbidden, NotFound
from crm.interactions import get_letter_facts, list_history
from crm.parties import add_contact, add_counterparty
from mailhub.mailboxes.filing import file_under
from mailhub.mailboxes.finding import search_threads
from mailhub.mailboxes.handling import assign_thread, set_read, set_state
from mailhub.mailboxes.lists import count_threads
from mailhub.mailboxes.reading import get_message, get_thread
from mailhub.mailboxes.regrouping import (
    find_mergeable,
    merge_threads,
    split_thread,
    unmerge_thread,
    unsplit_thread,
)
from tests.support.world import World, letter


@pytest.fixture
def world(database: Database) -> World:
    """Olena answers in sales@ and claims@, Petro only what is his; the reader only reads."""
    world = World(database)
    for box in ("sales", "claims"):
        world.grant("olena", box, "answer", "assign")
    world.grant("petro", "sales", "answer", only_assigned=True)
    world.grant("reader", "sales", "see")
    client = database.write_now(add_counterparty, "Client Ltd")
    database.write_now(add_contact, "Anna", emails=["anna@client.example"], counterparty_id=client)
    return world


def come(world: World, subject: str, message_id: str, box: str = "sales", **more: Any) -> int:
    """A letter of Anna; returns the thread it is read in."""
    world.arrive(letter(subject, f"{message_id}@client", **more), box)
    found = world.database.read_now(search_threads, world.viewer("olena"), "pumps")
    return next(row.id for row in found if row.mailbox_id == world.box(box).id)


def subjects(world: World, thread_id: int) -> list[str]:
    opened = world.database.read_now(get_thread, world.viewer("olena"), thread_id)
    return [message.message_id.partition("@")[0] for message in opened.messages]


def look(world: World, person: str = "olena") -> dict[str, Any]:
    """All that a person sees of the mailbox: rows without their version, counters, history, what is found."""
    read, viewer = world.database.read_now, world.viewer(person)
    rows = {
        row.id: {**{name: getattr(row, name) for name in row.__slots__}, "version": 0} for row in world.threads(person)
    }
    return {
        "rows": rows,
        "counters": read(count_threads, viewer),
        "history": sorted(
            (line.message_id, line.thread_id) for one in (1, 2) for line in read(list_history, viewer, one)
        ),
        "facts": [read(get_letter_facts, viewer, one) for one in (1, 2)],
        "found": {row.id for row in read(search_threads, viewer, "pumps")},
    }


def test_merged_is_read_as_one_and_taken_back_as_before(world: World) -> None:
    write, olena = world.database.write_now, world.viewer("olena")
    first, second = come(world, "One", "1"), come(world, "Two", "2")
    write(assign_thread, olena, first, world.person("olena"))
    write(assign_thread, olena, second, world.person("petro"))
    write(set_read, olena, first, read=True)
    write(set_state, olena, first, "closed")
    before = look(world)
    write(merge_threads, olena, first, second)
    merged = look(world)
    (row,) = merged["rows"].values()
    assert (row["id"], row["message_count"], row["state"], row["unread"]) == (first, 2, "open", True)
    assert (row["waiting_for"], row["executor_id"]) == ("us", world.person("olena"))
    assert subjects(world, first) == ["1", "2"]
    assert {thread_id for _, thread_id in merged["history"]} == {first}
    assert merged["found"] == {first}
    assert merged["counters"].waiting == 1
    assert look(world, "petro")["rows"] == {}, "what he executed is read in a thread that is not his"
    assert world.database.read_now(get_thread, olena, second).row.id == first
    write(set_read, olena, first, read=True)
    write(unmerge_thread, olena, first, second)
    after = look(world)
    for state in (before, after):
        for row in state["rows"].values():
            row["unread"] = False  # whoever read them together has read both
    assert after["rows"] == before["rows"]
    assert after["history"] == before["history"]
    assert after["facts"] == before["facts"]
    assert look(world, "petro")["rows"].keys() == {second}


def test_what_came_meanwhile_goes_with_the_letter_it_answers(world: World) -> None:
    write, olena = world.database.write_now, world.viewer("olena")
    first, second = come(world, "One", "1"), come(world, "Two", "2")
    write(merge_threads, olena, first, second)
    come(world, "Re: Two", "3", references="2@client")
    come(world, "Re: One", "4", references="1@client")
    assert subjects(world, first) == ["1", "2", "3", "4"]
    write(unmerge_thread, olena, first, second)
    assert (subjects(world, first), subjects(world, second)) == (["1", "4"], ["2", "3"])


def test_split_off_and_given_back(world: World) -> None:
    write, olena = world.database.write_now, world.viewer("olena")
    first = come(world, "One", "1")
    come(world, "Re: One", "2", references="1@client")
    come(world, "Another matter", "3", references="2@client")
    before = look(world)
    opened = world.database.read_now(get_thread, olena, first)
    new = write(split_thread, olena, first, [opened.messages[-1].id])
    assert (subjects(world, first), subjects(world, new)) == (["1", "2"], ["3"])
    rows = look(world)["rows"]
    assert (rows[new]["subject"], rows[new]["message_count"], rows[new]["waiting_for"]) == ("Another matter", 1, "us")
    come(world, "Re: Another matter", "4", references="3@client")
    assert subjects(world, new) == ["3", "4"]
    assert write(unsplit_thread, olena, new) == first
    assert subjects(world, first) == ["1", "2", "3", "4"]
    assert set(look(world)["rows"]) == set(before["rows"])
    message = world.database.read_now(get_message, olena, opened.messages[-1].id)
    assert message.thread_id == first


def test_a_merged_thread_that_is_split_and_put_together_again_parts_as_it_was(world: World) -> None:
    write, olena = world.database.write_now, world.viewer("olena")
    first, second = come(world, "One", "1"), come(world, "Two", "2")
    come(world, "Re: Two", "3", references="2@client")
    write(merge_threads, olena, first, second)
    last = world.database.read_now(get_thread, olena, first).messages[-1].id
    new = write(split_thread, olena, first, [last])
    write(unsplit_thread, olena, new)
    write(unmerge_thread, olena, first, second)
    assert (subjects(world, first), subjects(world, second)) == (["1"], ["2", "3"])


def test_chains_part_one_by_one(world: World) -> None:
    write, olena = world.database.write_now, world.viewer("olena")
    one, two, three = (come(world, name, name) for name in ("One", "Two", "Three"))
    write(merge_threads, olena, two, three)
    write(merge_threads, olena, one, two)
    assert subjects(world, one) == ["One", "Two", "Three"]
    write(unmerge_thread, olena, one, two)
    assert (subjects(world, one), subjects(world, two)) == (["One"], ["Two", "Three"])
    write(unmerge_thread, olena, two, three)
    assert [subjects(world, each) for each in (one, two, three)] == [["One"], ["Two"], ["Three"]]


def test_only_what_one_may_and_what_fits_is_merged(world: World) -> None:
    write, olena = world.database.write_now, world.viewer("olena")
    first, second, other = come(world, "One", "1"), come(world, "Two", "2"), come(world, "Three", "3", "claims")
    stranger = write(add_counterparty, "Other Ltd")
    for person, error in (("petro", NotFound), ("reader", Forbidden)):
        with pytest.raises(error):
            write(merge_threads, world.viewer(person), first, second)
        with pytest.raises(error):
            write(split_thread, world.viewer(person), first, [1])
    write(assign_thread, olena, first, world.person("petro"))
    with pytest.raises(NotFound):
        write(merge_threads, world.viewer("petro"), first, second)
    for wrong in (other, first):
        with pytest.raises(Conflict):
            write(merge_threads, olena, first, wrong)
    with pytest.raises(Conflict):
        write(split_thread, olena, first, [1])
    with pytest.raises(Conflict):
        write(unsplit_thread, olena, first)
    with pytest.raises(NotFound):
        write(unmerge_thread, olena, first, second)
    write(file_under, olena, second, stranger, None)
    with pytest.raises(Conflict):
        write(merge_threads, olena, first, second)


def test_who_is_proposed_may_be_merged(world: World) -> None:
    first, second = come(world, "One", "1"), come(world, "Two", "2")
    come(world, "Three", "3", "claims")
    world.arrive(letter("Strange", "4@x", sender="eve@evil.example"), "sales")
    read, olena = world.database.read_now, world.viewer("olena")
    assert [row.id for row in read(find_mergeable, olena, first, "")] == [second]
    found = [row.subject for row in read(find_mergeable, olena, first, "pumps")]
    assert found == ["Strange", "Two"]
    assert read(find_mergeable, world.viewer("reader"), first, "pumps") == []


def test_what_people_have_worked_on_is_offered_not_merged(world: World) -> None:
    write, olena = world.database.write_now, world.viewer("olena")
    first, second = come(world, "One", "1"), come(world, "Two", "2")
    for each in (first, second):
        write(assign_thread, olena, each, world.person("olena"))
    both = "References: <1@client> <2@client>\r\n"
    world.arrive(letter("Re: both", "3@client", headers=both), "sales")
    assert sorted((subjects(world, first), subjects(world, second))) == [["1"], ["2", "3"]]
    offered = world.database.read_now(get_thread, olena, first).events[-1]
    assert offered.fields["thread"] == second
