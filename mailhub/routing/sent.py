"""The journey of a letter of ours that was written elsewhere: on a phone, in another program, seen among the sent ones.

It joins the thread it answers, counts as the answer, and stands on the timeline of whom it went to. What this house
sent itself is recognised by its Message-ID: the sent copy may have other bytes, and who fills a Sent folder is us.
"""

from __future__ import annotations

from sqlalchemy import bindparam, select

from core.database import ReadTx, WriteTx
from crm.interactions import record_letter as record_on_timeline
from crm.parties import Match
from mailhub.mailboxes import threads
from mailhub.mailboxes.boxes import Mailbox
from mailhub.mailboxes.homes import Home, find_home
from mailhub.mailboxes.messages import record_message
from mailhub.mailboxes.participants import Sender
from mailhub.mailboxes.planning import propose
from mailhub.mailboxes.subjects import find_standing
from mailhub.mailboxes.tables import letter, message, thread
from mailhub.mailboxes.threads import may_begin, open_thread
from mailhub.routing.journey import gather, recognise
from mailhub.routing.passage import Passage
from mailhub.routing.placing import place

MOST_RECIPIENTS = 20
_OURS = (
    select(message.c.id)
    .join(letter, letter.c.id == message.c.letter_id)
    .where(
        letter.c.message_id == bindparam("message_id"),
        message.c.mailbox_id == bindparam("mailbox_id"),
        message.c.direction == "out",
    )
    .limit(1)
)


def travel_sent(tx: WriteTx, passage: Passage) -> int:
    """Take every step; returns the message. ``passage.step`` names the one under way."""
    for step in (recognise, recognise_own, match_recipients, join, lay, gather):
        passage.step = step.__name__
        step(tx, passage)
        if passage.known:
            break
    return passage.message_id


def recognise_own(tx: WriteTx, passage: Passage) -> None:
    """Is it a copy of what this house sent?"""
    passage.spam = False
    found = _find_own(tx, passage.parsed.message_id, passage.box.id)
    if found is not None:
        passage.message_id, passage.known = found, True


def match_recipients(_tx: WriteTx, passage: Passage) -> None:
    """Whom did we write to? The first client among the recipients."""
    parsed = passage.parsed
    passage.sender = Sender(parsed.from_trusted or passage.box.address, None, None)
    for person in (*parsed.to, *parsed.cc)[:MOST_RECIPIENTS]:
        found = passage.asked.match(person.address)
        if found.only is not None:
            contact_id, counterparty_id = found.only
            passage.match = found
            passage.sender = Sender(passage.sender.address, counterparty_id, contact_id)
            return
        if found.pairs and not passage.match.pairs:
            passage.match = found


def join(tx: WriteTx, passage: Passage) -> None:
    """Which conversation does it go on with? Ours has a say wherever it answers."""
    names = passage.asked.names
    if passage.by_hand is not None:
        home = Home(passage.by_hand, "hand")
    else:
        home = find_home(tx, passage.box.id, passage.parsed, passage.sender, passage.dated_at, names, ours=True)
    match: Match = passage.match
    described = {"by": match.by, "pairs": [list(pair) for pair in match.pairs]}

    def open_new(box: Mailbox) -> int:
        return open_thread(tx, box, passage.parsed, passage.sender, described, passage.dated_at, beside=home.beside)

    new_after = 0 if passage.quiet else passage.new_after
    passage.take_place(place(tx, passage.asked, passage.box, home, passage.dated_at, new_after, open_new))


def lay(tx: WriteTx, passage: Passage) -> None:
    """Lay it into its thread, as the answer that it is, and onto the client's timeline."""
    parsed, row = passage.parsed, passage.root
    assert passage.home is not None
    passage.message_id = record_message(
        tx,
        letter_id=passage.letter_id,
        mailbox_id=passage.lies_in,
        scope_id=row.scope_id,
        thread_id=passage.thread_id,
        home_id=passage.home.thread_id,
        blob_id=passage.blob_id,
        direction="out",
        spam=False,
        quiet=passage.quiet,
        dated_at=passage.dated_at,
        received_at=passage.received_at,
        trace=passage.trace,
        words=passage.understood.words,
        seed=passage.incoming_id,
    )
    own = tx.get(thread, find_standing(tx, passage.home.thread_id or passage.thread_id))
    passage.begins = may_begin(own, parsed, passage.dated_at, first=row.message_count == 0)
    passage.grew = threads.answered(tx, passage.message_id)
    if passage.quiet and row.message_count == 0:
        tx.change(thread, row.id, state="closed")
    counterparty_id = row.counterparty_id or passage.sender.counterparty_id
    if counterparty_id is not None:
        record_on_timeline(
            tx,
            counterparty_id,
            row.scope_id,
            contact_id=passage.sender.contact_id if row.counterparty_id is None else row.contact_id,
            direction="out",
            happened_at=passage.dated_at,
            subject=parsed.subject,
            thread_id=passage.thread_id,
            message_id=passage.message_id,
            executor_id=row.executor_id,
            counts=passage.answerable,
            letter_id=passage.letter_id,
        )
        if passage.answerable:
            propose(tx, passage.thread_id, passage.message_id, "us", passage.dated_at)


def _find_own(tx: ReadTx, message_id: str | None, mailbox_id: int) -> int | None:
    if not message_id:
        return None
    found = tx.value(_OURS, {"message_id": message_id, "mailbox_id": mailbox_id})
    return None if found is None else int(found)
