"""The page of the fields that users add: their names, types, choices and order."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Annotated, Any, cast

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from api.auth import Door
from api.fielding import NAMES, change_field, make_field, move_field, read_holder
from api.web.desk import Asked, Desk, Id, html, lead
from api.web.field_words import holder_words, type_words
from api.web.forms import read_form
from api.web.shell import Around, see_around
from core.database import ReadTx
from core.errors import Conflict, Invalid
from crm.attributes import Attribute, Holder, NewChoice, Type, list_attributes
from crm.staff.readable import Viewer

PAGE = "/settings/fields"
LONGEST = 60_000
Of = Annotated[str, QueryParameter(name="of", max_length=60)]
NAMES_OF = {holder: name for name, holder in NAMES.items()}


@dataclass(frozen=True, slots=True)
class Seen:
    """What the page reads."""

    of: Holder
    fields: list[Attribute]
    around: Around


@dataclass(frozen=True, slots=True)
class FieldRow:
    """See templates/web/fields.html."""

    one: Attribute
    about: str
    choices: list[tuple[str, str]]


def see_fields(tx: ReadTx, viewer: Viewer, of: str) -> Seen:
    """All fields of a kind of thing, retired ones last."""
    holder = read_holder(of)
    found = list_attributes(tx, holder, ended=True)
    return Seen(holder, sorted(found, key=lambda one: one.ended), see_around(tx, viewer))


def _page(desk: Desk, viewer: Viewer, seen: Seen, sent: dict[str, str], problem: str) -> str:
    speaker = desk.speaker(viewer)
    types, groups = type_words(speaker), sorted({one.group for one in seen.fields if one.group})
    rows = []
    for one in seen.fields:
        told = [
            types[one.type],
            one.currency,
            one.group,
            speaker.say("has to be filled in") if one.required else "",
            speaker.say("in lists") if one.listed else "",
        ]
        choices = [(choice.key, choice.label) for choice in one.choices if not choice.ended]
        rows.append(FieldRow(one, " · ".join(part for part in told if part), choices))
    holders = {NAMES_OF[holder]: name for holder, name in holder_words(speaker).items()}
    data = {
        "of": NAMES_OF[seen.of],
        "holders": list(holders.items()),
        "rows": [row for row in rows if not row.one.ended],
        "retired": [row for row in rows if row.one.ended],
        "types": list(types.items()),
        "groups": groups,
        "currency": desk.door.house.settings.company.currency,
        "may_change": viewer.is_admin,
        "sent": defaultdict(str, sent),
        "problem": problem,
    }
    return desk.render("fields.html", speaker, seen.around, "settings", **data)


@get(PAGE, include_in_schema=False)
async def show(door: NamedDependency[Door], request: Asked, of: Of = "counterparties") -> Response[str]:
    """The fields of clients, or of people."""
    desk = Desk(door, request)
    return html(await door.page(lambda viewer, seen: _page(desk, viewer, seen, {}, ""), see_fields, of))


@post(PAGE, include_in_schema=False)
async def add(door: NamedDependency[Door], request: Asked, of: Of = "counterparties") -> Response[str]:
    """One more; what was written stays where it cannot be."""
    form, holder = await read_form(request, LONGEST), read_holder(of)
    more: dict[str, Any] = {
        "group": form.get("group", ""),
        "required": form.get("required") == "yes",
        "listed": form.get("listed") == "yes",
        "currency": form.get("currency", "") or door.house.settings.company.currency,
    }
    kind = cast("Type", form.get("type", "text"))
    if kind in ("choice", "choices"):
        more["choices"] = _lines(form)
    try:
        await door.write(lambda tx, viewer: make_field(tx, viewer, holder, form.get("label", ""), kind, **more))
    except (Invalid, Conflict) as problem:
        return await _again(door, request, of, form, problem)
    return lead(request, f"{PAGE}?of={of}")


@post(f"{PAGE}/{{attribute_id:int}}", include_in_schema=False)
async def change(door: NamedDependency[Door], request: Asked, attribute_id: Id) -> Response[str]:
    """Another name, other choices, another group."""
    form = await read_form(request, LONGEST)
    told: dict[str, Any] = {
        "label": form.get("label", ""),
        "group": form.get("group", ""),
        "required": form.get("required") == "yes",
        "listed": form.get("listed") == "yes",
    }
    if "choices" in form:
        told["choices"] = _lines(form)
    changed = await door.write(lambda tx, viewer: change_field(tx, viewer, attribute_id, **told))
    return lead(request, f"{PAGE}?of={NAMES_OF[changed.of]}")


@post(f"{PAGE}/{{attribute_id:int}}/move", include_in_schema=False)
async def move(door: NamedDependency[Door], request: Asked, attribute_id: Id) -> Response[str]:
    """One place up or down."""
    steps = -1 if (await read_form(request)).get("way") == "up" else 1
    moved = await door.write(move_field, attribute_id, steps)
    return lead(request, f"{PAGE}?of={NAMES_OF[moved.of]}")


@post(f"{PAGE}/{{attribute_id:int}}/retire", include_in_schema=False)
async def retire(door: NamedDependency[Door], request: Asked, attribute_id: Id) -> Response[str]:
    """Ask for it no more."""
    changed = await door.write(lambda tx, viewer: change_field(tx, viewer, attribute_id, ended=True))
    return lead(request, f"{PAGE}?of={NAMES_OF[changed.of]}")


@post(f"{PAGE}/{{attribute_id:int}}/restore", include_in_schema=False)
async def restore(door: NamedDependency[Door], request: Asked, attribute_id: Id) -> Response[str]:
    """Ask for it again."""
    changed = await door.write(lambda tx, viewer: change_field(tx, viewer, attribute_id, ended=False))
    return lead(request, f"{PAGE}?of={NAMES_OF[changed.of]}")


async def _again(
    door: Door, request: Asked, of: str, form: dict[str, str], problem: Invalid | Conflict
) -> Response[str]:
    desk = Desk(door, request)

    def render(viewer: Viewer, seen: Seen) -> str:
        return _page(desk, viewer, seen, form, desk.speaker(viewer).say(problem.sentence, **problem.fields))

    return html(await door.page(render, see_fields, of), 400)


def _lines(form: dict[str, str]) -> list[NewChoice]:
    """The choices that stand there with their keys, then a line for each new one."""
    there = [
        NewChoice(form[f"choice_{place}"], form.get(f"choice_key_{place}", ""))
        for place in range(500)
        if form.get(f"choice_{place}", "").strip()
    ]
    return there + [NewChoice(line) for line in form.get("choices", "").splitlines() if line.strip()]


ROUTES = [show, add, change, move, retire, restore]
