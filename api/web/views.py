"""Saved views: their editor, a sentence of chips as that of a rule, and what it keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.datastructures import FormMultiDict
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Redirect

from api.auth import Door
from api.web.condition_form import Line, lines_data, make_lines, press_lines, read_lines
from api.web.condition_words import Choice, LineView, Names, chosen_of, show_joined, show_lines
from api.web.desk import Asked, Desk, Id, html
from api.web.forms import LONGEST_FIELD, read_form, read_id
from api.web.shapes import Speaker, short_name
from api.web.shell import Around, see_around
from core.database import ReadTx
from core.errors import Invalid
from core.rules import Wording, list_conditions, say_rule
from crm.parties import Counterparty, get_counterparty, list_counterparties
from crm.staff.people import Team, list_teams, list_users
from crm.staff.readable import Viewer
from mailhub.mailboxes.tags import list_tags
from mailhub.mailboxes.views import (
    LONGEST_NAME,
    SavedView,
    WantedView,
    add_view,
    change_view,
    delete_view,
    get_view,
    parse_view,
    threads_for,
)

OfClient = Annotated[int | None, QueryParameter(name="client", ge=1, le=2**63 - 1)]
MOST_ALIKE = 20
FRESH = Line("state", "eq", ("open",))
ADDED = Line("waiting", "eq", ("us",))


@dataclass(frozen=True, slots=True)
class Draft:
    """A view as its form holds it."""

    name: str = ""
    joined: str = "all"
    lines: tuple[Line, ...] = (FRESH,)
    late: bool = False
    team: str = ""


@dataclass(frozen=True, slots=True)
class FormView:
    """See templates/web/_view_form.html."""

    name: str
    joined: list[Choice]
    group_words: str
    lines: list[LineView]
    orders: list[Choice]
    teams: list[Choice]


@dataclass(frozen=True, slots=True)
class Seen:
    """What the editor needs: the view, whom and what conditions may name, the teams one may share with."""

    view: SavedView | None
    names: Names
    teams: Sequence[Team]
    around: Around


def see_editor(tx: ReadTx, viewer: Viewer, view_id: int | None) -> Seen:
    """Raises NotFound."""
    around = see_around(tx, viewer)
    names = {
        "users": {one.id: one.name for one in list_users(tx)},
        "mailboxes": {box.id: short_name(box) for box in around.boxes},
        "tags": {one.id: one.name for one in list_tags(tx)},
    }
    teams = [team for team in list_teams(tx) if viewer.is_admin or viewer.user_id in team.member_ids]
    view = get_view(tx, viewer, view_id) if view_id is not None else None
    return Seen(view, {**names, "clients": _clients_of(tx, view)}, teams, around)


def _clients_of(tx: ReadTx, view: SavedView | None) -> dict[int, str]:
    """The clients that a view names."""
    named = [one for one in list_conditions(view.condition) if one.field == "client"] if view else []
    ids = {int(one) for each in named for one in (each.value if isinstance(each.value, tuple) else (each.value,))}
    return {one: get_counterparty(tx, one).name for one in sorted(ids - {True})}


def find_clients(tx: ReadTx, _viewer: Viewer, lines: Sequence[Line]) -> tuple[tuple[Line, ...], dict[int, str]]:
    """Lines with their clients by number, and what these are called. Raises Invalid for a name that is nobody's, or
    that several have."""
    found, names = [], {}
    for line in lines:
        numbers = []
        for text in line.values if line.field == "client" else ():
            client = find_client(tx, text.strip())
            names[client.id] = client.name
            numbers.append(str(client.id))
        found.append(replace(line, values=tuple(numbers)) if numbers else line)
    return tuple(found), names


def find_client(tx: ReadTx, text: str) -> Counterparty:
    """The client of a number, or of a name. Raises Invalid for a name that is nobody's, or that several have."""
    if text.isascii() and text.isdigit() and len(text) < 19:
        return get_counterparty(tx, int(text))
    some = list_counterparties(tx, words=text, limit=MOST_ALIKE).items
    exact = [one for one in some if one.name.casefold() == text.casefold()] or some
    if len(exact) != 1:
        raise Invalid("Which client is “%(name)s”? Write the whole name.", name=text, field="client")
    return exact[0]


@get("/views/new", include_in_schema=False)
async def show_new(door: NamedDependency[Door], request: Asked, client: OfClient = None) -> Response[str]:
    """The editor of a new view: what is open, or everything of a client."""
    draft = Draft() if client is None else Draft(lines=(Line("client", "eq", (str(client),)),))
    return await _show(door, request, None, draft)


@get("/views/{view_id:int}/edit", include_in_schema=False)
async def show_one(door: NamedDependency[Door], request: Asked, view_id: Id) -> Response[str]:
    """The editor of a view, or its sentence for who may not change it or where a program has written a deeper one."""
    return await _show(door, request, view_id)


async def _show(door: Door, request: Asked, view_id: int | None, fresh: Draft | None = None) -> Response[str]:
    desk = Desk(door, request)
    named = (await door.read(find_clients, fresh.lines))[1] if fresh else {}

    def render(viewer: Viewer, seen: Seen) -> str:
        speaker, view = desk.speaker(viewer), seen.view
        draft = make_draft(view, viewer) if view is not None else fresh
        shown = replace(seen, names={**seen.names, "clients": named}) if named else seen
        form = show_form(speaker, draft, shown) if draft is not None and (view is None or view.own) else None
        said = say_rule(view.condition, threads_for(viewer), _wording(speaker, seen)) if view is not None else ""
        return desk.render("view.html", speaker, seen.around, "views", view=view, form=form, said=said)

    return html(await door.page(render, see_editor, view_id))


