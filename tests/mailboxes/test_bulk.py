"""Many threads at once: each by its own rights, and back again to what each was."""

from __future__ import annotations

from unittest.mock import patch

import pytest

from core import clock
from core.database import Database
from core.errors import Invalid, NotFound
from mailhub.mailboxes.bulk import Back, Done, begin_bulk, do_chunk, parse_wish, undo_chunk
from mailhub.mailboxes.handling import assign_thread, set_state
from mailhub.mailboxes.junk import change_state, find_said
from mailhub.mailboxes.lists import ThreadRow, get_rows
from mailhub.mailboxes.snoozing import snooze
from mailhub.mailboxes.tables import thread
from mailhub.mailboxes.tag_rows import list_on
from mailhub.mailboxes.tags import make_tag, tag_thread
from tests.support.world import World, letter


@pytest.fixture
def world(database: Database) -> World:
    world = World(database)
    world.grant("olena", "sales", "answer", "assign")
    world.grant("petro", "sales", "answer")
    world.grant("olena", "claims", "see")
    world.person("outsider")
    return world


def begin(world: World, count: int, box: str = "sales") -> list[int]:
    before = {row.id for row in world.threads("olena")}
    for number in range(count):
        world.arrive(letter(f"Pumps {number}", f"{world.now}@{box}", sender=f"a{number}@client.example"), box)
    return sorted(row.id for row in world.threads("olena") if row.id not in before)


def carry_out(world: World, person: str, act: str, ids: list[int], value: object = None) -> tuple[int, Done]:
    wish, viewer = parse_wish(act, value), world.viewer(person)
    number = world.database.write_now(begin_bulk, viewer, wish)
    return number, world.database.write_now(do_chunk, viewer, number, wish, ids)


def undo(world: World, person: str, number: int) -> Back:
    return world.database.write_now(undo_chunk, world.viewer(person), number)


def rows(world: World, ids: list[int]) -> list[ThreadRow]:
    found = world.database.read_now(get_rows, world.viewer("olena"), ids)
    return sorted(found, key=lambda row: row.id)


def test_each_gets_back_what_it_was(world: World) -> None:
    ids = begin(world, 4)
    world.database.write_now(assign_thread, world.viewer("olena"), ids[0], world.person("petro"))
    world.database.write_now(set_state, world.viewer("olena"), ids[1], "closed")
    world.database.write_now(lambda tx: tx.change(thread, ids[2], due_at=world.now + 77))
    before = rows(world, ids)
    _, done = carry_out(world, "olena", "assign", ids, world.person("olena"))
    assert done.done == ids
    assert {row.executor_id for row in rows(world, ids)} == {world.person("olena")}
    second, done = carry_out(world, "olena", "close", ids)
    assert {row.state for row in rows(world, ids)} == {"closed"}
    assert undo(world, "olena", second).restored == ids
    assert [(row.state, row.due_at, row.waiting_for) for row in rows(world, ids)] == [
        (row.state, row.due_at, row.waiting_for) for row in before
    ]
    with pytest.raises(NotFound):
        undo(world, "olena", second)


def test_what_somebody_changed_since_stays_and_is_told(world: World) -> None:
    ids = begin(world, 3)
    number, _ = carry_out(world, "olena", "close", ids)
    for state in ("open", "closed"):  # the same as before, and yet somebody's decision
        world.database.write_now(set_state, world.viewer("petro"), ids[1], state)
    back = undo(world, "olena", number)
    assert (back.restored, back.changed) == ([ids[0], ids[2]], [ids[1]])
    assert [row.state for row in rows(world, ids)] == ["open", "closed", "open"]


def test_a_letter_that_came_is_no_change_of_somebody(world: World) -> None:
    (one,) = begin(world, 1)
    number, _ = carry_out(world, "olena", "assign", [one], world.person("petro"))
    raw = letter(
        "Re: Pumps 0", "next@client.example", sender="a0@client.example", references=f"{world.now - clock.MINUTE}@sales"
    )
    world.arrive(raw, "sales")
    assert undo(world, "olena", number).restored == [one]
    assert rows(world, [one])[0].executor_id is None


