"""Imports: an archive is dropped into the page, and one watches it come in."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from api.auth import Door
from api.web.backlog_rows import see_backlogs, shape_backlogs
from api.web.desk import Asked, Desk, Id, html
from api.web.forms import read_form, read_id
from api.web.import_rows import ImportRow, shape_import
from api.web.shapes import Speaker
from api.web.shell import Around, see_around
from core.database import ReadTx
from core.errors import Forbidden, Invalid
from core.paging import Page
from crm.staff.people import list_users
from crm.staff.readable import Viewer
from mailhub.mailboxes.boxes import Mailbox
from mailhub.mailboxes.connecting import SeenAccount
from mailhub.mailboxes.imports import (
    Import,
    cancel_import,
    list_import_mailboxes,
    list_imports,
    pause_import,
    resume_import,
    start_from_path,
)
from mailhub.mailboxes.placements import Backlog
from mailhub.routing.importing import resolve_path

SHOWN = 30
MOST_OFFERED = 200
BACK = "/settings/imports"
# How often the page asks anew: while an archive comes in, and while older letters of an account do, which takes hours.
MOVING_SECONDS, BACKLOG_SECONDS = 1, 15


@dataclass(frozen=True, slots=True)
class Found:
    """What the page reads."""

    boxes: list[Mailbox]
    imports: Page[Import]
    names: dict[int, str]
    backlogs: list[tuple[SeenAccount, Backlog]]
    around: Around


def see_imports(tx: ReadTx, viewer: Viewer) -> Found:
    """Raises Forbidden for whoever may import nowhere."""
    boxes = list_import_mailboxes(tx, viewer)
    if not boxes:
        raise Forbidden("Letters are imported by who manages a mailbox. Ask an administrator.")
    names = {user.id: user.name for user in list_users(tx)}
    return Found(boxes, list_imports(tx, viewer, limit=SHOWN), names, see_backlogs(tx, viewer), see_around(tx, viewer))


@get("/settings/imports", include_in_schema=False)
async def page(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """Where one begins, and how far the others are."""
    desk = Desk(door, request)
    offered = await asyncio.to_thread(_offered, door.house.settings.imports.folder)

    def render(viewer: Viewer, found: Found) -> str:
        speaker = desk.speaker(viewer)
        most = speaker.language.format_size(door.house.settings.imports.max_size)
        boxes = [(box.id, box.name, box.address) for box in found.boxes]
        return desk.render(
            "imports.html", speaker, found.around, "settings", boxes=boxes, most=most,
            offered=offered if viewer.is_admin else [], **_rows(speaker, found),
        )  # fmt: skip

    return html(await door.page(render, see_imports))


@get("/settings/imports/rows", include_in_schema=False)
async def rows(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """How far they are now: what the page asks for while something moves."""
    desk = Desk(door, request)

    def render(viewer: Viewer, found: Found) -> str:
        speaker = desk.speaker(viewer)
        return desk.render("_imports.html", speaker, None, "settings", **_rows(speaker, found))

    return html(await door.page(render, see_imports))


@post("/settings/imports", include_in_schema=False, status_code=303)
async def start(door: NamedDependency[Door], request: Asked) -> Redirect:
    """What lies in the folder of the server, for administrators."""
    form = await read_form(request)
    box_id, path = read_id(form, "mailbox_id"), form.get("path", "")
    if box_id is None or not path:
        raise Invalid("Choose a mailbox and what to import.", field="path")
    await door.write(start_from_path, box_id, path)
    await asyncio.to_thread(resolve_path, door.house.settings.imports.folder, path)
    return Redirect(BACK, status_code=303)


@post("/settings/imports/{import_id:int}/pause", include_in_schema=False, status_code=303)
async def pause(door: NamedDependency[Door], import_id: Id) -> Redirect:
    """It stops behind the letters in hand."""
    await door.write(pause_import, import_id)
    return Redirect(BACK, status_code=303)


@post("/settings/imports/{import_id:int}/resume", include_in_schema=False, status_code=303)
async def resume(door: NamedDependency[Door], import_id: Id) -> Redirect:
    """It goes on."""
    await door.write(resume_import, import_id)
    return Redirect(BACK, status_code=303)


@post("/settings/imports/{import_id:int}/cancel", include_in_schema=False, status_code=303)
async def cancel(door: NamedDependency[Door], import_id: Id) -> Redirect:
    """It ends."""
    await door.write(cancel_import, import_id)
    return Redirect(BACK, status_code=303)


def _rows(speaker: Speaker, found: Found) -> dict[str, Any]:
    addresses = {box.id: box.address for box in found.boxes}
    shaped: list[ImportRow] = [
        shape_import(speaker, one, addresses.get(one.mailbox_id, ""), found.names.get(one.user_id, ""))
        for one in found.imports.items
    ]
    backlogs = shape_backlogs(speaker, found.backlogs)
    seconds = MOVING_SECONDS if any(row.moving for row in shaped) else BACKLOG_SECONDS if backlogs else 0
    return {"imports": shaped, "backlogs": backlogs, "seconds": seconds}


def _offered(folder: Path | None) -> list[str]:
    """What lies in the folder for imports, by name."""
    if folder is None or not folder.is_dir():
        return []
    return sorted(one.name for one in folder.iterdir() if not one.name.startswith("."))[:MOST_OFFERED]


ROUTES = [page, rows, start, pause, resume, cancel]
