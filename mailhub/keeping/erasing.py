"""Forgetting a person: a range of letters at a time, and in the end what stands about them beside letters.

Letters that they wrote, and ours to them alone, go with everything about them. In letters of others they are struck:
their name and address leave the recipients and the index, the letter stays as it came. That somebody must not be
written to survives, as a keyed hash.

Before the letters go their rows at the door, and what never became a letter; behind them what came meanwhile, wherever
its date has put it among the letters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from typing import Any

from sqlalchemy import Row, Table, bindparam, delete, func, select, update

from core.blobs.letting_go import doubt
from core.columns import metadata
from core.database import ReadTx, WriteTx
from core.errors import NotFound
from core.fulltext import fold
from crm.documents.tables import document
from crm.execution.tables import promise
from crm.interactions import interaction
from crm.parties import forget_addresses, forget_contact
from crm.parties.tables import affiliation, contact, counterparty, not_a_client
from crm.planner.tables import event
from crm.segments.following import forget_parties, forget_reasons
from crm.transfer.forgetting import forget_rows
from mailhub.automatic.forgetting import forget_letters
from mailhub.campaigns.forgetting import forget_recipients
from mailhub.campaigns.joining import forget_sign_ups
from mailhub.inviting.forgetting import forget_guest
from mailhub.keeping.names import canonical, is_any_of, spellings
from mailhub.keeping.purging import purge_letter_of
from mailhub.keeping.striking import (
    FIELDS,
    STRUCK,
    names_them,
    strike_drafts,
    strike_events,
    strike_invitation,
    strike_letter,
    strike_trace,
)
from mailhub.keeping.tables import person_request
from mailhub.mailboxes.tables import (
    incoming,
    known_sender,
    letter,
    mailbox_address,
    message,
    thread,
    thread_participant,
)
from mailhub.outbound.tables import delivery

CHUNK = 100
_LETTERS = select(
    message.c.id, message.c.letter_id, message.c.scope_id, message.c.blob_id, message.c.thread_id,
    message.c.direction, letter.c.from_address, letter.c.parsed,
).join(letter, letter.c.id == message.c.letter_id)  # fmt: skip
_RANGE = _LETTERS.where(message.c.id > bindparam("after")).order_by(message.c.id).limit(CHUNK)
_LETTER = _LETTERS.where(message.c.id == bindparam("id"))
_ARRIVALS = (
    select(incoming.c.id, incoming.c.message_id, incoming.c.blob_id, incoming.c.state, incoming.c.trace)
    .where(incoming.c.id > bindparam("after"))
    .order_by(incoming.c.id)
    .limit(CHUNK)
)
_TO = select(delivery.c.recipient).where(delivery.c.message_id == bindparam("id"))
_LOSE_THEM = (thread, interaction, event, promise, document)


def list_range(tx: ReadTx, after: int) -> Sequence[Row[Any]]:
    """The next letters in the order of their ids."""
    return tx.rows(_RANGE, {"after": after})


def is_about(row: Row[Any], names: Sequence[str]) -> bool:
    """Whether somebody of these addresses wrote the letter or got it."""
    return is_any_of(people_of(row), names)


def people_of(row: Row[Any]) -> set[str]:
    """Every address that stands in the head of a letter, as addresses are compared."""
    found = {canonical(person["address"]) for name in FIELDS for person in row.parsed[name]}
    return found | {canonical(row.from_address)}


def erase_range(tx: WriteTx, after: int, names: Sequence[str]) -> tuple[int, Counter[str]]:
    """Erase the person from the next letters. Returns behind which to go on (0 at the end), and how many letters were
    ``gone``, in how many of others they were ``struck``, and how many only say their address in their text (``named``):
    these stay as they came."""
    rows = list_range(tx, after)
    done = [_erase(tx, row, names) if is_about(row, names) else _look(tx, row, names) for row in rows]
    return (int(rows[-1].id) if len(rows) == CHUNK else 0), Counter(done)


def erase_arrivals(tx: WriteTx, after: int, names: Sequence[str], *, letters: bool) -> tuple[int, Counter[str]]:
    """``erase_range`` for the next rows at the door: away with those of letters that go, copies with other bytes too.
    With ``letters`` those that came meanwhile go with them, wherever their dates have put them; what is another letter
    under the same Message-ID stays."""
    rows = tx.rows(_ARRIVALS, {"after": after})
    about: dict[int, Row[Any]] = {}
    for row in rows:
        found = None if row.message_id is None else tx.row(_LETTER, {"id": row.message_id})
        if found is not None and is_about(found, names):
            about[found.id] = found
        theirs = is_any_of([str(row.trace.get("mail_from", ""))], names)
        if (row.message_id in about and _goes(tx, about[row.message_id], names)) or (
            theirs and row.state == "quarantined"
        ):
            doubt(tx, [row.blob_id])
            tx.execute(delete(incoming).where(incoming.c.id == row.id))
        elif (struck := strike_trace(row.trace, names)) != row.trace:
            tx.change(incoming, row.id, trace=struck)
    done = [_erase(tx, row, names) for row in about.values()] if letters else []
    return (int(rows[-1].id) if len(rows) == CHUNK else 0), Counter(done)


def erase_rest(tx: WriteTx, contact_id: int | None, names: Sequence[str]) -> None:
    """What stands about the person beside letters: contact, addresses, participants, deliveries, drafts."""
    known = spellings(names)
    sent = func.lower(delivery.c.recipient).in_(known)
    told = tx.values(
        select(message.c.thread_id).join(delivery, delivery.c.message_id == message.c.id).where(sent).distinct()
    )
    strike_events(tx, told, names)  # they may stand in no head, having had a blind copy
    tx.execute(delete(delivery).where(sent))
    forget_recipients(tx, contact_id, known)
    forget_sign_ups(tx, known)
    forget_letters(tx, contact_id, known)
    forget_guest(tx, contact_id, known)
    for column in (thread_participant.c.address, known_sender.c.address, not_a_client.c.address):
        tx.execute(delete(column.table).where(func.lower(column).in_(known)))
    forget_addresses(tx, known)
    theirs = func.lower(thread.c.who_address).in_(known)
    tx.execute(update(thread).where(theirs).values(who=STRUCK["name"], who_address=""))
    strike_drafts(tx, names)
    if contact_id is None:
        return
    companies = tx.values(select(affiliation.c.counterparty_id).where(affiliation.c.contact_id == contact_id))
    for table in _LOSE_THEM:
        tx.execute(update(table).where(table.c.contact_id == contact_id).values(contact_id=None))
    for table in _go_with_them():
        tx.execute(delete(table).where(table.c.contact_id == contact_id))
    tx.execute(delete(contact).where(contact.c.id == contact_id))
    for one in companies:  # a client that was this person alone has no name any more
        left = tx.value(select(affiliation.c.contact_id).where(affiliation.c.counterparty_id == one).limit(1))
        if left is None and tx.get(counterparty, one).kind == "person":
            tx.change(counterparty, one, name=STRUCK["name"], name_folded=fold(STRUCK["name"]))
    forget_contact(tx, contact_id, companies)
    forget_rows(tx, contact_id, companies)
    forget_parties(tx, "contacts", [contact_id])
    forget_reasons(tx, "counterparties", companies)


@cache
def _go_with_them() -> tuple[Table, ...]:
    """The tables in which a contact's rows say nothing without them."""
    named = (one for one in reversed(metadata.sorted_tables) if "contact_id" in one.c)
    return tuple(one for one in named if one not in (*_LOSE_THEM, person_request))


