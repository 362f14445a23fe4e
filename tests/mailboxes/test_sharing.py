"""A personal thread is its owner's until they share it: its letters, or that there was a letter; undone at once."""

from __future__ import annotations

from functools import partial

import pytest

from core import clock
from core.database import Database
from core.errors import Forbidden, Invalid, NotFound
from crm.interactions import HIDDEN, count_history, list_history
from crm.parties import add_contact, add_counterparty
from crm.staff.audit import list_audit
from crm.staff.people import add_team, disable_user, join_team
from crm.staff.reads import Reads, record_reads
from crm.staff.rights import add_grant
from mailhub.mailboxes.lists import count_threads, list_threads
from mailhub.mailboxes.moving import move_thread
from mailhub.mailboxes.reading import get_thread
from mailhub.mailboxes.sharing import Share, get_sharing, share_thread, share_with
from tests.support.world import World, letter


@pytest.fixture
def world(database: Database) -> World:
    made = World(database)
    client = database.write_now(add_counterparty, "Client")
    database.write_now(partial(add_contact, emails=["anna@client.example"], counterparty_id=client), "Anna")
    made.box("mine", owner="olena")
    made.grant("petro", "sales", "see")
    made.person("ivan")
    made.arrive(letter("Secret", "one@x"), "mine")
    return made


def _history(world: World, who: str) -> list[tuple[str, str, int | None]]:
    lines = world.database.read_now(list_history, world.viewer(who), 1)
    assert len(lines) == world.database.read_now(count_history, world.viewer(who), 1)
    return [(line.kind, line.subject, line.thread_id) for line in lines]


def test_a_thread_is_private_until_shared_and_private_again_at_once(world: World) -> None:
    database, owner = world.database, world.viewer("olena")
    (row,) = world.threads("olena")
    petro = Share(world.people["petro"], None, "letters")
    assert world.threads("petro") == []
    assert _history(world, "petro") == []
    database.write_now(share_thread, owner, row.id, [petro])
    assert [one.id for one in world.threads("petro")] == [row.id]
    assert [one.id for one in world.threads("olena")] == [row.id]
    assert _history(world, "petro") == [("letter", "Secret", row.id)]
    assert world.threads("ivan") == []
    mine = world.viewer("olena")
    here = database.read_now(partial(list_threads, scope_id=world.boxes["mine"].scope_id), mine, "all")
    assert [one.id for one in here.items] == [row.id]
    assert database.read_now(get_sharing, mine, row.id).shares == (petro,)
    with pytest.raises(Forbidden):
        database.write_now(share_thread, world.viewer("petro"), row.id, [])
    database.write_now(share_thread, mine, row.id, [])
    assert world.threads("petro") == []
    assert _history(world, "petro") == []
    assert database.read_now(count_threads, world.viewer("petro")).waiting == 0
    with pytest.raises(NotFound):
        database.read_now(get_thread, world.viewer("petro"), row.id)


def test_what_comes_to_a_shared_thread_is_shared_and_nothing_else(world: World) -> None:
    (row,) = world.threads("olena")
    share = Share(world.people["petro"], None, "letters")
    world.database.write_now(share_thread, world.viewer("olena"), row.id, [share])
    world.arrive(letter("Re: Secret", "two@x", references="one@x"), "mine")
    world.arrive(letter("Other", "three@x", sender="Boris <boris@client.example>"), "mine")
    assert [(one.id, one.message_count) for one in world.threads("petro")] == [(row.id, 2)]
    assert len(world.threads("olena")) == 2


def test_of_a_trace_people_know_that_there_was_a_letter(world: World) -> None:
    (row,) = world.threads("olena")
    team = world.database.write_now(add_team, "Sales")
    world.database.write_now(join_team, team, world.people["petro"])
    world.database.write_now(share_thread, world.viewer("olena"), row.id, [Share(None, team, "trace")])
    assert world.threads("petro") == []
    assert _history(world, "petro") == [(HIDDEN, "", None)]
    assert _history(world, "ivan") == []
    with pytest.raises(NotFound):
        world.database.read_now(get_thread, world.viewer("petro"), row.id)


