"""Letters of ours, planned in the transaction of whoever wrote them: after its commit they will leave, whatever happens
to this process.

* ``suggest_answer(tx, viewer, thread_id)`` what the form of an answer begins with;
* ``answer_thread(tx, stamp, viewer, thread_id, answer)`` a person answers;
* ``answer_automatically(tx, stamp, message_id, text, …)`` the machine confirms that a letter came (RFC 3834).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from sqlalchemy import Row, Select, and_, bindparam, or_, select

from core.database import ReadTx, WriteTx
from core.errors import Conflict, Invalid, NotFound
from crm.staff.readable import Shape, Viewer, demand, readable, readable_by, shape_of, sight_of
from mailhub.letters.html.outgoing import NO_HTML, CleanHtml, outgoing_document, says_something
from mailhub.letters.values import Address
from mailhub.mailboxes.boxes import Mailbox, get_mailbox, list_addresses_of
from mailhub.mailboxes.handling import get_own
from mailhub.mailboxes.recipients import Offer, list_recipients
from mailhub.mailboxes.tables import letter, letter_reference, message, thread
from mailhub.mailboxes.threads import ANSWERABLE
from mailhub.outbound.compose import Fields, answer_references, answer_subject, forward_subject
from mailhub.outbound.identity import Stamp
from mailhub.outbound.parts import Calendar, File
from mailhub.outbound.planning import Written, draw, plan_letter
from mailhub.outbound.suppression import may_send


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person wants to send. ``subject`` None: that of the thread. ``bcc`` get their letter and stand in no
    header. ``seen_message_id`` is the newest letter they had before their eyes; ``force`` sends although there are
    newer ones. It leaves when ``wait`` is over, in microseconds: until then it can be taken back.

    ``html`` says the same as ``text`` (``spoken``), or nothing. ``sender`` is one of the mailbox's own
    addresses; empty: its first. A letter that ``forwards`` hands another one on: it answers nobody."""

    text: str
    to: tuple[Address, ...]
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    subject: str | None = None
    files: tuple[File, ...] = ()
    seen_message_id: int | None = None
    force: bool = False
    wait: int = 0
    html: CleanHtml = NO_HTML
    sender: str = ""
    forwards: bool = False
    calendar: Calendar | None = None


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
_LANDED = select(message.c.landed_at).where(message.c.id == bindparam("seen"))
_NEWER = (
    select(message.c.id)
    .where(
        message.c.thread_id == bindparam("thread_id"),
        _STANDS,
        or_(
            message.c.landed_at > bindparam("landed_at"),
            and_(message.c.landed_at == bindparam("landed_at"), message.c.id > bindparam("seen")),
        ),
    )
    .order_by(message.c.landed_at, message.c.id)
)
_LAST = (
    select(message.c.id)
    .where(message.c.thread_id == bindparam("thread_id"), _STANDS)
    .order_by(message.c.landed_at.desc(), message.c.id.desc())
    .limit(1)
)


@lru_cache
def _seen_by(shape: Shape) -> Select[Any]:
    return readable_by(shape, select(thread).where(thread.c.id == bindparam("thread_id")), thread)


def suggest_answer(tx: ReadTx, viewer: Viewer, thread_id: int) -> Suggestion:
    """To whom an answer would go (``mailboxes.recipients``), and its subject. Raises NotFound."""
    row = tx.row(_seen_by(shape_of(viewer)), sight_of(viewer) | {"thread_id": thread_id})
    if row is None:
        raise NotFound("There is no thread with the number %(id)s.", id=thread_id)
    came = tx.row(_NEWEST_IN, {"thread_id": thread_id})
    subject = came.subject if came is not None else row.subject
    people = list_recipients(tx, thread_id)
    return Suggestion(people.to, people.cc, people.offered, answer_subject(subject), find_last(tx, thread_id))


def draw_answer(tx: ReadTx, stamp: Stamp, viewer: Viewer, thread_id: int, answer: Answer) -> Fields:
    """The answer as ``answer_thread`` would write it at this moment, for ``write_down``. Raises NotFound, Forbidden,
    Invalid."""
    row = tx.row(readable(select(thread).where(thread.c.id == thread_id), viewer, thread))
    if row is None:
        raise NotFound("There is no thread with the number %(id)s.", id=thread_id)
    demand(viewer, "answer", row.scope_id, row.executor_id)
    box = get_mailbox(tx, row.mailbox_id)
    return draw(tx, stamp, box, _fields(tx, viewer, row, box, answer), row.last_message_id)


