"""The rules of a mailbox: a page that lists them as sentences, an editor, and what a rule would have done."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from typing import Any

from litestar import Response, get, post
from litestar.datastructures import FormMultiDict
from litestar.di import NamedDependency
from litestar.response import Redirect

from api.auth import Door
from api.web.desk import Asked, Desk, Id, html
from api.web.forms import LONGEST_FIELD, read_form, read_id
from api.web.rule_form import Draft, action_data, condition_data, make_draft, press, read_draft
from api.web.rule_words import People, Trial, show_form, show_tried, wording_of
from api.web.rule_words import say_actions as say_actions_of
from api.web.shell import Around, see_around
from core.database import ReadTx, WriteTx
from core.errors import Invalid, NotFound
from core.rules import parse_rule, say_rule
from crm.staff.people import list_teams, list_users
from crm.staff.readable import Viewer
from crm.staff.rights import list_people_with
from mailhub.mailboxes.boxes import Mailbox
from mailhub.mailboxes.moving import list_targets
from mailhub.mailboxes.tags import list_tags
from mailhub.routing.rules.facts import LETTERS
from mailhub.routing.rules.trying import Part, try_rule
from mailhub.routing.rules.verbs import (
    LONGEST_NAME,
    RoutingRule,
    Wanted,
    add_rule,
    change_rule,
    delete_rule,
    get_managed,
    get_rule,
    list_rules,
    order_rules,
    parse_wanted,
    switch_rule,
)

TRYING_SECONDS = 1.0
MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Seen:
    """A mailbox with its rules and everybody whom they may name."""

    box: Mailbox
    rules: list[RoutingRule]
    people: People
    around: Around


def see_rules(tx: ReadTx, viewer: Viewer, mailbox_id: int) -> Seen:
    """Raises NotFound, Forbidden."""
    box = get_managed(tx, viewer, mailbox_id)
    users = {one.id: one.name for one in list_users(tx)}
    able = [one for one in list_people_with(tx, box.scope_id, "answer") if one in users]
    teams = {one.id: one.name for one in list_teams(tx)}
    tags = {one.id: one.name for one in list_tags(tx)}
    boxes = {one.id: one.address for one in list_targets(tx, viewer, box.id)}
    people = People(users, able, teams, tags, boxes)
    return Seen(box, list_rules(tx, viewer, mailbox_id), people, see_around(tx, viewer))


def see_rule(tx: ReadTx, viewer: Viewer, rule_id: int) -> tuple[RoutingRule, Seen]:
    """Raises NotFound, Forbidden."""
    found = get_rule(tx, viewer, rule_id)
    return found, see_rules(tx, viewer, found.mailbox_id)


@get("/settings/mailboxes/{box_id:int}/rules", include_in_schema=False)
async def show_all(door: NamedDependency[Door], request: Asked, box_id: Id) -> Response[str]:
    """The rules of a mailbox in their order."""
    desk = Desk(door, request)

    def render(viewer: Viewer, seen: Seen) -> str:
        speaker = desk.speaker(viewer)
        wording = wording_of(speaker, seen.people)
        rows = [
            {
                "id": one.id,
                "name": one.name,
                "active": one.active,
                "if": say_rule(one.condition, LETTERS, wording),
                "do": say_actions_of(speaker, one.actions, seen.people),
            }
            for one in seen.rules
        ]
        return desk.render("rules.html", speaker, seen.around, "settings", box=seen.box, rules=rows)

    return html(await door.page(render, see_rules, box_id))


@get("/settings/mailboxes/{box_id:int}/rules/new", include_in_schema=False)
async def show_new(door: NamedDependency[Door], request: Asked, box_id: Id) -> Response[str]:
    """The editor with one empty condition."""
    desk = Desk(door, request)

    def render(viewer: Viewer, seen: Seen) -> str:
        speaker = desk.speaker(viewer)
        form = show_form(speaker, Draft(), seen.people)
        return desk.render("rule.html", speaker, seen.around, "settings", box=seen.box, rule=None, form=form, said="")

    return html(await door.page(render, see_rules, box_id))


@get("/settings/rules/{rule_id:int}", include_in_schema=False)
async def show_one(door: NamedDependency[Door], request: Asked, rule_id: Id) -> Response[str]:
    """The editor of a rule, or its sentence where a program has written a deeper one."""
    desk = Desk(door, request)

    def render(viewer: Viewer, found: tuple[RoutingRule, Seen]) -> str:
        (rule, seen), speaker = found, desk.speaker(viewer)
        draft = make_draft(rule.name, rule.condition, rule.actions)
        form = show_form(speaker, draft, seen.people) if draft else None
        said = say_rule(rule.condition, LETTERS, wording_of(speaker, seen.people))
        return desk.render("rule.html", speaker, seen.around, "settings", box=seen.box, rule=rule, form=form, said=said)

    return html(await door.page(render, see_rule, rule_id))


@post("/settings/mailboxes/{box_id:int}/rules/draft", include_in_schema=False, status_code=200)
async def redraw(door: NamedDependency[Door], request: Asked, box_id: Id) -> Response[str]:
    """The editor as its form says now: another field has other questions, a button adds or drops a line."""
    draft, fields = await _read(request)
    seen = await door.read(see_rules, box_id)
    desk = Desk(door, request)
    speaker = desk.speaker(door.viewer)
    form = show_form(speaker, press(draft, fields.get("act", "")), seen.people)
    if request.headers.get("hx-request") == "true":
        return await desk.render_later("_rule_form.html", speaker, None, "settings", form=form, box=seen.box)
    page = {"box": seen.box, "rule": None, "form": form, "said": ""}
    return await desk.render_later("rule.html", speaker, seen.around, "settings", **page)


@post("/settings/mailboxes/{box_id:int}/rules", include_in_schema=False, status_code=200)
async def save_new(door: NamedDependency[Door], request: Asked, box_id: Id) -> Response[Any]:
    """Keep a new rule, switched off: it is tried before it acts."""
    draft, _ = await _read(request)
    seen = await door.read(see_rules, box_id)
    made = await door.write(add_rule, box_id, _wanted(door, request, draft, seen))
    return _go(request, f"/settings/rules/{made.id}")


@post("/settings/rules/{rule_id:int}", include_in_schema=False, status_code=200)
async def save_one(door: NamedDependency[Door], request: Asked, rule_id: Id) -> Response[Any]:
    """Keep the next version of a rule."""
    draft, fields = await _read(request)
    _, seen = await door.read(see_rule, rule_id)
    wanted = _wanted(door, request, draft, seen)
    await door.write(change_rule, rule_id, wanted, version=read_id(fields, "version"))
    return _go(request, f"/settings/mailboxes/{seen.box.id}/rules")


@post("/settings/rules/{rule_id:int}/switch", include_in_schema=False, status_code=200)
async def switch(door: NamedDependency[Door], request: Asked, rule_id: Id) -> Response[Any]:
    """On or off, from the next letter."""
    fields = await read_form(request)
    found = await door.write(_switch, rule_id, active=fields.get("active") == "yes")
    return _go(request, f"/settings/mailboxes/{found.mailbox_id}/rules")


@post("/settings/rules/{rule_id:int}/delete", include_in_schema=False, status_code=200)
async def drop(door: NamedDependency[Door], request: Asked, rule_id: Id) -> Response[Any]:
    """It is there no more."""
    found = await door.write(_delete, rule_id)
    return _go(request, f"/settings/mailboxes/{found.mailbox_id}/rules")


@post("/settings/mailboxes/{box_id:int}/rules/order", include_in_schema=False, status_code=200)
async def reorder(door: NamedDependency[Door], request: Asked, box_id: Id) -> Response[Any]:
    """One place up or down."""
    fields = await read_form(request)
    await door.write(move_rule, box_id, read_id(fields, "rule_id") or 0, -1 if fields.get("way") == "up" else 1)
    return _go(request, f"/settings/mailboxes/{box_id}/rules")


@post("/settings/mailboxes/{box_id:int}/rules/try", include_in_schema=False, status_code=200)
async def attempt(door: NamedDependency[Door], request: Asked, box_id: Id) -> Response[str]:
    """What the rule in the form would have done: a second's worth of letters, and a part that asks for more."""
    draft, fields = await _read(request)
    seen = await door.read(see_rules, box_id)
    wanted = _wanted(door, request, draft, seen)
    trial = Trial(**{name: read_id(fields, f"so_far_{name}") or 0 for name in asdict(Trial())})
    after, parts, began = fields.get("after") or None, list[Part](), time.monotonic()
    while True:
        part = await door.search(try_rule, box_id, wanted, after)
        parts.append(part)
        after = part.next
        if after is None or time.monotonic() - began > TRYING_SECONDS:
            break
    desk = Desk(door, request)
    speaker = desk.speaker(door.viewer)
    room = MOST_SHOWN - trial.shown
    tried = [one for part in parts for one in part.items]
    total = trial.add(parts, shown=max(min(room, len(tried)), 0))
    rows = [show_tried(speaker, box_id, one) for one in tried[: max(room, 0)]]
    sent = {f"so_far_{name}": count for name, count in asdict(total).items()}
    first = not fields.get("after")
    data = {"trial": total, "rows": rows, "after": after, "box": seen.box, "first": first, "sent": sent}
    name = "_rule_tried.html" if request.headers.get("hx-request") == "true" else "rule_tried.html"
    return await desk.render_later(name, speaker, seen.around, "settings", **data)


