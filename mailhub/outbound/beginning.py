"""A new letter: a conversation that we begin."""

from __future__ import annotations

import msgspec
from sqlalchemy import select

from core import clock
from core.database import ReadTx, WriteTx
from core.errors import NotFound
from crm.execution import Choice, is_able
from crm.parties import Match, match_address
from crm.staff.readable import Viewer, demand
from mailhub.letters.subject import parse_base_subject
from mailhub.letters.values import Address, ParsedLetter
from mailhub.mailboxes.boxes import Mailbox, get_mailbox
from mailhub.mailboxes.handling import give
from mailhub.mailboxes.participants import Sender
from mailhub.mailboxes.tables import mailbox, thread
from mailhub.mailboxes.threads import open_thread
from mailhub.outbound.compose import Fields
from mailhub.outbound.identity import Stamp
from mailhub.outbound.planning import Written, draw, plan_letter
from mailhub.outbound.writing import Answer, fields_of, refuse_empty

MOST_MATCHED = 20


def list_senders(tx: ReadTx, viewer: Viewer) -> list[Mailbox]:
    """The mailboxes that the viewer may begin a letter from, by name."""
    seen = sorted(viewer.full | viewer.assigned)
    ids = tx.values(
        select(mailbox.c.id).where(mailbox.c.scope_id.in_(seen)).order_by(mailbox.c.kind.desc(), mailbox.c.name)
    )
    boxes = [get_mailbox(tx, one) for one in ids]
    return [one for one in boxes if viewer.may("answer", one.scope_id, viewer.user_id)]


def draw_letter(tx: ReadTx, stamp: Stamp, viewer: Viewer, mailbox_id: int, answer: Answer) -> Fields:
    """The letter as ``begin_letter`` would write it at this moment, for ``write_down``. Raises NotFound, Forbidden,
    Invalid."""
    box = get_sender(tx, viewer, mailbox_id)
    return draw(tx, stamp, box, fields_of(tx, viewer, box, answer, answer.subject or ""), 0)


def begin_letter(
    tx: WriteTx,
    stamp: Stamp,
    viewer: Viewer,
    mailbox_id: int,
    answer: Answer,
    written: Written | None = None,
    *,
    whose: tuple[int | None, int] | None = None,
) -> int:
    """Plan a new letter from a mailbox, in a thread of its own that its writer executes. Returns its message. ``whose``
    is the client and the contact it is to, where that is known; else they are found by the addresses.

    Raises NotFound, Forbidden, Invalid, TooMuch, and Conflict for an address that must not be written to.
    """
    box = get_sender(tx, viewer, mailbox_id)
    refuse_empty(answer)
    subject = answer.subject or ""
    fields = fields_of(tx, viewer, box, answer, subject)
    people = [*answer.to, *answer.cc, *answer.bcc]
    match, sender = match_people(tx, box, people)
    if whose is not None:
        sender = Sender(box.address, *whose)
    described = {"by": match.by, "pairs": [list(pair) for pair in match.pairs]}
    parsed = msgspec.structs.replace(ParsedLetter(), subject=subject, base_subject=parse_base_subject(subject))
    thread_id = open_thread(tx, box, parsed, sender, described, clock.now())
    if is_able(tx, box.scope_id, viewer.user_id):
        give(tx, thread_id, Choice(viewer.user_id, "hand"), by=viewer)
    row = tx.get(thread, thread_id)
    by_id = viewer.user_id
    return plan_letter(tx, stamp, row, box, fields, people, "personal", by_id=by_id, wait=answer.wait, written=written)


def get_sender(tx: ReadTx, viewer: Viewer, mailbox_id: int) -> Mailbox:
    """A mailbox that the viewer may begin a letter from. Raises NotFound, Forbidden."""
    seen = sorted(viewer.full | viewer.assigned)
    found = tx.value(select(mailbox.c.id).where(mailbox.c.id == mailbox_id, mailbox.c.scope_id.in_(seen)))
    if found is None:
        raise NotFound("There is no mailbox with the number %(id)s.", id=mailbox_id)
    box = get_mailbox(tx, found)
    demand(viewer, "answer", box.scope_id, viewer.user_id)
    return box


def match_people(tx: ReadTx, box: Mailbox, people: list[Address]) -> tuple[Match, Sender]:
    """Whom we write to: the first client among the recipients."""
    first: Match | None = None
    for person in people[:MOST_MATCHED]:
        found = match_address(tx, person.address)
        if found.only is not None:
            contact_id, counterparty_id = found.only
            return found, Sender(box.address, counterparty_id, contact_id)
        first = first or (found if found.pairs else None)
    return first or Match("nothing", ()), Sender(box.address, None, None)
