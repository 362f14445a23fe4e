"""``/threads/{id}/notes`` and ``/notes``: what colleagues tell each other in a thread."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from api.auth import Door
from api.rest.once import Key, once
from api.rest.shapes import Body, Id, Items, StrictRequest, moment
from core.clock import iso
from core.database import WriteTx
from crm.staff.readable import Viewer
from mailhub.mailboxes import notes
from mailhub.mailboxes.notes import Note


class VersionView(msgspec.Struct):
    """What a note said until it was changed."""

    body: str
    ended_at: str


class NoteView(msgspec.Struct):
    """An internal note: plain text, `mentions` are the people named in it. It is never part of a letter. A deleted one
    has no text."""

    id: int
    thread_id: int
    author_id: int
    author: str
    body: str
    mentions: list[int]
    created_at: str
    changed_at: str | None
    deleted: bool
    versions: list[VersionView]


class ColleagueView(msgspec.Struct):
    """Somebody who may see a thread."""

    id: int
    name: str


class NewNote(Body):
    """``@`` and the name of a colleague who may see the thread mentions them."""

    body: Annotated[str, msgspec.Meta(min_length=1, max_length=notes.LONGEST)]


def show_note(note: Note) -> NoteView:
    """A note in the shape of the interface."""
    return NoteView(
        id=note.id,
        thread_id=note.thread_id,
        author_id=note.author_id,
        author=note.author,
        body=note.body,
        mentions=list(note.mentions),
        created_at=iso(note.created_at),
        changed_at=moment(note.changed_at),
        deleted=note.deleted,
        versions=[VersionView(one.body, iso(one.ended_at)) for one in note.versions],
    )


@get("/threads/{thread_id:int}/notes", tags=["notes"])
async def list_of_thread(door: NamedDependency[Door], thread_id: Id) -> Items[NoteView]:
    """The internal notes of a thread, oldest first."""
    return Items([show_note(one) for one in await door.read(notes.list_notes, thread_id)])


@post("/threads/{thread_id:int}/notes", tags=["notes"])
async def add(
    door: NamedDependency[Door],
    request: StrictRequest,
    thread_id: Id,
    data: JSONBody[NewNote],
    idempotency_key: Key = None,
) -> NoteView:
    """Note something for colleagues. It moves neither who waits nor the order of lists."""

    def verb(tx: WriteTx, viewer: Viewer) -> NoteView:
        return show_note(notes.add_note(tx, viewer, thread_id, data.body))

    return await once(door, request, idempotency_key, NoteView, verb)


@get("/threads/{thread_id:int}/colleagues", tags=["notes"])
async def colleagues(door: NamedDependency[Door], thread_id: Id) -> Items[ColleagueView]:
    """Who else may see a thread, and so may be mentioned."""
    found = await door.read(notes.list_colleagues, thread_id)
    return Items([ColleagueView(one.id, one.name) for one in found])


@get("/notes/{note_id:int}", tags=["notes"])
async def get_one(door: NamedDependency[Door], note_id: Id) -> NoteView:
    """One note, with what it said before."""
    return show_note(await door.read(notes.get_note, note_id))


@patch("/notes/{note_id:int}", tags=["notes"])
async def change(door: NamedDependency[Door], note_id: Id, data: JSONBody[NewNote]) -> NoteView:
    """Let your own note say something else, for a quarter of an hour. What it said stays to be read."""
    return show_note(await door.write(notes.change_note, note_id, data.body))


@delete("/notes/{note_id:int}", tags=["notes"])
async def remove(door: NamedDependency[Door], note_id: Id) -> None:
    """Take your own note away, for a quarter of an hour. Its thread says that there was one."""
    await door.write(notes.delete_note, note_id)


ROUTES = [list_of_thread, add, colleagues, get_one, change, remove]
