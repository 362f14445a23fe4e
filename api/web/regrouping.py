"""The buttons that merge two threads, split letters off and take both back."""

from __future__ import annotations

from litestar import Response, get, post
from litestar.di import NamedDependency

from api.auth import Door
from api.web.actions import changed
from api.web.desk import Asked, Desk, Here, Id, Sought, html
from api.web.forms import read_form, read_id
from api.web.place import read_place
from api.web.rows import make_row
from api.web.toasts import Undo
from core.database import ReadTx, WriteTx
from core.errors import Invalid
from crm.staff.readable import Viewer
from mailhub.mailboxes.lists import ThreadRow
from mailhub.mailboxes.reading import list_later
from mailhub.mailboxes.regrouping import (
    find_mergeable,
    merge_threads,
    split_thread,
    unmerge_thread,
    unsplit_thread,
)


@get("/threads/{thread_id:int}/mergeable", include_in_schema=False)
async def mergeable(
    door: NamedDependency[Door], request: Asked, thread_id: Id, place: Here = "waiting", words: Sought = ""
) -> Response[str]:
    """Threads that may be merged into this one, as buttons that do it."""
    here, desk = read_place(place), Desk(door, request)

    def render(viewer: Viewer, found: list[ThreadRow]) -> str:
        speaker = desk.speaker(viewer)
        rows = [make_row(speaker, here, one) for one in found]
        return desk.render(
            "_found_threads.html", speaker, None, here, rows=rows, merge_url=here.act(thread_id, "merge")
        )

    found = await door.search(find_mergeable, thread_id, words)
    return html(render(door.viewer, found))


@post("/threads/{thread_id:int}/merge", include_in_schema=False, status_code=200)
async def merge(door: NamedDependency[Door], request: Asked, thread_id: Id, place: Here = "waiting") -> Response[str]:
    """Show the letters of another thread here too."""
    other_id = await _read_other(request)
    await door.write(merge_threads, thread_id, other_id)
    here = read_place(place)
    undo = Undo(here.act(thread_id, "unmerge"), {"thread_id": str(other_id)})
    return await changed(door, request, here, thread_id, "Merged: %(subject)s", taken_back=undo, with_panel=True)


@post("/threads/{thread_id:int}/unmerge", include_in_schema=False, status_code=200)
async def unmerge(door: NamedDependency[Door], request: Asked, thread_id: Id, place: Here = "waiting") -> Response[str]:
    """Take a merged thread out again."""
    await door.write(unmerge_thread, thread_id, await _read_other(request))
    here = read_place(place)
    return await changed(door, request, here, thread_id, "Two threads again: %(subject)s", with_panel=True)


@post("/threads/{thread_id:int}/split", include_in_schema=False, status_code=200)
async def split(door: NamedDependency[Door], request: Asked, thread_id: Id, place: Here = "waiting") -> Response[str]:
    """A letter and those after it become a thread of their own."""
    message_id = read_id(await read_form(request), "message_id")
    if message_id is None:
        raise Invalid("Choose a letter first.", field="message_id")
    new_id = await door.write(split_from, thread_id, message_id)
    here = read_place(place)
    undo = Undo(here.act(new_id, "unsplit"), {})
    return await changed(door, request, here, thread_id, "Split off from: %(subject)s", taken_back=undo)


@post("/threads/{thread_id:int}/unsplit", include_in_schema=False, status_code=200)
async def unsplit(door: NamedDependency[Door], request: Asked, thread_id: Id, place: Here = "waiting") -> Response[str]:
    """Give the letters back to the thread they were split off from."""
    root_id = await door.write(unsplit_thread, thread_id)
    here = read_place(place)
    answer = await changed(door, request, here, root_id, "One thread again: %(subject)s", with_panel=True)
    if request.headers.get("hx-current-url", "").partition("?")[0].endswith(f"/threads/{thread_id}"):
        answer.headers["HX-Redirect"] = here.thread(root_id)  # what was open is no thread of its own any more
    return answer


def split_from(tx: WriteTx, viewer: Viewer, thread_id: int, message_id: int) -> int:
    """Split a letter off with all that came after it. Returns the new thread. Raises NotFound, Forbidden, Conflict."""
    return split_thread(tx, viewer, thread_id, _later(tx, viewer, thread_id, message_id))


def _later(tx: ReadTx, viewer: Viewer, thread_id: int, message_id: int) -> list[int]:
    ids = list_later(tx, viewer, thread_id, message_id)
    return ids if message_id in ids else [message_id]


async def _read_other(request: Asked) -> int:
    other_id = read_id(await read_form(request), "thread_id")
    if other_id is None:
        raise Invalid("Choose a thread first.", field="thread_id")
    return other_id


ROUTES = [mergeable, merge, unmerge, split, unsplit]
