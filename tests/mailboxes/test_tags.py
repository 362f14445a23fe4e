"""Tags, followers, urgency and "no answer needed": what people say of a thread."""

from __future__ import annotations

import pytest

from core.database import Database
from core.errors import Conflict, Forbidden, Invalid, NotFound
from mailhub.mailboxes.attention import set_answer_needed, set_urgent
from mailhub.mailboxes.following import follow, is_following, list_followers, unfollow
from mailhub.mailboxes.handling import assign_thread, set_state
from mailhub.mailboxes.lists import list_threads
from mailhub.mailboxes.regrouping import merge_threads, unmerge_thread
from mailhub.mailboxes.tags import (
    change_tag,
    delete_tag,
    get_tag,
    list_tags,
    make_tag,
    merge_tags,
    restore_tag,
    set_tags,
    tag_thread,
)
from tests.support.world import World, letter


@pytest.fixture
def world(database: Database) -> World:
    world = World(database)
    world.grant("olena", "sales", "answer", "assign", "manage")
    world.grant("petro", "sales", "answer", only_assigned=True)
    world.grant("reader", "sales", "see")
    world.grant("other", "support", "answer")
    return world


def one(world: World, name: str, box: str = "sales") -> int:
    world.arrive(letter("Pumps", f"{name}@client"), box)
    return world.threads("olena" if box == "sales" else "other")[0].id


def named(world: World, name: str) -> int:
    return world.database.write_now(make_tag, world.viewer("olena"), name).id


def tagged(world: World, person: str, tag_id: int) -> list[int]:
    page = world.database.read_now(list_threads, world.viewer(person), "all", tag_id=tag_id)
    return [row.id for row in page.items]


def tags_of(world: World, thread_id: int, person: str = "olena") -> list[str]:
    return next([tag.name for tag in row.tags] for row in world.threads(person) if row.id == thread_id)


def test_a_tag_is_made_as_one_types_and_known_by_its_letters(world: World) -> None:
    write, viewer = world.database.write_now, world.viewer("olena")
    first = write(make_tag, viewer, "  Claim   A ", 2)
    assert (first.name, first.colour) == ("Claim A", 2)
    assert write(make_tag, viewer, "CLAIM a").id == first.id
    assert write(make_tag, viewer, "Рекламація").name == "Рекламація"
    for name in ("", " ", "x" * 41, "a\x00b"):
        with pytest.raises(Invalid):
            write(make_tag, viewer, name)
    with pytest.raises(Forbidden):
        write(make_tag, world.viewer("reader"), "Mine")
    assert [tag.name for tag in world.database.read_now(list_tags)] == ["Claim A", "Рекламація"]


def test_the_list_of_a_tag_is_by_the_newest_letter_and_of_what_one_sees(world: World) -> None:
    write, viewer = world.database.write_now, world.viewer("olena")
    first, second, third = one(world, "a"), one(world, "b"), one(world, "c")
    far = one(world, "d", "support")
    claim = named(world, "Claim")
    for thread_id in (first, second, third):
        write(tag_thread, viewer, thread_id, [claim])
    write(tag_thread, world.viewer("other"), far, [claim])
    assert tagged(world, "olena", claim) == [third, second, first]
    assert tagged(world, "other", claim) == [far]
    assert tagged(world, "petro", claim) == []
    write(assign_thread, viewer, second, world.person("petro"))
    assert tagged(world, "petro", claim) == [second]
    world.arrive(letter("Re: Pumps", "e@client", references="a@client"), "sales")
    assert tagged(world, "olena", claim) == [first, third, second]
    write(set_state, viewer, first, "closed")
    page = world.database.read_now(list_threads, viewer, "all", tag_id=claim, limit=2)
    rest = world.database.read_now(list_threads, viewer, "all", tag_id=claim, limit=2, after=page.next)
    assert [row.id for row in (*page.items, *rest.items)] == [first, third, second]
    with pytest.raises(NotFound):
        write(tag_thread, viewer, far, [claim])
    with pytest.raises(Forbidden):
        write(tag_thread, world.viewer("reader"), first, [claim])


def test_tags_are_put_taken_and_set(world: World) -> None:
    write, viewer, thread_id = world.database.write_now, world.viewer("olena"), one(world, "a")
    claim, angry = named(world, "Claim"), named(world, "Angry")
    write(tag_thread, viewer, thread_id, [claim, claim, angry])
    assert tags_of(world, thread_id) == ["Angry", "Claim"]
    write(tag_thread, viewer, thread_id, [], [angry])
    assert tags_of(world, thread_id) == ["Claim"]
    write(set_tags, viewer, thread_id, [angry])
    assert tags_of(world, thread_id) == ["Angry"]
    write(set_tags, viewer, thread_id, [])
    assert tags_of(world, thread_id) == []
    with pytest.raises(NotFound):
        write(tag_thread, viewer, thread_id, [999])
    with pytest.raises(Invalid):
        write(tag_thread, viewer, thread_id, [named(world, f"t{number}") for number in range(21)])
    assert tags_of(world, thread_id) == []


