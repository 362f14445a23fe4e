"""How long things are kept: rules of mailboxes, what must not go, what was let go, and what is asked about a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from api.auth import Door
from api.web.desk import Asked, Desk, Id, html
from api.web.forms import read_form, read_id
from api.web.shapes import Speaker, make_when
from api.web.shell import Around, see_around
from core.database import ReadTx, WriteTx
from core.errors import Invalid, NotFound
from crm.parties import Counterparty, list_counterparties
from crm.staff.readable import Viewer
from mailhub.keeping.requests import PersonRequest, ask_erase, ask_export, find_file, list_requests
from mailhub.keeping.rules import (
    Hold,
    Retention,
    add_hold,
    find_retention,
    lift_hold,
    list_holds,
    list_let_go,
    set_retention,
)
from mailhub.mailboxes.boxes import Mailbox

FOUND_CLIENTS = 200


@dataclass(frozen=True, slots=True)
class Seen:
    """What the viewer may rule; the lists of administrators are empty for others."""

    boxes: list[tuple[Mailbox, Retention | None]]
    holds: list[Hold]
    requests: list[PersonRequest]
    clients: list[Counterparty]
    gone: dict[str, tuple[int, int]]
    around: Around


def see_keeping(tx: ReadTx, viewer: Viewer) -> Seen:
    """Raises NotFound for who rules no mailbox: there is nothing for them here."""
    around = see_around(tx, viewer)
    ruled = [
        (box, find_retention(tx, box.id))
        for box in around.boxes
        if viewer.may("manage", box.scope_id) and (box.kind == "public" or box.scope_id in viewer.own)
    ]
    if not ruled and not viewer.is_admin:
        raise NotFound("There is nothing to see here for you.")
    if not viewer.is_admin:
        return Seen(ruled, [], [], [], {}, around)
    clients = list_counterparties(tx, limit=FOUND_CLIENTS).items
    return Seen(ruled, list_holds(tx, viewer), list_requests(tx, viewer), list(clients), list_let_go(tx), around)


@get("/settings/keeping", include_in_schema=False)
async def show(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """The page."""
    desk = Desk(door, request)

    def render(viewer: Viewer, seen: Seen) -> str:
        speaker = desk.speaker(viewer)
        return desk.render("keeping.html", speaker, seen.around, "settings", **shape(speaker, seen))

    return html(await door.page(render, see_keeping))


@post("/settings/mailboxes/{box_id:int}/retention", include_in_schema=False, status_code=303)
async def save(door: NamedDependency[Door], request: Asked, box_id: Id) -> Redirect:
    """How long a mailbox keeps its letters."""
    form = await read_form(request)
    act, months = form.get("act", ""), read_id(form, "months") or 0
    if act not in ("keep", "delete", "strip"):
        raise Invalid("After a time letters are deleted, or their files are.", field="act")

    def verb(tx: WriteTx, viewer: Viewer) -> None:
        set_retention(tx, viewer, box_id, None if act == "keep" else act, months)  # type: ignore[arg-type]

    await door.write(verb)
    return Redirect("/settings/keeping", status_code=303)


@post("/settings/holds", include_in_schema=False, status_code=303)
async def hold(door: NamedDependency[Door], request: Asked) -> Redirect:
    """Nothing of a client may go."""
    form = await read_form(request)
    client = read_id(form, "counterparty_id")
    await door.write(lambda tx, viewer: add_hold(tx, viewer, form.get("reason", ""), counterparty_id=client))
    return Redirect("/settings/keeping#holds", status_code=303)


@post("/settings/holds/{hold_id:int}/lift", include_in_schema=False, status_code=303)
async def lift(door: NamedDependency[Door], hold_id: Id) -> Redirect:
    """It may go again."""
    await door.write(lift_hold, hold_id)
    return Redirect("/settings/keeping#holds", status_code=303)


@post("/settings/persons", include_in_schema=False, status_code=303)
async def ask(door: NamedDependency[Door], request: Asked) -> Redirect:
    """Export or erase a person by their address."""
    form = await read_form(request)
    address = form.get("address", "").strip()
    if form.get("kind") == "erase":
        await door.write(door.proved(ask_erase), form.get("typed", ""), address=address)
    else:
        await door.write(door.proved(ask_export), address=address)
    return Redirect("/settings/keeping#persons", status_code=303)


@get("/settings/persons/{request_id:int}/file", include_in_schema=False)
async def fetch(door: NamedDependency[Door], request_id: Id) -> Response[bytes]:
    """The file of an export."""
    name = await door.write(find_file, request_id)
    content = (door.house.exports / name).read_bytes()
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return Response(content, media_type="application/zip", headers=headers)


def say_gone(speaker: Speaker, gone: Mapping[str, tuple[int, int]]) -> list[tuple[str, int]]:
    """What was let go so far, by what it was."""
    names = {
        "trash": speaker.say("Threads out of the trash"),
        "junk": speaker.say("Junk"),
        "retention": speaker.say("Old threads, put into the trash"),
        "letters": speaker.say("Letters"),
        "files": speaker.say("Files of old letters"),
        "persons": speaker.say("People"),
    }
    return [(names[what], number) for what, (number, _) in sorted(gone.items()) if what in names]


def shape(speaker: Speaker, seen: Seen) -> dict[str, Any]:
    """See templates/web/keeping.html."""
    return {
        "boxes": [(box, rule.act if rule else "keep", rule.months if rule else 24) for box, rule in seen.boxes],
        "holds": [(one, make_when(speaker, one.at, long=True)) for one in seen.holds],
        "requests": [(one, make_when(speaker, one.created_at, long=True)) for one in seen.requests],
        "clients": [(one.id, one.name) for one in seen.clients],
        "gone": say_gone(speaker, seen.gone),
        "is_admin": speaker.viewer.is_admin,
    }


ROUTES = [show, save, hold, lift, ask, fetch]
