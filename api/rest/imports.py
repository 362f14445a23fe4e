"""``/imports``: archives on their way into a mailbox."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter

from api.auth import Door
from api.problems import Pages, language_of
from api.rest.once import Key, once
from api.rest.shapes import After, Body, Id, Items, Limit, Number, StrictRequest, moment, page_of
from api.uploads import check_room, receive, receive_form
from core.database import WriteTx
from core.errors import Invalid
from core.language import Language
from crm.staff.readable import Viewer
from mailhub.mailboxes.imports import (
    Import,
    cancel_import,
    get_import,
    list_imports,
    pause_import,
    resume_import,
    start_from_path,
    start_upload,
)
from mailhub.routing.importing import resolve_path

At = Annotated[
    int, QueryParameter(name="at", ge=0, le=2**63 - 1, description="How many bytes of the file are here: `received`.")
]
Size = Annotated[int, msgspec.Meta(ge=1, le=1 << 50)]


class FaultView(msgspec.Struct):
    """A letter of the archive that could not be read, and why."""

    name: str
    reason: str


class ImportView(msgspec.Struct):
    """An import. `letters` = `taken` (new) + `already` (here before) + `quarantined`; `skipped` could not be read, the
    first of them are `faults`. `position` of `total` bytes are gone through; `rate` is letters a second."""

    id: int
    mailbox_id: int
    started_by: int
    source: str
    name: str
    state: str
    kind: str
    size: int
    received: int
    total: int
    position: int
    letters: int
    taken: int
    already: int
    quarantined: int
    skipped: int
    faults: list[FaultView]
    left_out: list[str]
    error: str
    rate: float | None
    seconds_left: float | None
    created_at: str | None
    started_at: str | None
    finished_at: str | None


class NewImport(Body):
    """What to import: a file of `size` bytes that will be sent (`name`), or a `path` inside the folder for imports,
    which is for administrators."""

    mailbox_id: Number
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)] = ""
    size: Size | None = None
    path: Annotated[str, msgspec.Meta(max_length=1000)] = ""


def show_import(one: Import, language: Language) -> ImportView:
    """An import in the shape of the interface, its error in the reader's language."""
    same = {name: getattr(one, name) for name in ImportView.__struct_fields__ if name in Import.__slots__}
    return ImportView(**same | {
        "started_by": one.user_id,
        "faults": [FaultView(name, reason) for name, reason in one.faults],
        "error": language.gettext(one.error, **one.error_fields) if one.error else "",
        "rate": None if one.rate is None else round(one.rate, 1),
        "seconds_left": None if one.seconds_left is None else round(one.seconds_left),
        "created_at": moment(one.created_at),
        "started_at": moment(one.started_at),
        "finished_at": moment(one.finished_at),
    })  # fmt: skip


def begin(tx: WriteTx, viewer: Viewer, new: NewImport) -> Import:
    """Raises NotFound, Forbidden, Invalid, TooMuch."""
    if new.path:
        return start_from_path(tx, viewer, new.mailbox_id, new.path)
    if not new.name or new.size is None:
        raise Invalid("Name the file and its size in bytes, or a path.", field="name")
    return start_upload(tx, viewer, new.mailbox_id, new.name, new.size)


def _language(request: StrictRequest) -> Language:
    pages: Pages = request.app.state.pages
    return language_of(request, pages)


@get("/imports", tags=["imports"])
async def list_all(
    door: NamedDependency[Door], request: StrictRequest, after: After = None, limit: Limit = 50
) -> Items[ImportView]:
    """The imports into mailboxes that you may manage, newest first."""
    page, language = await door.read(list_imports, after=after, limit=limit), _language(request)
    return page_of(page, lambda one: show_import(one, language))


@get("/imports/{import_id:int}", tags=["imports"])
async def get_one(door: NamedDependency[Door], request: StrictRequest, import_id: Id) -> ImportView:
    """One import and how far it is."""
    return show_import(await door.read(get_import, import_id), _language(request))


@post("/imports", tags=["imports"])
async def start_one(
    door: NamedDependency[Door], request: StrictRequest, data: JSONBody[NewImport], key: Key = None
) -> ImportView:
    """Start an import; a file is then sent to `/imports/{import_id}/file`, a path needs nothing more."""
    await door.read(lambda _tx, viewer: viewer)
    check_room(door.house, data.size or 0)
    if data.path and door.viewer.is_admin:
        resolve_path(door.house.settings.imports.folder, data.path)
    language = _language(request)
    return await once(door, request, key, ImportView, lambda tx, viewer: show_import(begin(tx, viewer, data), language))


@post("/imports/upload", tags=["imports"], request_max_body_size=None)
async def upload_one(door: NamedDependency[Door], request: StrictRequest) -> ImportView:
    """Start an import with its file in one request: a form (multipart/form-data) with `mailbox_id`, then `file`."""
    await door.read(lambda _tx, viewer: viewer)
    return show_import(await receive_form(door, request), _language(request))


@put("/imports/{import_id:int}/file", tags=["imports"], request_max_body_size=None)
async def send_file(door: NamedDependency[Door], request: StrictRequest, import_id: Id, at: At = 0) -> ImportView:
    """Send bytes of the file, as many as you like at a time, behind those that are here; when the last one has come the
    import begins. After a broken connection ask for `received` and go on there."""
    return show_import(await receive(door, request, import_id, at), _language(request))


@post("/imports/{import_id:int}/pause", tags=["imports"], status_code=200)
async def pause_one(door: NamedDependency[Door], request: StrictRequest, import_id: Id) -> ImportView:
    """Stop it behind the letters in hand."""
    return show_import(await door.write(pause_import, import_id), _language(request))


@post("/imports/{import_id:int}/resume", tags=["imports"], status_code=200)
async def resume_one(door: NamedDependency[Door], request: StrictRequest, import_id: Id) -> ImportView:
    """Go on where it stopped, or try again what failed."""
    return show_import(await door.write(resume_import, import_id), _language(request))


@post("/imports/{import_id:int}/cancel", tags=["imports"], status_code=200)
async def cancel_one(door: NamedDependency[Door], request: StrictRequest, import_id: Id) -> ImportView:
    """End it; what was taken stays."""
    return show_import(await door.write(cancel_import, import_id), _language(request))


ROUTES: list[Any] = [list_all, get_one, start_one, upload_one, send_file, pause_one, resume_one, cancel_one]
