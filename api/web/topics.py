"""The page of topics and sign-up forms: what mailings are about, and where people ask for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from api.auth import Door
from api.joining import PATH as JOIN
from api.web.desk import Asked, Desk, Id, html
from api.web.forms import read_form
from api.web.shell import Around, see_around
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Invalid
from crm.staff.readable import Viewer, demand_admin
from mailhub.campaigns.joining import Form, add_form, change_form, list_forms
from mailhub.campaigns.topics import Topic, add_topic, change_topic, list_topics

PAGE = "/settings/topics"


@dataclass(frozen=True, slots=True)
class Seen:
    """What the page reads."""

    topics: list[Topic]
    forms: list[Form]
    around: Around


def see_topics(tx: ReadTx, viewer: Viewer) -> Seen:
    """Raises Forbidden for who is no administrator."""
    demand_admin(viewer)
    return Seen(list_topics(tx), list_forms(tx), see_around(tx, viewer))


@get(PAGE, include_in_schema=False)
async def show(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """The page."""
    return await _page(door, request, "", 200)


async def _page(door: Door, request: Asked, problem: str, status: int) -> Response[str]:
    desk = Desk(door, request)
    base = door.house.settings.web.base_url.rstrip("/")

    def render(viewer: Viewer, seen: Seen) -> str:
        shown = {"topics": seen.topics, "forms": seen.forms, "join": f"{base}{JOIN}", "problem": problem}
        return desk.render("topics.html", desk.speaker(viewer), seen.around, "settings", **shown)

    return html(await door.page(render, see_topics), status)


@post(PAGE, include_in_schema=False, status_code=303)
async def add(door: NamedDependency[Door], request: Asked) -> Redirect | Response[str]:
    """A topic or a form more."""
    form = await read_form(request)

    def verb(tx: WriteTx, viewer: Viewer) -> int:
        if form.get("of") == "form":
            return add_form(tx, viewer, form.get("title", ""), form.get("text", ""))
        return add_topic(tx, viewer, form.get("name", ""), form.get("about", ""))

    return await _done(door, request, verb)


@post(PAGE + "/{topic_id:int}", include_in_schema=False, status_code=303)
async def change(door: NamedDependency[Door], request: Asked, topic_id: Id) -> Redirect | Response[str]:
    """Another name; or it is offered no more."""
    form = await read_form(request)
    said = (form.get("name", ""), form.get("about", ""))
    ended = bool(form.get("ended"))
    return await _done(door, request, lambda tx, viewer: change_topic(tx, viewer, topic_id, *said, ended=ended))


@post(PAGE + "/forms/{form_id:int}", include_in_schema=False, status_code=303)
async def change_words(door: NamedDependency[Door], request: Asked, form_id: Id) -> Redirect | Response[str]:
    """Other words; or nobody signs up there any more."""
    form = await read_form(request)
    said = (form.get("title", ""), form.get("text", ""))
    ended = bool(form.get("ended"))
    return await _done(door, request, lambda tx, viewer: change_form(tx, viewer, form_id, *said, ended=ended))


async def _done(door: Door, request: Asked, verb: Callable[[WriteTx, Viewer], object]) -> Redirect | Response[str]:
    """The page again, with what was refused in its head."""
    try:
        await door.write(verb)
    except (Invalid, Conflict) as refused:
        viewer = await door.read(lambda _tx, viewer: viewer)
        said = Desk(door, request).speaker(viewer).say(refused.sentence, **refused.fields)
        return await _page(door, request, said, 409 if isinstance(refused, Conflict) else 400)
    return Redirect(PAGE, status_code=303)


ROUTES = [show, add, change, change_words]
