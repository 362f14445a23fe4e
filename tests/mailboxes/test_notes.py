"""Internal notes: for colleagues who see the thread, told to who is named, honest about what they said before."""

from __future__ import annotations

from unittest.mock import patch

import pytest

from core import clock
from core.database import Database
from core.errors import Conflict, Forbidden, Invalid, NotFound
from crm.staff.people import add_user
from crm.staff.rights import remove_grant
from mailhub.mailboxes.handling import set_read
from mailhub.mailboxes.notes import CHANGEABLE, Note, add_note, change_note, delete_note, list_colleagues, list_notes
from mailhub.mailboxes.notices import list_notices
from mailhub.mailboxes.regrouping import merge_threads
from tests.support.world import World, letter


@pytest.fixture
def world(database: Database) -> World:
    found = World(database)
    found.box("sales")
    found.grant("olena", "sales", "answer", "assign")
    found.grant("petro", "sales", "comment")
    found.grant("reader", "sales", "see")
    found.grant("narrow", "sales", "answer", only_assigned=True)
    found.person("stranger")
    found.arrive(letter("Pumps", "1@client.example"), "sales")
    return found


def _thread(world: World) -> int:
    return world.threads("olena")[0].id


def _note(world: World, who: str, body: str) -> Note:
    return world.database.write_now(add_note, world.viewer(who), _thread(world), body)


def _told(world: World, who: str) -> list[tuple[str, str | None]]:
    found = world.database.read_now(list_notices, world.viewer(who)).items
    return [(one.kind, one.by) for one in found]


def test_a_note_moves_neither_who_waits_nor_the_order(world: World) -> None:
    before = world.threads("olena")[0]
    _note(world, "petro", "Is it ours?")
    after = world.threads("olena")[0]
    named = ("waiting_for", "waiting_since", "due_at", "last_message_at", "last_message_id", "message_count", "snippet")
    assert [getattr(before, name) for name in named] == [getattr(after, name) for name in named]


def test_it_is_unread_for_who_is_concerned_alone(world: World) -> None:
    thread_id = _thread(world)
    _note(world, "olena", "Mine first.")
    for who in ("olena", "petro", "reader"):
        world.database.write_now(set_read, world.viewer(who), thread_id, read=True)
    _note(world, "petro", "Is it ours?")
    assert {who: world.threads(who)[0].unread for who in ("olena", "petro", "reader")} == {
        "olena": True,
        "petro": False,
        "reader": False,
    }


def test_who_is_named_is_told_and_only_who_may_see_it(world: World) -> None:
    note = _note(world, "olena", "@Petro, and @stranger, and @Narrow: ask @PETRO! Not mail@reader, but @Reader.")
    assert note.mentions == {world.person("petro"): "Petro", world.person("reader"): "Reader"}
    assert _told(world, "petro") == [("mentioned", "Olena")]
    assert _told(world, "reader") == [("mentioned", "Olena")]
    assert not _told(world, "stranger")
    assert not _told(world, "narrow")
    assert not _told(world, "olena")


def test_the_longest_name_is_meant(world: World) -> None:
    world.people["lee"] = world.database.write_now(add_user, "lee@firm.example", "Petro Lee")
    world.grant("lee", "sales", "see")
    assert set(_note(world, "olena", "@Petro Lee knows.").mentions.values()) == {"Petro Lee"}
    assert not _note(world, "olena", "@Petrol is dear.").mentions


def test_the_completion_offers_who_may_see_the_thread(world: World) -> None:
    world.person("boss", is_admin=True)
    names = [one.name for one in world.database.read_now(list_colleagues, world.viewer("olena"), _thread(world))]
    assert names == ["Boss", "Petro", "Reader"]
    with pytest.raises(NotFound):
        world.database.read_now(list_colleagues, world.viewer("stranger"), _thread(world))


def test_only_who_may_comment_writes_and_only_who_sees_reads(world: World) -> None:
    with pytest.raises(Forbidden):
        _note(world, "reader", "May I?")
    thread_id = _thread(world)
    for who in ("stranger", "narrow"):
        with pytest.raises(NotFound):
            world.database.write_now(add_note, world.viewer(who), thread_id, "May I?")
        with pytest.raises(NotFound):
            world.database.read_now(list_notes, world.viewer(who), thread_id)
    for body in ("", " \n ", "x" * 20_001):
        with pytest.raises(Invalid):
            _note(world, "olena", body)


def test_a_changed_note_keeps_what_it_said(world: World) -> None:
    note = _note(world, "olena", "@Petro it is ours")
    changed = world.database.write_now(change_note, world.viewer("olena"), note.id, "@Petro it is not ours, @Reader")
    assert [one.body for one in changed.versions] == ["@Petro it is ours"]
    assert changed.body == "@Petro it is not ours, @Reader"
    assert _told(world, "petro") == [("mentioned", "Olena")], "told once"
    assert _told(world, "reader") == [("mentioned", "Olena")]
    again = world.database.write_now(change_note, world.viewer("olena"), note.id, changed.body)
    assert len(again.versions) == 1


def test_a_deleted_note_leaves_a_line_and_no_words(world: World) -> None:
    note = _note(world, "olena", "@Petro the password is secret")
    world.database.write_now(change_note, world.viewer("olena"), note.id, "@Petro the word is secret")
    world.database.write_now(delete_note, world.viewer("olena"), note.id)
    (left,) = world.database.read_now(list_notes, world.viewer("petro"), _thread(world))
    assert (left.deleted, left.body, left.versions, left.author) == (True, "", (), "Olena")
    assert not _told(world, "petro")
    with pytest.raises(Conflict):
        world.database.write_now(change_note, world.viewer("olena"), note.id, "back")


def test_others_and_latecomers_change_nothing(world: World) -> None:
    note = _note(world, "olena", "It is ours")
    with pytest.raises(Forbidden):
        world.database.write_now(change_note, world.viewer("petro"), note.id, "It is mine")
    with pytest.raises(NotFound):
        world.database.write_now(change_note, world.viewer("stranger"), note.id, "It is mine")
    late = clock.now() + CHANGEABLE + clock.SECOND
    with patch.object(clock, "now", lambda: late), pytest.raises(Conflict):
        world.database.write_now(delete_note, world.viewer("olena"), note.id)


def test_notes_go_with_their_thread_when_it_is_merged(world: World) -> None:
    first = _thread(world)
    note = _note(world, "olena", "@Petro here")
    world.arrive(letter("Valves", "2@client.example"), "sales")
    second = next(row.id for row in world.threads("olena") if row.id != first)
    world.database.write_now(merge_threads, world.viewer("olena"), second, first)
    assert [one.id for one in world.database.read_now(list_notes, world.viewer("petro"), second)] == [note.id]
    (told,) = world.database.read_now(list_notices, world.viewer("petro")).items
    assert told.row.id == second


def test_a_right_taken_away_takes_the_notes_too(world: World) -> None:
    _note(world, "olena", "@Petro here")
    scope_id = world.box("sales").scope_id
    world.database.write_now(lambda tx: remove_grant(tx, scope_id, "comment", user_id=world.person("petro")))
    assert not _told(world, "petro")
    with pytest.raises(NotFound):
        world.database.read_now(list_notes, world.viewer("petro"), _thread(world))
