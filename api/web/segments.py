"""Segments: the list, one with its members, and why somebody is in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from api.auth import Door
from api.web.desk import After, Asked, Desk, Id, html
from api.web.forms import read_form, read_id
from api.web.segment_rows import clients_in, say_segment, show_member, show_row, show_why
from api.web.shell import Around, see_around
from core.database import ReadTx, WriteTx
from core.errors import Invalid
from core.paging import Page
from core.rules import Rule, Vocabulary, parse_rule
from crm.parties import Contact, get_contact, list_contacts, list_counterparties
from crm.segments import (
    Member,
    Of,
    Segment,
    Why,
    add_members,
    drop_members,
    end_segment,
    explain_why,
    get_segment,
    list_members,
    list_segments,
    words_of,
)
from crm.segments.naming import Names, list_clients_named, read_names
from crm.staff.readable import Viewer

MOST_ALIKE = 20


@dataclass(frozen=True, slots=True)
class Listed:
    """All segments with their rules."""

    segments: list[tuple[Segment, Rule | None]]
    words: Mapping[Of, Vocabulary]
    names: Names
    around: Around


@dataclass(frozen=True, slots=True)
class One:
    """A segment with a page of its members."""

    segment: Segment
    rule: Rule | None
    words: Vocabulary
    members: Page[Member]
    people: dict[int, Contact]
    names: Names
    around: Around


@dataclass(frozen=True, slots=True)
class Explained:
    """Why somebody is in a segment."""

    segment: Segment
    why: Why
    names: Names
    around: Around


def rule_of(tx: ReadTx, one: Segment) -> tuple[Vocabulary, Rule | None]:
    """Its words, and its rule; None for one by hand."""
    words = words_of(tx, one.of, ended=True)
    return words, None if one.rule is None else parse_rule(one.rule, words)


def see_list(tx: ReadTx, viewer: Viewer) -> Listed:
    """By name."""
    found = [(one, *rule_of(tx, one)) for one in list_segments(tx)]
    clients = {number for _, words, rule in found for number in clients_in(words, rule)}
    words = {one.of: words for one, words, _ in found}
    return Listed([(one, rule) for one, _, rule in found], words, read_names(tx, clients), see_around(tx, viewer))


def see_one(tx: ReadTx, viewer: Viewer, segment_id: int, after: str | None) -> One:
    """Raises NotFound, Invalid for a bad cursor."""
    found = get_segment(tx, segment_id)
    words, rule = rule_of(tx, found)
    members = list_members(tx, segment_id, after=after)
    people = {one.party_id: get_contact(tx, one.party_id) for one in members.items} if found.of == "contacts" else {}
    names = read_names(tx, clients_in(words, rule))
    return One(found, rule, words, members, people, names, see_around(tx, viewer))


def see_why(tx: ReadTx, viewer: Viewer, segment_id: int, party_id: int) -> Explained:
    """Raises NotFound."""
    why = explain_why(tx, segment_id, party_id)
    told = [(why.words.get(one.condition.field), one) for one in why.reasons]
    clients = list_clients_named((field, value) for field, one in told for value in (one.value, one.condition.value))
    return Explained(get_segment(tx, segment_id), why, read_names(tx, clients), see_around(tx, viewer))


@get("/segments", include_in_schema=False)
async def show_list(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """All of them, each with its sentence."""
    desk = Desk(door, request)

    def render(viewer: Viewer, seen: Listed) -> str:
        speaker = desk.speaker(viewer)
        rows = [
            show_row(speaker, one, say_segment(speaker, seen.words[one.of], rule, seen.names))
            for one, rule in seen.segments
        ]
        may_add = viewer.may_somewhere("answer")
        return desk.render("segments.html", speaker, seen.around, "segments", rows=rows, may_add=may_add)

    return html(await door.page(render, see_list))


_EXPORTED = {"counterparties": "clients", "contacts": "contacts"}


@get("/segments/{segment_id:int}", include_in_schema=False)
async def show_one(door: NamedDependency[Door], request: Asked, segment_id: Id, after: After = None) -> Response[str]:
    """One: its sentence, and who is in it since when."""
    desk = Desk(door, request)

    def render(viewer: Viewer, seen: One) -> str:
        speaker, one = desk.speaker(viewer), seen.segment
        rows = [show_member(speaker, one, each, _url(seen, each), seen.names["users"]) for each in seen.members.items]
        said = say_segment(speaker, seen.words, seen.rule, seen.names)
        data: dict[str, Any] = {
            "segment": show_row(speaker, one, said),
            "of": one.of,
            "by_hand": one.by_hand,
            "members": rows,
            "next_url": f"/segments/{one.id}?after={seen.members.next}" if seen.members.next else None,
            "may_change": viewer.may_somewhere("answer"),
            "export_url": f"/{_EXPORTED[one.of]}/export?segment={one.id}" if viewer.may_somewhere("assign") else None,
        }
        return desk.render("segment.html", speaker, seen.around, "segments", **data)

    return html(await door.page(render, see_one, segment_id, after))


def _url(seen: One, one: Member) -> str | None:
    if seen.segment.of == "counterparties":
        return f"/clients/{one.party_id}"
    clients = seen.people[one.party_id].counterparty_ids
    return f"/clients/{clients[0]}" if clients else None


@get("/segments/{segment_id:int}/why/{party_id:int}", include_in_schema=False)
async def why(door: NamedDependency[Door], request: Asked, segment_id: Id, party_id: Id) -> Response[str]:
    """Every condition of its rule, with what was so when they entered."""
    desk = Desk(door, request)

    def render(viewer: Viewer, seen: Explained) -> str:
        speaker = desk.speaker(viewer)
        shown = show_why(speaker, seen.why, seen.names)
        here = {"url": f"/segments/{segment_id}", "name": seen.segment.name}
        return desk.render("segment_why.html", speaker, seen.around, "segments", why=shown, segment=here)

    return html(await door.page(render, see_why, segment_id, party_id))


@post("/segments/{segment_id:int}/end", include_in_schema=False, status_code=200)
async def end(door: NamedDependency[Door], request: Asked, segment_id: Id) -> Response[Any]:
    """Nobody is in it any more."""
    await door.write(end_segment, segment_id)
    return go(request, "/segments")


@post("/segments/{segment_id:int}/members", include_in_schema=False, status_code=200)
async def members(door: NamedDependency[Door], request: Asked, segment_id: Id) -> Response[Any]:
    """One is put in by name, or taken out."""
    form = await read_form(request)
    await door.write(move_member, segment_id, form.get("name", "").strip(), read_id(form, "remove"))
    return go(request, f"/segments/{segment_id}")


def move_member(tx: WriteTx, viewer: Viewer, segment_id: int, name: str, remove: int | None) -> None:
    """Raises NotFound, Forbidden, Conflict, Invalid for a name that is nobody's or that several have."""
    if remove is not None:
        drop_members(tx, viewer, segment_id, [remove])
    else:
        add_members(tx, viewer, segment_id, [_find(tx, get_segment(tx, segment_id).of, name)])


def _find(tx: ReadTx, of: Of, name: str) -> int:
    listed = list_counterparties if of == "counterparties" else list_contacts
    some = listed(tx, words=name, limit=MOST_ALIKE).items if name else []
    exact = [one for one in some if one.name.casefold() == name.casefold()] or some
    if len(exact) != 1:
        raise Invalid("Who is “%(name)s”? Write the whole name.", name=name, field="name")
    return exact[0].id


def go(request: Asked, url: str) -> Response[Any]:
    """To a page, by script or without."""
    if request.headers.get("hx-request") == "true":
        return Response("", headers={"HX-Redirect": url}, media_type="text/html")
    return Redirect(url, status_code=303)


ROUTES = [show_list, show_one, why, end, members]
