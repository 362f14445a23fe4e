"""The journey of a letter: the steps in their order, and nothing else decides it.

Each step is a function ``step(tx, passage)`` that adds what it found to the passage. A step that fails unexpectedly
sends the letter to Quarantine with its name; nothing of the journey is committed then.

``match`` stands before ``thread`` here: whether a letter may join a thread depends on whose it is, while a thread tells
whose a letter is only when its sender is unknown, which ``thread`` settles itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select

from core.blobs import blob
from core.database import WriteTx
from crm.execution import Choice, choose, continue_hand, is_able, last_hand, stand_in_choice
from crm.interactions import record_letter as record_on_timeline
from crm.parties import find_manager
from mailhub.inviting.hearing import hear, take_answer
from mailhub.inviting.noting import note_request
from mailhub.mailboxes import handling, threads
from mailhub.mailboxes.attention import is_urgent
from mailhub.mailboxes.boxes import Mailbox
from mailhub.mailboxes.busy import count_waiting
from mailhub.mailboxes.following import list_followers
from mailhub.mailboxes.gathering import gather as gather_threads
from mailhub.mailboxes.homes import Home, find_home
from mailhub.mailboxes.junk import is_junk
from mailhub.mailboxes.letters import find_words, hold_words, record_letter
from mailhub.mailboxes.messages import find_message, record_message
from mailhub.mailboxes.notifying import notify
from mailhub.mailboxes.participants import Sender, is_proved
from mailhub.mailboxes.planning import propose
from mailhub.mailboxes.tables import message
from mailhub.mailboxes.tag_rows import find_tags
from mailhub.mailboxes.threads import find_executor, is_told, open_thread, receive, tell
from mailhub.outbound.acknowledging import acknowledge as send_acknowledgement
from mailhub.outbound.recipient_returns import note_answer
from mailhub.outbound.returns import find_answered, find_returned, record_returned
from mailhub.outbound.scheduling import stop_for_reply
from mailhub.routing.passage import Passage
from mailhub.routing.placing import place
from mailhub.routing.rules.acting import Case, act
from mailhub.routing.rules.facts import Facts, letter_facts, of_parsed

_SIZE = select(blob.c.size).where(blob.c.id == bindparam("id"))
NOBODY_ASSIGNED = "Nobody was assigned: no rule of this mailbox names an executor."


def recognise(tx: WriteTx, passage: Passage) -> None:
    """What kind of letter is this, when is it from, and is it here already?"""
    parsed = passage.parsed
    filtered = parsed.spam_verdict is True if passage.understood.junk is None else passage.understood.junk
    filtered = filtered or passage.trace.get("role") == "junk"  # where the server of an account has put it
    passage.spam = is_junk(passage.asked.said(passage.box.id, parsed.from_trusted), passage.verdicts, filtered=filtered)
    passage.answerable = parsed.kind in threads.ANSWERABLE and not passage.spam
    # A live letter is dated by its arrival: a sender's clock must not hide it behind older ones. An archive keeps
    # the order of its own dates as far as they can be true.
    claimed = parsed.date if passage.quiet else None
    passage.dated_at = claimed if claimed is not None and 0 < claimed <= passage.received_at else passage.received_at
    passage.letter_id, new = record_letter(tx, passage.understood, passage.asked.known)
    if not new:
        tx.lock_key("message", passage.letter_id, passage.box.id)
        hold_words(tx, passage.letter_id)
        words = find_words(tx, passage.letter_id)
        if words is None:  # its last message has just gone for good: it comes anew
            passage.asked.known.forget(parsed)
            passage.letter_id, new = record_letter(tx, passage.understood, passage.asked.known)
        else:  # its files may have been read meanwhile: what is indexed is what is kept
            passage.understood = replace(passage.understood, words=words)
    # What comes alike again and again without an id or a date (a form, a machine) is news each time.
    nameless = parsed.message_id is None and parsed.date is None and not passage.quiet
    found = None if new or nameless else find_message(tx, passage.letter_id, passage.box.id)
    if found is not None:
        row = tx.get(message, found)
        passage.message_id, passage.thread_id, passage.known = found, row.thread_id, True
        passage.news = bool(row.quiet) and not passage.quiet and not passage.spam and row.direction == "in"
    elif passage.stamp is not None:
        passage.returned = find_returned(tx, passage.stamp, parsed, passage.trace.get("rcpt_to", ()))


def match(tx: WriteTx, passage: Passage) -> None:
    """Whose address is it? Only a From that is strictly one address is asked about."""
    address = passage.parsed.from_trusted
    if address is None or passage.spam:
        return
    passage.match = passage.asked.match(address)
    if passage.verdicts is not None and passage.verdicts.doubtful:
        return  # whoever it may be is proposed, and never believed
    contact_id, counterparty_id = passage.match.only or (None, None)
    passage.sender = Sender(address, counterparty_id, contact_id, is_proved(passage.verdicts))
    if not passage.quiet:
        passage.heard = hear(tx, passage.parsed, address)
    if passage.heard is not None and not passage.heard.says_more:
        passage.answerable = False  # "I come" is no question, and the calendar shows it


def thread(tx: WriteTx, passage: Passage) -> None:
    """Which conversation does it go on with? A new one, unless its sender has a say in the one it names, or it comes
    back for a letter of ours."""
    returned = passage.returned
    if passage.by_hand is not None:
        home = Home(passage.by_hand, "hand")
    elif returned is not None and returned.mailbox_id == passage.box.id:
        home = Home(returned.thread_id or None, "returned")
        passage.sender = Sender(None, None, None)  # who reports has no say by it: our Message-ID is no secret
    else:
        names = passage.asked.names
        home = find_home(tx, passage.box.id, passage.parsed, passage.sender, passage.dated_at, names)
        home = _answered(tx, passage, home)
    described: dict[str, Any] = {"by": passage.match.by, "pairs": [list(pair) for pair in passage.match.pairs]}
    if passage.match.refused:
        described["refused"] = True

    def open_new(box: Mailbox) -> int:
        return open_thread(
            tx, box, passage.parsed, passage.sender, described, passage.dated_at,
            claims=home.claims, beside=home.beside, state="closed" if passage.quiet or passage.of_mailing else "open",
        )  # fmt: skip

    new_after = passage.new_after if passage.answerable and not passage.quiet else 0
    passage.take_place(place(tx, passage.asked, passage.box, home, passage.dated_at, new_after, open_new))


def _answered(tx: WriteTx, passage: Passage, home: Home) -> Home:
    """Where it joins nothing by what it names: the thread in which its writer was invited, or whose signed address it
    was written to."""
    if home.by == "reference" or passage.stamp is None or passage.sender.address is None:
        return home
    if passage.heard is not None and passage.heard.mailbox_id == passage.box.id:
        return replace(home, thread_id=passage.heard.thread_id, by="reference", claims=None, beside=None)
    found = find_answered(tx, passage.stamp, passage.parsed, passage.trace.get("rcpt_to", ()))
    if found is None or found.mailbox_id != passage.box.id:
        return home
    return replace(home, thread_id=found.thread_id, by="reference", claims=None, beside=None)


def record(tx: WriteTx, passage: Passage) -> None:
    """Lay it into the mailbox, into its thread and onto the client's timeline."""
    parsed, box, sender = passage.parsed, passage.box, passage.sender
    assert passage.home is not None
    passage.message_id = record_message(
        tx,
        letter_id=passage.letter_id,
        mailbox_id=passage.lies_in,
        scope_id=passage.root.scope_id,
        thread_id=passage.thread_id,
        home_id=passage.home.thread_id,
        blob_id=passage.blob_id,
        direction="in",
        spam=passage.spam,
        quiet=passage.quiet,
        dated_at=passage.dated_at,
        received_at=passage.received_at,
        trace=passage.trace,
        words=passage.understood.words,
        seed=passage.incoming_id,
        verdicts=passage.verdicts,
    )
    waits = passage.answerable and not passage.quiet
    still = passage.quiet or passage.of_mailing  # nobody reads what thousands of machines say of a mailing
    arrival = threads.Arrival(passage.message_id, passage.dated_at, waits, still, passage.spam)
    fresh = passage.opened and not passage.goes_on and passage.thread_id == passage.home.thread_id
    hands = receive(tx, passage.root, box, parsed, arrival, sender, home_id=passage.home.thread_id, fresh=fresh)
    # A letter is its thread's client's, like those before it: somebody may have filed the thread otherwise.
    if hands.counterparty_id not in (None, sender.counterparty_id):
        sender = passage.sender = Sender(sender.address, hands.counterparty_id, None)
    passage.executor_id, passage.grew, passage.begins = hands.executor_id, hands.grew, hands.begins
    if sender.counterparty_id is not None:
        record_on_timeline(
            tx,
            sender.counterparty_id,
            passage.root.scope_id,
            contact_id=sender.contact_id,
            direction="in",
            happened_at=passage.dated_at,
            subject=parsed.subject,
            thread_id=passage.thread_id,
            message_id=passage.message_id,
            executor_id=passage.executor_id,
            counts=passage.answerable,
            letter_id=passage.letter_id,
        )
        if passage.answerable:
            propose(tx, passage.thread_id, passage.message_id, "them", passage.dated_at)
        if not passage.quiet:  # an import makes nobody wait
            threads.tell_client_waits(tx, sender.counterparty_id, passage.root.scope_id)


