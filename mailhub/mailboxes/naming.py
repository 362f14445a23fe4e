"""What a thread is called: the subject and the date of the letter that it begins with.

The letter that names no other comes first, then the earliest; when the question comes after its answers, the thread is
called by the question from then on. So the name follows from the letters alone, in whatever order they came.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, exists, func, select

from core.database import ReadTx, WriteTx
from mailhub.letters.subject import has_answer_prefix, parse_base_subject
from mailhub.mailboxes.homes import own_thread
from mailhub.mailboxes.subjects import leans
from mailhub.mailboxes.tables import letter, letter_reference, message, thread
from mailhub.mailboxes.threads import find_root

_NAMES = exists(select(1).where(letter_reference.c.letter_id == letter.c.id))
_LETTERS = (
    select(letter.c.subject, func.coalesce(letter.c.sent_at, message.c.dated_at).label("at"), _NAMES.label("names"))
    .join(letter, letter.c.id == message.c.letter_id)
    .where(
        message.c.thread_id == bindparam("root_id"),
        own_thread.in_(bindparam("family", expanding=True)),
        message.c.fate != "taken_back",
    )
)
_MERGED = select(thread.c.id, thread.c.merged_into, thread.c.merged).where(
    thread.c.merged_into.in_(bindparam("ids", expanding=True))
)


def name_again(tx: WriteTx, thread_id: int) -> set[str]:
    """Call a standing thread by its letters. Returns the subjects (``subject_base``) whose answers may lean on another
    thread than before because of it: none when nothing is another than it was."""
    row = tx.get(thread, thread_id)
    root_id = find_root(tx, thread_id)
    letters = tx.rows(_LETTERS, {"root_id": root_id, "family": _list_family(tx, thread_id)})
    if not letters:
        return set()
    bases = {one.subject: parse_base_subject(one.subject).lower() for one in letters}
    first = min(letters, key=lambda one: (one.names, one.at, bases[one.subject]))
    alike = (one.subject for one in letters if bases[one.subject] == bases[first.subject])
    subject = min(alike, key=lambda one: (has_answer_prefix(one), one != row.subject, one))
    named: dict[str, Any] = {"subject": subject, "subject_base": bases[subject], "begun_at": first.at}
    if all(getattr(row, name) == value for name, value in named.items()):
        return set()
    tx.change(thread, thread_id, **named)
    return {row.subject_base, bases[subject]}


def _list_family(tx: ReadTx, thread_id: int) -> list[int]:
    """The thread and all that were merged into it for good: not those that only lean on it."""
    found = newest = [thread_id]
    while newest := [int(row.id) for row in tx.rows(_MERGED, {"ids": newest}) if not leans(row)]:
        found = [*found, *newest]
    return found
