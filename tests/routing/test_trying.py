"""The simulator: which letters of the last 90 days a rule would have touched, and what it cannot know of that day."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from core import clock
from core.database import Database
from core.errors import Forbidden
from crm.parties import add_counterparty
from mailhub.mailboxes.attention import set_urgent
from mailhub.mailboxes.filing import file_under
from mailhub.mailboxes.handling import assign_thread
from mailhub.mailboxes.tags import make_tag, tag_thread
from mailhub.routing.rules import trying
from mailhub.routing.rules.trying import Part, Tried, try_rule
from mailhub.routing.rules.verbs import parse_wanted
from tests.support.world import START, World, letter

PUMPS = {"field": "subject", "op": "contains", "value": "pump"}


@pytest.fixture
def world(database: Database, monkeypatch: pytest.MonkeyPatch) -> World:
    world = World(database)
    monkeypatch.setattr(clock, "now", lambda: world.now)
    world.person("chief", is_admin=True)
    for name in ("olena", "petro"):
        world.grant(name, "sales", "see", "answer")
    return world


def tried(world: World, condition: Any, *actions: dict[str, Any], who: str = "chief") -> Part:
    wanted = parse_wanted("Pumps", condition, list(actions) or [{"state": "closed"}], "Europe/Kyiv")
    return world.database.read_now(try_rule, world.viewer(who), world.box("sales").id, wanted)


def by_subject(part: Part) -> dict[str, Tried]:
    return {one.subject: one for one in part.items}


def test_only_live_letters_of_the_last_days_are_looked_at(world: World) -> None:
    world.now = START - 100 * clock.DAY
    world.arrive(letter("Very old pumps", "0@client.example"), "sales")
    world.now = START
    world.arrive(letter("Imported pumps", "1@client.example"), "sales", quiet=True)
    world.arrive(letter("Junk pumps", "2@shop.example", headers="X-Spam-Flag: YES\r\n"), "sales")
    world.arrive(letter("Pumps", "3@client.example"), "sales")
    world.arrive(letter("Price list", "4@client.example"), "sales")
    part = tried(world, PUMPS)
    assert (part.looked_at, part.total, part.next) == (2, 2, None)
    assert [one.subject for one in part.items] == ["Pumps"]
    world.grant("olena", "sales", "assign")
    with pytest.raises(Forbidden):
        tried(world, PUMPS, who="olena")


def test_what_people_did_stands_beside_what_the_rule_would_have_done(world: World) -> None:
    for number, subject in enumerate(("Pump one", "Pump two", "Pump three")):
        world.arrive(letter(subject, f"{number}@client.example"), "sales")
    threads = {one.subject: one.id for one in world.threads("chief")}
    world.now += clock.MINUTE
    for subject, name in (("Pump one", "olena"), ("Pump two", "petro")):
        world.database.write_now(assign_thread, world.viewer("chief"), threads[subject], world.person(name))
    world.now += clock.MINUTE
    world.arrive(letter("Re: Pump two", "9@client.example", references="1@client.example"), "sales")
    found = by_subject(tried(world, PUMPS, {"assign": {"user_id": world.person("olena")}}))
    told = {subject: (one.people, one.rule, one.who) for subject, one in found.items()}
    assert told == {
        "Pump one": ("Olena", "Olena", "same"),
        "Pump two": ("Petro", "Olena", "other"),
        "Pump three": (None, "Olena", "other"),
        "Re: Pump two": ("Petro", "Petro", "kept"),
    }
    stranger = world.person("stranger")
    assert by_subject(tried(world, PUMPS, {"assign": {"user_id": stranger}}))["Pump one"].who == "no_access"
    assert by_subject(tried(world, PUMPS, {"assign": {"way": "turn"}}))["Pump one"].who == "turn"
    assert by_subject(tried(world, PUMPS, {"assign": {"way": "least_busy"}}))["Pump one"].who == "least_busy"


def test_tags_and_priority_are_those_of_that_day_or_unknown(world: World) -> None:
    chief = world.viewer("chief")
    claim = world.database.write_now(make_tag, chief, "Claim").id
    for number in range(2):
        world.arrive(letter(f"Pump {number}", f"{number}@client.example"), "sales")
    threads = {one.subject: one.id for one in world.threads("chief")}
    world.now += clock.MINUTE
    world.database.write_now(tag_thread, chief, threads["Pump 0"], [claim])
    world.now += clock.MINUTE
    for number in range(2):
        world.arrive(
            letter(f"Re: Pump {number}", f"r{number}@client.example", references=f"{number}@client.example"), "sales"
        )
    tagged = {"field": "tags", "op": "contains", "value": "Claim"}
    assert {subject: one.unknown for subject, one in by_subject(tried(world, tagged)).items()} == {"Re: Pump 0": ()}
    world.now += clock.MINUTE
    world.database.write_now(partial(set_urgent, urgent=True), chief, threads["Pump 1"])
    found = by_subject(tried(world, {"field": "priority", "op": "eq", "value": "urgent"}))
    assert {subject: one.unknown for subject, one in found.items()} == {"Re: Pump 1": ("priority",)}


def test_what_is_not_known_of_that_day_is_said_and_not_guessed(world: World) -> None:
    world.arrive(letter("Pumps", "1@client.example"), "sales")
    known = {"field": "client.known", "op": "eq", "value": False}
    assert by_subject(tried(world, known))["Pumps"].unknown == ()
    client = world.database.write_now(partial(add_counterparty, manager_id=world.person("olena")), "Client")
    (row,) = world.threads("chief")
    world.now += clock.MINUTE
    world.database.write_now(file_under, world.viewer("chief"), row.id, client, None)
    assert by_subject(tried(world, known))["Pumps"].unknown == ("client.known",)
    manager = {"field": "client.manager", "op": "eq", "value": world.person("olena")}
    assert by_subject(tried(world, {"all": [PUMPS, manager]}))["Pumps"].unknown == ("client.manager",)
    assert tried(world, {"all": [{"not": PUMPS}, manager]}).items == [], "what decides is known"


def test_a_letter_that_begins_is_known_though_threads_were_merged(world: World) -> None:
    world.arrive(letter("Pumps", "1@client.example"), "sales")
    world.arrive(letter("Re: Pumps", "2@client.example", references="1@client.example"), "sales")
    found = by_subject(tried(world, {"field": "begins", "op": "eq", "value": True}))
    assert set(found) == {"Pumps"}


def test_many_letters_are_looked_at_in_parts(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        world.arrive(letter(f"Pump {number}", f"{number}@client.example"), "sales")
    monkeypatch.setattr(trying, "PART", 2)
    monkeypatch.setattr(trying, "_LETTERS", trying._LETTERS.limit(2))
    wanted = parse_wanted("Pumps", PUMPS, [{"state": "closed"}], "UTC")
    seen, after = [], None
    for _ in range(3):
        part = world.database.read_now(try_rule, world.viewer("chief"), world.box("sales").id, wanted, after)
        seen += [one.subject for one in part.items]
        after = part.next
    assert seen == [f"Pump {number}" for number in (4, 3, 2, 1, 0)]
    assert after is None