@post("/views/draft", include_in_schema=False, status_code=200)
async def redraw(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """The editor as its form says now."""
    seen = await door.read(see_editor, None)
    draft, fields = await _read(request, door.viewer)
    desk = Desk(door, request)
    speaker = desk.speaker(door.viewer)
    lines = press_lines(draft.lines, fields.get("act", ""), ADDED)
    form = show_form(speaker, replace(draft, lines=lines), seen)
    if request.headers.get("hx-request") == "true":
        return await desk.render_later("_view_form.html", speaker, None, "views", form=form)
    return await desk.render_later("view.html", speaker, seen.around, "views", form=form, view=None, said="")


@post("/views", include_in_schema=False, status_code=200)
async def save_new(door: NamedDependency[Door], request: Asked) -> Response[Any]:
    """Keep a new view, and show it."""
    seen = await door.read(see_editor, None)
    draft, seen = await _with_clients(door, (await _read(request, door.viewer))[0], seen)
    made = await door.write(add_view, _wanted(door, request, draft, seen))
    return _go(request, f"/views/{made.id}")


@post("/views/{view_id:int}", include_in_schema=False, status_code=200)
async def save_one(door: NamedDependency[Door], request: Asked, view_id: Id) -> Response[Any]:
    """Let a view be as its form says."""
    seen = await door.read(see_editor, view_id)
    draft, fields = await _read(request, door.viewer)
    draft, seen = await _with_clients(door, draft, seen)
    wanted = _wanted(door, request, draft, seen)
    await door.write(change_view, view_id, wanted, version=read_id(fields, "version"))
    return _go(request, f"/views/{view_id}")


@post("/views/{view_id:int}/delete", include_in_schema=False, status_code=200)
async def drop(door: NamedDependency[Door], request: Asked, view_id: Id) -> Response[Any]:
    """It is there no more, for nobody."""
    await door.write(delete_view, view_id)
    return _go(request, "/waiting")


def make_draft(view: SavedView, viewer: Viewer) -> Draft | None:
    """The form of a view; None for one that is deeper than the form."""
    fitting = make_lines(view.condition, threads_for(viewer))
    return None if fitting is None else Draft(view.name, *fitting, view.late, str(view.team_id or ""))


def show_form(speaker: Speaker, draft: Draft, seen: Seen) -> FormView:
    """The form with everything that can be chosen in it."""
    say = speaker.say
    joined, group_words = show_joined(speaker, draft.joined)
    orders = [("", say("the newest letter first")), ("late", say("what waits for us, the latest first"))]
    teams = [("", say("me alone")), *((str(team.id), team.name) for team in seen.teams)]
    return FormView(
        name=draft.name,
        joined=joined,
        group_words=group_words,
        lines=show_lines(speaker, draft.joined, draft.lines, threads_for(speaker.viewer), seen.names),
        orders=chosen_of(orders, "late" if draft.late else ""),
        teams=chosen_of(teams, draft.team),
    )


async def _read(request: Asked, viewer: Viewer) -> tuple[Draft, dict[str, str]]:
    form: FormMultiDict = await request.form()
    fields = await read_form(request)
    chosen = {name: [str(one)[:LONGEST_FIELD] for one in form.getall(name)] for name in form}
    draft = Draft(
        name=fields.get("name", "").strip(),
        joined="any" if fields.get("joined") == "any" else "all",
        lines=read_lines(fields, chosen, threads_for(viewer)),
        late=fields.get("order") == "late",
        team=fields.get("team", ""),
    )
    return draft, fields


async def _with_clients(door: Door, draft: Draft, seen: Seen) -> tuple[Draft, Seen]:
    """What was typed, with the clients that its names mean. Raises Invalid."""
    lines, names = await door.read(find_clients, draft.lines)
    return replace(draft, lines=lines), replace(seen, names={**seen.names, "clients": names})


def _wanted(door: Door, request: Asked, draft: Draft, seen: Seen) -> WantedView:
    """What the form asks for, under its sentence where it has no name. Raises Invalid, in the reader's words."""
    speaker = Desk(door, request).speaker(door.viewer)
    words = threads_for(door.viewer)
    try:
        condition = lines_data(draft.joined, draft.lines, words)
    except Invalid as problem:
        label = problem.fields.get("name")
        named = {"name": speaker.say(str(label))} if label else {}
        raise Invalid(problem.sentence, **problem.fields | named) from None
    name, team_id = draft.name, read_id({"team": draft.team}, "team")
    zone = door.house.settings.company.timezone
    wanted = parse_view(door.viewer, name or "…", condition, late=draft.late, team_id=team_id, zone=zone)
    if name:
        return wanted
    said = say_rule(wanted.condition, words, _wording(speaker, seen)) or speaker.say("every thread")
    name = (said[:1].upper() + said[1:])[:LONGEST_NAME]
    return parse_view(door.viewer, name, condition, late=draft.late, team_id=team_id, zone=zone)


def _wording(speaker: Speaker, seen: Seen) -> Wording:
    """How views are said to this reader: what they may not see has no name."""
    return Wording(speaker.language, lambda field, number: seen.names.get(field.of, {}).get(number, "?"))


def _go(request: Asked, url: str) -> Response[Any]:
    if request.headers.get("hx-request") == "true":
        return Response("", headers={"HX-Redirect": url}, media_type="text/html")
    return Redirect(url, status_code=303)


ROUTES = [show_new, show_one, redraw, save_new, save_one, drop]
