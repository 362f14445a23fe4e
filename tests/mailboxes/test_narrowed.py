"""A right for what is assigned to somebody stays that narrow, whatever other rights they have there."""

from __future__ import annotations

import pytest

from core.database import Database
from core.errors import Forbidden
from mailhub.mailboxes.handling import assign_thread, set_state
from tests.support.world import World, letter


def test_who_sees_all_and_answers_their_own_answers_only_their_own(database: Database) -> None:
    world = World(database)
    world.grant("olena", "sales", "answer", "assign")
    world.grant("petro", "sales", "see")
    world.grant("petro", "sales", "answer", only_assigned=True)
    for number in (1, 2):
        world.arrive(letter("Pumps", f"{number}@client"), "sales")
    mine, other = world.threads("petro")
    database.write_now(assign_thread, world.viewer("olena"), mine.id, world.person("petro"))
    petro = world.viewer("petro")
    assert petro.may("see", mine.scope_id)
    assert petro.may("answer", mine.scope_id, petro.user_id)
    assert not petro.may("answer", other.scope_id, other.executor_id)
    assert not petro.may("answer", other.scope_id, world.person("olena"))
    assert not petro.may_somewhere("answer")
    database.write_now(set_state, petro, mine.id, "closed")
    with pytest.raises(Forbidden):
        database.write_now(set_state, petro, other.id, "closed")
    with pytest.raises(Forbidden):
        database.write_now(assign_thread, petro, other.id, petro.user_id)


def test_a_right_of_the_team_is_not_narrowed_by_one_of_the_person(database: Database) -> None:
    world = World(database)
    world.grant("petro", "sales", "answer")
    world.grant("petro", "claims", "answer", "manage", only_assigned=True)
    petro, claims = world.viewer("petro"), world.box("claims").scope_id
    assert petro.may("answer", world.box("sales").scope_id)
    assert petro.may("answer", claims), "all that they see there is their own"
    assert not petro.may("manage", claims), "or they would give themselves the rest"
