"""Threads: finding the one that a letter belongs to, opening a new one, and what a letter does to it.

A letter joins by reference only if its sender has a say there: they wrote in the thread before, or we wrote to them, or
they belong to the thread's client. A reference alone is free for anybody to forge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, Row, bindparam, delete, func, literal_column, select

from core import clock
from core.changes import record_change
from core.database import ReadTx, WriteTx
from crm.execution import unassign
from crm.interactions import hold_facts, set_waiting
from crm.staff.rights import list_viewers_of
from mailhub.letters.subject import has_answer_prefix
from mailhub.letters.values import ParsedLetter
from mailhub.mailboxes.boxes import Mailbox
from mailhub.mailboxes.messages import COUNTER_BITS
from mailhub.mailboxes.tables import letter, letter_reference, message, thread, thread_event, thread_participant, unread

SUBJECT_WINDOW = 30 * clock.DAY
# Kinds that a person is expected to answer; the others are shown and nobody waits because of them.
ANSWERABLE = frozenset({"letter", "invitation"})


@dataclass(frozen=True, slots=True)
class Home:
    """Where a letter belongs: a thread to join, or None for a new one, and what led there (``reference``, ``subject``,
    ``new``). ``claims`` is a thread that the letter names without a say in it: a hint for those who may see it."""

    thread_id: int | None
    by: str
    claims: int | None = None


@dataclass(frozen=True, slots=True)
class Sender:
    """Who wrote, as far as it is certain: the strict single address (or None) and whose it is."""

    address: str | None
    counterparty_id: int | None
    contact_id: int | None


# No ORDER BY in the database: it would tempt a planner to walk the whole mailbox in that order.
_NAMED = (
    select(message.c.id, message.c.thread_id, thread.c.counterparty_id)
    .join(thread, thread.c.id == message.c.thread_id)
    .where(message.c.mailbox_id == bindparam("mailbox_id"))
    .limit(200)
)
_IDS: BindParameter[str] = bindparam("ids", expanding=True)
_REFERENCES = _NAMED.where(message.c.letter_id.in_(select(letter.c.id).where(letter.c.message_id.in_(_IDS)).limit(200)))
_REFERRED = _NAMED.where(
    message.c.letter_id.in_(
        select(letter_reference.c.letter_id).where(letter_reference.c.message_id.in_(_IDS)).limit(200)
    )
)
_HAS_SAY = select(thread_participant.c.thread_id).where(
    thread_participant.c.thread_id == bindparam("thread_id"), thread_participant.c.address == bindparam("address")
)
_UNREAD_BY = select(unread.c.user_id).where(unread.c.thread_id == bindparam("thread_id"))
_BY_SUBJECT = (
    select(thread.c.id)
    .where(
        thread.c.mailbox_id == bindparam("mailbox_id"),
        thread.c.counterparty_id == bindparam("counterparty_id"),
        thread.c.subject_base == bindparam("subject_base"),
        thread.c.last_message_at.between(bindparam("from"), bindparam("to")),
    )
    .order_by(thread.c.last_message_at.desc(), thread.c.id.desc())
    .limit(1)
)


def find_home(tx: WriteTx, mailbox_id: int, parsed: ParsedLetter, sender: Sender, dated_at: int) -> Home:
    """Find the thread of a letter: by the ids it names, by those who named it, then by subject and client."""
    claims: int | None = None
    named = list(dict.fromkeys([*parsed.in_reply_to, *reversed(parsed.references)]))[:50]
    # A letter and its answer, understood at the same moment by two processes, must see each other.
    own = [parsed.message_id] if parsed.message_id else []
    subject = [f"{sender.counterparty_id} {parsed.base_subject}"] if sender.counterparty_id is not None else []
    tx.lock_keys(("thread", mailbox_id, name) for name in (*own, *named, *subject))
    asked = [(_REFERENCES, named), (_REFERRED, [*own, *named])]
    for statement, ids in asked:
        if not ids:
            continue
        for row in sorted(tx.rows(statement, {"ids": ids, "mailbox_id": mailbox_id}), key=_newest_first):
            if _has_say(tx, row.thread_id, row.counterparty_id, sender):
                return Home(row.thread_id, "reference")
            claims = claims or row.thread_id
    # A subject alone joins nothing: two orders named "Invoice" are two threads. "Re: Invoice" goes on with one.
    if has_answer_prefix(parsed.subject) and parsed.base_subject and sender.counterparty_id is not None:
        found = tx.value(
            _BY_SUBJECT,
            {
                "mailbox_id": mailbox_id,
                "counterparty_id": sender.counterparty_id,
                "subject_base": parsed.base_subject.lower(),
                "from": dated_at - SUBJECT_WINDOW,
                "to": dated_at + SUBJECT_WINDOW,
            },
        )
        if found is not None:
            return Home(int(found), "subject", claims)
    return Home(None, "new", claims)


def _newest_first(row: Row[Any]) -> int:
    return -int(row.id)


def _has_say(tx: ReadTx, thread_id: int, counterparty_id: int | None, sender: Sender) -> bool:
    if sender.address is None:
        return False
    if counterparty_id is not None and counterparty_id == sender.counterparty_id:
        return True
    return tx.value(_HAS_SAY, {"thread_id": thread_id, "address": sender.address.lower()}) is not None


def sender_in(tx: ReadTx, thread_id: int, sender: Sender) -> Sender:
    """An unknown sender who has a say in a thread counts as the thread's client."""
    row = tx.row(select(thread.c.counterparty_id).where(thread.c.id == thread_id))
    return Sender(sender.address, row.counterparty_id, None) if row is not None else sender


