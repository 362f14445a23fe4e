"""Who stands in for whom: never somebody without access, who is away too, or in a circle."""

from __future__ import annotations

from itertools import pairwise
from unittest.mock import patch

import pytest

from core import clock
from core.database import Database
from core.errors import Forbidden, Invalid, NotFound
from crm.execution import (
    add_absence,
    end_absence,
    find_stand_in,
    list_absences,
    list_hands,
    set_deputies,
)
from crm.staff.rights import remove_grant
from mailhub.mailboxes.handling import assign_thread, set_state
from mailhub.mailboxes.tables import thread
from tests.support.engines import look
from tests.support.world import World, letter

NAMES = ("olena", "petro", "iryna", "taras")


@pytest.fixture
def world(database: Database) -> World:
    world = World(database)
    for name in NAMES:
        world.grant(name, "sales", "answer")
    world.grant("olena", "sales", "assign")
    world.person("chief", is_admin=True)
    return world


def away(world: World, name: str, *, after: int = -clock.HOUR, days: int | None = 3) -> int:
    """Somebody is away from now plus ``after`` for so many days."""
    now = clock.now()
    ends = None if days is None else now + after + days * clock.DAY
    chief, person = world.viewer("chief"), world.person(name)
    return world.database.write_now(add_absence, chief, person, now + after, ends).id


def deputies(world: World, name: str, *names: str) -> None:
    people = [world.person(one) for one in names]
    world.database.write_now(set_deputies, world.viewer(name), world.person(name), people)


def stand_in(world: World, name: str, *, at: int | None = None) -> str | None:
    scope_id = world.box("sales").scope_id
    found = world.database.read_now(find_stand_in, scope_id, world.person(name), at or clock.now())
    return next((one for one, number in world.people.items() if number == found), None)


def test_who_is_here_works_and_who_is_away_is_stood_in_for(world: World) -> None:
    deputies(world, "olena", "petro", "iryna")
    assert stand_in(world, "olena") == "olena"
    away(world, "olena")
    assert stand_in(world, "olena") == "petro"
    away(world, "petro", days=None)
    assert stand_in(world, "olena") == "iryna"
    assert stand_in(world, "olena", at=clock.now() + 4 * clock.DAY) == "olena"


def test_a_chain_goes_on_ends_and_never_turns_round(world: World) -> None:
    deputies(world, "olena", "petro")
    deputies(world, "petro", "iryna")
    deputies(world, "iryna", "olena")
    for name in ("olena", "petro"):
        away(world, name)
    assert stand_in(world, "olena") == "iryna"
    away(world, "iryna")
    assert stand_in(world, "olena") is None


def test_a_long_chain_is_followed_for_a_few_people(world: World) -> None:
    names = [f"link{number}" for number in range(12)]
    for name in names:
        world.grant(name, "sales", "answer")
    for name, following in pairwise(names):
        deputies(world, name, following)
    for name in names[:7]:
        away(world, name)
    assert stand_in(world, "link0") == "link7"
    away(world, "link7")
    assert stand_in(world, "link0") is None
    assert stand_in(world, "link1") == "link8"


def test_a_deputy_without_access_is_passed_over(world: World) -> None:
    deputies(world, "olena", "petro", "iryna")
    away(world, "olena")
    world.database.write_now(remove_grant, world.box("sales").scope_id, "answer", user_id=world.person("petro"))
    assert stand_in(world, "olena") == "iryna"


def test_new_letters_and_reopened_threads_go_to_the_deputy(world: World) -> None:
    world.arrive(letter("Pumps", "1@client"), "sales")
    first = world.threads("olena")[0].id
    write = world.database.write_now
    write(assign_thread, world.viewer("olena"), first, world.person("olena"))
    write(set_state, world.viewer("olena"), first, "closed")
    deputies(world, "olena", "petro")
    away(world, "olena")
    world.arrive(letter("Re: Pumps", "2@client", references="1@client"), "sales")
    row = world.database.read_now(lambda tx: tx.get(thread, first))
    assert (row.state, row.executor_id) == ("open", world.person("petro"))
    last = world.database.read_now(list_hands, first)[-1]
    assert (last.reason, last.instead_of_id, last.ended_at) == ("deputy", world.person("olena"), None)
    told = look(world.database, f"SELECT sentence FROM thread_event WHERE thread_id = {first} ORDER BY id DESC LIMIT 1")
    assert told == [("Assigned to %(name)s, who stands in for %(absent)s.",)]


def test_without_a_deputy_the_thread_stays_where_it_was(world: World) -> None:
    world.arrive(letter("Pumps", "1@client"), "sales")
    first = world.threads("olena")[0].id
    world.database.write_now(assign_thread, world.viewer("olena"), first, world.person("olena"))
    away(world, "olena")
    world.arrive(letter("Re: Pumps", "2@client", references="1@client"), "sales")
    assert world.database.read_now(lambda tx: tx.get(thread, first)).executor_id == world.person("olena")


def test_absences_are_ones_own_or_the_administrators(world: World) -> None:
    write, now = world.database.write_now, clock.now()
    olena, petro = world.viewer("olena"), world.person("petro")
    with pytest.raises(Forbidden):
        write(add_absence, olena, petro, now, now + clock.DAY)
    with pytest.raises(Forbidden):
        write(set_deputies, olena, petro, [olena.user_id])
    with pytest.raises(Invalid):
        write(set_deputies, olena, olena.user_id, [olena.user_id])
    with pytest.raises(NotFound):
        write(set_deputies, olena, olena.user_id, [999])
    for starts, ends in ((now, now), (now + clock.DAY, now + clock.HOUR), (now - clock.DAY, now - clock.HOUR)):
        with pytest.raises(Invalid):
            write(add_absence, olena, olena.user_id, starts, ends)
    found = write(add_absence, olena, olena.user_id, now - clock.HOUR, None)
    with pytest.raises(NotFound):
        write(end_absence, world.viewer("petro"), found.id)
    write(end_absence, olena, found.id)
    assert world.database.read_now(list_absences, clock.now()) == []
    assert len(world.database.read_now(list_absences, now)) == 1, "what was of it stays written"
    later = write(add_absence, olena, olena.user_id, now + clock.DAY, now + 2 * clock.DAY)
    write(end_absence, olena, later.id)
    with pytest.raises(NotFound):
        write(end_absence, olena, later.id)


def test_an_absence_ends_by_itself(world: World) -> None:
    deputies(world, "olena", "petro")
    away(world, "olena", days=1)
    assert stand_in(world, "olena") == "petro"
    later = clock.now() + 2 * clock.DAY
    with patch.object(clock, "now", lambda: later):
        assert stand_in(world, "olena") == "olena"
