"""What comes back: the answer of a guest, as their calendar program wrote it (RFC 5546, METHOD REPLY and COUNTER).

It counts when it is of a guest of that event: written by the address they were invited at, or by another one that is
known to be theirs, and about one of the two. What anybody else sends stays a letter and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, select

from core import clock
from core.changes import record_change
from core.database import ReadTx, WriteTx
from core.errors import Invalid
from crm.interactions import HOUSE
from crm.parties import find_contact
from crm.planner import get_zone, local_of, show_starts
from crm.planner.tables import event, occurrence
from mailhub.inviting.tables import event_answer, event_guest, event_invitation
from mailhub.letters.calendar_times import instant_of
from mailhub.letters.values import Invitation, ParsedLetter
from mailhub.mailboxes.notifying import notify_of
from mailhub.mailboxes.tables import message, thread
from mailhub.outbound.suppression import canonical_address

ANSWERS = {"accepted", "declined", "tentative"}
COMES = "%(who)s comes: “%(subject)s”, %(due_at)s"
MAY_COME = "%(who)s may come: “%(subject)s”, %(due_at)s"
DOES_NOT_COME = "%(who)s does not come: “%(subject)s”, %(due_at)s"
ANOTHER_TIME = "%(who)s proposes another time for “%(subject)s”, %(due_at)s"
_SAID = {"accepted": COMES, "tentative": MAY_COME, "declined": DOES_NOT_COME, "counter": ANOTHER_TIME}
#: Programs whose letters say nothing beyond the answer itself, unless they carry a comment.
_WORDLESS = ("-//google", "-//mozilla", "-//apple")
_GUESTS = (
    select(event_guest)
    .join(event, event.c.id == event_guest.c.event_id)
    .where(event.c.uid == bindparam("uid"))
    .order_by(event_guest.c.id)
)
_WAS_TOLD = (
    select(thread.c.id, thread.c.mailbox_id)
    .join(message, message.c.thread_id == thread.c.id)
    .where(message.c.id == bindparam("id"))
)
_TIMES = select(occurrence).where(occurrence.c.event_id == bindparam("id"))


@dataclass(frozen=True, slots=True)
class Heard:
    """The answer of a guest. ``thread_id`` is where they were invited, ``says_more`` whether there are words to read
    beside the answer."""

    guest_id: int
    event_id: int
    contact_id: int | None
    address: str
    answer: str
    invitation: Invitation
    thread_id: int | None
    mailbox_id: int | None
    says_more: bool


def hear(tx: ReadTx, parsed: ParsedLetter, sender: str | None) -> Heard | None:
    """Whose answer a letter is, for which event; None for everything else. ``sender`` is who wrote it, for certain."""
    said = parsed.invitation
    if said is None or said.method not in ("REPLY", "COUNTER") or not said.uid or sender is None:
        return None
    address = canonical_address(sender)
    row, theirs = _find_guest(tx, said.uid, address)
    if row is None:
        return None
    answer = _answer_of(said, theirs)
    if answer is None:
        return None
    told = tx.row(_WAS_TOLD, {"id": row.message_id})
    return Heard(
        guest_id=row.id,
        event_id=row.event_id,
        contact_id=row.contact_id,
        address=address,
        answer="counter" if said.method == "COUNTER" else answer,
        invitation=said,
        thread_id=None if told is None else told.id,
        mailbox_id=None if told is None else told.mailbox_id,
        says_more=said.method == "COUNTER" or _says_more(said, parsed.text or ""),
    )


def take_answer(tx: WriteTx, heard: Heard, message_id: int, received_at: int) -> bool:
    """Keep the answer and let the organiser hear of it. False for one that is stale: about a time that is not any more,
    or older than what is known."""
    tx.lock(event, heard.event_id)
    row = tx.get(event, heard.event_id)
    kept = tx.row(select(event_invitation).where(event_invitation.c.event_id == row.id))
    assert kept is not None, "a guest was invited"
    said = heard.invitation
    # Nobody answers to what they were not told yet, nor once for all that is to come.
    sequence = kept.version if said.sequence is None else min(said.sequence, kept.version)
    key = _key_of(tx, row, said)
    if sequence < kept.timed or key is None:
        return False
    # A clock that is ahead must not keep later answers out.
    stamped_at = min(instant_of(said.stamp, row.zone) or received_at, received_at)
    here = event_answer.c.guest_id == heard.guest_id
    this = tx.row(select(event_answer).where(here, event_answer.c.key == key))
    if this is not None and this.version >= kept.timed and stamped_at < this.stamped_at:
        return False
    over = event_answer.c.key == key
    if not key:  # what they say of all of it goes over what they said of single times
        over = over | (event_answer.c.stamped_at <= stamped_at)
    tx.execute(delete(event_answer).where(here, over))
    tx.insert_many(
        event_answer,
        [
            {
                "guest_id": heard.guest_id, "key": key, "answer": heard.answer, "version": sequence,
                "stamped_at": stamped_at, "message_id": message_id, "answered_at": received_at,
            }
        ],
    )  # fmt: skip
    _tell(tx, row, kept.by_id, heard, key)
    return True


def _find_guest(tx: ReadTx, uid: str, address: str) -> tuple[Any | None, set[str]]:
    """Who of an event's guests writes from an address, and by which addresses they may name themselves: who was invited
    at it, else the one guest who is known to have it, too."""
    guests = tx.rows(_GUESTS, {"uid": uid})
    for one in guests:
        if one.address == address:
            return one, {address}
    people = [find_contact(tx, one.contact_id) for one in guests]
    forms = [set() if who is None else {canonical_address(each) for each in who.emails} for who in people]
    found = [(one, {address, one.address}) for one, known in zip(guests, forms, strict=True) if address in known]
    return found[0] if len(found) == 1 else (None, set())


def _answer_of(said: Invitation, theirs: set[str]) -> str | None:
    """What the guest of these addresses says; a counter proposal need not name an answer."""
    for attendee, answer in zip(said.attendees, said.answers, strict=True):
        try:
            same = canonical_address(attendee) in theirs
        except Invalid:
            continue
        if same and (answer in ANSWERS or said.method == "COUNTER"):
            return answer
    return None


def _says_more(said: Invitation, text: str) -> bool:
    if said.comment:
        return True
    return bool(text.strip()) and not said.maker.lower().startswith(_WORDLESS)


def _key_of(tx: ReadTx, row: Any, said: Invitation) -> str | None:
    """Which time of a series is meant: '' for all of it, None for none that there is."""
    if said.recurrence is None:
        return ""
    at = instant_of(said.recurrence, row.zone)
    if at is None:
        return None
    key = show_starts(local_of(at, get_zone(row.zone)))
    found: str | None = tx.value(
        select(occurrence.c.key).where(occurrence.c.event_id == row.id, occurrence.c.key == key)
    )
    return found


def _tell(tx: WriteTx, row: Any, by_id: int, heard: Heard, key: str) -> None:
    times = tx.rows(_TIMES.order_by(occurrence.c.due_at), {"id": row.id})
    about = next((one for one in times if one.key == key), None) if key else _next_of(times)
    if about is None:
        return
    person = find_contact(tx, heard.contact_id)
    who = person.name if person is not None else heard.address
    people = {by_id, row.executor_id}
    notify_of(tx, "planned", people, occurrence_id=about.id, who=who, sentence=_SAID[heard.answer])
    scope_id = None if row.scope_id == HOUSE else row.scope_id
    fields = {"counterparty_id": row.counterparty_id, "contact_id": heard.contact_id, "answer": heard.answer}
    record_change(tx, "event.answered", about.id, scope_id=scope_id, fields=fields)


def _next_of(times: Iterable[Any]) -> Any | None:
    """The first that is still to come, else the last of all."""
    found = None
    for one in times:
        found = one
        if one.state == "open" and one.due_at >= clock.now():
            break
    return found
