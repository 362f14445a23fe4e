"""Letters of ours, planned: the bytes, the letter in its thread like every other, and a delivery for each recipient,
all in the transaction of whoever wrote it. After its commit it will leave, whatever happens to this process.

* ``suggest_answer(tx, viewer, thread_id)`` what the form of an answer begins with;
* ``answer_thread(tx, stamp, viewer, thread_id, answer)`` a person answers;
* ``answer_automatically(tx, stamp, message_id, text, …)`` the machine confirms that a letter came (RFC 3834).
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Row, bindparam, select

from core import clock
from core.blobs import keep
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Invalid, NotFound
from core.fulltext.index import Words
from crm.interactions import record_letter as record_on_timeline
from crm.staff.readable import Viewer, demand, visible
from mailhub.letters.values import Address
from mailhub.letters.worker import understand
from mailhub.mailboxes.boxes import Mailbox, get_mailbox
from mailhub.mailboxes.handling import get_own
from mailhub.mailboxes.letters import Understood, record_letter
from mailhub.mailboxes.messages import COUNTER_BITS, mint_message_id, record_message
from mailhub.mailboxes.recipients import Offer, list_recipients
from mailhub.mailboxes.tables import letter, letter_reference, message, thread
from mailhub.mailboxes.threads import ANSWERABLE, answered
from mailhub.outbound.compose import Fields, answer_references, answer_subject, compose
from mailhub.outbound.headers import ascii_address
from mailhub.outbound.identity import Stamp
from mailhub.outbound.ledger import plan_deliveries
from mailhub.outbound.parts import File
from mailhub.outbound.states import Kind
from mailhub.outbound.suppression import may_send

_MASK = (1 << COUNTER_BITS) - 1


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person wants to send. ``subject`` None: that of the thread. ``bcc`` get their letter and stand in no
    header. ``seen_message_id`` is the newest letter they had before their eyes; ``force`` sends although there are
    newer ones. It leaves when ``wait`` is over, in microseconds: until then it can be taken back."""

    text: str
    to: tuple[Address, ...]
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    subject: str | None = None
    files: tuple[File, ...] = ()
    seen_message_id: int | None = None
    force: bool = False
    wait: int = 0


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What the form of an answer begins with. ``to`` is empty where nobody certain wrote yet, ``cc`` is for an answer
    to everybody, ``offered`` are those whom only a person adds."""

    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    offered: tuple[Offer, ...]
    subject: str
    seen_message_id: int


_LETTERS = (
    select(message.c.id, message.c.letter_id, letter.c.message_id, letter.c.subject, letter.c.parsed)
    .join(letter, letter.c.id == message.c.letter_id)
    .order_by(message.c.id.desc())
    .limit(1)
)
_NEWEST_IN = _LETTERS.where(
    message.c.thread_id == bindparam("thread_id"),
    message.c.direction == "in",
    letter.c.kind.in_(sorted(ANSWERABLE)),  # nobody answers a report
)
_STANDS = message.c.fate != "taken_back"
_NEWEST = _LETTERS.where(message.c.thread_id == bindparam("thread_id"), _STANDS)
_THIS = _LETTERS.where(message.c.id == bindparam("id"))
_NAMED = (
    select(letter_reference.c.message_id)
    .where(letter_reference.c.letter_id == bindparam("letter_id"))
    .order_by(letter_reference.c.place.desc())
)
_NEWER = (
    select(message.c.id)
    .where(message.c.thread_id == bindparam("thread_id"), message.c.id > bindparam("seen"), _STANDS)
    .order_by(message.c.id)
)


def suggest_answer(tx: ReadTx, viewer: Viewer, thread_id: int) -> Suggestion:
    """To whom an answer would go (``mailboxes.recipients``), and its subject. Raises NotFound."""
    seen = visible(viewer, thread.c.scope_id, thread.c.executor_id)
    row = tx.row(select(thread).where(thread.c.id == thread_id, seen))
    if row is None:
        raise NotFound("There is no thread with the number %(id)s.", id=thread_id)
    came = tx.row(_NEWEST_IN, {"thread_id": thread_id})
    subject = came.subject if came is not None else row.subject
    people = list_recipients(tx, thread_id)
    return Suggestion(people.to, people.cc, people.offered, answer_subject(subject), row.last_message_id)


def answer_thread(tx: WriteTx, stamp: Stamp, viewer: Viewer, thread_id: int, answer: Answer) -> int:
    """Plan the answer of a person in a thread. Returns its message.

    Raises NotFound, Forbidden, Invalid (no recipient, an address that is none, no text), TooMuch, and Conflict when
    letters came after the one they saw (``fields["message_ids"]``) or an address must not be written to.
    """
    row = get_own(tx, viewer, thread_id)
    demand(viewer, "answer", row.scope_id, row.executor_id)
    if answer.seen_message_id is not None and not answer.force:
        newer = tx.values(_NEWER, {"thread_id": thread_id, "seen": answer.seen_message_id})
        if newer:
            raise Conflict("New letters came in this thread. Read them before you send.", message_ids=newer)
    if not answer.text.strip() and not answer.files:
        raise Invalid("The letter is empty.", field="text")
    before = tx.row(_NEWEST_IN, {"thread_id": thread_id}) or tx.row(_NEWEST, {"thread_id": thread_id})
    box = get_mailbox(tx, row.mailbox_id)
    fields = Fields(
        message_id="",
        date=0,
        from_=Address(viewer.name, box.address),
        to=answer.to,
        cc=answer.cc,
        subject=answer.subject if answer.subject is not None else answer_subject(before.subject if before else ""),
        text=answer.text,
        files=answer.files,
    )
    people = [*answer.to, *answer.cc, *answer.bcc]
    fields = _answering(tx, fields, before)
    return _plan(tx, stamp, row, box, fields, people, "personal", by_id=viewer.user_id, wait=answer.wait)


def answer_automatically(
    tx: WriteTx, stamp: Stamp, message_id: int, text: str, *, subject: str | None = None, name: str | None = None
) -> int | None:
    """Plan an automatic answer to a message, to its strictly single From alone: null return path,
    ``Auto-Submitted: auto-replied``. Whether it deserves one is its caller's decision.

    Returns the message, None when there is nobody certain to write to or the address must not be written to.
    """
    this = tx.row(_THIS, {"id": message_id})
    if this is None:
        raise NotFound("There is no letter with the number %(id)s.", id=message_id)
    found = tx.get(message, message_id)
    address = tx.value(select(letter.c.from_trusted).where(letter.c.id == this.letter_id))
    if address is None or not address.isascii() or not may_send(tx, stamp.keys, address, "automatic"):
        return None
    tx.lock(thread, found.thread_id)
    row = tx.get(thread, found.thread_id)
    box = get_mailbox(tx, row.mailbox_id)
    fields = Fields(
        message_id="",
        date=0,
        from_=Address(name or box.name, box.address),
        to=(Address("", address),),
        subject=subject if subject is not None else answer_subject(this.subject),
        text=text,
        automatic="auto-replied",
    )
    return _plan(tx, stamp, row, box, _answering(tx, fields, this), list(fields.to), "automatic", by_id=None)


def _answering(tx: ReadTx, fields: Fields, before: Row[Any] | None) -> Fields:
    """The fields with the ids of the letter that is answered."""
    if before is None:
        return fields
    named = tuple(tx.values(_NAMED, {"letter_id": before.letter_id}))
    own = before.message_id or None
    return replace(fields, in_reply_to=own, references=answer_references(named, own))


def _plan(
    tx: WriteTx,
    stamp: Stamp,
    row: Row[Any],
    box: Mailbox,
    fields: Fields,
    people: Sequence[Address],
    kind: Kind,
    *,
    by_id: int | None,
    wait: int = 0,
) -> int:
    """Write the letter, lay it into its thread and onto the timeline, and queue it. ``row`` is the thread, held."""
    now = clock.now()
    message_id = mint_message_id(tx, now, _seed_behind(row.last_message_id, now))
    account = ascii_address(box.address)
    fields = replace(fields, message_id=stamp.message_id(message_id, account.rpartition("@")[2]), date=now)
    raw = compose(fields)
    understood = understand(raw)
    words = Words(understood.subject, understood.people, understood.body)
    letter_id, _ = record_letter(tx, Understood(understood.parsed, words))
    record_message(
        tx,
        letter_id=letter_id,
        mailbox_id=box.id,
        scope_id=box.scope_id,
        thread_id=row.id,
        blob_id=keep(tx, raw),
        direction="out",
        spam=False,
        dated_at=now,
        received_at=now,
        trace={"by": by_id},
        words=words,
        seed=0,
        minted=message_id,
    )
    answered(tx, message_id)
    if row.counterparty_id is not None:
        record_on_timeline(
            tx,
            row.counterparty_id,
            box.scope_id,
            contact_id=row.contact_id,
            direction="out",
            happened_at=now,
            subject=understood.parsed.subject,
            thread_id=row.id,
            message_id=message_id,
            executor_id=row.executor_id,
            counts=kind == "personal",
        )
    recipients = [ascii_address(person.address) for person in people]
    plan_deliveries(tx, stamp, message_id, box.scope_id, account, recipients, kind, wait=wait)
    return message_id


def _seed_behind(last_id: int, now: int) -> int:
    """Where to begin to look for an id: behind the newest message when that is of this very second."""
    same_second = last_id >> COUNTER_BITS == now // clock.SECOND
    return (last_id + 1) & _MASK if same_second else secrets.randbits(COUNTER_BITS - 1)
