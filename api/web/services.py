"""The page of services that letters leave by: what they are proved by, the address to give them, when they called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from api.auth import Door
from api.web.desk import Asked, Desk, Id, html
from api.web.forms import read_form
from api.web.shapes import Speaker, When, make_when
from api.web.shell import Around, see_around
from core.database import ReadTx, WriteTx
from core.errors import Invalid
from crm.staff.readable import Viewer
from mailhub.outbound.services import keeping
from mailhub.outbound.services.keeping import Kind, Service, list_services

PAGE = "/settings/services"
NAMES: dict[Kind, str] = {
    "ses": "Amazon SES", "mailgun": "Mailgun", "postmark": "Postmark", "sendgrid": "SendGrid",
}  # fmt: skip
WORDS: dict[Kind, str] = {
    "ses": "ARN of the topic that it publishes to",
    "mailgun": "HTTP webhook signing key",
    "postmark": "User and password, with a colon between them (or nothing)",
    "sendgrid": "Verification key of the signed event webhook",
}


@dataclass(frozen=True, slots=True)
class Row:
    """See templates/web/services.html."""

    id: int
    name: str
    service: str
    secret: str
    address: str
    taken: int
    heard: When | None
    refused: When | None
    fault: str


@get(PAGE, include_in_schema=False)
async def show(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """The page."""
    return await _page(door, request, "", 200)


@post(PAGE, include_in_schema=False, status_code=303)
async def add(door: NamedDependency[Door], request: Asked) -> Redirect | Response[str]:
    """A service more."""
    form = await read_form(request)
    said = (form.get("kind", ""), form.get("name", ""), form.get("secret", ""))
    keys = door.house.keys
    return await _done(door, request, lambda tx, viewer: keeping.add_service(tx, keys, viewer, *said))


@post(PAGE + "/{service_id:int}", include_in_schema=False, status_code=303)
async def change(door: NamedDependency[Door], request: Asked, service_id: Id) -> Redirect | Response[str]:
    """Another secret, or it is believed no more."""
    form = await read_form(request)
    keys = door.house.keys

    def verb(tx: WriteTx, viewer: Viewer) -> None:
        if form.get("act") == "remove":
            keeping.remove_service(tx, viewer, service_id)
        else:
            keeping.change_secret(tx, keys, viewer, service_id, form.get("secret", ""))

    return await _done(door, request, verb)


async def _done(door: Door, request: Asked, verb: Callable[[WriteTx, Viewer], object]) -> Redirect | Response[str]:
    try:
        await door.write(verb)
    except Invalid as refused:
        viewer = await door.read(lambda _tx, viewer: viewer)
        said = Desk(door, request).speaker(viewer).say(refused.sentence, **refused.fields)
        return await _page(door, request, said, 400)
    return Redirect(PAGE, status_code=303)


async def _page(door: Door, request: Asked, problem: str, status: int) -> Response[str]:
    desk, keys = Desk(door, request), door.house.keys
    base = door.house.settings.web.base_url.rstrip("/")

    def see(tx: ReadTx, viewer: Viewer) -> tuple[Around, list[Service]]:
        return see_around(tx, viewer), list_services(tx, keys, viewer)

    def render(viewer: Viewer, seen: tuple[Around, list[Service]]) -> str:
        speaker = desk.speaker(viewer)
        kinds = [(kind, name, speaker.say(WORDS[kind])) for kind, name in NAMES.items()]
        rows = [_row(speaker, base, one) for one in seen[1]]
        return desk.render("services.html", speaker, seen[0], "settings", rows=rows, kinds=kinds, problem=problem)

    return html(await door.page(render, see), status)


def _row(speaker: Speaker, base: str, one: Service) -> Row:
    return Row(
        one.id, one.name, NAMES[one.kind], speaker.say(WORDS[one.kind]), base + one.path, one.taken,
        make_when(speaker, one.heard_at, long=True), make_when(speaker, one.refused_at, long=True),
        speaker.say(one.fault) if one.fault else "",
    )  # fmt: skip


ROUTES = [show, add, change]
