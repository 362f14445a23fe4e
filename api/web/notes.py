"""Internal notes as a thread shows them, and the form below it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from api.web.letters import Entry
from api.web.place import Place
from api.web.shapes import Person, Speaker, make_person, make_when
from core.database import ReadTx
from crm.staff.readable import Viewer
from mailhub.letters.linkify import text_to_html
from mailhub.mailboxes.lists import ThreadRow
from mailhub.mailboxes.notes import Note, list_notes, may_comment
from mailhub.mailboxes.reading import OpenThread


@dataclass(frozen=True, slots=True)
class Before:
    """What a note said before it was changed."""

    text: str
    time_iso: str
    time_text: str


@dataclass(frozen=True, slots=True)
class NoteEntry(Entry):
    """See templates/web/_note.html."""

    body: str = ""
    before: tuple[Before, ...] = ()
    deleted: bool = False
    change_url: str = ""


@dataclass(frozen=True, slots=True)
class Noting:
    """The form of a note, see templates/web/_noting.html."""

    thread_id: int
    url: str
    colleagues_url: str


@dataclass(frozen=True, slots=True)
class Noted:
    """The notes of a thread, and whether the viewer may write one."""

    notes: list[Note] = field(default_factory=list)
    may_note: bool = False


def see_notes(tx: ReadTx, viewer: Viewer, row: ThreadRow) -> Noted:
    """The notes of a thread, on the snapshot it was read on."""
    return Noted(list_notes(tx, viewer, row.id), may_comment(viewer, row.scope_id, row.executor_id))


def make_notes(speaker: Speaker, place: Place, opened: OpenThread, noted: Noted) -> list[Entry]:
    """Those that were written among the letters that are shown."""
    messages = opened.messages
    begins = messages[0].received_at if opened.earlier is not None and messages else 0
    ends = messages[-1].received_at if opened.before is not None and messages else None
    return [
        make_note(speaker, place, note)
        for note in noted.notes
        if begins <= note.created_at and (ends is None or note.created_at <= ends)
    ]


def make_note(speaker: Speaker, place: Place, note: Note) -> NoteEntry:
    """One note."""
    when = make_when(speaker, note.created_at, long=True)
    assert when is not None
    mine = note.author_id == speaker.viewer.user_id
    text = speaker.say("%(name)s deleted a note", name=note.author) if note.deleted else show_text(note)
    return NoteEntry(
        kind="note",
        time_iso=when.iso,
        time_text=when.text,
        at=note.created_at,
        text=text,
        id=note.id,
        who=_person(note, mine=mine),
        body=note.body,
        before=tuple(_before(speaker, note)),
        deleted=note.deleted,
        change_url=place.note(note.id) if note.is_changeable(speaker.viewer.user_id, speaker.now) else "",
    )


def show_text(note: Note) -> Markup:
    """Its words as harmless HTML, with those who are named in it marked."""
    names = sorted((re.escape(name) for name in note.mentions.values()), key=len, reverse=True)
    parts: Sequence[str] = re.split(rf"(@(?:{'|'.join(names)})(?!\w))", note.body, flags=re.I) if names else [note.body]
    shown = [
        Markup("<b class='mention'>{}</b>").format(part) if at % 2 else Markup(text_to_html(part))  # noqa: S704 - escaped there
        for at, part in enumerate(parts)
    ]
    return Markup("").join(shown)


def make_noting(place: Place, row: ThreadRow, noted: Noted) -> Noting | None:
    """The form, for who may write a note."""
    url = f"/api/v1/threads/{row.id}/colleagues"
    return Noting(row.id, place.act(row.id, "notes"), url) if noted.may_note else None


def _person(note: Note, *, mine: bool) -> Person:
    return make_person(note.author, me=mine, person_id=note.author_id)


def _before(speaker: Speaker, note: Note) -> list[Before]:
    found = []
    for version in note.versions:
        when = make_when(speaker, version.ended_at, long=True)
        assert when is not None
        found.append(Before(version.body, when.iso, when.text))
    return found
