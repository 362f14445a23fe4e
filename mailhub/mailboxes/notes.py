"""Internal notes: what colleagues tell each other in a thread. They never leave the house: nothing that writes letters,
quotes or exports them reads these tables.

A note needs the right ``comment`` or ``answer``. It moves neither who waits nor the order of lists; it is unread for
whoever is concerned: the executor, who follows, who noted before, who is named in it. Its author may change or delete
it for ``CHANGEABLE``; what it said before is kept for whoever may read it, and a deleted one leaves its line without
its words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, delete, select

from core import clock
from core.changes import record_change
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Forbidden, Invalid, NotFound
from crm.staff.people import list_names
from crm.staff.readable import Viewer, demand, get_viewer, note_read
from crm.staff.rights import Right, list_viewers_of
from crm.staff.tables import user
from mailhub.mailboxes.following import list_followers
from mailhub.mailboxes.handling import get_own
from mailhub.mailboxes.lists import get_rows
from mailhub.mailboxes.note_tables import note, note_version
from mailhub.mailboxes.notices import forget_note
from mailhub.mailboxes.notifying import notify
from mailhub.mailboxes.tables import unread
from mailhub.mailboxes.threads import find_root, list_merged

LONGEST = 20_000
MOST_MENTIONS = 50
MOST_NOTES = 500
CHANGEABLE = 15 * clock.MINUTE
_COMMENTING: tuple[Right, ...] = ("comment", "answer")


@dataclass(frozen=True, slots=True)
class Version:
    """What a note said until it was changed."""

    body: str
    ended_at: int


@dataclass(frozen=True, slots=True)
class Note:
    """A note in its thread. ``mentions`` are people by id and the name that stands in the text behind its ``@``. A
    deleted one has no words."""

    id: int
    thread_id: int
    author_id: int
    author: str
    body: str
    mentions: dict[int, str]
    created_at: int
    changed_at: int | None
    deleted: bool
    versions: tuple[Version, ...] = ()

    def is_changeable(self, user_id: int, now: int) -> bool:
        """Whether this person may still change or delete it."""
        return self.author_id == user_id and not self.deleted and now - self.created_at < CHANGEABLE


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who may be mentioned."""

    id: int
    name: str


_NOTES = (
    select(note, user.c.name.label("author"))
    .join(user, user.c.id == note.c.author_id)
    .where(note.c.thread_id.in_(bindparam("ids", expanding=True)))
    .order_by(note.c.id.desc())
    .limit(MOST_NOTES)
)
_ONE = (
    select(note, user.c.name.label("author"))
    .join(user, user.c.id == note.c.author_id)
    .where(note.c.id == bindparam("id"))
)
_VERSIONS = (
    select(note_version).where(note_version.c.note_id.in_(bindparam("ids", expanding=True))).order_by(note_version.c.id)
)
_PEOPLE = select(user.c.id, user.c.name).where(user.c.disabled_at.is_(None)).order_by(user.c.name, user.c.id)


def add_note(tx: WriteTx, viewer: Viewer, thread_id: int, body: str) -> Note:
    """Note something in a thread. People named with ``@`` who may see the thread are told. Raises NotFound, Forbidden,
    Invalid for an empty or endless one."""
    row = get_own(tx, viewer, thread_id)
    demand_comment(viewer, row.scope_id, row.executor_id)
    words = _read_body(body)
    mentions = _find_mentions(tx, viewer, thread_id, words)
    note_id = tx.insert(
        note, thread_id=thread_id, author_id=viewer.user_id, body=words, mentions=mentions, created_at=clock.now()
    )
    _make_unread(tx, row, viewer.user_id, mentions)
    notify(tx, "mentioned", mentions, thread_id, by_id=viewer.user_id, note_id=note_id)
    _changed(tx, row, note_id, "note.added", viewer)
    return get_note(tx, viewer, note_id)