def gather(tx: WriteTx, passage: Passage) -> None:
    """Which threads does it show to be one conversation, whatever came first?"""
    home = passage.home
    assert home is not None
    assert home.thread_id is not None
    if home.joins or home.followers or passage.grew or passage.begins:
        passage.thread_id = gather_threads(
            tx, home.thread_id, home.joins, home.followers, grew=passage.grew, begins=passage.begins
        )
        passage.executor_id = find_executor(tx, passage.thread_id)


def settle(tx: WriteTx, passage: Passage) -> None:
    """What follows for letters of ours that it answers or reports about? Nothing, when it comes out of an archive."""
    if passage.answerable and not passage.quiet and not passage.opened:
        stop_for_reply(tx, passage.thread_id)
    if passage.answerable and not passage.quiet and passage.stamp is not None:
        note_answer(tx, passage.stamp, passage.parsed, passage.message_id)
    if passage.returned is not None and passage.stamp is not None and not passage.quiet:
        record_returned(tx, passage.stamp, passage.returned, passage.parsed)
    if passage.heard is not None:
        take_answer(tx, passage.heard, passage.message_id, passage.received_at)
    said, writer = passage.parsed.invitation, passage.sender.address
    note_request(tx, said, writer, passage.lies_in, passage.message_id, passage.received_at)


