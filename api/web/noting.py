"""Internal notes in a thread: between its letters in yellow, and the form to write one."""

from __future__ import annotations

from litestar import Response, post
from litestar.di import NamedDependency

from api.auth import Door
from api.web.actions import changed
from api.web.desk import Asked, Here, Id
from api.web.forms import read_form
from api.web.place import read_place
from mailhub.mailboxes.notes import LONGEST, add_note, change_note, delete_note, get_note


@post("/threads/{thread_id:int}/notes", include_in_schema=False, status_code=200)
async def add(door: NamedDependency[Door], request: Asked, thread_id: Id, place: Here = "waiting") -> Response[str]:
    """Tell colleagues something; it never leaves the house."""
    form = await read_form(request, LONGEST + 1)
    await door.write(add_note, thread_id, form.get("body", ""))
    return await changed(door, request, read_place(place), thread_id, "Noted for colleagues")


@post("/notes/{note_id:int}", include_in_schema=False, status_code=200)
async def change(door: NamedDependency[Door], request: Asked, note_id: Id, place: Here = "waiting") -> Response[str]:
    """Let an own note say something else."""
    form = await read_form(request, LONGEST + 1)
    note = await door.write(change_note, note_id, form.get("body", ""))
    return await changed(door, request, read_place(place), note.thread_id, "The note was changed")


@post("/notes/{note_id:int}/delete", include_in_schema=False, status_code=200)
async def remove(door: NamedDependency[Door], request: Asked, note_id: Id, place: Here = "waiting") -> Response[str]:
    """Take an own note away."""
    note = await door.read(get_note, note_id)
    await door.write(delete_note, note_id)
    return await changed(door, request, read_place(place), note.thread_id, "The note was deleted")


ROUTES = [add, change, remove]
