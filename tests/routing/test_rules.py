"""Rules of a mailbox act on what comes in, say so, and leave everything else alone."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from core.changes import change
from core.database import Database
from core.errors import Conflict, Forbidden, Invalid, NotFound
from crm.staff.people import add_team, join_team
from crm.staff.rights import remove_grant
from mailhub.mailboxes.attention import set_urgent
from mailhub.mailboxes.moving import move_thread
from mailhub.mailboxes.tables import thread, thread_event
from mailhub.mailboxes.tags import delete_tag, make_tag, tag_thread
from mailhub.routing.rules.verbs import (
    RoutingRule,
    add_rule,
    change_rule,
    delete_rule,
    get_rule,
    list_rules,
    order_rules,
    parse_wanted,
    switch_rule,
)
from tests.support.world import World, letter

PUMPS = {"all": [{"field": "subject", "op": "contains", "value": "pump"}]}
EVERY: dict[str, Any] = {"all": []}


@pytest.fixture
def world(database: Database) -> World:
    world = World(database)
    world.person("chief", is_admin=True)
    for name in ("olena", "petro"):
        world.grant(name, "sales", "see", "answer")
    return world


def rule(world: World, condition: Any, *actions: dict[str, Any], name: str = "Pumps", active: bool = True) -> int:
    wanted = parse_wanted(name, condition, list(actions), "Europe/Kyiv")
    made: RoutingRule = world.database.write_now(
        partial(add_rule, active=active), world.viewer("chief"), world.box("sales").id, wanted
    )
    return made.id


def told(world: World) -> list[str]:
    rows = world.database.read_now(lambda tx: tx.rows(select(thread_event).order_by(thread_event.c.id)))
    return [row.sentence % row.fields for row in rows]


def only_thread(world: World) -> Any:
    (row,) = world.database.read_now(lambda tx: tx.rows(select(thread).where(thread.c.merged_into.is_(None))))
    return row


def assign(world: World, name: str) -> dict[str, Any]:
    return {"assign": {"user_id": world.person(name)}}


def test_a_rule_assigns_and_says_so_with_its_version(world: World) -> None:
    number = rule(world, PUMPS, assign(world, "olena"))
    world.arrive(letter("Two PUMPS please", "1@client.example"), "sales")
    assert only_thread(world).executor_id == world.person("olena")
    assert told(world) == ["Assigned to Olena by the rule “Pumps”, version 1."]
    causes = world.database.read_now(
        lambda tx: tx.values(select(change.c.cause).where(change.c.kind == "thread.assigned"))
    )
    assert causes == [f"rule {number} v1"]


@pytest.mark.parametrize(
    ("condition", "fits"),
    [
        ({"field": "from.domain", "op": "eq", "value": "CLIENT.example"}, True),
        ({"field": "from.domain", "op": "eq", "value": "other.example"}, False),
        ({"field": "from.address", "op": "in", "value": ["x@y.example", "anna@client.example"]}, True),
        ({"field": "from.name", "op": "contains", "value": "ann"}, True),
        ({"field": "recipients", "op": "contains", "value": "sales@firm.example"}, True),
        ({"field": "text", "op": "contains", "value": "need  PUMPS"}, True),
        ({"field": "text", "op": "contains", "value": "eed"}, False),
        ({"field": "attached", "op": "eq", "value": False}, True),
        ({"field": "size", "op": "lt", "value": 10}, True),
        ({"field": "kind", "op": "eq", "value": "letter"}, True),
        ({"field": "begins", "op": "eq", "value": True}, True),
        ({"field": "client.known", "op": "eq", "value": True}, False),
        ({"field": "client.manager", "op": "is_empty"}, True),
        ({"field": "proof", "op": "eq", "value": "unknown"}, True),
        ({"field": "list", "op": "is_empty"}, True),
        ({"field": "weekday", "op": "in", "value": ["3"]}, True),
        ({"field": "hour", "op": "between", "value": [0, 23]}, True),
    ],
)
def test_what_a_rule_may_ask_of_a_letter(world: World, condition: Any, fits: bool) -> None:
    rule(world, condition, assign(world, "olena"))
    world.arrive(letter("Question", "1@client.example"), "sales")
    assert (only_thread(world).executor_id == world.person("olena")) is fits


def test_rules_are_asked_in_order_until_one_stops(world: World) -> None:
    first = rule(world, EVERY, {"answer_hours": 2}, name="Soon")
    second = rule(world, PUMPS, assign(world, "petro"), {"stop": True}, name="Petro")
    third = rule(world, EVERY, assign(world, "olena"), name="Olena")
    world.arrive(letter("Pumps", "1@client.example"), "sales")
    row = only_thread(world)
    assert row.executor_id == world.person("petro")
    assert row.due_at - row.waiting_since == 2 * 3_600_000_000
    world.database.write_now(order_rules, world.viewer("chief"), world.box("sales").id, [third, first, second])
    world.arrive(letter("More pumps", "2@client.example"), "sales")
    assert {one.executor_id for one in world.threads("chief")} == {world.person("petro"), world.person("olena")}


def test_archives_junk_and_threads_that_somebody_has_are_left_alone(world: World) -> None:
    rule(world, EVERY, assign(world, "olena"))
    world.arrive(letter("Old", "1@client.example"), "sales", quiet=True)
    world.arrive(letter("Buy", "2@shop.example", headers="X-Spam-Flag: YES\r\n"), "sales")
    assert {one.executor_id for one in world.threads("chief")} == {None}
    world.arrive(letter("Hello", "3@client.example"), "sales")
    mine = next(one for one in world.threads("chief") if one.subject == "Hello")
    assert mine.executor_id == world.person("olena")
    rule(world, EVERY, assign(world, "petro"), name="All to Petro")
    world.arrive(letter("Re: Hello", "4@client.example", references="3@client.example"), "sales")
    mine = next(one for one in world.threads("chief") if one.subject == "Hello")
    assert mine.executor_id == world.person("olena")


def test_an_executor_without_access_is_passed_over_with_the_reason(world: World) -> None:
    rule(world, EVERY, assign(world, "stranger"))
    rule(world, EVERY, assign(world, "olena"), name="Else Olena")
    world.arrive(letter("Pumps", "1@client.example"), "sales")
    assert only_thread(world).executor_id == world.person("olena")
    assert told(world)[0] == "The rule “Pumps”, version 1, assigns to Stranger, who may not answer here."


def test_a_rule_tags_and_calls_urgent(world: World) -> None:
    chief = world.viewer("chief")
    claim, gone = (world.database.write_now(make_tag, chief, name).id for name in ("Claim", "Gone"))
    rule(world, PUMPS, {"tag": [claim, gone]}, {"priority": "urgent"})
    world.database.write_now(delete_tag, chief, gone)
    world.arrive(letter("Pumps", "1@client"), "sales")
    (row,) = world.threads("chief")
    assert ([tag.name for tag in row.tags], row.urgent) == (["Claim"], True)
    assert told(world)[:2] == [
        "Tagged “Claim” by the rule “Pumps”, version 1.",
        "Called urgent by the rule “Pumps”, version 1.",
    ]
    with pytest.raises(NotFound):
        rule(world, PUMPS, {"tag": [gone]})


def test_a_rule_moves_to_another_mailbox_and_goes_on_there(world: World) -> None:
    world.grant("petro", "claims", "see", "answer")
    with pytest.raises(NotFound):
        rule(world, PUMPS, {"move": 999_999})
    with pytest.raises(Invalid):
        rule(world, PUMPS, {"move": world.box("sales").id})
    claims = world.box("claims")
    rule(world, PUMPS, {"move": claims.id}, assign(world, "petro"), {"priority": "urgent"})
    rule(world, EVERY, {"state": "closed"}, name="Not asked")
    world.arrive(letter("Pumps", "1@client.example"), "sales")
    row = only_thread(world)
    assert (row.mailbox_id, row.scope_id, row.executor_id) == (claims.id, claims.scope_id, world.person("petro"))
    assert (row.state, row.urgent) == ("open", 1)
    assert told(world)[0] == "Moved from sales@firm.example to claims@firm.example by the rule “Pumps”, version 1."
    world.arrive(letter("Re: Pumps", "2@client.example", references="1@client.example"), "sales")
    assert only_thread(world).mailbox_id == claims.id


def test_what_a_person_has_moved_back_stays_there(world: World) -> None:
    claims, sales = world.box("claims"), world.box("sales")
    rule(world, PUMPS, {"move": claims.id})
    world.arrive(letter("Pumps", "1@client.example"), "sales")
    world.database.write_now(move_thread, world.viewer("chief"), only_thread(world).id, sales.id)
    world.arrive(letter("Re: Pumps", "2@client.example", references="1@client.example"), "sales")
    assert only_thread(world).mailbox_id == sales.id


def test_a_rule_moves_only_while_its_writer_may(world: World) -> None:
    claims, box = world.box("claims"), world.box("sales")
    world.grant("olena", "sales", "manage")
    wanted = parse_wanted("Pumps", PUMPS, [{"move": claims.id}], "Europe/Kyiv")
    with pytest.raises(NotFound):
        world.database.write_now(add_rule, world.viewer("olena"), box.id, wanted)
    world.grant("olena", "claims", "see")
    with pytest.raises(Forbidden):
        world.database.write_now(add_rule, world.viewer("olena"), box.id, wanted)
    world.grant("olena", "claims", "answer")
    world.database.write_now(partial(add_rule, active=True), world.viewer("olena"), box.id, wanted)
    olena = world.person("olena")
    world.database.write_now(lambda tx: remove_grant(tx, claims.scope_id, "answer", user_id=olena))
    world.arrive(letter("Pumps", "1@client.example"), "sales")
    assert only_thread(world).mailbox_id == box.id
    expected = "The rule “Pumps”, version 1, moves to a mailbox where its writer may not answer any more."
    assert told(world)[0] == expected


def test_a_rule_asks_for_tags_and_priority_of_the_thread(world: World) -> None:
    chief = world.viewer("chief")
    claim = world.database.write_now(make_tag, chief, "Claim").id
    tagged = {"field": "tags", "op": "contains", "value": "claim"}
    rule(world, {"all": [tagged, {"field": "priority", "op": "eq", "value": "urgent"}]}, assign(world, "olena"))
    world.arrive(letter("Pumps", "1@client.example"), "sales")
    assert only_thread(world).executor_id is None
    world.database.write_now(tag_thread, chief, only_thread(world).id, [claim])
    world.database.write_now(partial(set_urgent, urgent=True), chief, only_thread(world).id)
    world.arrive(letter("Re: Pumps", "2@client.example", references="1@client.example"), "sales")
    assert only_thread(world).executor_id == world.person("olena")


def test_a_rule_closes_and_nobody_waits(world: World) -> None:
    rule(world, PUMPS, {"state": "closed"})
    world.arrive(letter("Pumps", "1@client.example"), "sales")
    row = only_thread(world)
    assert (row.state, row.waiting_for, row.due_at, row.executor_id) == ("closed", None, None, None)
    assert told(world) == ["Closed by the rule “Pumps”, version 1."]


def test_a_rule_calls_junk_what_begins_and_never_what_goes_on(world: World) -> None:
    world.arrive(letter("Hello", "1@client.example"), "sales")
    rule(world, EVERY, {"state": "spam"})
    world.arrive(letter("Re: Hello", "2@client.example", references="1@client.example"), "sales")
    world.arrive(letter("Buy", "3@shop.example"), "sales")
    states = {one.subject: one.state for one in world.threads("chief")}
    assert states == {"Hello": "open", "Buy": "spam"}


def test_a_team_takes_turns(world: World) -> None:
    team = world.database.write_now(add_team, "Sales")
    for name in ("olena", "petro"):
        world.database.write_now(join_team, team, world.person(name))
    rule(world, EVERY, {"assign": {"team_id": team}})
    for number in range(3):
        world.arrive(letter(f"Question {number}", f"{number}@client.example"), "sales")
    hands = [one.executor_id for one in sorted(world.threads("chief"), key=lambda one: one.subject)]
    assert hands == [world.person("olena"), world.person("petro"), world.person("olena")]


def test_rules_are_kept_by_who_manages_the_mailbox(world: World) -> None:
    number = rule(world, PUMPS, assign(world, "olena"), active=False)
    box, chief, olena = world.box("sales").id, world.viewer("chief"), world.viewer("olena")
    world.person("stranger")
    write, read = world.database.write_now, world.database.read_now
    with pytest.raises(Forbidden):
        read(list_rules, olena, box)
    with pytest.raises(NotFound):
        read(get_rule, world.viewer("stranger"), number)
    private = world.box("petro", owner="petro")
    with pytest.raises(NotFound):
        read(list_rules, chief, private.id)
    wanted = parse_wanted("Mine", EVERY, [{"state": "closed"}], "UTC")
    assert write(add_rule, world.viewer("petro"), private.id, wanted).active is False

    world.arrive(letter("Pumps", "1@client.example"), "sales")
    assert only_thread(world).executor_id is None, "it is switched off"
    write(partial(switch_rule, active=True), chief, number)
    better = parse_wanted("Better", PUMPS, [assign(world, "petro")], "UTC")
    write(partial(change_rule, version=1), chief, number, better)
    with pytest.raises(Conflict):
        write(partial(change_rule, version=1), chief, number, better)
    assert read(get_rule, chief, number).version == 2
    write(delete_rule, chief, number)
    assert read(list_rules, chief, box) == []
    with pytest.raises(Conflict):
        write(order_rules, chief, box, [number])


@pytest.mark.parametrize(
    "actions",
    [
        [], {}, [{}], [{"dance": True}], [{"assign": {"user_id": "1"}}], [{"assign": {"user_id": 1, "way": "turn"}}],
        [{"assign": {"way": "luck"}}], [{"state": "open"}], [{"answer_hours": 0}], [{"answer_hours": True}],
        [{"tag": []}], [{"tag": ["Claim"]}], [{"tag": 1}], [{"priority": "normal"}], [{"priority": True}],
        [{"stop": 1}], [{"stop": True}, {"stop": True}], [{"assign": {"user_id": 1}}, {"assign": {"way": "turn"}}],
    ],
)  # fmt: skip
def test_bad_actions_are_refused(actions: Any) -> None:
    with pytest.raises(Invalid):
        parse_wanted("A", EVERY, actions, "UTC")
