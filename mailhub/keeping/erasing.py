"""Forgetting a person: a range of letters at a time, and in the end what stands about them beside letters.

Letters that they wrote, and ours to them alone, go with everything about them. In letters of others they are struck:
their name and address leave the recipients and the index, the letter stays as it came. That somebody must not be
written to survives, as a keyed hash.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, select, update

from core.database import ReadTx, WriteTx
from core.fulltext import FOLDING_VERSION, fold
from core.fulltext.index import Words, add_words, remove_words
from crm.interactions import interaction
from crm.parties.tables import affiliation, contact, counterparty, not_a_client, party_address
from mailhub.keeping.purging import purge_letter_of
from mailhub.mailboxes.letters import get_words
from mailhub.mailboxes.tables import (
    incoming,
    known_sender,
    letter,
    letter_words,
    mailbox_address,
    message,
    thread,
    thread_participant,
)
from mailhub.outbound.tables import delivery, draft

CHUNK = 100
STRUCK = {"name": "[erased]", "address": ""}
_WORD = re.compile(r"\w+")  # the index marks some words with signs that are none of a word
_FIELDS = ("from", "sender", "reply_to", "to", "cc")
_RANGE = (
    select(message.c.id, message.c.letter_id, message.c.scope_id, message.c.blob_id, message.c.thread_id,
           message.c.direction, letter.c.from_address, letter.c.parsed)
    .join(letter, letter.c.id == message.c.letter_id)
    .where(message.c.id > bindparam("after"))
    .order_by(message.c.id)
    .limit(CHUNK)
)  # fmt: skip


def list_range(tx: ReadTx, after: int) -> Sequence[Row[Any]]:
    """The next letters in the order of their ids."""
    return tx.rows(_RANGE, {"after": after})


def is_about(row: Row[Any], names: Sequence[str]) -> bool:
    """Whether somebody of these addresses wrote the letter or got it."""
    return bool(people_of(row) & set(names))


def people_of(row: Row[Any]) -> set[str]:
    """Every address that stands in the head of a letter, in small letters."""
    found = {person["address"].lower() for name in _FIELDS for person in row.parsed[name]}
    return found | {row.from_address.lower()}


def erase_range(tx: WriteTx, after: int, names: Sequence[str]) -> tuple[int, int, int]:
    """Erase the person from the next letters. Returns behind which to go on (0 at the end), how many letters went, and
    in how many others they were struck."""
    rows = list_range(tx, after)
    ours = set(tx.values(select(mailbox_address.c.address)))
    gone = struck = 0
    for row in rows:
        if not is_about(row, names):
            continue
        others = people_of(row) - set(names) - ours - {""}
        if row.from_address.lower() in names or not others:
            tx.lock(thread, row.thread_id)
            tx.execute(delete(delivery).where(delivery.c.message_id == row.id))
            purge_letter_of(tx, row, row.thread_id)
            gone += 1
        else:
            _strike(tx, row, names)
            struck += 1
    return (int(rows[-1].id) if len(rows) == CHUNK else 0), gone, struck


def erase_rest(tx: WriteTx, contact_id: int | None, names: Sequence[str]) -> None:
    """What stands about the person beside letters: contact, addresses, participants, deliveries, drafts."""
    tx.execute(delete(delivery).where(func.lower(delivery.c.recipient).in_(names)))
    for column in (thread_participant.c.address, known_sender.c.address, not_a_client.c.address):
        tx.execute(delete(column.table).where(func.lower(column).in_(names)))
    tx.execute(delete(party_address).where(func.lower(party_address.c.address).in_(names)))
    theirs = func.lower(thread.c.who_address).in_(names)
    tx.execute(update(thread).where(theirs).values(who=STRUCK["name"], who_address=""))
    for name in names:
        for line in (draft.c.to_line, draft.c.cc_line, draft.c.bcc_line):
            tx.execute(delete(draft).where(func.lower(line).contains(name, autoescape=True)))
    if contact_id is None:
        return
    companies = tx.values(select(affiliation.c.counterparty_id).where(affiliation.c.contact_id == contact_id))
    for table in (thread, interaction):
        tx.execute(update(table).where(table.c.contact_id == contact_id).values(contact_id=None))
    tx.execute(delete(affiliation).where(affiliation.c.contact_id == contact_id))
    tx.execute(delete(party_address).where(party_address.c.contact_id == contact_id))
    tx.execute(delete(contact).where(contact.c.id == contact_id))
    for one in companies:  # a client that was this person alone has no name any more
        left = tx.value(select(affiliation.c.contact_id).where(affiliation.c.counterparty_id == one).limit(1))
        if left is None and tx.get(counterparty, one).kind == "person":
            tx.change(counterparty, one, name=STRUCK["name"], name_folded=fold(STRUCK["name"]))


def _strike_envelope(tx: WriteTx, message_id: int, names: Sequence[str]) -> None:
    """Let the envelope that a letter came in not name them."""
    blob_id = tx.get(message, message_id).blob_id
    came = (incoming.c.blob_id == blob_id) & (incoming.c.message_id == message_id)
    for table, here in ((message, message.c.id == message_id), (incoming, came)):
        for one in tx.rows(select(table.c.id, table.c.trace).where(here)):
            trace = dict(one.trace)
            if str(trace.get("mail_from", "")).lower() in names:
                trace["mail_from"] = ""
            if "rcpt_to" in trace:
                trace["rcpt_to"] = [name for name in trace["rcpt_to"] if name.lower() not in names]
            tx.change(table, one.id, trace=trace)


def _strike(tx: WriteTx, row: Row[Any], names: Sequence[str]) -> None:
    """Let a letter of others not name them in its head any more, nor be found by them."""
    parsed = dict(row.parsed)
    gone: set[str] = set()
    left: set[str] = set()
    for name in _FIELDS:
        for person in parsed[name]:
            said = set(_WORD.findall(fold(f"{person['name']} {person['address']}")))
            (gone if person["address"].lower() in names else left).update(said)
        parsed[name] = [STRUCK if one["address"].lower() in names else one for one in parsed[name]]
    tx.change(letter, row.letter_id, parsed=parsed)
    old = get_words(tx, row.letter_id)
    kept = (word for word in old.people.split(" ") if not {*_WORD.findall(word)} & (gone - left))
    new = Words(old.subject, " ".join(kept), old.body)
    for one in tx.rows(select(message.c.id, message.c.scope_id).where(message.c.letter_id == row.letter_id)):
        _strike_envelope(tx, one.id, names)
        remove_words(tx, one.id, one.scope_id, old)
        add_words(tx, one.id, one.scope_id, new)
    tx.execute(
        update(letter_words)
        .where(letter_words.c.letter_id == row.letter_id)
        .values(people=new.people, version=FOLDING_VERSION)
    )
    tx.execute(
        delete(delivery).where(delivery.c.message_id == row.id, func.lower(delivery.c.recipient).in_(list(names)))
    )
