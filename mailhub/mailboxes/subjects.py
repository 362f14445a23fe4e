"""Answers that name no letter we have: they go on by their subject, as long as nothing better is known.

A subject alone joins nothing: two orders named "Invoice" are two threads. "Re: Invoice" without its question *leans* on
the thread of the same client that begins with that subject (the latest before it), or on an earlier answer like it. It
is a thread of its own that was merged by a pointer, so that it stands up again when its own question comes: the outcome
does not depend on which letter came first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, bindparam, select

from core import clock
from core.database import ReadTx
from mailhub.letters.subject import has_answer_prefix
from mailhub.letters.values import ParsedLetter
from mailhub.mailboxes.tables import thread

SUBJECT_WINDOW = 30 * clock.DAY
MOST_ALIKE = 50
_ALIKE = (
    select(thread.c.id, thread.c.subject, thread.c.begun_at, thread.c.merged_into, thread.c.merged)
    .where(
        thread.c.mailbox_id + 0 == bindparam("mailbox_id"),
        thread.c.counterparty_id == bindparam("counterparty_id"),
        thread.c.subject_base == bindparam("subject_base"),
        thread.c.last_message_at.between(bindparam("from"), bindparam("to")),
    )
    .order_by(thread.c.last_message_at.desc(), thread.c.id.desc())
    .limit(MOST_ALIKE)
)


def leans(row: Any) -> bool:
    """Whether a thread is merged into another only because of its subject."""
    return row.merged_into is not None and bool((row.merged or {}).get("leans"))


def find_standing(tx: ReadTx, thread_id: int) -> int:
    """The thread into which this one was merged for good: itself, also while it leans."""
    while (row := tx.get(thread, thread_id)).merged_into is not None and not leans(row):
        thread_id = int(row.merged_into)
    return thread_id


def find_beside(
    tx: ReadTx, mailbox_id: int, counterparty_id: int | None, parsed: ParsedLetter, dated_at: int
) -> int | None:
    """The thread that an answer without a reference leans on, or None."""
    if not has_answer_prefix(parsed.subject):
        return None
    rows = list_alike(tx, mailbox_id, counterparty_id, parsed.base_subject.lower(), dated_at)
    return choose_beside(rows, None, parsed.date or dated_at)


def list_alike(
    tx: ReadTx, mailbox_id: int, counterparty_id: int | None, subject_base: str, at: int
) -> Sequence[Row[Any]]:
    """The threads of a client with this subject around that time: those that stand alone and those that lean."""
    if counterparty_id is None or not subject_base:
        return []
    asked = {"mailbox_id": mailbox_id, "counterparty_id": counterparty_id, "subject_base": subject_base}
    rows = tx.rows(_ALIKE, {**asked, "from": at - SUBJECT_WINDOW, "to": at + SUBJECT_WINDOW})
    return [row for row in rows if row.merged_into is None or leans(row)]


def choose_beside(rows: Sequence[Any], own_id: int | None, begun_at: int) -> int | None:
    """On which of these threads an answer leans: the latest question before it, else the first after it; with no
    question at all on the earliest answer, which stands for it. None for itself."""
    questions = [row for row in rows if not has_answer_prefix(row.subject)]
    earlier = [row for row in questions if row.begun_at <= begun_at]
    if earlier:
        return int(max(earlier, key=lambda row: (row.begun_at, -row.id)).id)
    first = min(questions or rows, key=lambda row: (row.begun_at, row.id), default=None)
    return None if first is None or first.id == own_id else int(first.id)