def _erase(tx: WriteTx, found: Row[Any], names: Sequence[str]) -> str:
    """One letter that is about them: ``gone``, ``struck``, or ``""`` when it went meanwhile."""
    row = _hold(tx, found)
    if row is None:
        return ""
    if _goes(tx, row, names):
        tx.execute(delete(delivery).where(delivery.c.message_id == row.id))
        purge_letter_of(tx, row, row.thread_id)
        done = "gone"
    else:
        strike_letter(tx, row.letter_id, names)
        here = (delivery.c.message_id == row.id) & func.lower(delivery.c.recipient).in_(spellings(names))
        tx.execute(delete(delivery).where(here))
        done = "struck"
    strike_events(tx, [row.thread_id], names)
    return done


def _look(tx: WriteTx, row: Row[Any], names: Sequence[str]) -> str:
    """``struck`` for a letter of others with a calendar object that invites them, ``named`` for one that says their
    address in its text."""
    said = row.parsed.get("invitation")
    if said and is_any_of([*said["attendees"], said["organizer"] or ""], names):
        if (now := _hold(tx, row)) is None:
            return ""
        strike_invitation(tx, now.letter_id)
        return "struck"
    text = row.parsed["text"] or ""
    spelt = any(name in text.lower() for name in spellings(names))
    return "named" if spelt and names_them(text, names) else ""


def _hold(tx: WriteTx, row: Row[Any] | None) -> Row[Any] | None:
    """The letter as it is once its thread is held: it may have been moved or have gone meanwhile."""
    while row is not None:
        with suppress(NotFound):  # a thread that went says so; the letter says where it lies now
            tx.lock(thread, row.thread_id)
        now = tx.row(_LETTER, {"id": row.id})
        if now is None or now.thread_id == row.thread_id:
            return now
        row = now
    return None


def _goes(tx: ReadTx, row: Row[Any], names: Sequence[str]) -> bool:
    """Whether they wrote the letter, or nobody else but ourselves wrote or got it, blind copies too."""
    if is_any_of([row.from_address], names):
        return True
    ours = set(tx.values(select(mailbox_address.c.address)))
    people = people_of(row) | {canonical(one) for one in tx.values(_TO, {"id": row.id})}
    return not people - {canonical(one) for one in (*names, *ours)} - {""}