def rules(tx: WriteTx, passage: Passage) -> None:
    """What do the rules of its mailbox say? They are asked about live letters that are no junk."""
    if passage.box.rules == 0 or passage.quiet or passage.spam:
        return
    begins = passage.home is not None and passage.home.by == "new"
    held = passage.executor_id is not None and is_able(tx, passage.box.scope_id, passage.executor_id)
    case = Case(
        box=passage.box,
        thread_id=passage.thread_id,
        message_id=passage.message_id,
        begins=begins,
        held=held,
        manager_id=lambda: _manager(tx, passage),
        facts=lambda zone: _facts(tx, passage, zone, begins=begins),
    )
    passage.ruled = act(tx, case, passage.received_at)
    passage.box = passage.ruled.box or passage.box
    passage.executor_id = passage.ruled.executor_id or passage.executor_id


def _facts(tx: WriteTx, passage: Passage, zone: ZoneInfo, *, begins: bool) -> Facts:
    """What rules may ask of the letter: what stands in it, and what the journey found."""
    letter = of_parsed(
        passage.parsed,
        lambda: int(tx.value(_SIZE, {"id": passage.blob_id})),
        passage.trace,
        passage.received_at,
        passage.verdicts,
    )
    return {
        **letter_facts(letter, zone),
        "begins": lambda: begins,
        "tags": lambda: [one.name for one in find_tags(tx, [passage.thread_id]).get(passage.thread_id, ())],
        "priority": lambda: "urgent" if is_urgent(tx, passage.thread_id) else "normal",
        "client.known": lambda: passage.sender.counterparty_id is not None,
        "client.manager": lambda: _manager(tx, passage),
    }


