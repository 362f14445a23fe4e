"""Letters that leave later: drafts with a moment. Until it comes they are read, changed and taken off like any draft.

Whoever changes a planned letter takes it off its moment: nothing leaves by the clock that was not looked at as a whole.
One that leaves *unless they reply* stops at the first letter from outside that a person wrote; its writer is told. It
leaves in one transaction with its draft's end (``posting.post``), so however often it is tried, it leaves once.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, func, select, update

from core import clock
from core.changes import record_change
from core.database import ReadTx, WriteTx
from core.errors import Conflict, HouseError, Invalid, NotFound
from core.jobs import database_now
from core.marks import get_identity
from crm.staff.people import get_user
from crm.staff.readable import Viewer, get_viewer
from mailhub.mailboxes.notifying import notify
from mailhub.mailboxes.tables import letter, message, thread
from mailhub.mailboxes.threads import ANSWERABLE, find_root, hold_root, list_merged, tell
from mailhub.outbound.drafts import MAY_WRITE, Draft, get_draft, hold_draft, list_where, tell_drafted, touch, writes_of
from mailhub.outbound.identity import Stamp
from mailhub.outbound.planning import Written
from mailhub.outbound.posting import Post, answer_of, post
from mailhub.outbound.tables import draft
from mailhub.outbound.writing import refuse_empty, refuse_unseen

TOPIC = "drafts"
FURTHEST = 366 * clock.DAY
REPLIED = "The letter that %(name)s had planned did not leave, because an answer came first. It is a draft again."
FAILED = "The letter that %(name)s had planned did not leave. It is a draft again. %(why)s"
MOST_AT_ONCE = 20
_PLANNED = (draft.c.message_id.is_(None), draft.c.send_at.is_not(None))
_DUE = (
    select(draft.c.id)
    .where(*_PLANNED, draft.c.send_at <= bindparam("now"), draft.c.id.not_in(bindparam("without", expanding=True)))
    .order_by(draft.c.send_at, draft.c.id)
    .limit(MOST_AT_ONCE)
)
_NEXT = select(func.min(draft.c.send_at)).where(*_PLANNED, draft.c.id.not_in(bindparam("without", expanding=True)))
_REPLY = (
    select(message.c.id)
    .join(letter, letter.c.id == message.c.letter_id)
    .where(
        message.c.thread_id == bindparam("thread_id"),
        message.c.id > bindparam("seen"),
        message.c.direction == "in",
        message.c.spam == 0,
        message.c.quiet == 0,
        letter.c.kind.in_(sorted(ANSWERABLE)),
    )
    .limit(1)
)
_STOPPED_BY_REPLY = select(draft.c.id).where(
    *_PLANNED, draft.c.unless_reply == 1, draft.c.thread_id.in_(bindparam("threads", expanding=True))
)
_LEFT = (
    select(draft.c.message_id)
    .outerjoin(thread, thread.c.id == draft.c.thread_id)
    .where(draft.c.id == bindparam("draft_id"), draft.c.message_id.is_not(None), MAY_WRITE)
)
_NEWEST = select(func.max(message.c.id)).where(message.c.thread_id == bindparam("thread_id"))


@dataclass(frozen=True, slots=True)
class Due:
    """A planned letter whose moment has come, and who planned it."""

    draft: Draft
    viewer: Viewer


def schedule_draft(
    tx: WriteTx,
    viewer: Viewer,
    draft_id: int,
    version: int,
    send_at: int,
    *,
    unless_reply: bool = False,
    seen_id: int | None = None,
    force: bool = False,
) -> Draft:
    """Let the draft leave at that instant; ``unless_reply``: not if somebody from outside writes in its thread before.

    Raises NotFound, Invalid (a moment that is over or too far, nobody to write to, no text), Conflict for another
    version and, unless ``force``, when letters came after ``seen_id``.
    """
    found = hold_draft(tx, viewer, draft_id, version)
    now = database_now(tx)
    if not now < send_at <= now + FURTHEST:
        raise Invalid("Choose a moment that is to come, within a year.", field="send_at")
    if unless_reply and found.thread_id is None:
        raise Invalid("Only a letter in a thread can wait for a reply.", field="unless_reply")
    answer = answer_of(found)
    if not (answer.to or answer.cc or answer.bcc):
        raise Invalid("A letter needs a recipient.", field="to")
    refuse_empty(answer, has_files=bool(found.files))
    newest = 0
    if found.thread_id is not None:
        root = int(hold_root(tx, found.thread_id).id)  # nobody throws it away meanwhile
        if not force:
            refuse_unseen(tx, root, seen_id)
        newest = int(tx.value(_NEWEST, {"thread_id": root}) or 0)
    touch(tx, viewer, draft_id, send_at=send_at, unless_reply=int(unless_reply), seen_id=newest, fault="")
    tx.announce(TOPIC)
    return tell_drafted(tx, viewer.user_id, get_draft(tx, viewer, draft_id))


def unschedule_draft(tx: WriteTx, viewer: Viewer, draft_id: int) -> Draft:
    """Let it wait for a person again. Raises NotFound, Conflict for one that is not planned or has left by now."""
    refuse_left(tx, viewer, draft_id)
    found = hold_draft(tx, viewer, draft_id)
    if found.send_at is None:
        raise Conflict("This letter is not planned any more.")
    touch(tx, viewer, draft_id, send_at=None, unless_reply=0)
    return tell_drafted(tx, viewer.user_id, get_draft(tx, viewer, draft_id))


def refuse_left(tx: ReadTx, viewer: Viewer, draft_id: int) -> None:
    """Raises Conflict (``fields["message_id"]``) for a draft of the viewer's that has become a letter."""
    became = tx.value(_LEFT, writes_of(viewer) | {"draft_id": draft_id})
    if became is not None:
        raise Conflict("It is too late: this letter has left already. It stands in its thread.", message_id=int(became))


