"""Answers of ours to what others invite us to: a letter to who invites, as from every hand, with a calendar object that
their program understands (RFC 5546 METHOD REPLY, RFC 6047)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args

from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Conflict, HouseError, Invalid, NotFound
from crm.parties import find_contact
from crm.staff.readable import Viewer, demand
from mailhub.inviting.calendars import Part, Told, write_reply
from mailhub.inviting.noting import hold_row
from mailhub.inviting.requests import Standing, list_standings
from mailhub.inviting.sending import LONGEST_WORDS, Means
from mailhub.inviting.tables import event_request
from mailhub.inviting.taking import When, find_when, let_go, take_up
from mailhub.inviting.words import say_reply, say_reply_subject
from mailhub.letters.values import Address
from mailhub.mailboxes.boxes import get_mailbox
from mailhub.mailboxes.handling import get_own
from mailhub.mailboxes.reading import get_message
from mailhub.mailboxes.tables import thread
from mailhub.outbound.writing import Answer, answer_thread

PARTS: tuple[Part, ...] = get_args(Part)


@dataclass(frozen=True, slots=True)
class Answered:
    """``message_id`` is the letter that says it, ``planned_id`` what stands in the calendar because of it; ``trouble``
    why nothing does although they come."""

    message_id: int
    planned_id: int | None
    trouble: HouseError | None = None


def find_standing(tx: ReadTx, viewer: Viewer, message_id: int) -> Standing:
    """How the invitation of a letter stands. Raises NotFound, also for a letter that brings none."""
    letter = get_message(tx, viewer, message_id)
    box = get_mailbox(tx, tx.get(thread, letter.thread_id).mailbox_id)
    found = list_standings(tx, box, [letter]).get(letter.id)
    if found is None:
        raise NotFound("The letter %(id)s brings no invitation.", id=message_id)
    return found


def answer_request(tx: WriteTx, viewer: Viewer, means: Means, message_id: int, part: str, words: str = "") -> Answered:
    """Tell who invites whether we come, from the address that was invited; what is said again goes out once. Who comes,
    or may, has it in their calendar; what is declined leaves it.

    Raises NotFound, Forbidden, Invalid, and Conflict for what cannot be answered, was called off or is old.
    """
    if part not in PARTS:
        raise Invalid("This answer is not known.", field="answer")
    if len(words) > LONGEST_WORDS:
        raise Invalid("This text is longer than %(count)s characters.", count=LONGEST_WORDS, field="words")
    here, row, found = _hold(tx, viewer, message_id)
    if found.refused is not None:
        raise found.refused
    if not found.asks:
        raise Conflict("This is no invitation that asks for an answer.")
    words = words.strip()
    if found.answer == part and not found.outdated and not words and found.reply_id is not None:
        sent = found.reply_id
    else:
        sent = _write(tx, viewer, means, here, found, part, words)
    told = {"answer": part, "answered": row.sequence, "answered_by_id": viewer.user_id}
    tx.change(event_request, row.id, **told, answered_at=clock.now(), reply_id=sent)
    if part == "declined":
        let_go(tx, viewer, row)
        return Answered(sent, None)
    if not viewer.uses("calendar"):
        return Answered(sent, None)
    try:
        return Answered(sent, take_up(tx, viewer, row, found.request, here, means.zone))
    except (Invalid, Conflict) as trouble:  # our calendars cannot hold it; the answer stands
        return Answered(sent, None, trouble)


def take_over(tx: WriteTx, viewer: Viewer, means: Means, message_id: int) -> int:
    """Put it into the viewer's calendar and answer nobody. Returns its next time. Raises NotFound, Forbidden, Invalid
    for what our calendars cannot hold, and Conflict for what is over, was called off or is old."""
    here, row, found = _hold(tx, viewer, message_id)
    return take_up(tx, viewer, row, found.request, here, means.zone)


def _hold(tx: WriteTx, viewer: Viewer, message_id: int) -> tuple[Any, Any, Standing]:
    """The thread of the letter, what is kept of its invitation, and how that stands; all held."""
    letter = get_message(tx, viewer, message_id)
    here = get_own(tx, viewer, letter.thread_id)
    demand(viewer, "answer", here.scope_id, here.executor_id)
    found = find_standing(tx, viewer, message_id)
    row = hold_row(tx, letter.mailbox_id, found.request, message_id)
    found = find_standing(tx, viewer, message_id)  # it may have been answered until it was held
    if found.newer:
        raise Conflict("A newer letter has changed this invitation: answer that one.")
    if not found.open:
        raise Conflict("This was called off by who invites.")
    return here, row, found


def _write(tx: WriteTx, viewer: Viewer, means: Means, here: Any, found: Standing, part: Part, words: str) -> int:
    """The letter, in the thread of the invitation. It leaves at once: another answer goes over it."""
    said = found.request.said
    person = None if here.contact_id is None else find_contact(tx, here.contact_id)
    when = find_when(said, means.zone)
    language = means.catalogs.language(
        (person and person.language) or means.language, when.zone if when else means.zone
    )
    subject = said.summary or language.gettext("no subject")
    answer = Answer(
        text=say_reply(language, part, _told(subject, when), subject, viewer.name, words),
        to=(Address("", said.organizer or ""),),
        subject=say_reply_subject(language, part, subject),
        force=True,
        sender=found.sender,
        calendar=write_reply(said, found.invited, viewer.name, part, words, clock.now()),
    )
    return answer_thread(tx, means.stamp, viewer, here.id, answer)


def _told(subject: str, when: When | None) -> Told | None:
    return None if when is None else Told(subject, "", "", when.starts, when.zone, when.minutes, "")
