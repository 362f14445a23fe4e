"""Promises: what is due and what is late, whose; each kept, put off, given to others or withdrawn."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from api.auth import Door
from api.web.desk import Asked, Desk, Id, html
from api.web.forms import read_form, read_id
from api.web.place import Place
from api.web.planned_about import About, see_about
from api.web.planned_form import OfClient, OfLine, OfThread
from api.web.planner_words import starts_on
from api.web.shapes import Person, Speaker, make_person, make_when
from api.web.shell import Around, see_around
from core import clock
from core.clock import iso
from core.database import ReadTx, WriteTx
from core.errors import Invalid
from crm.execution.promises import (
    Made,
    Promise,
    Tally,
    count_promises,
    drop_promise,
    get_promise,
    keep_promise,
    list_promises,
    may_change,
    refuse_proposal,
)
from crm.parties import names_of
from crm.staff.people import list_users
from crm.staff.readable import Viewer
from mailhub.mailboxes.planning import promise_it, repromise

Whose = Annotated[str, QueryParameter(name="of", max_length=20)]
EVERYBODY = "all"
PERIOD = 30


@dataclass(frozen=True, slots=True)
class PromiseLine:
    """One promise; see templates/web/_promises.html."""

    id: int
    url: str
    text: str
    side: str
    client: str
    client_url: str
    executor: Person
    due_iso: str
    due: str
    late: str
    letter_url: str | None
    proposed_url: str | None
    may_change: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """What the page reads."""

    promises: list[Promise]
    tally: list[Tally]
    clients: dict[int, str]
    users: dict[int, str]
    around: Around


@dataclass(frozen=True, slots=True)
class PromisePage:
    """See templates/web/promises.html."""

    late: list[PromiseLine]
    coming: list[PromiseLine]
    whose: list[tuple[str, str, bool]]
    tally: list[tuple[str, Tally, int]]
    users: list[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class PromiseForm:
    """See templates/web/promise_form.html."""

    fields: dict[str, str]
    problem: dict[str, str] | None
    client: str
    back_url: str
    contacts: list[tuple[int, str]]
    users: list[tuple[int, str]]


def make_promise_line(
    speaker: Speaker, one: Promise, clients: Mapping[int, str], users: Mapping[int, str]
) -> PromiseLine:
    """One of them on the clock of its reader."""
    when = make_when(speaker, one.due_at, long=True)
    assert when is not None
    thread = Place("all").thread(one.based_thread_id) if one.based_thread_id is not None else None
    return PromiseLine(
        id=one.id,
        url=f"/promises/{one.id}",
        text=one.text,
        side=one.side,
        client=clients.get(one.counterparty_id, ""),
        client_url=f"/clients/{one.counterparty_id}",
        executor=make_person(users.get(one.executor_id, "?"), me=one.executor_id == speaker.viewer.user_id),
        due_iso=iso(one.due_at),
        due=when.text,
        late=speaker.language.format_span(speaker.now - one.due_at) if one.is_late(speaker.now) else "",
        letter_url=thread,
        proposed_url=f"{thread}#letter-{one.proposed_id}" if thread and one.proposed_id else None,
        may_change=may_change(speaker.viewer, one),
    )


@get("/promises", include_in_schema=False)
async def page(door: NamedDependency[Door], request: Asked, of: Whose = "") -> Response[str]:
    """What is late and what comes; one's own, somebody's, everybody's."""
    desk = Desk(door, request)
    if of and of != EVERYBODY and not (of.isascii() and of.isdigit() and len(of) < 19):
        raise Invalid("The field %(name)s must be a number.", name="of", field="of")

    def see(tx: ReadTx, viewer: Viewer) -> Seen:
        people = None if of == EVERYBODY else [int(of) if of else viewer.user_id]
        promises = list_promises(tx, viewer, executor_ids=people, limit=500)
        users = {one.id: one.name for one in list_users(tx) if not one.disabled}
        tally = count_promises(tx, viewer, clock.now() - PERIOD * clock.DAY)
        clients = names_of(tx, {one.counterparty_id for one in promises})
        return Seen(promises, tally, clients, users, see_around(tx, viewer))

    def render(viewer: Viewer, seen: Seen) -> str:
        speaker = desk.speaker(viewer)
        return desk.render("promises.html", speaker, seen.around, "promises", promises=make_page(speaker, seen, of))

    return html(await door.page(render, see))


