"""What the row of a thread says, worked out anew from its letters: after threads were merged, split or opened again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, bindparam, select

from core.database import ReadTx, WriteTx
from mailhub.mailboxes.deadlines import NOT_LOOKED, begin_wait
from mailhub.mailboxes.messages import COUNTER_BITS
from mailhub.mailboxes.tables import letter, mailbox, message, thread
from mailhub.mailboxes.tag_rows import keep_order
from mailhub.mailboxes.threads import ANSWERABLE, tell_client_waits

NOBODY_WAITS: dict[str, Any] = {"waiting_for": None, "waiting_since": None, "due_at": None}
_LETTERS = (
    select(
        message.c.id,
        message.c.letter_id,
        message.c.direction,
        message.c.dated_at,
        message.c.spam,
        message.c.quiet,
        message.c.fate,
        letter.c.kind,
        letter.c.subject,
        letter.c.from_name,
        letter.c.from_address,
        letter.c.from_trusted,
        letter.c.language,
        letter.c.excerpt,
        letter.c.parsed,
    )
    .join(letter, letter.c.id == message.c.letter_id)
    .where(message.c.thread_id == bindparam("thread_id"))
    .order_by(message.c.id)
)
_WHO_WAITS = (
    select(message.c.id, message.c.direction, message.c.dated_at, message.c.fate)
    .join(letter, letter.c.id == message.c.letter_id)
    .where(
        message.c.thread_id == bindparam("thread_id"),
        message.c.spam == 0,
        message.c.quiet == 0,
        message.c.fate.not_in(("taken_back", "forwarded")),
        letter.c.kind.in_(sorted(ANSWERABLE)),
    )
    .order_by(message.c.id)
)


def list_letters(tx: ReadTx, thread_id: int) -> Sequence[Row[Any]]:
    """The letters of a thread, oldest first, with what a tally needs of them."""
    return tx.rows(_LETTERS, {"thread_id": thread_id})


def find_waiting(tx: ReadTx, row: Any) -> dict[str, Any]:
    """Who waits for whom in a thread that is open, as columns of its row: they for us since their first letter without
    an answer, else we for them since our last one; what did not arrive is no answer. Junk, machines, letters out of
    archives and those of which somebody said that they need no answer make nobody wait."""
    rows = tx.rows(_WHO_WAITS, {"thread_id": row.id})
    ours = [one for one in rows if one.direction == "out" and not one.fate]
    answered = ours[-1].id >> COUNTER_BITS if ours else -1
    unanswered = [one for one in rows if one.id >> COUNTER_BITS > answered and one.id > row.no_answer_id]
    came = [one for one in unanswered if one.direction == "in"]
    since = next((one.dated_at for one in (*came, *unanswered)), None)  # what came back waits for us too
    if since is not None:
        box = tx.get(mailbox, row.mailbox_id)
        watched = row.watched if since == row.waiting_since else NOT_LOOKED
        return begin_wait(tx, box, row, since, first=not ours, own_hours=row.own_hours, watched=watched)
    if ours and ours[-1].id > row.no_answer_id and any(one.direction == "in" for one in rows):
        return {"waiting_for": "them", "waiting_since": ours[-1].dated_at, "due_at": None}
    return NOBODY_WAITS


def count_again(tx: WriteTx, thread_id: int) -> None:
    """Let the row of a thread say what its letters say. A thread without letters keeps what it said last."""
    row = tx.get(thread, thread_id)
    letters = [one for one in list_letters(tx, thread_id) if one.fate != "taken_back"]
    values: dict[str, Any] = {
        "message_count": len(letters),
        "undelivered": int(_is_undelivered(letters)),
        "answered_at": _answered_at(letters),
        "version": row.version + 1,
    }
    if letters:
        newest = max(letters, key=lambda one: (one.dated_at, one.id))
        values |= {
            "attachment_count": sum(not part["inline"] for one in letters for part in one.parsed["attachments"]),
            "last_message_at": newest.dated_at,
            "last_message_id": newest.id,
            "last_in_id": max((one.id for one in letters if one.direction == "in"), default=0),
            "snippet": newest.excerpt,
            **_who(letters),
        }
    values |= find_waiting(tx, row) if row.state in ("open", "snoozed") else NOBODY_WAITS
    tx.change(thread, thread_id, **values)
    keep_order(tx, row, values.get("last_message_at", row.last_message_at))
    tell_client_waits(tx, row.counterparty_id, row.scope_id)


def _is_undelivered(letters: Sequence[Row[Any]]) -> bool:
    """Did our last word not arrive?"""
    ours = [one for one in letters if one.direction == "out" and one.kind in ANSWERABLE]
    return bool(ours) and ours[-1].fate == "undelivered"


def _answered_at(letters: Sequence[Row[Any]]) -> int | None:
    """When we answered first; what came back is no answer, nor what an archive tells of."""
    ours = (one for one in letters if one.direction == "out" and not one.fate and not one.quiet)
    return next((one.dated_at for one in ours if one.kind in ANSWERABLE), None)


def _who(letters: Sequence[Row[Any]]) -> dict[str, Any]:
    """With whom we correspond: the writer of the newest letter to us, else whom we wrote to first; a machine only where
    nobody else is there."""
    came = [one for one in letters if one.direction == "in"]
    if len(came) < len(letters) or any(one.kind in ANSWERABLE for one in came):
        came = [one for one in came if one.kind in ANSWERABLE]
    if came:
        last = max(came, key=lambda one: (one.dated_at, one.id))
        name = last.from_name or last.from_address
        return {"who": name, "who_address": last.from_address, "language": last.language or ""}
    people = [person for one in letters for person in (*one.parsed["to"], *one.parsed["cc"])]
    first = people[0] if people else {"name": "", "address": ""}
    return {"who": first["name"] or first["address"], "who_address": first["address"]}