def open_thread(
    tx: WriteTx, box: Mailbox, parsed: ParsedLetter, sender: Sender, match: dict[str, Any], dated_at: int
) -> int:
    """A new thread in a mailbox, still without a message."""
    return tx.insert(
        thread,
        mailbox_id=box.id,
        scope_id=box.scope_id,
        subject=parsed.subject,
        subject_base=parsed.base_subject.lower(),
        counterparty_id=sender.counterparty_id,
        contact_id=sender.contact_id,
        last_message_at=dated_at,
        match=match,
        created_at=clock.now(),
    )


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message that has just come into a thread. ``waits`` is True when somebody waits for us because of it;
    ``quiet`` for an import: nothing becomes unread, nobody waits, a new thread is closed."""

    message_id: int
    dated_at: int
    waits: bool
    quiet: bool
    spam: bool


@dataclass(frozen=True, slots=True)
class Hands:
    """Whose a thread is: the client under whom it is filed, and who executes it."""

    counterparty_id: int | None
    executor_id: int | None


def receive(tx: WriteTx, thread_id: int, box: Mailbox, parsed: ParsedLetter, arrival: Arrival, sender: Sender) -> Hands:
    """Let an incoming message change its thread: row of the list, waiting, participants, unread.

    Returns whose the thread is, which stands until the end of the unit.
    """
    tx.lock(thread, thread_id)
    row = tx.get(thread, thread_id)
    newest = arrival.dated_at >= row.last_message_at or row.message_count == 0
    values: dict[str, Any] = {
        "message_count": row.message_count + 1,
        "attachment_count": row.attachment_count + sum(not part.inline for part in parsed.attachments),
        "version": row.version + 1,
        "last_in_id": max(row.last_in_id, arrival.message_id),
    }
    if newest:
        who = parsed.from_[0] if parsed.from_ else None
        values |= {
            "last_message_at": arrival.dated_at,
            "last_message_id": arrival.message_id,
            "who": (who.name or who.address) if who else "",
            "who_address": who.address if who else "",
            "snippet": parsed.excerpt,
            "language": parsed.language or "",
        }
    values |= _state_after(row, box, arrival)
    tx.change(thread, thread_id, **values)
    if sender.address is not None:
        add_participants(tx, thread_id, [sender.address])
    if not arrival.quiet and not arrival.spam:
        mark_unread(tx, thread_id, box.scope_id)
    record_change(
        tx,
        "message.arrived",
        arrival.message_id,
        scope_id=box.scope_id,
        fields={"thread_id": thread_id, "mailbox_id": box.id, "quiet": arrival.quiet},
        cause="letter",
    )
    return Hands(row.counterparty_id, row.executor_id)


def _state_after(row: Any, box: Mailbox, arrival: Arrival) -> dict[str, Any]:
    """What an incoming letter does to the state: junk stays junk, a client's letter reopens, an import closes."""
    first = row.message_count == 0
    if arrival.spam:
        return {"state": "spam"} if first else {}
    if arrival.quiet:
        return {"state": "closed"} if first else {}
    values: dict[str, Any] = {"state": "open"} if row.state == "closed" else {}
    if arrival.waits and row.waiting_for != "us":
        due = arrival.dated_at + box.answer_hours * clock.HOUR
        values |= {"waiting_for": "us", "waiting_since": arrival.dated_at, "due_at": due}
    return values


