"""Letters to the guests of an event: that they are invited, that it has changed, that it does not take place.

Each guest gets a letter of their own, by the way of every letter; it lies in one thread with those before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update

from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.language import Catalogs
from crm.parties import find_contact, get_counterparty
from crm.planner import Part, Planned, drop_planned, get_planned, may_change
from crm.planner.tables import event
from crm.staff.readable import Viewer, readable
from mailhub.inviting.calendars import Method, is_same_time, write_calendar
from mailhub.inviting.guests import Guest, Guests, list_guests
from mailhub.inviting.tables import event_guest, event_invitation
from mailhub.inviting.words import say_letter, say_subject
from mailhub.letters.values import Address
from mailhub.mailboxes.boxes import Mailbox
from mailhub.mailboxes.notifying import notify_of
from mailhub.mailboxes.tables import message, thread
from mailhub.outbound.beginning import begin_letter, get_sender
from mailhub.outbound.identity import Stamp
from mailhub.outbound.suppression import canonical_address
from mailhub.outbound.writing import Answer, answer_thread

LONGEST_WORDS = 2000
GUESTS_DO_NOT_KNOW = "“%(subject)s”, %(due_at)s, was called off: its guests do not know it yet"


@dataclass(frozen=True, slots=True)
class Means:
    """What it takes to write: ``language`` and ``zone`` are those of the company, ``wait`` how long a letter can be
    taken back."""

    stamp: Stamp
    catalogs: Catalogs
    language: str
    wait: int = 0
    zone: str = "UTC"


def send_invitations(
    tx: WriteTx,
    viewer: Viewer,
    means: Means,
    occurrence_id: int,
    *,
    mailbox_id: int | None = None,
    words: str | None = None,
) -> list[int]:
    """Tell every guest what they do not know yet: that they are invited, what has changed, that it is off. Answers come
    in to ``mailbox_id``, for good once somebody was invited; ``words`` of the organiser go along, None for those
    before.

    Returns the letters. Raises NotFound, Forbidden, Invalid, and Conflict for what is over or when all know it.
    """
    one = get_planned(tx, viewer, occurrence_id)
    tx.lock(event, one.event_id)
    one = get_planned(tx, viewer, occurrence_id)  # it may have been changed until it was held
    if not may_change(viewer, one):
        raise Forbidden("Only who planned this, who does it or takes part may change it.")
    known = list_guests(tx, means.stamp.keys, one, _read_words(words))
    if not known.ended and one.state != "open":
        raise Conflict("This is over already.")
    box = _choose_box(tx, viewer, known, mailbox_id)
    if not known.due:
        raise Conflict("Nobody has to be told anything: all who can be written to know it.")
    if not known.over:
        _keep_told(tx, viewer, one, known, box)
    return [_write(tx, viewer, means, one, known, box, guest) for guest in known.due]


def drop(tx: WriteTx, viewer: Viewer, means: Means, occurrence_id: int, part: Part = "this") -> list[int]:
    """``drop_planned``; guests are told by it that nothing (more) is to come. Where the viewer may not write as the
    mailbox that invited them, whoever invited hears that they have to. Returns the letters."""
    drop_planned(tx, viewer, occurrence_id, part)
    one = get_planned(tx, viewer, occurrence_id)
    known = list_guests(tx, means.stamp.keys, one)
    if not known.ended or not known.due:
        return []
    assert known.mailbox_id is not None, "who was told something was invited"
    if may_write_from(tx, viewer, known.mailbox_id):
        return send_invitations(tx, viewer, means, occurrence_id)
    notify_of(tx, "planned", [known.by_id or one.author_id], occurrence_id=one.id, sentence=GUESTS_DO_NOT_KNOW)
    return []


def may_write_from(tx: ReadTx, viewer: Viewer, mailbox_id: int) -> bool:
    """Whether the viewer may begin a letter from that mailbox."""
    try:
        get_sender(tx, viewer, mailbox_id)
    except (NotFound, Forbidden):
        return False
    return True


def _read_words(words: str | None) -> str | None:
    if words is not None and len(words) > LONGEST_WORDS:
        raise Invalid("This text is longer than %(count)s characters.", count=LONGEST_WORDS, field="words")
    return None if words is None else words.strip()


def _choose_box(tx: ReadTx, viewer: Viewer, known: Guests, mailbox_id: int | None) -> Mailbox:
    chosen = known.mailbox_id or mailbox_id
    if chosen is None:
        raise Invalid("Choose the mailbox that invites: answers come in there.", field="mailbox_id")
    if mailbox_id not in (None, chosen):
        raise Invalid("Those invited answer to another mailbox already.", field="mailbox_id")
    return get_sender(tx, viewer, chosen)


def _keep_told(tx: WriteTx, viewer: Viewer, one: Planned, known: Guests, box: Mailbox) -> None:
    """What guests are about to be told, and since when it takes place when and where it does."""
    told = known.told.written()
    kept = tx.row(select(event_invitation).where(event_invitation.c.event_id == one.event_id))
    said = {"words": known.words, "told": told, "version": known.version}
    if kept is None:
        by = {"mailbox_id": box.id, "by_id": viewer.user_id}
        tx.insert_many(event_invitation, [{"event_id": one.event_id, **by, **said, "timed": known.version}])
    else:
        timed = kept.timed if is_same_time(kept.told, told) else known.version
        here = event_invitation.c.event_id == one.event_id
        tx.execute(update(event_invitation).where(here).values(**said, timed=timed))
    if known.version > one.version:
        tx.change(event, one.event_id, version=known.version)


def _write(tx: WriteTx, viewer: Viewer, means: Means, one: Planned, known: Guests, box: Mailbox, guest: Guest) -> int:
    """The letter to one guest, and that they know it."""
    method: Method = "CANCEL" if known.over or not guest.wanted else "REQUEST"
    sequence = max(one.version, known.version, abs(guest.told) + 1) if method == "CANCEL" else known.version
    if method == "REQUEST" and guest.told < 0:
        sequence = max(sequence, 1 - guest.told)
    language = means.catalogs.language(_language_of(tx, one, guest) or means.language, known.told.zone)
    to, organizer, again = Address(guest.name, guest.address), Address(viewer.name, box.address), guest.told > 0
    answer = Answer(
        text=say_letter(language, method, known.told, viewer.name, again=again),
        to=(to,),
        subject=say_subject(language, method, known.told, again=again),
        force=True,
        wait=means.wait,
        calendar=write_calendar(method, one.uid, known.told, sequence, organizer, to, clock.now()),
    )
    thread_id = _find_thread(tx, viewer, box, guest)
    if thread_id is None:
        person = None if guest.contact_id is None else find_contact(tx, guest.contact_id)
        at_client = person is not None and one.counterparty_id in person.counterparty_ids
        whose = (one.counterparty_id, person.id) if person is not None and at_client else None
        message_id = begin_letter(tx, means.stamp, viewer, box.id, answer, whose=whose)
    else:
        message_id = answer_thread(tx, means.stamp, viewer, thread_id, answer)
    told = {"told": sequence if method == "REQUEST" else -sequence, "told_before": guest.told, "message_id": message_id}
    if guest.id:
        tx.change(event_guest, guest.id, contact_id=guest.contact_id, **told)
    else:
        who = {"contact_id": guest.contact_id, "address": canonical_address(guest.address)}
        tx.insert(event_guest, event_id=one.event_id, **who, **told)
    return message_id


def _language_of(tx: ReadTx, one: Planned, guest: Guest) -> str:
    if guest.language or one.counterparty_id is None:
        return guest.language
    return get_counterparty(tx, one.counterparty_id).language


def _find_thread(tx: ReadTx, viewer: Viewer, box: Mailbox, guest: Guest) -> int | None:
    """Where the letters to this guest lie, as far as the viewer may still write there."""
    asked = select(thread.c.id, thread.c.scope_id, thread.c.executor_id).join(
        message, message.c.thread_id == thread.c.id
    )
    here = asked.where(message.c.id == guest.message_id, thread.c.mailbox_id == box.id)
    row: Any = tx.row(readable(here, viewer, thread))
    return row.id if row is not None and viewer.may("answer", row.scope_id, row.executor_id) else None
