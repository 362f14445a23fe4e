"""Items and their groups: the list with its search, and the form of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from api.auth import Door
from api.documenting import call_group, make_item, rewrite_item
from api.web.desk import After, Asked, Desk, Id, Words, html, lead
from api.web.forms import read_form
from api.web.shell import Around, see_around
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Invalid
from core.paging import Page
from crm.documents import Item, Named, count_in_groups, get_item, list_groups, list_items
from crm.staff.readable import Viewer, demand_somewhere

OfGroup = Annotated[str, QueryParameter(name="group", pattern=r"^\d{0,18}$")]
Retired = Annotated[str, QueryParameter(name="retired", pattern=r"^(yes)?$")]
FIELDS = ("name", "code", "unit", "group")
Typed = dict[str, str]


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of items with their groups."""

    page: Page[Item]
    groups: list[Named]
    counts: dict[int, int]
    around: Around


@dataclass(frozen=True, slots=True)
class Asking:
    """One item, or a new one, with what was typed."""

    one: Item | None
    typed: Typed
    groups: list[Named]
    around: Around


@dataclass(frozen=True, slots=True)
class Group:
    """A group of items to narrow the list by."""

    id: int
    name: str
    url: str
    count: int
    current: bool


@get("/items", include_in_schema=False)
async def items(
    door: NamedDependency[Door],
    request: Asked,
    q: Words = "",
    group: OfGroup = "",
    retired: Retired = "",
    after: After = None,
) -> Response[str]:
    """By name, narrowed by how names begin and by group."""
    desk, words, group_id = Desk(door, request), q.strip(), int(group or 0) or None

    def see(tx: ReadTx, viewer: Viewer) -> Listed:
        page = list_items(tx, words=words, group_id=group_id, ended=bool(retired), after=after)
        return Listed(page, list_groups(tx), count_in_groups(tx), see_around(tx, viewer))

    def render(viewer: Viewer, found: Listed) -> str:
        asked = {name: one for name, one in (("q", words), ("group", group), ("retired", retired)) if one}
        called = {one.id: one.name for one in found.groups}
        data: dict[str, Any] = {
            "rows": [(one, f"/items/{one.id}", called.get(one.group_id or 0, "")) for one in found.page.items],
            "groups": [
                Group(one.id, one.name, f"/items?group={one.id}", found.counts.get(one.id, 0), one.id == group_id)
                for one in found.groups
            ],
            "asked": {"q": words, "group": group, "retired": retired},
            "next_url": f"/items?{urlencode(asked | {'after': found.page.next})}" if found.page.next else None,
            "may_change": viewer.may_somewhere("answer"),
        }
        return desk.render("items.html", desk.speaker(viewer), found.around, "documents", **data)

    return html(await door.page(render, see))


@post("/items/groups/{group_id:int}", include_in_schema=False)
async def rename(door: NamedDependency[Door], request: Asked, group_id: Id) -> Response[str]:
    """Call a group otherwise."""
    form = await read_form(request)
    await door.write(call_group, group_id, form.get("name", ""))
    return lead(request, f"/items?group={group_id}")


def see_item(tx: ReadTx, viewer: Viewer, item_id: int | None, typed: Typed | None) -> Asking:
    """The form, with what was typed. Raises NotFound, Forbidden."""
    demand_somewhere(viewer, "answer")
    one = get_item(tx, item_id) if item_id is not None else None
    groups = list_groups(tx)
    if typed is None:
        called = {group.id: group.name for group in groups}
        typed = {} if one is None else {"name": one.name, "code": one.code, "unit": one.unit}
        typed["group"] = called.get(one.group_id or 0, "") if one else ""
    return Asking(one, typed, groups, see_around(tx, viewer))


def save(tx: WriteTx, viewer: Viewer, item_id: int | None, typed: Typed, act: str) -> None:
    """Add or change an item, retire it or bring it back. Raises Forbidden, NotFound, Invalid."""
    if act in ("retire", "restore") and item_id is not None:
        rewrite_item(tx, viewer, item_id, ended=act == "retire")
    elif item_id is not None:
        rewrite_item(tx, viewer, item_id, **typed)
    else:
        make_item(tx, viewer, **typed)


async def _show(
    door: Door, request: Asked, item_id: int | None, typed: Typed | None, problem: Invalid | Conflict | None
) -> Response[str]:
    desk = Desk(door, request)

    def render(viewer: Viewer, asking: Asking) -> str:
        speaker = desk.speaker(viewer)
        told = None
        if problem is not None:
            text = speaker.say(problem.sentence, **problem.fields)
            told = {"field": str(problem.fields.get("field", "name")), "text": text}
        form = {
            "fields": {name: asking.typed.get(name, "") for name in FIELDS},
            "problem": told,
            "title": asking.one.name if asking.one else speaker.say("New item"),
            "url": f"/items/{item_id}" if item_id is not None else "/items/new",
            "ended": bool(asking.one and asking.one.ended),
            "known": asking.one is not None,
            "external_id": (asking.one.external_id or "") if asking.one else "",
            "groups": [one.name for one in asking.groups],
        }
        return desk.render("item_form.html", speaker, asking.around, "documents", form=form)

    return html(await door.page(render, see_item, item_id, typed), 200 if problem is None else 400)


async def _answer(door: Door, request: Asked, item_id: int | None) -> Response[str]:
    form = await read_form(request)
    typed = {name: form.get(name, "") for name in FIELDS}
    try:
        await door.write(save, item_id, typed, form.get("act", ""))
    except (Invalid, Conflict) as problem:
        return await _show(door, request, item_id, typed, problem)
    return lead(request, "/items")


@get("/items/new", include_in_schema=False)
async def new(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """The form of a new one."""
    return await _show(door, request, None, None, None)


@post("/items/new", include_in_schema=False)
async def add(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """Add it, or tell what is wrong."""
    return await _answer(door, request, None)


@get("/items/{item_id:int}", include_in_schema=False)
async def one(door: NamedDependency[Door], request: Asked, item_id: Id) -> Response[str]:
    """The form of one that is there."""
    return await _show(door, request, item_id, None, None)


@post("/items/{item_id:int}", include_in_schema=False)
async def change(door: NamedDependency[Door], request: Asked, item_id: Id) -> Response[str]:
    """Change it, retire it or bring it back."""
    return await _answer(door, request, item_id)


ROUTES = [items, rename, new, add, one, change]
