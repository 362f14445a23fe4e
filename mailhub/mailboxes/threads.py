"""Threads: opening a new one, and what a letter does to the one it came into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, func, literal_column, select

from core import clock
from core.changes import record_change
from core.database import ReadTx, WriteTx
from crm.execution import unassign
from crm.interactions import hold_facts, set_waiting
from crm.staff.rights import list_viewers_of
from mailhub.letters.subject import has_answer_prefix
from mailhub.letters.values import ParsedLetter
from mailhub.mailboxes.boxes import Mailbox
from mailhub.mailboxes.deadlines import begin_wait, record_answer
from mailhub.mailboxes.messages import COUNTER_BITS
from mailhub.mailboxes.participants import Sender, note_incoming, note_outgoing
from mailhub.mailboxes.subjects import find_standing
from mailhub.mailboxes.tables import letter, message, thread, thread_event, unread
from mailhub.mailboxes.tag_rows import keep_order

# Kinds that a person is expected to answer; the others are shown and nobody waits because of them.
ANSWERABLE = frozenset({"letter", "invitation"})
_UNREAD_BY = select(unread.c.user_id).where(unread.c.thread_id == bindparam("thread_id"))
_POINTS_TO = select(thread.c.merged_into).where(thread.c.id == bindparam("id"))
_MERGED = select(thread.c.id).where(thread.c.merged_into.in_(bindparam("ids", expanding=True)))


def find_root(tx: ReadTx, thread_id: int) -> int:
    """The thread that shows the letters of this one: itself, unless it was merged into another."""
    while (further := tx.value(_POINTS_TO, {"id": thread_id})) is not None:
        thread_id = int(further)
    return thread_id


def list_merged(tx: ReadTx, thread_id: int) -> list[int]:
    """The thread and all that were merged into it, directly or by way of others."""
    found = newest = [thread_id]
    while newest := [int(one) for one in tx.values(_MERGED, {"ids": newest})]:
        found = [*found, *newest]
    return found


_EXECUTOR = select(thread.c.executor_id).where(thread.c.id == bindparam("id"))


def find_executor(tx: ReadTx, thread_id: int) -> int | None:
    """Who executes the thread, or None."""
    found = tx.value(_EXECUTOR, {"id": thread_id})
    return None if found is None else int(found)


def hold_root(tx: WriteTx, thread_id: int) -> Any:
    """The row of the thread that shows the letters of this one, held until the end of the unit. Raises NotFound."""
    while True:
        tx.lock(thread, thread_id)
        row = tx.get(thread, thread_id)
        if row.merged_into is None:
            return row
        thread_id = row.merged_into


def open_thread(
    tx: WriteTx,
    box: Mailbox,
    parsed: ParsedLetter,
    sender: Sender,
    match: dict[str, Any],
    dated_at: int,
    *,
    claims: int | None = None,
    beside: int | None = None,
    state: str = "open",
) -> int:
    """A new thread in a mailbox, still without a message. ``claims`` is the one that its letter named without a say,
    ``beside`` the one it leans on by its subject (``subjects``); ``state`` is what it has when it stands alone."""
    leaning = {"leans": True, "state": state, "before": {}, "given": {}}
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
        begun_at=parsed.date or dated_at,
        claims_id=claims,
        state="open" if beside is None else "merged",
        merged_into=beside,
        merged=None if beside is None else leaning,
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
    """Whose a thread is: the client under whom it is filed, and who executes it. ``grew`` when somebody has a say in
    it who had none before, ``begins`` when the letter may be the one that its thread begins with."""

    counterparty_id: int | None
    executor_id: int | None
    grew: bool
    begins: bool


def receive(
    tx: WriteTx,
    row: Any,
    box: Mailbox,
    parsed: ParsedLetter,
    arrival: Arrival,
    sender: Sender,
    *,
    home_id: int | None = None,
    fresh: bool = False,
) -> Hands:
    """Let an incoming message change its thread (its row, as it is now, held): row of the list, waiting, participants,
    unread. ``sender`` is whose the address is by itself, ``home_id`` the letter's own thread when that is merged into
    this one; ``fresh``: the thread was opened for it.

    Returns whose the thread is, which stands until the end of the unit.
    """
    thread_id = row.id
    newest = arrival.dated_at >= row.last_message_at or row.message_count == 0
    values: dict[str, Any] = {
        "message_count": row.message_count + 1,
        "attachment_count": row.attachment_count + sum(not part.inline for part in parsed.attachments),
        "version": row.version + 1,
        "last_in_id": max(row.last_in_id, arrival.message_id),
    }
    if newest:
        values |= {"last_message_at": arrival.dated_at, "last_message_id": arrival.message_id}
    if newest and (parsed.kind in ANSWERABLE or row.message_count == 0):  # a machine is nobody we correspond with
        who = parsed.from_[0] if parsed.from_ else None
        values |= {
            "who": (who.name or who.address) if who else "",
            "who_address": who.address if who else "",
            "snippet": parsed.excerpt,
            "language": parsed.language or "",
        }
    own = row if home_id in (None, thread_id) else tx.get(thread, find_standing(tx, home_id))
    begins = may_begin(own, parsed, arrival.dated_at, first=row.message_count == 0)
    values |= _state_after(tx, row, box, arrival)
    tx.change(thread, thread_id, **values)
    if newest:
        keep_order(tx, row, arrival.dated_at)
    # Others are named by the client's own letter, not by whoever else has a say.
    client = row.counterparty_id in (None, sender.counterparty_id)
    named = [person.address for person in (*parsed.to, *parsed.cc)] if client else []
    # A thread that has just been opened is claimed by nobody.
    grew = note_incoming(tx, thread_id, sender, named, parsed.list_id, fresh=fresh) and row.message_count > 0
    if not arrival.quiet and not arrival.spam:
        mark_unread(tx, thread_id, row.scope_id)
    record_change(
        tx,
        "message.arrived",
        arrival.message_id,
        scope_id=row.scope_id,
        fields={"thread_id": thread_id, "mailbox_id": box.id, "quiet": arrival.quiet},
        cause="letter",
    )
    return Hands(row.counterparty_id, row.executor_id, grew, begins)


def may_begin(row: Any, parsed: ParsedLetter, dated_at: int, *, first: bool) -> bool:
    """Whether a letter may be the one that its own thread (its row as it was before) begins with: a question may come
    after its answers. The ``first`` one begins it, and matters to others only where an answer could lean on it."""
    if first:
        return row.counterparty_id is not None and not has_answer_prefix(parsed.subject)
    at, begun_at = parsed.date or dated_at, row.begun_at or 0
    if not (parsed.in_reply_to or parsed.references) or at < begun_at:
        return True
    base = parsed.base_subject.lower()
    if at == begun_at and (base < row.subject_base or (base == row.subject_base and parsed.subject != row.subject)):
        return True
    question = has_answer_prefix(row.subject) and not has_answer_prefix(parsed.subject)
    return question and row.subject_base == base


def in_state(state: str) -> dict[str, Any]:
    """The columns of a thread that comes into a state; only what is put aside has a moment at which it comes back."""
    closed = {"closed_at": clock.now()} if state == "closed" else {}
    return {"state": state, "snoozed_until": None, **closed}


def _state_after(tx: ReadTx, row: Any, box: Mailbox, arrival: Arrival) -> dict[str, Any]:
    """What an incoming letter does to the state: junk stays junk, a client's letter opens what is closed or put aside,
    what a machine says does not, an import closes."""
    first = row.message_count == 0
    if arrival.spam:
        return {"state": "spam"} if first else {}
    if arrival.quiet:
        return {"state": "closed"} if first else {}
    opens = arrival.waits and row.state in ("closed", "snoozed")
    values: dict[str, Any] = in_state("open") if opens else {}
    if arrival.waits and row.waiting_for != "us":
        values |= begin_wait(tx, box, row, arrival.dated_at, first=row.answered_at is None)
    return values


def wake(tx: WriteTx, message_id: int, box: Mailbox, received_at: int, *, waits: bool) -> Hands:
    """Let a message that was known from an archive count as one that has come now. Returns whose its thread is."""
    tx.change(message, message_id, quiet=0)
    row = hold_root(tx, tx.get(message, message_id).thread_id)
    values = _state_after(tx, row, box, Arrival(message_id, received_at, waits, quiet=False, spam=False))
    last_out = tx.value(_LAST_OUT, {"thread_id": row.id})
    if last_out is not None and last_out > message_id:
        values = {}  # it was answered long ago
    tx.change(thread, row.id, **values, version=row.version + 1)
    tell_client_waits(tx, row.counterparty_id, row.scope_id)
    mark_unread(tx, row.id, row.scope_id)
    fields = {"thread_id": row.id, "mailbox_id": box.id, "quiet": False}
    record_change(tx, "message.arrived", message_id, scope_id=row.scope_id, fields=fields, cause="letter")
    return Hands(row.counterparty_id, row.executor_id, grew=False, begins=False)


_LAST_OUT = select(func.max(message.c.id)).where(
    message.c.thread_id == bindparam("thread_id"), message.c.direction == "out", message.c.fate == ""
)
_SENT = (
    select(message, letter.c.kind, letter.c.excerpt, letter.c.language, letter.c.parsed)
    .join(letter, letter.c.id == message.c.letter_id)
    .where(message.c.id == bindparam("id"))
)


def answered(tx: WriteTx, message_id: int) -> bool:
    """Let a message of ours (direction ``out``, recorded already) change its thread: whether it was written here or
    seen in a Sent folder.

    Its row of the list follows, whom we wrote to has a say, and unless the letter is automatic, quiet, forwarded or
    older than the newest incoming one: we wait for them, the assignment ends (the thread keeps its executor for what
    comes next), and the change ``thread.answered`` says so. The client's timeline is its writer's business
    (``record_letter``). Returns whether somebody has a say in the thread who had none before.
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
        values |= {"last_message_at": sent.dated_at, "last_message_id": message_id}
        if sent.kind in ANSWERABLE:
            values["snippet"] = sent.excerpt  # what a machine says of itself is no news of the conversation
    if row.message_count == 0 and people:
        values |= {"who": people[0]["name"] or people[0]["address"], "who_address": people[0]["address"]}
    # History answers nobody now. Ids hold seconds: what left in the second of their letter answers it.
    now = sent.kind in ANSWERABLE and not sent.quiet and not sent.fate
    answers = now and message_id >> COUNTER_BITS >= row.last_in_id >> COUNTER_BITS
    if now and row.state == "closed":
        values["closed_at"] = sent.dated_at  # we spoke there: who answers goes on there
    if answers:
        values |= {"waiting_for": "them", "waiting_since": sent.dated_at, "due_at": None, "undelivered": 0}
        values |= {"answered_at": row.answered_at or sent.dated_at, "own_hours": 0, "watch_at": None}
        record_answer(tx, row, message_id, sent.dated_at)
    tx.change(thread, row.id, **values)
    keep_order(tx, row, max(sent.dated_at, row.last_message_at))
    grew = note_outgoing(tx, row.id, [person["address"] for person in people])
    if answers:
        unassign(tx, row.id)
        tell_client_waits(tx, row.counterparty_id, row.scope_id)
        fields = {"thread_id": row.id, "mailbox_id": row.mailbox_id, "message_id": message_id}
        record_change(tx, "thread.answered", row.id, scope_id=row.scope_id, fields=fields)
    return grew


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