def change_note(tx: WriteTx, viewer: Viewer, note_id: int, body: str) -> Note:
    """Let an own note say something else; what it said stays to be read beside it. Raises NotFound, Forbidden, Invalid,
    and Conflict when it is too late."""
    row, found = _hold_own(tx, viewer, note_id)
    words = _read_body(body)
    if words == found.body:
        return get_note(tx, viewer, note_id)
    mentions = _find_mentions(tx, viewer, row.id, words)
    now = clock.now()
    tx.insert(note_version, note_id=note_id, body=found.body, ended_at=now)
    tx.change(note, note_id, body=words, mentions=mentions, changed_at=now)
    added = sorted(set(mentions) - set(found.mentions))
    _make_unread(tx, row, viewer.user_id, added)
    notify(tx, "mentioned", added, row.id, by_id=viewer.user_id, note_id=note_id)
    _changed(tx, row, note_id, "note.changed", viewer)
    return get_note(tx, viewer, note_id)


def delete_note(tx: WriteTx, viewer: Viewer, note_id: int) -> None:
    """Take an own note away, with all that it ever said; a line says that there was one. Raises as ``change_note``."""
    row, found = _hold_own(tx, viewer, note_id)
    tx.execute(delete(note_version).where(note_version.c.note_id == note_id))
    tx.change(note, note_id, body="", mentions=[], deleted_at=clock.now())
    forget_note(tx, found.thread_id, note_id)
    _changed(tx, row, note_id, "note.deleted", viewer)


def get_note(tx: ReadTx, viewer: Viewer, note_id: int) -> Note:
    """One note with what it said before. Raises NotFound, alike for what is not there and what is not theirs."""
    found = tx.row(_ONE, {"id": note_id})
    rows = [] if found is None else get_rows(tx, viewer, [find_root(tx, found.thread_id)])
    if found is None or not rows:
        raise NotFound("There is no note with the number %(id)s.", id=note_id)
    note_read(viewer, rows[0].scope_id, rows[0].id)
    return _with_versions(tx, [found])[0]


def list_notes(tx: ReadTx, viewer: Viewer, thread_id: int) -> list[Note]:
    """The notes of a thread and of those merged into it, oldest first. Raises NotFound."""
    root = find_root(tx, thread_id)
    seen = get_rows(tx, viewer, [root])
    if not seen:
        raise NotFound("There is no thread with the number %(id)s.", id=thread_id)
    note_read(viewer, seen[0].scope_id, root)
    rows = tx.rows(_NOTES, {"ids": list_merged(tx, root)})
    return _with_versions(tx, list(reversed(rows)))


def list_colleagues(tx: ReadTx, viewer: Viewer, thread_id: int) -> list[Colleague]:
    """Who else may see the thread at this moment, and so may be mentioned, by name. Raises NotFound."""
    root = find_root(tx, thread_id)
    rows = get_rows(tx, viewer, [root])
    if not rows:
        raise NotFound("There is no thread with the number %(id)s.", id=thread_id)
    return [
        Colleague(one.id, one.name)
        for one in _candidates(tx, rows[0].scope_id)
        if one.id != viewer.user_id and get_rows(tx, get_viewer(tx, one.id), [root])
    ]


def may_comment(viewer: Viewer, scope_id: int, executor_id: int | None) -> bool:
    """Whether the viewer may note something in a thread that they see: whoever may answer in it may."""
    return any(viewer.may(right, scope_id, executor_id) for right in _COMMENTING)


def demand_comment(viewer: Viewer, scope_id: int, executor_id: int | None) -> None:
    """Raise Forbidden for whoever may not."""
    if not may_comment(viewer, scope_id, executor_id):
        demand(viewer, "comment", scope_id, executor_id)


_OFFICE = select(user.c.id).where(user.c.is_admin == 1)
_AUTHORS = (
    select(note.c.author_id)
    .where(note.c.thread_id.in_(bindparam("ids", expanding=True)), note.c.deleted_at.is_(None))
    .distinct()
)
_UNREAD_BY = select(unread.c.user_id).where(unread.c.thread_id == bindparam("thread_id"))


def _candidates(tx: ReadTx, scope_id: int) -> Sequence[Row[Any]]:
    """Those among whom are all who may see something of a scope: by a grant, or by office."""
    ids = {*list_viewers_of(tx, scope_id), *tx.values(_OFFICE)}
    return [row for row in tx.rows(_PEOPLE) if row.id in ids]