def make_page(speaker: Speaker, seen: Seen, of: str) -> PromisePage:
    """Late ones first, then what comes; who kept how many."""
    lines = [make_promise_line(speaker, one, seen.clients, seen.users) for one in seen.promises]
    whose = [("", speaker.say("Mine"), not of), (EVERYBODY, speaker.say("Everybody's"), of == EVERYBODY)]
    whose += [(str(one), name, of == str(one)) for one, name in seen.users.items() if one != speaker.viewer.user_id]
    tally = []
    for one in seen.tally:
        told = one.kept + one.kept_late + one.late
        tally.append((seen.users.get(one.executor_id, "?"), one, round(100 * one.kept / told) if told else 100))
    return PromisePage(
        late=[one for one in lines if one.late],
        coming=[one for one in lines if not one.late],
        whose=whose,
        tally=tally,
        users=list(seen.users.items()),
    )


@get("/promises/new", include_in_schema=False)
async def fresh(
    door: NamedDependency[Door], request: Asked, client: OfClient = None, base: OfLine = None, thread: OfThread = None
) -> Response[str]:
    """An empty form, or one on the basis of a line or a letter."""
    desk = Desk(door, request)
    tomorrow = (datetime.now(desk.zone) + timedelta(days=1)).strftime("%Y-%m-%dT18:00")

    def render(viewer: Viewer, about: About) -> str:
        speaker = desk.speaker(viewer)
        carried = {"client_id": about.client_id, "base_id": about.based_on_id, "contact_id": about.contact_id}
        fields = {name: str(one or "") for name, one in carried.items()} | {"side": "us", "due": tomorrow}
        form = make_form(about, fields | {"executor_id": str(viewer.user_id)}, None)
        return desk.render("promise_form.html", speaker, about.around, "promises", form=form)

    return html(await door.page(render, see_about, client, base, thread))


@post("/promises/new", include_in_schema=False, status_code=200)
async def add(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """Write it down; a form with a mistake comes back as it was typed."""
    desk, form = Desk(door, request), await read_form(request)
    client_id, base_id = read_id(form, "client_id"), read_id(form, "base_id")
    try:

        def verb(tx: WriteTx, viewer: Viewer) -> int:
            if client_id is None:
                raise Invalid("Name the client.", field="client_id")
            due_at = starts_on(desk.speaker(viewer), form.get("due", ""))
            made = Made(
                counterparty_id=client_id,
                text=form.get("text", ""),
                due_at=due_at,
                executor_id=read_id(form, "executor_id") or viewer.user_id,
                side=form.get("side", "us"),
                contact_id=read_id(form, "contact_id"),
                based_on_id=base_id,
            )
            return promise_it(tx, viewer, made)

        await door.write(verb)
    except Invalid as problem:
        mistake = problem

        def render(viewer: Viewer, about: About) -> str:
            speaker = desk.speaker(viewer)
            text = speaker.say(mistake.sentence, **mistake.fields)
            said = {"field": str(mistake.fields.get("field", "")), "text": text}
            made = make_form(about, form, said)
            return desk.render("promise_form.html", speaker, about.around, "promises", form=made)

        return html(await door.page(render, see_about, client_id, base_id, None), status=400)
    return _to(f"/clients/{client_id}")


@get("/promises/{promise_id:int}", include_in_schema=False)
async def opened(door: NamedDependency[Door], promise_id: Id) -> Response[str]:
    """To the client whose promise it is."""
    one = await door.read(get_promise, promise_id)
    return _to(f"/clients/{one.counterparty_id}#promise-{promise_id}")


@post("/promises/{promise_id:int}", include_in_schema=False, status_code=200)
async def act(door: NamedDependency[Door], request: Asked, promise_id: Id) -> Response[str]:
    """Kept, not kept by that letter, withdrawn, more time, other hands."""
    desk, form = Desk(door, request), await read_form(request)
    what = form.get("act", "")
    if what == "kept":
        await door.write(keep_promise, promise_id)
    elif what == "refuse":
        await door.write(refuse_proposal, promise_id)
    elif what == "drop":
        await door.write(drop_promise, promise_id)
    elif what == "change":

        def verb(tx: WriteTx, viewer: Viewer) -> None:
            due = starts_on(desk.speaker(viewer), form["due"]) if form.get("due") else None
            repromise(tx, viewer, promise_id, due_at=due, executor_id=read_id(form, "executor_id"))

        await door.write(verb)
    else:
        raise Invalid("This answer is not known.", field="act")
    return _to("/promises" if form.get("back") == "promises" else f"/promises/{promise_id}")


def make_form(about: About, fields: dict[str, str], problem: dict[str, str] | None) -> PromiseForm:
    """The form with what was typed."""
    back = f"/clients/{about.client_id}" if about.client_id is not None else "/promises"
    return PromiseForm(defaultdict(str, fields), problem, about.client, back, about.contacts, about.users)


def _to(where: str) -> Response[str]:
    return Response("", status_code=303, headers={"Location": where}, media_type="text/html")


ROUTES = [page, fresh, add, opened, act]
