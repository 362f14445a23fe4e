"""Letters that are being written: saved while one types, and open to everybody who may send them.

A draft belongs to a thread or to a mailbox alone (a new letter). Whoever may answer there reads it and goes on with it;
nobody else learns of it. Each change names the version it was made on, so that two who write in one draft never
overwrite each other unseen. A draft that was sent stays until it cannot be taken back any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, delete, or_, select, update

from core import clock
from core.changes import record_change
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Invalid, NotFound
from core.paging import Page, cut_page, decode_cursor
from crm.staff.readable import Viewer, demand, note_read, readable
from crm.staff.tables import user
from mailhub.letters.html.outgoing import CleanHtml
from mailhub.mailboxes.tables import mailbox, thread
from mailhub.outbound.tables import draft, draft_file

DraftKind = Literal["reply", "forward", "new"]
KINDS: tuple[DraftKind, ...] = ("reply", "forward", "new")
LONGEST_LINE = 20_000
LONGEST_HTML = 1_000_000
MOST_DRAFTS = 500
"""Of one person at a time: nobody writes more, a program that forgot to clear them away does."""
KEPT = 30 * clock.DAY
"""How long a draft that was sent is remembered, for a letter that leaves later and is taken back."""


@dataclass(frozen=True, slots=True)
class DraftFile:
    """A file of a draft. ``content_id`` names it in the draft's HTML when it is a picture there."""

    id: int
    draft_id: int
    blob_id: int
    name: str
    content_type: str
    size: int
    content_id: str


