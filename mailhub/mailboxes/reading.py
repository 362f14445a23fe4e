"""One thread, open: its row, its letters and what happened with it. And the bytes behind a letter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, Select, bindparam, select

from core.database import ReadTx
from core.errors import NotFound
from core.paging import Page, cut_page, decode_cursor
from crm.staff.readable import Viewer, note_read, readable, visible
from crm.staff.tables import user
from mailhub.letters.verdicts import Verdicts
from mailhub.mailboxes.lists import ThreadRow, get_rows
from mailhub.mailboxes.tables import letter, message, thread, thread_event
from mailhub.mailboxes.threads import find_root, list_merged


@dataclass(frozen=True, slots=True)
class Message:
    """A letter in its thread, since ``landed_at``. ``parsed`` is the plain data of ``mailboxes.letters.as_data``."""

    id: int
    letter_id: int
    thread_id: int
    mailbox_id: int
    scope_id: int
    blob_id: int
    direction: str
    kind: str
    message_id: str
    subject: str
    from_name: str
    from_address: str
    from_trusted: bool
    language: str | None
    sent_at: int | None
    dated_at: int
    received_at: int
    landed_at: int
    excerpt: str
    spam: bool
    trace: dict[str, Any]
    verdicts: Verdicts | None
    parsed: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ThreadEvent:
    """A grey line of a thread: ``sentence`` is a message id to be filled with ``fields``."""

    id: int
    at: int
    sentence: str
    fields: dict[str, Any]
    user_name: str | None


@dataclass(frozen=True, slots=True)
class OpenThread:
    """A thread with its letters, oldest first, and its events, those of threads merged into it included.

    ``claims`` is the thread that its first letter named without a say in it, ``related`` are those that its events
    speak of (their field ``thread``), where the viewer may see them too. ``merged`` are the threads that were merged
    into this one and may be taken out again; ``split_off`` that this one may be given back. ``earlier`` is the letter
    before which there are more, None where the first is here; ``before`` the one that was asked for.
    """

    row: ThreadRow
    match: dict[str, Any]
    messages: list[Message]
    events: list[ThreadEvent]
    claims: ThreadRow | None = None
    related: Mapping[int, ThreadRow] = field(default_factory=dict)
    merged: frozenset[int] = frozenset()
    split_off: bool = False
    earlier: int | None = None
    before: int | None = None


_MESSAGES: Select[Any] = select(
    message.c.id,
    message.c.letter_id,
    message.c.thread_id,
    message.c.mailbox_id,
    message.c.scope_id,
    message.c.blob_id,
    message.c.direction,
    letter.c.kind,
    letter.c.message_id,
    letter.c.subject,
    letter.c.from_name,
    letter.c.from_address,
    letter.c.from_trusted.is_not(None).label("from_trusted"),
    letter.c.language,
    letter.c.sent_at,
    message.c.dated_at,
    message.c.received_at,
    message.c.landed_at,
    letter.c.excerpt,
    message.c.spam,
    message.c.trace,
    message.c.authentication.label("verdicts"),
    letter.c.parsed,
).join(letter, letter.c.id == message.c.letter_id)
MOST_LETTERS = 100
MOST_EVENTS = 500
_NO_ID = 2**63 - 1
_OF_THREAD = (
    _MESSAGES.where(message.c.thread_id == bindparam("thread_id"), message.c.id < bindparam("before"))
    .order_by(message.c.id.desc())
    .limit(bindparam("most"))
)
_LATER = select(message.c.id).where(message.c.thread_id == bindparam("thread_id"), message.c.id >= bindparam("since"))
_OWN = select(thread.c.match, thread.c.claims_id, thread.c.merged).where(thread.c.id == bindparam("thread_id"))
_EVENTS = (
    select(thread_event, user.c.name.label("user_name"))
    .outerjoin(user, user.c.id == thread_event.c.user_id)
    .where(thread_event.c.thread_id.in_(bindparam("thread_ids", expanding=True)))
    .order_by(thread_event.c.id.desc())
    .limit(MOST_EVENTS)
)


def get_thread(
    tx: ReadTx, viewer: Viewer, thread_id: int, *, before: int | None = None, most: int = MOST_LETTERS
) -> OpenThread:
    """The thread with its newest letters, ``most`` of them, or those before a letter, and what happened meanwhile; for
    one that was merged, the thread that shows its letters. Raises NotFound, alike for what is not there and what is
    not theirs."""
    thread_id = find_root(tx, thread_id)
    rows = get_rows(tx, viewer, [thread_id])
    if not rows:
        raise NotFound("There is no thread with the number %(id)s.", id=thread_id)
    note_read(viewer, rows[0].scope_id, thread_id)
    own = tx.row(_OWN, {"thread_id": thread_id})
    assert own is not None
    asked = {"thread_id": thread_id, "before": _NO_ID if before is None else before, "most": most + 1}
    found = [_message(row) for row in tx.rows(_OF_THREAD, asked)]
    messages = found[most - 1 :: -1] if len(found) > most else found[::-1]
    earlier = messages[0].id if len(found) > most else None
    begins = messages[0].received_at if earlier is not None else 0
    ends = messages[-1].received_at if before is not None and messages else _NO_ID
    family = list_merged(tx, thread_id)
    events = [
        ThreadEvent(row.id, row.at, row.sentence, row.fields, row.user_name)
        for row in reversed(tx.rows(_EVENTS, {"thread_ids": family}))
        if begins <= row.at <= ends
    ]
    named = {event.fields["thread"] for event in events if "thread" in event.fields} - set(family)
    seen = get_rows(tx, viewer, sorted(named)) if named else []
    claims = get_rows(tx, viewer, [find_root(tx, own.claims_id)]) if own.claims_id is not None else []
    return OpenThread(
        row=rows[0],
        match=own.match,
        messages=messages,
        events=events,
        claims=next(iter(claims), None),
        related={row.id: row for row in seen},
        merged=frozenset(family) - {thread_id},
        split_off="from" in (own.merged or {}),
        earlier=earlier,
        before=before,
    )


def list_later(tx: ReadTx, viewer: Viewer, thread_id: int, message_id: int) -> list[int]:
    """A letter of a thread and all that came after it. Raises NotFound."""
    if not get_rows(tx, viewer, [thread_id]):
        raise NotFound("There is no thread with the number %(id)s.", id=thread_id)
    return sorted(tx.values(_LATER, {"thread_id": thread_id, "since": message_id}))


def get_message(tx: ReadTx, viewer: Viewer, message_id: int) -> Message:
    """One letter. Raises NotFound, alike for what is not there and what is not theirs."""
    statement = _MESSAGES.join(thread, thread.c.id == message.c.thread_id).where(message.c.id == message_id)
    row = tx.row(statement.where(visible(viewer, thread.c.scope_id, thread.c.executor_id)))
    if row is None:
        raise NotFound("There is no letter with the number %(id)s.", id=message_id)
    note_read(viewer, row.scope_id, row.thread_id)
    return _message(row)


def list_messages(
    tx: ReadTx, viewer: Viewer, *, thread_id: int | None = None, after: str | None = None, limit: int = 50
) -> Page[Message]:
    """Letters the viewer may see, newest first, of one thread or of all."""
    statement = _MESSAGES.join(thread, thread.c.id == message.c.thread_id).order_by(message.c.id.desc())
    if thread_id is not None:
        statement = statement.where(message.c.thread_id == thread_id)
    if after is not None:
        statement = statement.where(message.c.id < decode_cursor(after, (int,))[0])
    found = cut_page(tx.rows(readable(statement, viewer, thread).limit(limit + 1)), limit, lambda row: (row.id,))
    for row in found.items:
        note_read(viewer, row.scope_id, row.thread_id)
    return Page([_message(row) for row in found.items], found.next)


def _message(row: Row[Any]) -> Message:
    values = dict(row._mapping)
    return Message(
        **{
            **values,
            "spam": bool(values["spam"]),
            "from_trusted": bool(values["from_trusted"]),
            "verdicts": None if values["verdicts"] is None else Verdicts(**values["verdicts"]),
        }
    )