def _manager(tx: WriteTx, passage: Passage) -> int | None:
    counterparty_id = passage.sender.counterparty_id
    return find_manager(tx, counterparty_id) if counterparty_id is not None else None


def assign(tx: WriteTx, passage: Passage) -> None:
    """Who answers? Whoever has the thread, or stands in for them while they are away; else by the way of the mailbox;
    nobody for imports and junk."""
    if passage.quiet or not passage.answerable or passage.ruled.put_away:
        return
    box, held = passage.box, passage.executor_id
    if not passage.opened:
        others = set(list_followers(tx, passage.thread_id)) - {held}
        notify(tx, "letter", others, passage.thread_id, message_id=passage.message_id)
    able = held if held is not None and is_able(tx, box.scope_id, held) else None
    choice = None if able is None else stand_in_choice(tx, box.scope_id, Choice(able, "continued"))
    if choice is None:
        choice = choose(
            tx,
            box.scope_id,
            way=box.way,
            count_waiting=lambda people: count_waiting(tx, people),
            default_id=box.default_executor_id,
            manager_id=_manager(tx, passage),
        )
    if choice is not None and choice.executor_id != able:
        handling.give(tx, passage.thread_id, choice)
    elif able is not None:
        continue_hand(tx, box.scope_id, passage.thread_id, able)
        notify(tx, "letter", [able], passage.thread_id, message_id=passage.message_id)
    elif box.kind == "public" and not is_told(tx, passage.thread_id, NOBODY_ASSIGNED, last_hand(tx, passage.thread_id)):
        tell(tx, passage.thread_id, NOBODY_ASSIGNED)


def wake(tx: WriteTx, passage: Passage) -> None:
    """A letter out of an archive comes to the door: who has it now, and who is told?"""
    hands = threads.wake(tx, passage.message_id, passage.box, passage.received_at, waits=passage.answerable)
    passage.sender, passage.executor_id = Sender(None, hands.counterparty_id, None), hands.executor_id
    assign(tx, passage)


def acknowledge(tx: WriteTx, passage: Passage) -> None:
    """Tell its writer that it has come, where it begins a conversation and its mailbox does so."""
    begins = passage.home is not None and passage.home.by == "new"
    if passage.stamp is None or passage.quiet or not passage.answerable or not begins:
        return
    if passage.ruled.put_away or not passage.ruled.acknowledge:
        return
    mail_from = passage.trace.get("mail_from")
    send_acknowledgement(
        tx, passage.stamp, passage.box, passage.message_id, passage.parsed, passage.verdicts, mail_from
    )


STEPS: tuple[Callable[[WriteTx, Passage], None], ...] = (
    recognise, match, thread, record, gather, settle, rules, assign, acknowledge,
)  # fmt: skip


def travel(tx: WriteTx, passage: Passage) -> int:
    """Take every step; returns the message. A letter that lies in this mailbox already goes no further than the first,
    unless it was known from an archive only.

    ``passage.step`` names the step under way, for whoever has to say where it failed.
    """
    for step in STEPS:
        passage.step = step.__name__
        step(tx, passage)
        if passage.known:
            break
    if passage.news:
        passage.step = wake.__name__
        wake(tx, passage)
    return passage.message_id
