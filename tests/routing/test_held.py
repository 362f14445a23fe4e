"""Letters in quarantine that a person puts where they belong, and those that one import brought."""

from __future__ import annotations

from functools import partial

import pytest

from core.database import Database, WriteTx
from core.errors import Invalid, NotFound
from mailhub.mailboxes.tables import incoming
from mailhub.routing.quarantine import file_by_hand, hold, list_held
from tests.support.engines import look
from tests.support.world import World, letter


@pytest.fixture
def world(database: Database) -> World:
    world = World(database)
    world.grant("olena", "sales", "see", "answer")
    world.grant("olena", "support", "see", "answer")
    world.grant("petro", "support", "see", "answer")
    world.arrive(letter("Pumps", "one@x"), "sales")
    world.arrive(letter("Other", "two@x"), "support")
    return world


def held(world: World, subject: str = "Valves", **trace: object) -> int:
    """A letter that waits in quarantine as if it had never been understood."""
    database = world.database
    (made,) = world.arrive(letter(subject, f"{subject}@x", sender="Boris <boris@other.example>"), "sales")

    def put_back(tx: WriteTx) -> None:
        message_id = tx.get(incoming, made).message_id
        thread_id = tx.sql("SELECT thread_id FROM message WHERE id = :id", id=message_id).scalar_one()
        tx.sql("DELETE FROM message WHERE id = :id", id=message_id)
        for table in ("unread", "thread_participant", "thread_event"):
            tx.sql(f"DELETE FROM {table} WHERE thread_id = :id", id=thread_id)
        tx.sql("DELETE FROM thread WHERE id = :id", id=thread_id)
        tx.change(incoming, made, state="waiting", message_id=None, trace=trace)
        hold(tx, made, "parse", "Because.")

    database.write_now(put_back)
    return made


def test_it_goes_into_the_thread_that_a_person_names(world: World) -> None:
    olena, made = world.viewer("olena"), held(world)
    (row,) = [one for one in world.threads("olena") if one.subject == "Pumps"]
    world.database.write_now(partial(file_by_hand, thread_id=row.id), olena, made)
    world.work()
    (after,) = [one for one in world.threads("olena") if one.id == row.id]
    assert after.message_count == 2
    assert look(world.database, f"SELECT state FROM incoming WHERE id = {made}") == [("done",)]


def test_no_thread_of_elsewhere_and_none_that_is_not_theirs(world: World) -> None:
    olena, made = world.viewer("olena"), held(world)
    (other,) = [one for one in world.threads("olena") if one.subject == "Other"]
    with pytest.raises(Invalid, match="another mailbox"):
        world.database.write_now(partial(file_by_hand, thread_id=other.id), olena, made)
    with pytest.raises(NotFound):
        world.database.write_now(partial(file_by_hand, thread_id=4711), olena, made)
    with pytest.raises(Invalid, match="client or a thread"):
        world.database.write_now(file_by_hand, olena, made)
    with pytest.raises(NotFound):
        world.database.write_now(partial(file_by_hand, thread_id=other.id), world.viewer("petro"), made)


def test_those_of_one_import_by_themselves(world: World) -> None:
    olena, database = world.viewer("olena"), world.database
    mine = held(world, "Valves", **{"import": 7, "archive": "old.mbox"})
    other = held(world, "Gaskets", **{"import": 8})
    live = held(world, "Bolts", mail_from="boris@other.example")
    assert [one.id for one in database.read_now(partial(list_held, import_id=7), olena).items] == [mine]
    assert [one.id for one in database.read_now(list_held, olena).items] == [live, other, mine]