@dataclass(frozen=True, slots=True)
class Text:
    """What a person has typed so far, address lines as they stand. None leaves a field as it is."""

    sender: str | None = None
    to: str | None = None
    cc: str | None = None
    bcc: str | None = None
    subject: str | None = None
    html: CleanHtml | None = None
    seen_id: int | None = None
    quoted_id: int | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A letter under way. ``thread_id`` is None for a new one; ``quoted_id`` is the letter below it, 0 for none."""

    id: int
    mailbox_id: int
    scope_id: int
    thread_id: int | None
    kind: DraftKind
    author_id: int
    author: str
    changed_by_id: int
    changed_by: str
    version: int
    sender: str
    to: str
    cc: str
    bcc: str
    subject: str
    html: CleanHtml
    quoted_id: int
    seen_id: int
    send_at: int | None
    unless_reply: bool
    fault: str
    created_at: int
    changed_at: int
    files: tuple[DraftFile, ...]


_changer = user.alias("changer")
_DRAFTS: Select[Any] = (
    select(draft, user.c.name.label("author"), _changer.c.name.label("changed_by"))
    .join(user, user.c.id == draft.c.author_id)
    .join(_changer, _changer.c.id == draft.c.changed_by_id)
    .outerjoin(thread, thread.c.id == draft.c.thread_id)
    .where(draft.c.message_id.is_(None))
)
_FILES = (
    select(draft_file)
    .where(draft_file.c.draft_id.in_(bindparam("ids", expanding=True)))
    .order_by(draft_file.c.draft_id, draft_file.c.id)
)
_MINE = select(draft.c.id).where(draft.c.author_id == bindparam("me"), draft.c.message_id.is_(None))
_FIELDS = {"to": "to_line", "cc": "cc_line", "bcc": "bcc_line"}


MAY_WRITE = or_(
    draft.c.scope_id.in_(bindparam("everything", expanding=True)),
    and_(
        draft.c.scope_id.in_(bindparam("own", expanding=True)),
        or_(
            thread.c.executor_id == bindparam("me"),
            and_(draft.c.thread_id.is_(None), draft.c.author_id == bindparam("me")),
        ),
    ),
)
"""The condition on ``draft`` (and its thread) under which somebody may send it; ``writes_of`` fills its holes."""


def writes_of(viewer: Viewer) -> dict[str, Any]:
    """Where the viewer has the right to answer: everything, or only what they execute and what they began."""
    both = viewer.rights | viewer.narrowed
    return {
        "me": viewer.user_id,
        "everything": sorted(one for one in viewer.full if (one, "answer") in viewer.rights),
        "own": sorted(one for one in viewer.full | viewer.assigned if (one, "answer") in both),
    }


@cache
def _listing(of_thread: bool, going_on: bool) -> Select[Any]:
    statement = _DRAFTS.where(MAY_WRITE).order_by(draft.c.id.desc()).limit(bindparam("most"))
    if of_thread:
        statement = statement.where(draft.c.thread_id == bindparam("thread_id"))
    return statement.where(draft.c.id < bindparam("before")) if going_on else statement


def list_drafts(
    tx: ReadTx, viewer: Viewer, *, thread_id: int | None = None, after: str | None = None, limit: int = 50
) -> Page[Draft]:
    """The drafts that the viewer may send, newest first. Raises Invalid for a cursor that is none."""
    asked = writes_of(viewer) | {"most": limit + 1, "thread_id": thread_id}
    if after is not None:
        asked["before"] = decode_cursor(after, (int,))[0]
    rows = tx.rows(_listing(thread_id is not None, after is not None), asked)
    return cut_page(_shown(tx, viewer, rows), limit, lambda one: (one.id,))


def list_where(
    tx: ReadTx, viewer: Viewer, *conditions: ColumnElement[bool], order: Sequence[Any], limit: int
) -> list[Draft]:
    """Drafts that the viewer may send, by conditions on ``draft`` and its ``thread``, in that order."""
    statement = _DRAFTS.where(MAY_WRITE, *conditions).order_by(*order).limit(limit)
    return _shown(tx, viewer, tx.rows(statement, writes_of(viewer)))


_ONE = _DRAFTS.where(draft.c.id == bindparam("draft_id"), MAY_WRITE)


def get_draft(tx: ReadTx, viewer: Viewer, draft_id: int) -> Draft:
    """The draft. Raises NotFound, alike for what is not there and what they may not send."""
    found = _shown(tx, viewer, tx.rows(_ONE, writes_of(viewer) | {"draft_id": draft_id}))
    if not found:
        raise NotFound("There is no draft with the number %(id)s.", id=draft_id)
    return found[0]


def add_draft(
    tx: WriteTx, viewer: Viewer, kind: DraftKind, *, thread_id: int | None = None, mailbox_id: int | None = None
) -> Draft:
    """Begin to write: in a thread, or a new letter from a mailbox. Raises NotFound, Forbidden, Invalid, Conflict for
    somebody who has too many."""
    if (kind == "new") != (thread_id is None) or kind not in KINDS:
        raise Invalid("A new letter has no thread, an answer has one.", field="kind")
    box_id, scope_id = _place(tx, viewer, thread_id, mailbox_id)
    if len(tx.values(_MINE.limit(MOST_DRAFTS), {"me": viewer.user_id})) >= MOST_DRAFTS:
        raise Conflict("You have %(most)s drafts. Throw some of them away first.", most=MOST_DRAFTS)
    now = clock.now()
    made = tx.insert(
        draft,
        mailbox_id=box_id,
        scope_id=scope_id,
        thread_id=thread_id,
        kind=kind,
        author_id=viewer.user_id,
        changed_by_id=viewer.user_id,
        created_at=now,
        changed_at=now,
    )
    return tell_drafted(tx, viewer.user_id, get_draft(tx, viewer, made))


def change_draft(tx: WriteTx, viewer: Viewer, draft_id: int, version: int, new: Text) -> Draft:
    """Save what was typed on top of ``version``; a planned letter is taken off its moment by it. Raises NotFound,
    Invalid, and Conflict (``fields["version"]``, the name of whoever was quicker) when the draft has gone on since."""
    hold_draft(tx, viewer, draft_id, version)
    values: dict[str, Any] = {"send_at": None, "unless_reply": 0}
    for name in ("sender", "to", "cc", "bcc", "subject", "html", "seen_id", "quoted_id"):
        value = getattr(new, name)
        if value is None:
            continue
        if isinstance(value, str) and len(value) > (LONGEST_HTML if name == "html" else LONGEST_LINE):
            raise Invalid("This letter is too long. Send the rest as a file.", field=name)
        values[_FIELDS.get(name, name)] = value
    touch(tx, viewer, draft_id, **values)
    return get_draft(tx, viewer, draft_id)


def remove_draft(tx: WriteTx, viewer: Viewer, draft_id: int) -> None:
    """Throw it away with its files. Raises NotFound."""
    found = hold_draft(tx, viewer, draft_id)
    tell_drafted(tx, viewer.user_id, found)
    tx.execute(delete(draft).where(draft.c.id == draft_id))


def hold_draft(tx: WriteTx, viewer: Viewer, draft_id: int, version: int | None = None) -> Draft:
    """The draft, held until the end of the unit. Raises NotFound, Conflict when it is not of this version any more."""
    tx.lock(draft, draft_id)
    found = get_draft(tx, viewer, draft_id)
    if version is not None and found.version != version:
        raise Conflict(
            "%(name)s has changed this draft meanwhile. Look at it before you go on.",
            name=found.changed_by,
            version=found.version,
        )
    return found


def keep_here(tx: WriteTx, found: Draft) -> Draft:
    """It is being changed: if it was planned, it leaves at no moment any more."""
    if found.send_at is not None:
        tx.change(draft, found.id, send_at=None, unless_reply=0)
    return found


def touch(tx: WriteTx, viewer: Viewer, draft_id: int, **values: Any) -> None:
    """Note a change: by whom, when, the next version."""
    values |= {"version": draft.c.version + 1, "changed_by_id": viewer.user_id, "changed_at": clock.now()}
    tx.execute(update(draft).where(draft.c.id == draft_id).values(**values))


def finish_draft(tx: WriteTx, viewer: Viewer, draft_id: int, message_id: int) -> None:
    """It became this letter, in the transaction that planned that. Raises NotFound."""
    found = hold_draft(tx, viewer, draft_id)
    tx.change(draft, draft_id, message_id=message_id, send_at=None, unless_reply=0, fault="")
    tell_drafted(tx, viewer.user_id, found)


def revive_draft(tx: WriteTx, message_id: int) -> int | None:
    """The letter was taken back: its draft is one again. Returns it, None for a letter that had none."""
    found = tx.value(select(draft.c.id).where(draft.c.message_id == message_id))
    if found is not None:
        tx.execute(update(draft).where(draft.c.id == found).values(message_id=None, version=draft.c.version + 1))
    return None if found is None else int(found)


def sweep_drafts(tx: WriteTx) -> int:
    """Forget drafts that were sent long ago; their letters stand in their threads. Returns how many."""
    sent = and_(draft.c.message_id.is_not(None), draft.c.changed_at < clock.now() - KEPT)
    return tx.execute(delete(draft).where(sent))


def _place(tx: ReadTx, viewer: Viewer, thread_id: int | None, mailbox_id: int | None) -> tuple[int, int]:
    """Mailbox and scope of a new draft, where the viewer may send it."""
    if thread_id is not None:
        here = select(thread).where(thread.c.id == thread_id, thread.c.merged_into.is_(None))
        row = tx.row(readable(here, viewer, thread))
        if row is None:
            raise NotFound("There is no thread with the number %(id)s.", id=thread_id)
        demand(viewer, "answer", row.scope_id, row.executor_id)
        return row.mailbox_id, row.scope_id
    seen = sorted(viewer.full | viewer.assigned)
    row = tx.row(select(mailbox).where(mailbox.c.id == mailbox_id, mailbox.c.scope_id.in_(seen)))
    if row is None:
        raise NotFound("There is no mailbox with the number %(id)s.", id=mailbox_id or 0)
    demand(viewer, "answer", row.scope_id, viewer.user_id)
    return row.id, row.scope_id


def tell_drafted(tx: WriteTx, user_id: int, found: Draft) -> Draft:
    """Let the open pages of colleagues know that somebody writes in their thread, or no more."""
    if found.thread_id is not None:
        fields = {"thread_id": found.thread_id, "mailbox_id": found.mailbox_id}
        cause = f"user {user_id}"
        record_change(tx, "thread.drafted", found.thread_id, scope_id=found.scope_id, fields=fields, cause=cause)
    return found


def _shown(tx: ReadTx, viewer: Viewer, rows: Sequence[Row[Any]]) -> list[Draft]:
    for row in rows:
        if row.author_id != viewer.user_id:
            note_read(viewer, row.scope_id, row.thread_id)
    files: dict[int, list[DraftFile]] = {row.id: [] for row in rows}
    for one in tx.rows(_FILES, {"ids": list(files)}) if files else ():
        shown = DraftFile(one.id, one.draft_id, one.blob_id, one.name, one.content_type, one.size, one.content_id)
        files[one.draft_id].append(shown)
    return [_draft(row, files[row.id]) for row in rows]


def _draft(row: Row[Any], files: Sequence[DraftFile]) -> Draft:
    return Draft(
        id=row.id,
        mailbox_id=row.mailbox_id,
        scope_id=row.scope_id,
        thread_id=row.thread_id,
        kind=row.kind,
        author_id=row.author_id,
        author=row.author,
        changed_by_id=row.changed_by_id,
        changed_by=row.changed_by,
        version=row.version,
        sender=row.sender,
        to=row.to_line,
        cc=row.cc_line,
        bcc=row.bcc_line,
        subject=row.subject,
        html=CleanHtml(row.html),
        quoted_id=row.quoted_id,
        seen_id=row.seen_id,
        send_at=row.send_at,
        unless_reply=bool(row.unless_reply),
        fault=row.fault,
        created_at=row.created_at,
        changed_at=row.changed_at,
        files=tuple(files),
    )