def test_a_history_shows_the_best_line_of_a_letter_that_lies_in_two_mailboxes(world: World) -> None:
    (row,) = world.threads("olena")
    share = Share(world.people["petro"], None, "trace")
    world.database.write_now(share_thread, world.viewer("olena"), row.id, [share])
    world.arrive(letter("Secret", "one@x"), "sales")
    ((kind, subject, thread_id),) = _history(world, "petro")
    assert (kind, subject) == ("letter", "Secret")
    assert thread_id != row.id


def test_nonsense_is_refused(world: World) -> None:
    (row,) = world.threads("olena")
    for wanted in (
        [Share(99, None, "letters")],
        [Share(None, None, "letters")],
        [Share(world.people["olena"], None, "letters")],
        [Share(world.people["petro"], None, "letters"), Share(world.people["petro"], None, "trace")],
    ):
        with pytest.raises(Invalid):
            world.database.write_now(share_thread, world.viewer("olena"), row.id, wanted)
    assert world.threads("petro") == []


def test_who_is_let_in_no_more_stands_in_nobodys_way(world: World) -> None:
    """Somebody who was shown the thread left the house: it is shared further, and they are left out of it."""
    (row,) = world.threads("olena")
    olena, petro, anna = world.viewer("olena"), world.person("petro"), world.person("anna")
    database = world.database
    database.write_now(share_thread, olena, row.id, [Share(petro, None, "letters")])
    database.write_now(disable_user, petro)
    assert database.read_now(get_sharing, world.viewer("olena"), row.id).shares == ()
    for what, shares in (("trace", (Share(anna, None, "trace"),)), (None, ())):
        change = partial(share_with, user_id=anna, team_id=None, what=what)
        assert database.write_now(change, world.viewer("olena"), row.id).shares == shares
        assert database.read_now(get_sharing, world.viewer("olena"), row.id).shares == shares


def test_a_deputy_reads_while_it_was_said_and_it_is_written_down(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    database, now = world.database, clock.now()
    (row,) = world.threads("olena")
    scope_id = world.boxes["mine"].scope_id
    give = partial(add_grant, user_id=world.people["petro"], from_at=now + clock.DAY, until_at=now + 2 * clock.DAY)
    database.write_now(give, scope_id, "see")
    assert world.threads("petro") == []
    monkeypatch.setattr(clock, "now", lambda: now + clock.DAY)
    reads, deputy, owner = Reads(), world.viewer("petro"), world.viewer("olena")
    for viewer in (deputy, owner, deputy):
        database.read_now(get_thread, viewer, row.id)
        for _ in range(2):
            due = reads.find_due(viewer)
            database.write_now(record_reads, viewer.user_id, due)
            reads.remember(viewer.user_id, due)
    read = [one for one in database.read_now(list_audit) if one.action == "personal-read"]
    assert [(one.user_id, one.subject) for one in read] == [(world.people["petro"], str(row.id))]
    monkeypatch.setattr(clock, "now", lambda: now + 2 * clock.DAY)
    assert world.threads("petro") == []


def test_who_stands_in_for_the_owner_takes_nothing_along(world: World) -> None:
    database = world.database
    (row,) = world.threads("olena")
    world.grant("petro", "mine", "see", "answer")
    world.grant("petro", "sales", "answer")
    world.box("petros", owner="petro")
    for target in ("sales", "petros"):
        with pytest.raises(Forbidden):
            database.write_now(move_thread, world.viewer("petro"), row.id, world.box(target).id)
    world.grant("olena", "sales", "see", "answer")
    database.write_now(move_thread, world.viewer("olena"), row.id, world.box("sales").id)
    assert [one.mailbox_id for one in world.threads("petro")] == [world.box("sales").id]