def test_rights_are_those_of_each_thread(world: World) -> None:
    mine, theirs = begin(world, 2), begin(world, 1, "claims")
    _, done = carry_out(world, "olena", "close", [*mine, *theirs, 999_999])
    assert done.done == mine
    assert [one.thread_id for one in done.refused] == [*theirs, 999_999]
    assert rows(world, theirs)[0].state == "open"
    _, done = carry_out(world, "outsider", "reopen", [*mine, *theirs])
    assert not done.done
    assert len({one.sentence for one in done.refused}) == 1, "what one may not see is as if it were not there"
    _, done = carry_out(world, "petro", "assign", mine, world.person("outsider"))
    assert not done.done
    number, done = carry_out(world, "petro", "assign", theirs, world.person("petro"))
    assert not done.done
    with pytest.raises(NotFound):
        undo(world, "olena", number)


def test_who_may_only_take_may_give_it_back(world: World) -> None:
    (one,) = begin(world, 1)
    number, done = carry_out(world, "petro", "assign", [one], world.person("petro"))
    assert done.done == [one]
    assert undo(world, "petro", number).restored == [one]
    assert rows(world, [one])[0].executor_id is None


def test_called_junk_and_back_teaches_nothing(world: World) -> None:
    (one,) = begin(world, 1)
    box = world.box("sales")
    number, _ = carry_out(world, "olena", "spam", [one])
    assert world.database.read_now(find_said, box.id, "a0@client.example") is True
    assert undo(world, "olena", number).restored == [one]
    assert world.database.read_now(find_said, box.id, "a0@client.example") is None
    world.database.write_now(change_state, world.viewer("olena"), one, "spam")
    world.database.write_now(change_state, world.viewer("olena"), one, "open")
    number, _ = carry_out(world, "olena", "spam", [one])
    undo(world, "olena", number)
    assert world.database.read_now(find_said, box.id, "a0@client.example") is False


def test_read_is_of_the_viewer_alone(world: World) -> None:
    ids = begin(world, 2)
    number, _ = carry_out(world, "olena", "read", ids)
    assert not any(row.unread for row in rows(world, ids))
    assert undo(world, "olena", number).restored == ids
    assert all(row.unread for row in rows(world, ids))


def test_wishes_are_read_strictly(world: World) -> None:
    for act, value in (("burn", None), ("close", 1), ("assign", "me"), ("assign", True), ("assign", -1)):
        with pytest.raises(Invalid):
            parse_wish(act, value)
    with pytest.raises(Invalid):
        carry_out(world, "olena", "close", list(range(1, 60)))


def test_put_aside_tagged_and_moved_come_back(world: World) -> None:
    ids = begin(world, 2)
    world.grant("olena", "claims", "answer")
    olena = world.viewer("olena")
    vip = world.database.write_now(make_tag, olena, "VIP").id
    world.database.write_now(tag_thread, olena, ids[0], [vip])
    before = rows(world, ids)
    first = world.now + clock.DAY * 3000
    with patch.object(clock, "now", lambda: first - clock.DAY):
        world.database.write_now(snooze, olena, ids[0], first)
        number, done = carry_out(world, "olena", "snooze", ids, first + clock.HOUR)
        assert done.done == ids
        assert undo(world, "olena", number).restored == ids
        assert [(row.state, row.snoozed_until) for row in rows(world, ids)] == [("snoozed", first), ("open", None)]
        number, _ = carry_out(world, "olena", "close", ids)
        assert undo(world, "olena", number).restored == ids
        assert [(row.state, row.snoozed_until) for row in rows(world, ids)] == [("snoozed", first), ("open", None)]
    number, _ = carry_out(world, "olena", "tag", ids, vip)
    assert [world.database.read_now(list_on, one) for one in ids] == [[vip], [vip]]
    assert undo(world, "olena", number).restored == ids
    assert [world.database.read_now(list_on, one) for one in ids] == [[vip], []]
    number, _ = carry_out(world, "olena", "move", ids, world.box("claims").id)
    assert {row.mailbox_id for row in rows(world, ids)} == {world.box("claims").id}
    assert undo(world, "olena", number).restored == ids
    assert [(row.mailbox_id, row.due_at) for row in rows(world, ids)] == [
        (row.mailbox_id, row.due_at) for row in before
    ]
    _, done = carry_out(world, "petro", "move", ids, world.box("claims").id)
    assert not done.done