_SENT = (
    select(message, letter.c.kind, letter.c.excerpt, letter.c.language, letter.c.parsed)
    .join(letter, letter.c.id == message.c.letter_id)
    .where(message.c.id == bindparam("id"))
)


def answered(tx: WriteTx, message_id: int) -> None:
    """Let a message of ours (direction ``out``, recorded already) change its thread: whether it was written here or
    seen in a Sent folder.

    Its row of the list follows, whom we wrote to has a say, and unless the letter is automatic or older than the newest
    incoming one: we wait for them, the assignment ends (the thread keeps its executor for what comes next), and the
    change ``thread.answered`` says so. The client's timeline is its writer's business (``record_letter``).
    """
    sent = tx.row(_SENT, {"id": message_id})
    assert sent is not None, "record the message first"
    tx.lock(thread, sent.thread_id)
    row = tx.get(thread, sent.thread_id)
    people = [*sent.parsed["to"], *sent.parsed["cc"]]
    values: dict[str, Any] = {
        "message_count": row.message_count + 1,
        "attachment_count": row.attachment_count + sum(not part["inline"] for part in sent.parsed["attachments"]),
        "version": row.version + 1,
    }
    if sent.dated_at >= row.last_message_at or row.message_count == 0:
        values |= {"last_message_at": sent.dated_at, "last_message_id": message_id, "snippet": sent.excerpt}
    if row.message_count == 0 and people:
        values |= {"who": people[0]["name"] or people[0]["address"], "who_address": people[0]["address"]}
    # Ids hold seconds: what left in the second of their letter answers it.
    answers = sent.kind in ANSWERABLE and message_id >> COUNTER_BITS >= row.last_in_id >> COUNTER_BITS
    if answers:
        values |= {"waiting_for": "them", "waiting_since": sent.dated_at, "due_at": None}
    tx.change(thread, row.id, **values)
    add_participants(tx, row.id, [person["address"] for person in people])
    if answers:
        unassign(tx, row.id)
        tell_client_waits(tx, row.counterparty_id, row.scope_id)
        fields = {"thread_id": row.id, "mailbox_id": row.mailbox_id, "message_id": message_id}
        record_change(tx, "thread.answered", row.id, scope_id=row.scope_id, fields=fields)


_LONGEST_WAIT = select(func.min(thread.c.waiting_since)).where(
    thread.c.counterparty_id == bindparam("counterparty_id"),
    thread.c.scope_id == bindparam("scope_id"),
    literal_column("state = 'open' AND waiting_for = 'us'"),  # as the index of those who wait is written
)


def tell_client_waits(tx: WriteTx, counterparty_id: int | None, scope_id: int) -> None:
    """Carry over to the client since when the longest of its threads in this mailbox waits for us."""
    if counterparty_id is not None:
        hold_facts(tx, counterparty_id, scope_id)
        since = tx.value(_LONGEST_WAIT, {"counterparty_id": counterparty_id, "scope_id": scope_id})
        set_waiting(tx, counterparty_id, scope_id, since)


def add_participants(tx: WriteTx, thread_id: int, addresses: list[str]) -> None:
    """Give these addresses a say in the thread."""
    for address in dict.fromkeys(address.lower() for address in addresses):
        if tx.value(_HAS_SAY, {"thread_id": thread_id, "address": address}) is None:
            tx.insert(thread_participant, thread_id=thread_id, address=address, how="wrote", sure=0)


def mark_unread(tx: WriteTx, thread_id: int, scope_id: int) -> None:
    """The thread has something new for everybody who may see its mailbox."""
    known = set(tx.values(_UNREAD_BY, {"thread_id": thread_id}))
    people = [person for person in list_viewers_of(tx, scope_id) if person not in known]
    tx.insert_many(unread, [{"user_id": person, "thread_id": thread_id, "scope_id": scope_id} for person in people])


def mark_read(tx: WriteTx, thread_id: int, user_id: int) -> bool:
    """The person has seen the thread. False when it was read already."""
    return bool(tx.execute(delete(unread).where(unread.c.thread_id == thread_id, unread.c.user_id == user_id)))


def tell(tx: WriteTx, thread_id: int, sentence: str, *, user_id: int | None = None, **fields: Any) -> None:
    """Add a grey line to the thread: ``sentence`` is a message id, ``fields`` fill it in the reader's language."""
    tx.insert(thread_event, thread_id=thread_id, user_id=user_id, sentence=sentence, fields=fields, at=clock.now())
