"""The life of a letter, from what is stored: how it came, whose it is and why, who had it, who read it, what answered
it; or who wrote it, when it left, and what became of it for each recipient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import bindparam, select

from core.database import ReadTx
from crm.execution import list_hands
from crm.parties import find_contact, get_counterparty
from crm.staff.people import list_users
from crm.staff.readable import Viewer
from crm.staff.rights import list_viewers_of
from mailhub.mailboxes.reading import Message, get_message
from mailhub.mailboxes.tables import letter, letter_reference, message, thread, unread
from mailhub.outbound.ledger import list_of_messages
from mailhub.outbound.states import State

What = Literal[
    "received", "imported", "matched", "unmatched", "junk", "assigned", "read", "answered", "written", "delivery"
]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened. ``at`` is None where only that it happened is known. ``who`` are people, or an address;
    ``detail`` a word of the system: of the way it came, of how it was matched, of why it was assigned, of what the
    other server said; ``state`` that of a delivery."""

    what: What
    at: int | None
    who: tuple[str, ...] = ()
    detail: str = ""
    state: State | None = None
    server: str = ""
    """By what a letter of ours left, or was to leave last: the relay, or the server of an account."""


_ANSWERS = (
    select(message.c.id, message.c.dated_at, message.c.trace, letter.c.from_name, letter.c.from_address)
    .join(letter_reference, letter_reference.c.letter_id == message.c.letter_id)
    .join(letter, letter.c.id == message.c.letter_id)
    .where(
        letter_reference.c.message_id == bindparam("named"),
        message.c.thread_id == bindparam("thread_id"),
        message.c.direction != bindparam("direction"),
        message.c.fate != "taken_back",
    )
    .order_by(message.c.id)
    .limit(1)
)
_NOT_READ = select(unread.c.user_id).where(unread.c.thread_id == bindparam("thread_id"))


def list_life(tx: ReadTx, viewer: Viewer, message_id: int) -> list[Step]:
    """Its steps, oldest first; those without a moment behind what they follow. Raises NotFound."""
    found = get_message(tx, viewer, message_id)
    names = {one.id: one.name for one in list_users(tx)}
    steps = _came(tx, found, names) if found.direction == "in" else _went(tx, found, names)
    answer = _answer(tx, found, names)
    return [*steps, answer] if answer else steps


def _came(tx: ReadTx, found: Message, names: dict[int, str]) -> list[Step]:
    by = str(found.trace.get("peer") or found.trace.get("source") or "")
    row = tx.get(thread, found.thread_id)
    steps = [Step("received", found.received_at, (found.from_address,), by), _matched(tx, row)]
    if found.spam:
        steps.append(Step("junk", None))
    hands = [one for one in list_hands(tx, found.thread_id) if (one.ended_at or found.received_at) >= found.received_at]
    for one in hands:
        people = [names.get(one.executor_id or 0, ""), names.get(one.by_id or 0, "")]
        steps.append(Step("assigned", one.assigned_at, tuple(name for name in people if name), one.reason))
    unread_by = set(tx.values(_NOT_READ, {"thread_id": found.thread_id}))
    read_by = sorted(names[one] for one in list_viewers_of(tx, found.scope_id) if one not in unread_by and one in names)
    return [*steps, Step("read", None, tuple(read_by))] if read_by else steps


def _matched(tx: ReadTx, row: object) -> Step:
    """How the thread found its client."""
    match = row.match or {}  # type: ignore[attr-defined]
    counterparty_id, contact_id = row.counterparty_id, row.contact_id  # type: ignore[attr-defined]
    contact = find_contact(tx, contact_id)
    client = get_counterparty(tx, counterparty_id).name if counterparty_id is not None else ""
    people = tuple(one for one in (contact.name if contact else "", client) if one)
    return Step("matched" if people else "unmatched", None, people, str(match.get("by", "")))


def _went(tx: ReadTx, found: Message, names: dict[int, str]) -> list[Step]:
    by = names.get(int(found.trace.get("by") or 0), found.from_address)
    steps = [Step("written", found.dated_at, (by,))]
    for one in list_of_messages(tx, [found.id]).get(found.id, []):
        said = f"{one.reply_code or ''} {one.reply_status} {one.reply_text}".strip()
        moment = one.next_at if one.state in ("queued", "deferred") else one.changed_at
        steps.append(Step("delivery", moment, (one.recipient,), said, one.state, one.server))
    return steps


def _answer(tx: ReadTx, found: Message, names: dict[int, str]) -> Step | None:
    if not found.message_id:
        return None
    asked = {"named": found.message_id, "thread_id": found.thread_id, "direction": found.direction}
    row = tx.row(_ANSWERS, asked)
    if row is None:
        return None
    who = names.get(int(row.trace.get("by") or 0)) or row.from_name or row.from_address
    return Step("answered", row.dated_at, (who,))