def _read_body(body: str) -> str:
    words = body.replace("\r\n", "\n").replace("\0", "").strip()
    if not words:
        raise Invalid("The note is empty.", field="body")
    if len(words) > LONGEST:
        raise Invalid("A note has %(most)s characters at most.", most=LONGEST, field="body")
    return words


def _find_mentions(tx: ReadTx, viewer: Viewer, thread_id: int, words: str) -> list[int]:
    """Who is named with ``@`` among those who may see the thread: the longest name that fits, so that Anna Lee is not
    Anna; two people of one name are both meant."""
    if "@" not in words:
        return []
    named: dict[str, list[int]] = {}
    for one in list_colleagues(tx, viewer, thread_id):
        named.setdefault(one.name.casefold(), []).append(one.id)
    names = sorted((re.escape(name) for name in named), key=len, reverse=True)
    if not names:
        return []
    found = re.findall(rf"(?<!\w)@({'|'.join(names)})(?!\w)", words.casefold())
    return list(dict.fromkeys(one for name in found for one in named[name]))[:MOST_MENTIONS]


def _hold_own(tx: WriteTx, viewer: Viewer, note_id: int) -> tuple[Row[Any], Row[Any]]:
    """The thread and the note, both held, for its author while there is time."""
    found = tx.row(_ONE, {"id": note_id})
    if found is None:
        raise NotFound("There is no note with the number %(id)s.", id=note_id)
    try:
        row = get_own(tx, viewer, find_root(tx, found.thread_id))
    except NotFound as problem:
        raise NotFound("There is no note with the number %(id)s.", id=note_id) from problem
    demand_comment(viewer, row.scope_id, row.executor_id)
    tx.lock(note, note_id)
    found = tx.row(_ONE, {"id": note_id})
    assert found is not None, "notes are never taken out"
    if found.author_id != viewer.user_id:
        raise Forbidden("Only its author may change a note.")
    if found.deleted_at is not None:
        raise Conflict("This note was deleted.")
    if clock.now() - found.created_at >= CHANGEABLE:
        minutes = CHANGEABLE // clock.MINUTE
        raise Conflict("A note can be changed for %(minutes)s minutes. Write another one.", minutes=minutes)
    return row, found


def _make_unread(tx: WriteTx, row: Row[Any], author_id: int, mentions: Iterable[int]) -> None:
    """The note is new for whoever is concerned."""
    family = {"ids": list_merged(tx, row.id)}
    people = {*mentions, *tx.values(_AUTHORS, family), *list_followers(tx, row.id)}
    people |= {row.executor_id} if row.executor_id else set()
    people -= {author_id, *tx.values(_UNREAD_BY, {"thread_id": row.id})}
    rows = [{"user_id": one, "thread_id": row.id, "scope_id": row.scope_id} for one in sorted(people)]
    tx.insert_many(unread, rows)


def _with_versions(tx: ReadTx, rows: Sequence[Row[Any]]) -> list[Note]:
    changed = [row.id for row in rows if row.changed_at is not None and row.deleted_at is None]
    versions: dict[int, list[Version]] = {}
    for one in tx.rows(_VERSIONS, {"ids": changed}) if changed else ():
        versions.setdefault(one.note_id, []).append(Version(one.body, one.ended_at))
    meant = sorted({person for row in rows for person in row.mentions})
    names = list_names(tx, meant)
    return [
        Note(
            id=row.id,
            thread_id=row.thread_id,
            author_id=row.author_id,
            author=row.author,
            body=row.body,
            mentions={person: names[person] for person in row.mentions if person in names},
            created_at=row.created_at,
            changed_at=row.changed_at,
            deleted=row.deleted_at is not None,
            versions=tuple(versions.get(row.id, ())),
        )
        for row in rows
    ]


def _changed(tx: WriteTx, row: Row[Any], note_id: int, kind: str, viewer: Viewer) -> None:
    fields = {"thread_id": row.id, "mailbox_id": row.mailbox_id, "note_id": note_id}
    record_change(tx, kind, note_id, scope_id=row.scope_id, fields=fields, cause=f"user {viewer.user_id}")