def mark_unread(tx: WriteTx, thread_id: int, scope_id: int) -> None:
    """The thread has something new for everybody who may see its mailbox."""
    known = set(tx.values(_UNREAD_BY, {"thread_id": thread_id}))
    people = [person for person in list_viewers_of(tx, scope_id) if person not in known]
    tx.insert_many(unread, [{"user_id": person, "thread_id": thread_id, "scope_id": scope_id} for person in people])


def mark_read(tx: WriteTx, thread_id: int, user_id: int) -> bool:
    """The person has seen the thread. False when it was read already."""
    return bool(tx.execute(delete(unread).where(unread.c.thread_id == thread_id, unread.c.user_id == user_id)))


_TOLD = (
    select(thread_event.c.id)
    .where(
        thread_event.c.thread_id == bindparam("thread_id"),
        thread_event.c.sentence == bindparam("sentence"),
        thread_event.c.at > bindparam("since"),
    )
    .limit(1)
)


def is_told(tx: ReadTx, thread_id: int, sentence: str, since: int) -> bool:
    """Whether the thread says this already, since that moment."""
    return tx.value(_TOLD, {"thread_id": thread_id, "sentence": sentence, "since": since}) is not None


def tell(tx: WriteTx, thread_id: int, sentence: str, *, user_id: int | None = None, **fields: Any) -> None:
    """Add a grey line to the thread: ``sentence`` is a message id, ``fields`` fill it in the reader's language."""
    tx.insert(thread_event, thread_id=thread_id, user_id=user_id, sentence=sentence, fields=fields, at=clock.now())