def answer_thread(
    tx: WriteTx, stamp: Stamp, viewer: Viewer, thread_id: int, answer: Answer, written: Written | None = None
) -> int:
    """Plan the answer of a person in a thread. Returns its message. ``written`` is what ``write_down`` made of it.

    Raises NotFound, Forbidden, Invalid (no recipient, an address that is none, no text), TooMuch, and Conflict when
    letters came after the one they saw (``fields["message_ids"]``) or an address must not be written to.
    """
    row = get_own(tx, viewer, thread_id)
    demand(viewer, "answer", row.scope_id, row.executor_id)
    if not answer.force:
        refuse_unseen(tx, thread_id, answer.seen_message_id)
    refuse_empty(answer)
    box = get_mailbox(tx, row.mailbox_id)
    fields = _fields(tx, viewer, row, box, answer)
    people = [*answer.to, *answer.cc, *answer.bcc]
    by_id = viewer.user_id
    return plan_letter(
        tx, stamp, row, box, fields, people, "personal",
        by_id=by_id, wait=answer.wait, written=written, forwards=answer.forwards,
    )  # fmt: skip


def find_last(tx: ReadTx, thread_id: int) -> int:
    """The letter that came into a thread last, 0 for none: who has seen it has seen all."""
    return int(tx.value(_LAST, {"thread_id": thread_id}) or 0)


def refuse_unseen(tx: ReadTx, thread_id: int, seen_id: int | None) -> None:
    """Raise Conflict (``fields["message_ids"]``, the last one last) when letters came after the one they saw; None says
    nothing. What counts is when a letter came into the thread, whatever its date and so its id says."""
    if seen_id is None:
        return
    asked = {"thread_id": thread_id, "seen": seen_id, "landed_at": tx.value(_LANDED, {"seen": seen_id}) or 0}
    newer = tx.values(_NEWER, asked)
    if newer:
        raise Conflict("New letters came in this thread. Read them before you send.", message_ids=newer)


def refuse_empty(answer: Answer, *, has_files: bool = False) -> None:
    """Raise Invalid for a letter that says nothing."""
    says = says_something(answer.html) if answer.html else bool(answer.text.strip())
    if not says and not answer.files and not has_files:
        raise Invalid("The letter is empty.", field="text")


def fields_of(tx: ReadTx, viewer: Viewer, box: Mailbox, answer: Answer, subject: str) -> Fields:
    """What a letter of a person from a mailbox says, still without an id. Raises Invalid for an address that is not
    the mailbox's."""
    sender = answer.sender.strip().lower() or box.address
    if sender != box.address and (sender.startswith("@") or sender not in list_addresses_of(tx, box.id)):
        raise Invalid("This mailbox does not write as %(address)s.", address=sender, field="sender")
    return Fields(
        message_id="",
        date=0,
        from_=Address(viewer.name, sender),
        to=answer.to,
        cc=answer.cc,
        subject=subject,
        text=answer.text,
        html=outgoing_document(answer.html) if answer.html else "",
        files=answer.files,
        calendar=answer.calendar,
    )


def _fields(tx: ReadTx, viewer: Viewer, row: Row[Any], box: Mailbox, answer: Answer) -> Fields:
    found = {"thread_id": row.id}
    before = tx.row(_NEWEST_IN, found) or tx.row(_NEWEST, found)
    if answer.forwards:
        subject = answer.subject if answer.subject is not None else forward_subject(before.subject if before else "")
        return fields_of(tx, viewer, box, answer, subject)
    subject = answer.subject if answer.subject is not None else answer_subject(before.subject if before else "")
    return _answering(tx, fields_of(tx, viewer, box, answer, subject), before)


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
    fields = _answering(tx, fields, this)
    return plan_letter(tx, stamp, row, box, fields, list(fields.to), "automatic", by_id=None)


def go_on_in(tx: ReadTx, fields: Fields, thread_id: int) -> Fields:
    """The fields of a letter that goes on in a thread, behind what came into it last."""
    found = {"thread_id": thread_id}
    return _answering(tx, fields, tx.row(_NEWEST_IN, found) or tx.row(_NEWEST, found))


def _answering(tx: ReadTx, fields: Fields, before: Row[Any] | None) -> Fields:
    """The fields with the ids of the letter that is answered."""
    if before is None:
        return fields
    named = tuple(tx.values(_NAMED, {"letter_id": before.letter_id}))
    own = before.message_id or None
    return replace(fields, in_reply_to=own, references=answer_references(named, own))
