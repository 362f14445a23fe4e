"""The lists of threads and the thread opened from one: whole pages, and the same in parts for a page that is there."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, tzinfo
from functools import partial
from typing import Annotated, Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter
from litestar.response import Redirect

from api.auth import Door
from api.problems import language_of
from api.web.desk import After, Asked, Desk, Id, Words, html, wants
from api.web.letters import Display
from api.web.lists import Listed, make_list, see_list, title_of
from api.web.panel import Known, make_client_panel, make_unknown_panel, see_client
from api.web.place import Place, read_place
from api.web.rows import make_row
from api.web.shapes import Speaker
from api.web.shell import Around, see_around, see_places
from api.web.thread import Seen, make_thread, needs_display, see_names
from api.web.toasts import Toast, find_leaving, make_leaving
from core.database import ReadTx
from core.errors import Unavailable
from core.log import get_log
from crm.staff.readable import Viewer
from mailhub.mailboxes.handling import set_read
from mailhub.mailboxes.proposals import Proposals, see_proposals
from mailhub.mailboxes.reading import OpenThread, get_thread
from mailhub.mailboxes.views import get_view

MOST_DISPLAYS = 5
log = get_log(__name__)
Section = Annotated[str, QueryParameter(name="section", max_length=10)]
Kind = Annotated[str, PathParameter(max_length=10)]
PicturesOf = Annotated[int | None, QueryParameter(name="pictures", ge=1, le=2**63 - 1)]
Before = Annotated[int | None, QueryParameter(name="before", ge=1, le=2**63 - 1)]


@dataclass(frozen=True, slots=True)
class Opened:
    """A thread with everything a page shows around it; ``listed`` is None for a part of a page."""

    seen: Seen
    known: Known | None
    proposed: Proposals | None
    listed: Listed | None
    around: Around


def see_page(tx: ReadTx, viewer: Viewer, place: Place, after: str | None, zone: tzinfo = UTC) -> tuple[Listed, Around]:
    """A list and what stands around it, on one snapshot."""
    return see_list(tx, viewer, place, after, zone), see_around(tx, viewer)


def see_part(
    tx: ReadTx, viewer: Viewer, place: Place, after: str | None, zone: tzinfo = UTC, *, head: bool = False
) -> tuple[Listed, Around]:
    """A list without what stands around it: its rows, or with its head."""
    found = see_list(tx, viewer, place, after, zone)
    return found, see_places(tx, viewer, place, waiting=head and place.view == "waiting")


def see_thread(
    tx: ReadTx, viewer: Viewer, place: Place, thread_id: int, whole: bool, before: int | None = None
) -> Opened:
    """A thread and, for a whole page, the list it was opened from. Raises NotFound."""
    if place.saved is not None:
        get_view(tx, viewer, place.saved)
    opened = get_thread(tx, viewer, thread_id, before=before)
    client_id = opened.row.counterparty_id
    return Opened(
        see_names(tx, viewer, opened),
        see_client(tx, viewer, client_id) if client_id is not None else None,
        see_proposals(tx, opened) if client_id is None else None,
        see_list(tx, viewer, place, None) if whole else None,
        see_around(tx, viewer) if whole else see_places(tx, viewer, place),
    )


@get("/", include_in_schema=False)
async def home(door: NamedDependency[Door]) -> Redirect:
    """To what waits for us."""
    await door.read(lambda _tx, viewer: viewer)
    return Redirect("/waiting", status_code=303)


@get(["/waiting", "/mine", "/open", "/snoozed", "/closed", "/spam"], include_in_schema=False)
async def view(
    door: NamedDependency[Door], request: Asked, after: After = None, section: Section = ""
) -> Response[str]:
    """A view of all mailboxes."""
    return await show_list(door, request, read_place(request.scope["path"]), after, section)


@get("/mailboxes/{box_id:int}", include_in_schema=False)
async def mailbox(
    door: NamedDependency[Door], request: Asked, box_id: Id, after: After = None, section: Section = ""
) -> Response[str]:
    """What is open in one mailbox."""
    return await show_list(door, request, Place("open", box_id), after, section)


@get("/mailboxes/{box_id:int}/{kind:str}", include_in_schema=False)
async def mailbox_view(
    door: NamedDependency[Door], request: Asked, box_id: Id, kind: Kind, after: After = None, section: Section = ""
) -> Response[str]:
    """What is closed or junk in it."""
    return await show_list(door, request, read_place(f"mailboxes/{box_id}/{kind}"), after, section)


@get("/views/{view_id:int}", include_in_schema=False)
async def saved_view(
    door: NamedDependency[Door], request: Asked, view_id: Id, after: After = None, section: Section = ""
) -> Response[str]:
    """What fits a saved view."""
    return await show_list(door, request, Place("open", saved=view_id), after, section)


@get("/tags/{tag_id:int}", include_in_schema=False)
async def tagged(
    door: NamedDependency[Door], request: Asked, tag_id: Id, after: After = None, section: Section = ""
) -> Response[str]:
    """What has a tag."""
    return await show_list(door, request, Place("all", tag=tag_id), after, section)


@get("/tags/{tag_id:int}/threads/{thread_id:int}", include_in_schema=False)
async def thread_of_tag(
    door: NamedDependency[Door],
    request: Asked,
    tag_id: Id,
    thread_id: Id,
    pictures: PicturesOf = None,
    before: Before = None,
) -> Response[str]:
    """A thread opened from the list of a tag."""
    return await show_thread(door, request, Place("all", tag=tag_id), thread_id, pictures, before)


@get("/search", include_in_schema=False)
async def search(
    door: NamedDependency[Door], request: Asked, q: Words = "", after: After = None, section: Section = ""
) -> Response[str]:
    """What was found."""
    return await show_list(door, request, Place("all", None, q.strip()), after, section)


@get(
    [
        f"/{view}/threads/{{thread_id:int}}"
        for view in ("waiting", "mine", "open", "snoozed", "closed", "spam", "search")
    ],
    include_in_schema=False,
)
async def thread(
    door: NamedDependency[Door],
    request: Asked,
    thread_id: Id,
    q: Words = "",
    pictures: PicturesOf = None,
    before: Before = None,
) -> Response[str]:
    """A thread opened from a view or a search."""
    place = read_place(request.scope["path"].split("/")[1], q.strip())
    return await show_thread(door, request, place, thread_id, pictures, before)


@get("/mailboxes/{box_id:int}/threads/{thread_id:int}", include_in_schema=False)
async def thread_of_mailbox(
    door: NamedDependency[Door],
    request: Asked,
    box_id: Id,
    thread_id: Id,
    pictures: PicturesOf = None,
    before: Before = None,
) -> Response[str]:
    """A thread opened from a mailbox."""
    return await show_thread(door, request, Place("open", box_id), thread_id, pictures, before)


@get("/mailboxes/{box_id:int}/{kind:str}/threads/{thread_id:int}", include_in_schema=False)
async def thread_of_mailbox_view(
    door: NamedDependency[Door],
    request: Asked,
    box_id: Id,
    kind: Kind,
    thread_id: Id,
    pictures: PicturesOf = None,
    before: Before = None,
) -> Response[str]:
    """A thread opened from what is closed or junk in a mailbox."""
    return await show_thread(door, request, read_place(f"mailboxes/{box_id}/{kind}"), thread_id, pictures, before)


@get("/views/{view_id:int}/threads/{thread_id:int}", include_in_schema=False)
async def thread_of_view(
    door: NamedDependency[Door],
    request: Asked,
    view_id: Id,
    thread_id: Id,
    pictures: PicturesOf = None,
    before: Before = None,
) -> Response[str]:
    """A thread opened from a saved view."""
    return await show_thread(door, request, Place("open", saved=view_id), thread_id, pictures, before)


async def show_list(door: Door, request: Asked, place: Place, after: str | None, section: str) -> Response[str]:
    """A list as a page, as itself, or as the rows that follow."""
    desk, part = Desk(door, request), wants(request)

    def render(viewer: Viewer, found: tuple[Listed, Around]) -> str:
        speaker = desk.speaker(viewer)
        shown = make_list(speaker, place, found[0], found[1], section=section)
        template = "_rows.html" if rows_alone else "_list.html" if part else "inbox.html"
        return desk.render(template, speaker, found[1], place, list=shown, thread=None, panel=None)

    rows_alone = part.startswith("li")
    see = partial(see_part, head=not rows_alone) if part else see_page
    if not place.words:
        return html(await door.page(render, see, place, after))
    found = await door.search(see, place, after, language_of(request, desk.pages).zone)
    return html(await asyncio.to_thread(render, door.viewer, found))


async def show_thread(
    door: Door, request: Asked, place: Place, thread_id: int, pictures_of: int | None, before: int | None = None
) -> Response[str]:
    """A thread as a page or in place; it is read from now on, which becomes durable while the page is made."""
    opened = await door.read(see_thread, place, thread_id, not wants(request), before)
    showing = _show_opened(Desk(door, request), place, opened, pictures_of)
    if not opened.seen.open.row.unread:
        return await showing
    shown, _ = await asyncio.gather(showing, door.write(set_read, thread_id, read=True))
    return shown


async def _show_opened(desk: Desk, place: Place, opened: Opened, pictures_of: int | None) -> Response[str]:
    displays = await ready_displays(desk.request, opened.seen.open, pictures_of)
    speaker, row = desk.speaker(desk.door.viewer), opened.seen.open.row
    toast = await _leaving(desk, speaker, place, opened) if opened.listed is not None else None

    def render() -> str:
        data = make_opened(speaker, place, opened, displays, pictures_of)
        if opened.listed is None:
            shown = make_row(speaker, place, row, open_id=row.id, read=True)
            return desk.render("_open.html", speaker, opened.around, place, row=shown, **data)
        listed = make_list(speaker, place, opened.listed, opened.around, open_id=row.id)
        return desk.render("inbox.html", speaker, opened.around, place, list=listed, toast=toast, **data)

    return html(await asyncio.to_thread(render))


async def _leaving(desk: Desk, speaker: Speaker, place: Place, opened: Opened) -> Toast | None:
    """The toast of a new letter that was just sent, while it can be taken back."""
    sent, row = desk.request.query_params.get("sent", ""), opened.seen.open.row
    if not (sent.isascii() and sent.isdigit() and len(sent) < 19):
        return None
    if not await desk.door.read(find_leaving, row.id, int(sent)):
        return None
    seconds = desk.door.house.settings.send.undo_seconds
    return make_leaving(speaker, place, row.id, int(sent), row.subject, seconds)


def make_opened(
    speaker: Speaker, place: Place, opened: Opened, displays: dict[int, Display], pictures_of: int | None = None
) -> dict[str, Any]:
    """Thread and panel."""
    title = title_of(speaker, place, opened.around)
    thread = make_thread(speaker, place, opened.seen, displays, title=title, pictures_of=pictures_of)
    if opened.known is not None:
        return {"thread": thread, "panel": make_client_panel(speaker, place, opened.known, opened.seen.open)}
    if opened.proposed is None or opened.seen.open.row.state == "spam":  # nobody is asked who writes junk
        return {"thread": thread, "panel": None}
    return {"thread": thread, "panel": make_unknown_panel(speaker, place, opened.seen, opened.proposed)}


async def ready_displays(request: Asked, opened: OpenThread, pictures_of: int | None = None) -> dict[int, Display]:
    """The harmless HTML of the newest letters; one that cannot be made ready says so in its own frame."""
    found: dict[int, Display] = {}
    for message in needs_display(opened)[:MOST_DISPLAYS]:
        variant = "pictures" if message.id == pictures_of else "plain"
        try:
            display = await request.app.state.house.displays.show(message.letter_id, message.blob_id, variant)
        except Unavailable as problem:
            log.warning("a letter is shown without its size", message=message.id, reason=problem.sentence)
            continue
        if display is not None:
            found[message.id] = display
    return found


ROUTES = [
    home,
    view,
    mailbox,
    mailbox_view,
    search,
    thread,
    thread_of_mailbox,
    thread_of_mailbox_view,
    tagged,
    thread_of_tag,
    saved_view,
    thread_of_view,
]
