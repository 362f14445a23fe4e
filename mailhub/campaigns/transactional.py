"""One letter to one reader, by a program: an invoice, a password, a parcel on its way. A row of the same ledger as what
people write, ahead of every mailing, whatever its reader thinks of mailings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Forbidden, Invalid
from crm.staff.readable import Viewer
from mailhub.campaigns.compiled import Source, Texts
from mailhub.campaigns.making import Made, make_letter
from mailhub.letters.subject import parse_base_subject
from mailhub.letters.values import Address, ParsedLetter
from mailhub.mailboxes.boxes import Mailbox
from mailhub.mailboxes.tables import thread
from mailhub.mailboxes.threads import in_state, open_thread
from mailhub.outbound.beginning import get_sender, match_people
from mailhub.outbound.compose import Fields
from mailhub.outbound.identity import Stamp
from mailhub.outbound.ledger import Delivery, get_delivery, list_of_messages
from mailhub.outbound.planning import plan_letter
from mailhub.outbound.templates import fields_for, get_template

MOST_VALUES = 64 * 1024
"""Bytes of JSON that a letter may be filled with."""


@dataclass(frozen=True, slots=True)
class Single:
    """What is to be sent: a letter with its fields still in it, to whom, and what its fields say beside what is known
    of the reader."""

    made: Made
    to: Address
    values: Mapping[str, Any]


def make_of_template(tx: ReadTx, viewer: Viewer, template_id: int) -> tuple[int, Made]:
    """A saved text of a mailbox as such a letter, and which mailbox it is. Raises NotFound, Invalid."""
    found = get_template(tx, viewer, template_id)
    return found.mailbox_id, make_letter("html", found.subject, found.html, None)


def send_single(tx: WriteTx, stamp: Stamp, viewer: Viewer, mailbox_id: int, single: Single) -> Delivery:
    """Queue it. It lies in a closed thread of its own under its client; who answers it opens that.

    Raises NotFound, Forbidden, Invalid for a field that nobody knows (``fields["missing"]``), an address that is none
    and too many values, Conflict for an address that must not be written to.
    """
    box = get_sender(tx, viewer, mailbox_id)
    if box.scope_id not in viewer.full:
        raise Forbidden("You see only what is assigned to you there, and may not send by a program.")
    subject, text, html = _fill(tx, viewer, box, single)
    fields = Fields(
        message_id="", date=0, from_=Address(box.name, box.address), to=(single.to,), subject=subject, text=text,
        html=html, automatic="auto-generated",
    )  # fmt: skip
    match, sender = match_people(tx, box, [single.to])
    parsed = msgspec.structs.replace(ParsedLetter(), subject=subject, base_subject=parse_base_subject(subject))
    described = {"by": match.by, "pairs": [list(pair) for pair in match.pairs]}
    thread_id = open_thread(tx, box, parsed, sender, described, clock.now())
    row = tx.get(thread, thread_id)
    message_id = plan_letter(tx, stamp, row, box, fields, [single.to], "transactional", by_id=viewer.user_id)
    tx.change(thread, thread_id, **in_state("closed"))
    (planned,) = list_of_messages(tx, [message_id])[message_id]
    return get_delivery(tx, viewer, planned.id)


def _fill(tx: ReadTx, viewer: Viewer, box: Mailbox, single: Single) -> tuple[str, str, str]:
    if len(msgspec.json.encode(single.values)) > MOST_VALUES:
        raise Invalid("The values of a letter have %(most)s bytes at most.", most=MOST_VALUES, field="values")
    known = fields_for(tx, viewer, box, single.to.address)
    for name, value in single.values.items():
        before = known.get(name)
        known[name] = {**before, **value} if isinstance(before, dict) and isinstance(value, dict) else value
    made = single.made
    said = Texts(Source(made.subject, made.plain, made.html)).fill(known)
    if said.missing:
        missing = ", ".join(said.missing)
        raise Invalid("Nobody knows what stands in these fields: %(missing)s.", missing=missing, field="values")
    line = " ".join(said.subject.split())
    if not line:
        raise Invalid("A letter needs a subject.", field="subject")
    return line, said.text, said.html