def move_rule(tx: WriteTx, viewer: Viewer, mailbox_id: int, rule_id: int, step: int) -> None:
    """One place up or down. Raises NotFound, Forbidden."""
    ids = [one.id for one in list_rules(tx, viewer, mailbox_id)]
    if rule_id not in ids:
        raise NotFound("There is no rule with the number %(id)s.", id=rule_id)
    place = ids.index(rule_id)
    other = min(max(place + step, 0), len(ids) - 1)
    ids[place], ids[other] = ids[other], ids[place]
    order_rules(tx, viewer, mailbox_id, ids)


def _switch(tx: WriteTx, viewer: Viewer, rule_id: int, *, active: bool) -> RoutingRule:
    switch_rule(tx, viewer, rule_id, active=active)
    return get_rule(tx, viewer, rule_id)


def _delete(tx: WriteTx, viewer: Viewer, rule_id: int) -> RoutingRule:
    found = get_rule(tx, viewer, rule_id)
    delete_rule(tx, viewer, rule_id)
    return found


async def _read(request: Asked) -> tuple[Draft, dict[str, str]]:
    form: FormMultiDict = await request.form()
    fields = await read_form(request)
    chosen = {name: [str(one)[:LONGEST_FIELD] for one in form.getall(name)] for name in form}
    return read_draft(fields, chosen), fields


def _wanted(door: Door, request: Asked, draft: Draft, seen: Seen) -> Wanted:
    """What the form asks for, under its sentence where it has no name. Raises Invalid, in the reader's words."""
    speaker = Desk(door, request).speaker(door.viewer)
    try:
        condition, actions = condition_data(draft), action_data(draft)
    except Invalid as problem:
        label = problem.fields.get("name")
        raise Invalid(
            problem.sentence, **problem.fields | ({"name": speaker.say(str(label))} if label else {})
        ) from None
    if not draft.name:
        said = say_rule(parse_rule(condition, LETTERS), LETTERS, wording_of(speaker, seen.people))
        said = said or speaker.say("every letter")
        draft = replace(draft, name=(said[:1].upper() + said[1:])[:LONGEST_NAME])
    return parse_wanted(draft.name, condition, actions, door.house.settings.company.timezone)


def _go(request: Asked, url: str) -> Response[Any]:
    if request.headers.get("hx-request") == "true":
        return Response("", headers={"HX-Redirect": url}, media_type="text/html")
    return Redirect(url, status_code=303)


ROUTES = [show_all, show_new, show_one, redraw, save_new, save_one, switch, drop, reorder, attempt]
