"""``/rules``: what happens by itself when a letter comes into a mailbox that you manage."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter

from api.auth import Door
from api.rest.once import Key, once
from api.rest.shapes import Body, Id, Items, Number, StrictRequest, moment
from core.database import ReadTx, WriteTx
from core.errors import NotFound
from core.rules import Field, to_data
from crm.segments.words import HOLDERS, words_of
from crm.staff.readable import Viewer
from mailhub.routing.rules.actions import actions_data
from mailhub.routing.rules.facts import LETTERS
from mailhub.routing.rules.trying import Part, Tried, try_rule
from mailhub.routing.rules.verbs import (
    RoutingRule,
    add_rule,
    change_rule,
    delete_rule,
    get_rule,
    list_all_rules,
    list_rules,
    order_rules,
    parse_wanted,
    switch_rule,
)

Condition = Annotated[
    dict[str, Any],
    msgspec.Meta(
        description="`{all: […]}`, `{any: […]}`, `{not: …}` and leaves `{field, op, value}`; see `/rules/vocabulary`.",
        examples=[{"all": [{"field": "from.domain", "op": "eq", "value": "client.example"}]}],
    ),
]
Doing = Annotated[
    list[dict[str, Any]],
    msgspec.Meta(
        description="`move` with the id of a mailbox; `assign` with one of `user_id`, `team_id` and `way` (`manager`, "
        "`turn`, `least_busy`); `state` (`closed`, `spam`); `answer_hours`; `tag` with ids; `priority` (`urgent`); "
        "`acknowledge` false; `stop` true.",
        examples=[[{"assign": {"user_id": 5}}, {"stop": True}]],
    ),
]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Box = Annotated[int | None, QueryParameter(name="mailbox_id", ge=1, le=2**63 - 1)]
Of = Annotated[str, QueryParameter(name="of", max_length=40)]


class RuleView(msgspec.Struct, rename={"condition": "if", "actions": "do"}):
    """A rule as it stands; ``place`` is its turn in the mailbox, ``version`` grows with every change."""

    id: int
    mailbox_id: int
    name: str
    place: int
    active: bool
    version: int
    condition: dict[str, Any]
    actions: list[dict[str, Any]]
    timezone: str


class NewRule(Body, rename={"condition": "if", "actions": "do"}):
    """A rule behind the others of its mailbox; switched off unless ``active``."""

    mailbox_id: Number
    name: Name
    condition: Condition
    actions: Doing
    active: bool = False


class ChangedRule(Body, rename={"condition": "if", "actions": "do"}):
    """What is to be otherwise; ``version`` is the one you looked at: 409 when there is a newer one."""

    name: Name | None = None
    condition: Condition | None = None
    actions: Doing | None = None
    active: bool | None = None
    version: Number | None = None


class RuleOrder(Body):
    """All rules of the mailbox in the order in which they are to be asked."""

    mailbox_id: Number
    ids: Annotated[list[Number], msgspec.Meta(max_length=200)]


class TriedRule(Body, rename={"condition": "if", "actions": "do"}):
    """A rule that need not be kept. ``after`` is the ``next`` of the part before."""

    mailbox_id: Number
    condition: Condition
    actions: Doing
    after: Annotated[str, msgspec.Meta(max_length=2048)] | None = None


class TriedView(msgspec.Struct):
    """A letter that the rule would have touched; ``unknown`` names the fields that decide and cannot be told of that
    day. ``people`` is who had the thread then, ``rule`` whom the rule would have given it."""

    message_id: int
    thread_id: int
    received_at: str | None
    sender: str
    subject: str
    state: str
    people: str | None
    rule: str | None
    who: str
    unknown: list[str]


class PartView(msgspec.Struct):
    """A part of the letters of the last 90 days, newest first: how many of them were looked at, and which of these the
    rule would have touched."""

    looked_at: int
    total: int
    items: list[TriedView]
    next: str | None


class ParamView(msgspec.Struct):
    """What may be told of a field, in `with` of a condition: a key of `choices`, an id of what `of` says, a number of
    days, a day, or the code of a currency."""

    key: str
    type: str
    label: str
    required: bool
    choices: dict[str, str]
    of: str


class FieldView(msgspec.Struct):
    """A field that conditions may ask for, told in `with` what `params` name."""

    key: str
    type: str
    label: str
    ops: list[str]
    choices: dict[str, str]
    of: str
    unit: str
    params: list[ParamView]


def show_rule(found: RoutingRule) -> RuleView:
    """A rule in the shape of the interface."""
    condition, actions = to_data(found.condition), actions_data(found.actions)
    return RuleView(
        found.id, found.mailbox_id, found.name, found.place, found.active, found.version, condition, actions, found.zone
    )


def show_tried(one: Tried) -> TriedView:
    """A letter in the shape of the interface."""
    return TriedView(
        one.message_id, one.thread_id, moment(one.came_at), one.sender, one.subject, one.state, one.people, one.rule,
        one.who, list(one.unknown),
    )  # fmt: skip


def show_field(one: Field) -> FieldView:
    """A field in the shape of the interface."""
    told = [
        ParamView(each.key, each.type, each.label, not each.anything, dict(each.choices), each.of)
        for each in one.params
    ]
    return FieldView(one.key, one.type, one.label, list(one.ops), dict(one.choices), one.of, one.unit, told)


def make_rule(tx: WriteTx, viewer: Viewer, new: NewRule, zone: str) -> RuleView:
    """Raises NotFound, Forbidden, Invalid, Conflict."""
    wanted = parse_wanted(new.name, new.condition, new.actions, zone)
    return show_rule(add_rule(tx, viewer, new.mailbox_id, wanted, active=new.active))


def alter_rule(tx: WriteTx, viewer: Viewer, rule_id: int, changed: ChangedRule, zone: str) -> RuleView:
    """Raises NotFound, Forbidden, Invalid, Conflict."""
    old = show_rule(get_rule(tx, viewer, rule_id))
    if (changed.name, changed.condition, changed.actions) != (None, None, None):
        condition = old.condition if changed.condition is None else changed.condition
        actions = old.actions if changed.actions is None else changed.actions
        wanted = parse_wanted(changed.name or old.name, condition, actions, zone)
        change_rule(tx, viewer, rule_id, wanted, version=changed.version)
    if changed.active is not None:
        switch_rule(tx, viewer, rule_id, active=changed.active)
    return show_rule(get_rule(tx, viewer, rule_id))


def read_tried(tx: ReadTx, viewer: Viewer, tried: TriedRule, zone: str) -> Part:
    """Raises NotFound, Forbidden, Invalid."""
    wanted = parse_wanted("?", tried.condition, tried.actions, zone)
    return try_rule(tx, viewer, tried.mailbox_id, wanted, tried.after)


def read_rules(tx: ReadTx, viewer: Viewer, mailbox_id: int | None) -> list[RoutingRule]:
    """Raises NotFound, Forbidden."""
    return list_all_rules(tx, viewer) if mailbox_id is None else list_rules(tx, viewer, mailbox_id)


def read_words(tx: ReadTx, _viewer: Viewer, of: str) -> list[Field]:
    """Raises NotFound for what has no words."""
    for kind in HOLDERS:
        if of == kind:
            return list(words_of(tx, kind))
    if of != LETTERS.of:
        raise NotFound("There are no words for rules about %(of)s.", of=of)
    return list(LETTERS)


@get("/rules", tags=["rules"])
async def list_all(door: NamedDependency[Door], mailbox_id: Box = None) -> Items[RuleView]:
    """The rules of the mailboxes that you manage, or of one of them, in the order in which they are asked."""
    return Items([show_rule(one) for one in await door.read(read_rules, mailbox_id)])


@get("/rules/vocabulary", tags=["rules"])
async def list_words(door: NamedDependency[Door], of: Of = "letters") -> Items[FieldView]:
    """The fields that conditions may ask for, with their types and operators."""
    return Items([show_field(one) for one in await door.read(read_words, of)])


@get("/rules/{rule_id:int}", tags=["rules"])
async def get_one(door: NamedDependency[Door], rule_id: Id) -> RuleView:
    """One rule."""
    return show_rule(await door.read(get_rule, rule_id))


@post("/rules", tags=["rules"])
async def make_one(
    door: NamedDependency[Door], request: StrictRequest, data: JSONBody[NewRule], idempotency_key: Key = None
) -> RuleView:
    """Write a rule; it is asked behind the others of its mailbox, from the next letter on."""
    zone = door.house.settings.company.timezone
    return await once(door, request, idempotency_key, RuleView, lambda tx, viewer: make_rule(tx, viewer, data, zone))


@post("/rules/order", tags=["rules"], status_code=204)
async def order_all(door: NamedDependency[Door], data: JSONBody[RuleOrder]) -> None:
    """Ask the rules of a mailbox in another order."""
    await door.write(order_rules, data.mailbox_id, data.ids)


@post("/rules/try", tags=["rules"], status_code=200)
async def try_one(door: NamedDependency[Door], data: JSONBody[TriedRule]) -> PartView:
    """See what a rule would have done with the letters of the last 90 days; nothing changes. Ask again with `next` in
    `after` until it is null."""
    part = await door.search(read_tried, data, door.house.settings.company.timezone)
    return PartView(part.looked_at, part.total, [show_tried(one) for one in part.items], part.next)


@patch("/rules/{rule_id:int}", tags=["rules"])
async def change_one(door: NamedDependency[Door], rule_id: Id, data: JSONBody[ChangedRule]) -> RuleView:
    """Change a rule, which makes a new version, or switch it on or off."""
    return await door.write(alter_rule, rule_id, data, door.house.settings.company.timezone)


@delete("/rules/{rule_id:int}", tags=["rules"])
async def remove_one(door: NamedDependency[Door], rule_id: Id) -> None:
    """Delete a rule; what it did still names it."""
    await door.write(delete_rule, rule_id)


ROUTES = [list_all, list_words, get_one, make_one, order_all, try_one, change_one, remove_one]
