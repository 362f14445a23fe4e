"""A client's timeline: what is written by hand, on the basis of letters, each line seen by who may see it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core import clock
from core.database import Database
from core.errors import Forbidden, Invalid, NotFound
from crm.interactions import (
    HIDDEN,
    add_interaction,
    change_interaction,
    count_kinds,
    drop_interaction,
    list_timeline,
    record_letter,
)
from crm.parties import add_contact, add_counterparty
from tests.support.world import World

NOON = 1_700_000_000 * clock.SECOND


@pytest.fixture
def world(database: Database) -> World:
    world = World(database)
    world.grant("olena", "sales", "comment")
    world.grant("petro", "service", "comment")
    world.grant("iryna", "sales", "see")
    return world


@pytest.fixture
def client(world: World) -> int:
    return world.database.write_now(add_counterparty, "Client")


@pytest.fixture
def letter(world: World, client: int) -> Callable[..., None]:
    numbers = iter(range(1, 100))

    def record(box: str, at: int, letter_id: int | None = None, subject: str = "Pumps") -> None:
        number = next(numbers)
        told = {"contact_id": None, "direction": "in", "happened_at": at, "subject": subject, "executor_id": None}
        ids = {"thread_id": number, "message_id": number, "letter_id": letter_id}
        scope_id = world.box(box).scope_id
        world.database.write_now(lambda tx: record_letter(tx, client, scope_id, counts=True, **told, **ids))

    return record


def lines(world: World, who: str, client: int, **asked: Any) -> list[Any]:
    return list(world.database.read_now(lambda tx: list_timeline(tx, world.viewer(who), client, **asked)).items)


def write(world: World, who: str, client: int, kind: str, **told: Any) -> int:
    viewer = world.viewer(who)
    return world.database.write_now(lambda tx: add_interaction(tx, viewer, client, kind, **told))


def test_a_call_follows_from_a_letter_and_is_seen_by_its_readers(
    world: World, client: int, letter: Callable[..., None]
) -> None:
    anna = world.database.write_now(lambda tx: add_contact(tx, "Anna", counterparty_id=client))
    letter("sales", NOON)
    (base,) = lines(world, "olena", client)
    call = write(world, "olena", client, "call", based_on_id=base.id, body="They take 12", minutes=6, contact_id=anna)
    write(world, "petro", client, "note", body="Pays late", happened_at=NOON - clock.DAY)
    (told,) = [one for one in lines(world, "olena", client) if one.id == call]
    assert (told.subject, told.minutes, told.contact_id, told.author_id) == ("Pumps", 6, anna, world.person("olena"))
    assert told.based_on is not None
    assert (told.based_on.kind, told.based_on.thread_id) == ("letter", base.thread_id)
    assert [one.kind for one in lines(world, "iryna", client)] == ["call", "letter", "note"]
    assert [one.kind for one in lines(world, "petro", client)] == ["note"]
    assert world.database.read_now(count_kinds, world.viewer("petro"), client) == {"note": 1}
    next_step = write(world, "olena", client, "wish", based_on_id=call)
    assert next(one for one in lines(world, "olena", client) if one.id == next_step).based_on == told.based_on
    with pytest.raises(NotFound):
        write(world, "petro", client, "call", based_on_id=base.id, body="x")
    with pytest.raises(Forbidden):
        write(world, "iryna", client, "call", based_on_id=base.id, body="x")
    with pytest.raises(Forbidden):
        write(world, "iryna", client, "note", body="x")


def test_only_who_wrote_a_line_changes_it(world: World, client: int) -> None:
    note = write(world, "olena", client, "note", body="Wrong")
    database = world.database
    for verb in (lambda tx: change_interaction(tx, world.viewer("petro"), note, body="x"),):
        with pytest.raises(Forbidden):
            database.write_now(verb)
    olena, petro = world.viewer("olena"), world.viewer("petro")
    database.write_now(lambda tx: change_interaction(tx, olena, note, body="Right"))
    assert [one.body for one in lines(world, "petro", client)] == ["Right"]
    with pytest.raises(Forbidden):
        database.write_now(drop_interaction, petro, note)
    database.write_now(drop_interaction, olena, note)
    assert lines(world, "olena", client) == []
    with pytest.raises(NotFound):
        database.write_now(drop_interaction, olena, note)


def test_what_cannot_have_happened_is_refused(world: World, client: int) -> None:
    for told, field in (
        ({"kind": "letter", "body": "x"}, "kind"),
        ({"kind": "note"}, "body"),
        ({"kind": "call", "body": "x", "minutes": 2000}, "minutes"),
        ({"kind": "call", "body": "x", "direction": "up"}, "direction"),
        ({"kind": "call", "body": "x", "happened_at": clock.now() + clock.DAY}, "happened_at"),
        ({"kind": "note", "subject": "x" * 301}, "subject"),
    ):
        with pytest.raises(Invalid) as problem:
            write(world, "olena", client, **told)
        assert problem.value.fields["field"] == field, told
    stranger = world.database.write_now(add_contact, "Stranger")
    with pytest.raises(NotFound):
        write(world, "olena", client, "call", body="x", contact_id=stranger)


def test_pages_show_one_line_for_a_letter_wherever_they_are_cut(
    world: World, client: int, letter: Callable[..., None]
) -> None:
    """Olena reads sales; of the same letters in service she knows nothing, whoever reads both sees each once."""
    world.grant("both", "sales", "see")
    world.grant("both", "service", "see")
    for number in range(9):
        letter("sales", NOON + number, letter_id=number, subject=f"L{number}")
        letter("service", NOON + number + (3 if number % 2 else 0), letter_id=number, subject=f"L{number}")
    for who in ("olena", "both"):
        for limit in (1, 2, 4, 20):
            seen: list[str] = []
            after = None
            while True:
                viewer = world.viewer(who)
                page = world.database.read_now(
                    lambda tx, viewer=viewer, limit=limit, after=after: list_timeline(
                        tx, viewer, client, limit=limit, after=after
                    )
                )
                assert len(page.items) <= limit
                seen += [one.subject for one in page.items]
                if page.next is None:
                    break
                after = page.next
            assert sorted(seen) == [f"L{number}" for number in range(9)], (who, limit)
    assert HIDDEN not in {one.kind for one in lines(world, "olena", client)}


def test_who_answers_elsewhere_does_not_answer_here(world: World, client: int, letter: Callable[..., None]) -> None:
    letter("sales", NOON)
    world.grant("iryna", "service", "answer")
    world.grant("maria", "sales", "answer")
    assert [one.may_answer for who in ("iryna", "maria") for one in lines(world, who, client)] == [False, True]
