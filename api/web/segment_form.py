"""The editor of a segment: a sentence of chips, with how many it is true of and some of them while one writes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.datastructures import FormMultiDict
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from api.auth import Door
from api.web.condition_form import Line, lines_data, make_lines, press_lines, read_lines
from api.web.condition_words import Choice, LineView, show_joined, show_lines
from api.web.desk import Asked, Desk, Id, html
from api.web.forms import LONGEST_FIELD, read_form
from api.web.segment_rows import clients_in, say_kind, say_segment
from api.web.segments import go, rule_of
from api.web.shapes import Speaker
from api.web.shell import Around, see_around
from api.web.views import find_client
from core.database import ReadTx, WriteTx
from core.errors import HouseError, Invalid
from core.rules import Rule, Vocabulary
from crm.segments import Of, Segment, Trial, add_segment, change_rule, get_segment, rename_segment, try_rule, words_of
from crm.segments.naming import Names, read_names
from crm.staff.readable import Viewer

Which = Annotated[str, QueryParameter(name="of", max_length=20)]
By = Annotated[str, QueryParameter(name="by", max_length=10)]
FRESH: dict[str, Line] = {"counterparties": Line("city", "eq"), "contacts": Line("position", "contains")}
ADDED: dict[str, Line] = {
    "counterparties": Line("letters.last_in", "older_than_days", ("60",)),
    "contacts": Line("consent", "eq", ("yes",)),
}


@dataclass(frozen=True, slots=True)
class Draft:
    """A segment as its form holds it; without ``lines`` it is kept by hand."""

    of: Of
    name: str = ""
    joined: str = "all"
    lines: tuple[Line, ...] = ()
    by_hand: bool = False
    version: int = 0


@dataclass(frozen=True, slots=True)
class FormView:
    """See templates/web/_segment_form.html."""

    of: str
    kind: str
    name: str
    by_hand: bool
    version: int
    joined: list[Choice]
    group_words: str
    lines: list[LineView]


@dataclass(frozen=True, slots=True)
class Seen:
    """What the editor needs."""

    segment: Segment | None
    rule: Rule | None
    words: Vocabulary
    names: Names
    around: Around


def read_of(text: str) -> Of:
    """Of clients, unless it says people."""
    return "contacts" if text == "contacts" else "counterparties"


def see_editor(tx: ReadTx, viewer: Viewer, of: Of, segment_id: int | None) -> Seen:
    """Raises NotFound."""
    found = None if segment_id is None else get_segment(tx, segment_id)
    of = of if found is None else found.of
    words, rule = (words_of(tx, of), None) if found is None else rule_of(tx, found)
    names = read_names(tx, clients_in(words, rule))
    own = "segments" if of == "counterparties" else "people_segments"
    names[own].pop(segment_id or 0, None)
    return Seen(found, rule, words, names, see_around(tx, viewer))


@get("/segments/new", include_in_schema=False)
async def show_new(door: NamedDependency[Door], request: Asked, of: Which = "", by: By = "") -> Response[str]:
    """The editor of a new one: by a rule, or by hand."""
    kind = read_of(of)
    draft = Draft(kind, by_hand=by == "hand", lines=() if by == "hand" else (FRESH[kind],))
    return await _show(door, request, kind, None, draft)


@get("/segments/{segment_id:int}/edit", include_in_schema=False)
async def show_edit(door: NamedDependency[Door], request: Asked, segment_id: Id) -> Response[str]:
    """The editor of one that stands."""
    return await _show(door, request, "counterparties", segment_id, None)


async def _show(door: Door, request: Asked, of: Of, segment_id: int | None, fresh: Draft | None) -> Response[str]:
    desk = Desk(door, request)

    def render(viewer: Viewer, seen: Seen) -> str:
        speaker = desk.speaker(viewer)
        draft = fresh if seen.segment is None else _make_draft(seen.segment, seen.rule, seen.words)
        form = None if draft is None else show_form(speaker, draft, seen)
        said = say_segment(speaker, seen.words, seen.rule, seen.names)
        return desk.render(
            "segment_edit.html",
            speaker,
            seen.around,
            "segments",
            segment=seen.segment,
            form=form,
            said=said,
            trial=None,
        )

    return html(await door.page(render, see_editor, of, segment_id))


@post("/segments/draft", include_in_schema=False, status_code=200)
async def redraw(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """The editor as its form says now."""
    draft, fields, seen = await _read(door, request)
    desk = Desk(door, request)
    speaker = desk.speaker(door.viewer)
    lines = press_lines(draft.lines, fields.get("act", ""), ADDED[draft.of])
    form = show_form(speaker, replace(draft, lines=lines), seen)
    if request.headers.get("hx-request") == "true":
        return await desk.render_later("_segment_form.html", speaker, None, "segments", form=form)
    return await desk.render_later(
        "segment_edit.html", speaker, seen.around, "segments", form=form, segment=None, said=""
    )


@post("/segments/count", include_in_schema=False, status_code=200)
async def count(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """How many the form is true of now, and some of them; while something is missing, what."""
    draft, _fields, seen = await _read(door, request)
    desk = Desk(door, request)
    speaker = desk.speaker(door.viewer)
    trial: Trial | None = None
    missing = ""
    try:
        trial = await door.search(_try, await door.read(_data, draft, seen.words), draft.of, desk.zone.key)
    except HouseError as problem:
        label = problem.fields.get("name")
        named = {"name": speaker.say(str(label))} if label else {}
        missing = speaker.say(problem.sentence, **problem.fields | named)
    return await desk.render_later(
        "_segment_count.html", speaker, None, "segments", trial=trial, missing=missing, of=draft.of
    )


def _try(tx: ReadTx, _viewer: Viewer, data: dict[str, Any], of: Of, zone: str) -> Trial:
    return try_rule(tx, of, data, zone)


@post("/segments", include_in_schema=False, status_code=200)
async def save_new(door: NamedDependency[Door], request: Asked) -> Response[Any]:
    """Keep a new one, and show it."""
    draft, _fields, seen = await _read(door, request)
    data = None if draft.by_hand else await _wanted(door, request, draft, seen)
    made = await door.write(_add, draft, data, door.house.settings.company.timezone)
    return go(request, f"/segments/{made}")


def _add(tx: WriteTx, viewer: Viewer, draft: Draft, data: dict[str, Any] | None, zone: str) -> int:
    return add_segment(tx, viewer, draft.name, draft.of, rule=data, zone=zone)


@post("/segments/{segment_id:int}", include_in_schema=False, status_code=200)
async def save_one(door: NamedDependency[Door], request: Asked, segment_id: Id) -> Response[Any]:
    """Let one be as its form says."""
    draft, _fields, seen = await _read(door, request)
    data = None if draft.by_hand else await _wanted(door, request, draft, seen)
    await door.write(_change, segment_id, draft, data, door.house.settings.company.timezone)
    return go(request, f"/segments/{segment_id}")


def _change(tx: WriteTx, viewer: Viewer, segment_id: int, draft: Draft, data: dict[str, Any] | None, zone: str) -> None:
    rename_segment(tx, viewer, segment_id, draft.name)
    if data is not None:
        change_rule(tx, viewer, segment_id, data, zone, version=draft.version)


def _make_draft(one: Segment, rule: Rule | None, words: Vocabulary) -> Draft | None:
    """The form of one; None for a rule that is deeper than the form."""
    if rule is None:
        return Draft(one.of, one.name, by_hand=True)
    fitting = make_lines(rule, words)
    return None if fitting is None else Draft(one.of, one.name, *fitting, version=one.version)


def show_form(speaker: Speaker, draft: Draft, seen: Seen) -> FormView:
    """The form with everything that can be chosen in it."""
    joined, group_words = show_joined(speaker, draft.joined)
    return FormView(
        of=draft.of,
        kind=say_kind(speaker, draft.of),
        name=draft.name,
        by_hand=draft.by_hand,
        version=draft.version,
        joined=joined,
        group_words=group_words,
        lines=show_lines(speaker, draft.joined, draft.lines, seen.words, seen.names),
    )


async def _read(door: Door, request: Asked) -> tuple[Draft, dict[str, str], Seen]:
    form: FormMultiDict = await request.form()
    fields = await read_form(request)
    chosen = {name: [str(one)[:LONGEST_FIELD] for one in form.getall(name)] for name in form}
    of = read_of(fields.get("of", ""))
    seen = await door.read(see_editor, of, None)
    version = fields.get("version", "0")
    draft = Draft(
        of=of,
        name=fields.get("name", "").strip(),
        joined="any" if fields.get("joined") == "any" else "all",
        lines=read_lines(fields, chosen, seen.words, door.house.settings.company.currency),
        by_hand=fields.get("by") == "hand",
        version=int(version) if version.isascii() and version.isdigit() and len(version) < 19 else 0,
    )
    return draft, fields, seen


def _data(tx: ReadTx, _viewer: Viewer, draft: Draft, words: Vocabulary) -> dict[str, Any]:
    """The conditions, with the clients that names mean. Raises Invalid."""
    lines = [_with_clients(tx, line, words) for line in draft.lines]
    return lines_data(draft.joined, lines, words)


def _with_clients(tx: ReadTx, line: Line, words: Vocabulary) -> Line:
    if words.base(line.field).of != "clients" or line.op.endswith("is_empty"):
        return line
    found = [find_client(tx, text.strip()) for text in line.values if text.strip()]
    return replace(line, values=tuple(str(one.id) for one in found))


async def _wanted(door: Door, request: Asked, draft: Draft, seen: Seen) -> dict[str, Any]:
    """What the form asks for. Raises Invalid, in the reader's words."""
    try:
        return await door.read(_data, draft, seen.words)
    except Invalid as problem:
        speaker = Desk(door, request).speaker(door.viewer)
        label = problem.fields.get("name")
        named = {"name": speaker.say(str(label))} if label else {}
        raise Invalid(problem.sentence, **problem.fields | named) from None


ROUTES = [show_new, show_edit, redraw, count, save_new, save_one]
