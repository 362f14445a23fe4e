"""What a manager sees of execution: numbers that lead to their rows, of the mailboxes that they manage alone."""

from __future__ import annotations

from collections.abc import Iterator
from unittest.mock import patch

import pytest

from core import clock
from core.database import Database
from core.errors import Forbidden, Invalid, NotFound
from core.secrets import Keys
from crm.execution import list_hands, set_deputies
from mailhub.mailboxes.handling import assign_thread
from mailhub.mailboxes.report import (
    NOBODY,
    Asked,
    count_answers,
    count_load,
    list_answered,
    list_waiting,
    manages_something,
)
from mailhub.mailboxes.standing_in import count_handed, hand_over, take_back
from mailhub.outbound.headers import Address
from mailhub.outbound.identity import Stamp
from mailhub.outbound.writing import Answer, answer_thread
from tests.support.world import World, letter

HOUR = clock.HOUR


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    world = World(database)
    world.box("sales", answer_hours=4)
    world.box("claims", answer_hours=4)
    world.grant("olena", "sales", "answer", "assign", "manage")
    for name in ("petro", "iryna"):
        world.grant(name, "sales", "answer")
        world.grant(name, "claims", "answer")
    world.grant("taras", "claims", "see", "manage")
    with patch.object(clock, "now", lambda: world.now):
        yield world


def come(world: World, box: str, to: str | None, count: int = 1) -> None:
    for _ in range(count):
        world.arrive(letter("Pumps", f"{world.now}@client", sender=f"<a{world.now}@client.example>"), box)
        newest = max(row.id for row in world.threads("petro"))
        if to is not None:
            world.database.write_now(assign_thread, world.viewer(to), newest, world.person(to))


def answer(world: World, who: str, thread_id: int) -> None:
    stamp = Stamp(Keys([bytes(32)]), 1, "own", "")
    wanted = Answer("We have them.", to=(Address("Anna", "anna@client.example"),))
    world.database.write_now(answer_thread, stamp, world.viewer(who), thread_id, wanted)


def test_numbers_lead_to_their_rows(world: World) -> None:
    read, olena = world.database.read_now, world.viewer("olena")
    come(world, "sales", "petro", 3)
    world.now += 5 * HOUR
    come(world, "sales", "petro", 2)
    come(world, "sales", None, 2)
    come(world, "claims", "petro", 4)
    world.now += int(3.1 * HOUR)
    come(world, "sales", "iryna")
    loads = read(count_load, olena)
    assert [(one.name, one.late, one.soon, one.time) for one in loads] == [
        ("", 0, 2, 0), ("Petro", 3, 2, 0), ("Iryna", 0, 0, 1),
    ]  # fmt: skip
    for load in loads:
        for lateness in ("late", "soon", "time"):
            asked = Asked(None, load.executor_id or NOBODY, lateness)  # type: ignore[arg-type]
            rows = read(list_waiting, olena, asked).items
            assert len(rows) == getattr(load, lateness)
            assert all(row.executor_id == load.executor_id for row in rows)
    everything = read(list_waiting, olena, Asked()).items
    assert len(everything) == sum(one.waiting for one in loads)
    assert [row.due_at for row in everything] == sorted(row.due_at or 0 for row in everything)
    assert {row.mailbox_address for row in everything} == {"sales@firm.example"}
    first = read(lambda tx: list_waiting(tx, olena, Asked(), limit=5))
    rest = read(lambda tx: list_waiting(tx, olena, Asked(), limit=5, after=first.next))
    assert [row.id for row in (*first.items, *rest.items)] == [row.id for row in everything]


def test_only_what_one_manages(world: World) -> None:
    read = world.database.read_now
    come(world, "sales", "petro")
    come(world, "claims", None, 2)
    taras = world.viewer("taras")
    assert [(one.executor_id, one.waiting) for one in read(count_load, taras)] == [(None, 2)]
    with pytest.raises(NotFound):
        read(count_load, taras, world.box("sales").id)
    for verb in (count_load, lambda tx, who: list_waiting(tx, who, Asked()), lambda tx, who: count_answers(tx, who, 0)):
        with pytest.raises(Forbidden):
            read(verb, world.viewer("petro"))
    with pytest.raises(Forbidden):
        read(count_load, world.viewer("petro"), world.box("sales").id)
    with pytest.raises(Invalid):
        read(list_waiting, taras, Asked(lateness="never"))  # type: ignore[arg-type]
    assert manages_something(taras)
    assert not manages_something(world.viewer("petro"))


def test_who_answered_in_time(world: World) -> None:
    read, olena = world.database.read_now, world.viewer("olena")
    began = world.now
    come(world, "sales", "petro", 2)
    world.now += HOUR
    answer(world, "petro", 1)
    world.now += 5 * HOUR
    answer(world, "olena", 2)
    found = read(count_answers, olena, began)
    assert [(one.name, one.in_time, one.late) for one in found] == [("Petro", 1, 1)]
    assert found[0].longest > 5 * HOUR
    for in_time, threads in ((True, [1]), (False, [2]), (None, [2, 1])):
        rows = read(lambda tx, kept=in_time: list_answered(tx, olena, began, in_time=kept)).items
        assert [one.row.id for one in rows] == threads
    assert read(count_answers, olena, world.now + 1) == []


def test_what_waits_is_handed_over_and_comes_back(world: World) -> None:
    write, read, petro = world.database.write_now, world.database.read_now, world.viewer("petro")
    come(world, "sales", "petro", 2)
    come(world, "claims", "petro", 1)
    write(set_deputies, petro, petro.user_id, [world.person("olena")])
    handed = write(hand_over, petro, petro.user_id)
    assert (handed.moved, handed.stayed) == (2, 1), "the deputy has no access to claims"
    assert read(count_handed, petro.user_id) == (1, 2)
    answer(world, "olena", 1)
    world.now += HOUR
    world.arrive(letter("Pumps", "more@client", sender="<b@client.example>"), "sales")
    with pytest.raises(Forbidden):
        write(take_back, world.viewer("olena"), petro.user_id)
    back = write(take_back, petro, petro.user_id)
    assert (back.moved, back.stayed) == (2, 0)
    assert [row.executor_id for row in world.threads("petro", "mine")] == [petro.user_id] * 3
    assert [hand.reason for hand in read(list_hands, 2)] == ["hand", "deputy", "back"]
    assert write(take_back, petro, petro.user_id).moved == 0


def test_what_somebody_gave_on_does_not_come_back(world: World) -> None:
    write, petro = world.database.write_now, world.viewer("petro")
    come(world, "sales", "petro")
    write(set_deputies, petro, petro.user_id, [world.person("olena")])
    write(hand_over, petro, petro.user_id)
    write(assign_thread, world.viewer("olena"), 1, world.person("iryna"))
    assert write(take_back, petro, petro.user_id).moved == 0