def test_tags_are_renamed_merged_deleted_and_brought_back(world: World) -> None:
    write, viewer = world.database.write_now, world.viewer("olena")
    first, second = one(world, "a"), one(world, "b")
    claim, complaint = named(world, "Claim"), named(world, "Complaint")
    write(tag_thread, viewer, first, [claim])
    write(tag_thread, viewer, second, [claim, complaint])
    for verb, more in ((change_tag, ()), (delete_tag, ()), (restore_tag, ()), (merge_tags, (complaint,))):
        with pytest.raises(Forbidden):
            write(verb, world.viewer("petro"), claim, *more)
    with pytest.raises(Conflict):
        write(lambda tx: change_tag(tx, viewer, claim, name="complaint"))
    write(lambda tx: change_tag(tx, viewer, claim, name="Claims", colour=3))
    assert tags_of(world, first) == ["Claims"]
    write(delete_tag, viewer, claim)
    assert (tags_of(world, first), tags_of(world, second)) == ([], ["Complaint"])
    write(restore_tag, viewer, claim)
    assert tags_of(world, first) == ["Claims"]
    write(merge_tags, viewer, claim, complaint)
    assert (tags_of(world, first), tags_of(world, second)) == (["Complaint"], ["Complaint"])
    assert tagged(world, "olena", complaint) == [second, first]
    with pytest.raises(NotFound):
        world.database.read_now(get_tag, claim)
    write(delete_tag, viewer, complaint)
    assert named(world, "complaint") == complaint
    assert tags_of(world, first) == []


def test_merged_threads_have_the_tags_of_both(world: World) -> None:
    write, viewer = world.database.write_now, world.viewer("olena")
    first, second = one(world, "a"), one(world, "b")
    claim, angry = named(world, "Claim"), named(world, "Angry")
    write(tag_thread, viewer, first, [claim])
    write(tag_thread, viewer, second, [claim, angry])
    write(merge_threads, viewer, first, second)
    assert tags_of(world, first) == ["Angry", "Claim"]
    assert tagged(world, "olena", angry) == [first]
    write(unmerge_thread, viewer, first, second)
    assert (tags_of(world, first), tags_of(world, second)) == (["Claim"], ["Angry", "Claim"])
    assert tagged(world, "olena", angry) == [second]


def test_followers_are_those_who_still_see_the_thread(world: World) -> None:
    write, read = world.database.write_now, world.database.read_now
    first, second = one(world, "a"), one(world, "b")
    for person in ("olena", "reader"):
        write(follow, world.viewer(person), first)
        write(follow, world.viewer(person), first)
    assert read(list_followers, first) == [world.person("olena"), world.person("reader")]
    write(merge_threads, world.viewer("olena"), second, first)
    assert read(list_followers, second) == [world.person("olena"), world.person("reader")]
    write(unfollow, world.viewer("reader"), second)
    assert not read(is_following, second, world.person("reader"))
    assert read(list_followers, second) == [world.person("olena")]
    with pytest.raises(NotFound):
        write(follow, world.viewer("petro"), second)
    write(assign_thread, world.viewer("olena"), second, world.person("petro"))
    write(follow, world.viewer("petro"), second)
    write(assign_thread, world.viewer("olena"), second, None)
    assert read(list_followers, second) == [world.person("olena")]


def test_what_needs_no_answer_waits_again_with_the_next_letter(world: World) -> None:
    write, viewer, thread_id = world.database.write_now, world.viewer("olena"), one(world, "a")
    write(lambda tx: set_answer_needed(tx, viewer, thread_id, needed=False))
    assert world.threads("olena", "waiting") == []
    assert [row.id for row in world.threads("olena", "open")] == [thread_id]
    write(set_state, viewer, thread_id, "closed")
    write(set_state, viewer, thread_id, "open")
    assert world.threads("olena", "waiting") == []
    write(lambda tx: set_answer_needed(tx, viewer, thread_id, needed=True))
    assert [row.id for row in world.threads("olena", "waiting")] == [thread_id]
    write(lambda tx: set_answer_needed(tx, viewer, thread_id, needed=False))
    automatic = "Auto-Submitted: auto-replied\r\n"
    world.arrive(letter("Away: Pumps", "x@client", references="a@client", headers=automatic), "sales")
    assert world.threads("olena", "waiting") == []
    world.arrive(letter("Re: Pumps", "b@client", references="a@client"), "sales")
    assert [row.id for row in world.threads("olena", "waiting")] == [thread_id]
    with pytest.raises(Forbidden):
        write(lambda tx: set_answer_needed(tx, world.viewer("reader"), thread_id, needed=False))


def test_a_thread_is_called_urgent_and_not(world: World) -> None:
    write, viewer, thread_id = world.database.write_now, world.viewer("olena"), one(world, "a")
    write(lambda tx: set_urgent(tx, viewer, thread_id, urgent=True))
    assert world.threads("olena")[0].urgent is True
    write(lambda tx: set_urgent(tx, viewer, thread_id, urgent=False))
    assert world.threads("olena")[0].urgent is False
    with pytest.raises(Forbidden):
        write(lambda tx: set_urgent(tx, world.viewer("reader"), thread_id, urgent=True))