def list_scheduled(tx: ReadTx, viewer: Viewer, *, limit: int = 200) -> list[Draft]:
    """The planned letters that the viewer may send, the next first."""
    return list_where(tx, viewer, *_PLANNED, order=(draft.c.send_at, draft.c.id), limit=limit)


def stop_for_reply(tx: WriteTx, thread_id: int) -> int:
    """Somebody from outside has written in the thread: what was to leave unless they did does not. Returns how many."""
    ids = tx.values(_STOPPED_BY_REPLY, {"threads": list_merged(tx, thread_id)})
    return sum(stop(tx, int(one), REPLIED) for one in ids)


def list_due(tx: ReadTx, without: Sequence[int] = ()) -> tuple[list[int], int | None]:
    """The drafts whose moment has come, and the moment of the next one, but for some that wait a little; nothing in a
    restored copy that is held."""
    if get_identity(tx).held:
        return [], None
    due = [int(one) for one in tx.values(_DUE, {"now": database_now(tx), "without": list(without)})]
    return due, tx.value(_NEXT, {"without": list(without)})


def find_due(tx: ReadTx, draft_id: int) -> Due:
    """One of them, as whoever planned it sees it. Raises NotFound when it is theirs to send no more."""
    by_id = tx.value(select(draft.c.changed_by_id).where(draft.c.id == draft_id))
    if by_id is None:
        raise NotFound("There is no draft with the number %(id)s.", id=draft_id)
    viewer = get_viewer(tx, int(by_id))
    return Due(get_draft(tx, viewer, draft_id), viewer)


def leave(tx: WriteTx, stamp: Stamp, due: Due, wanted: Post, written: Written | None) -> int | None:
    """Send it, in the one transaction that also ends its draft. Returns the message; None when it stays: it was taken
    off its moment, or a reply has come. Raises what ``post`` raises."""
    viewer = get_viewer(tx, due.viewer.user_id)
    found = hold_draft(tx, viewer, due.draft.id, due.draft.version)
    if found.send_at is None or found.send_at > database_now(tx):
        return None
    if found.unless_reply and found.thread_id is not None:
        asked = {"thread_id": find_root(tx, found.thread_id), "seen": found.seen_id}
        if tx.value(_REPLY, asked) is not None:
            stop(tx, found.id, REPLIED)
            return None
    return post(tx, viewer, stamp, wanted, written)


def stop(
    tx: WriteTx, draft_id: int, sentence: str, problem: HouseError | None = None, *, version: int | None = None
) -> bool:
    """Take a planned letter off its moment and tell its writer why. False when it is not planned any more, or not as it
    was in this ``version``: what somebody has planned anew meanwhile is tried anew."""
    tx.lock(draft, draft_id)
    row = tx.row(select(draft).where(draft.c.id == draft_id, *_PLANNED))
    if row is None or version not in (None, row.version):
        return False
    said = [REPLIED, {}] if problem is None else [problem.sentence, {k: str(v) for k, v in problem.fields.items()}]
    values: dict[str, Any] = {"send_at": None, "unless_reply": 0, "fault": json.dumps(said), "version": row.version + 1}
    tx.execute(update(draft).where(draft.c.id == draft_id).values(**values))
    name = get_user(tx, row.changed_by_id).name
    if row.thread_id is not None:
        root = find_root(tx, row.thread_id)
        notify(tx, "unsent", [row.changed_by_id], root, draft_id=draft_id)
        tell(tx, root, sentence, name=name, why="" if problem is None else str(problem))
    fields = {"thread_id": row.thread_id, "mailbox_id": row.mailbox_id, "user_id": row.changed_by_id}
    record_change(tx, "draft.stopped", draft_id, scope_id=row.scope_id, fields=fields, cause="clock")
    return True
