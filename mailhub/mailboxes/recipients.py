"""To whom an answer goes, and who is only offered: what a letter from outside says never decides it alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import bindparam, select

from core.database import ReadTx
from crm.parties import list_addresses_of
from mailhub.letters.addresses import parse_addr_spec
from mailhub.letters.values import Address
from mailhub.mailboxes.boxes import list_addresses
from mailhub.mailboxes.participants import neighbours
from mailhub.mailboxes.tables import letter, message, thread, thread_participant
from mailhub.mailboxes.threads import ANSWERABLE

Why = Literal["named", "reply_to", "unproved"]
_NEWEST = (
    select(letter.c.parsed)
    .join(message, message.c.letter_id == letter.c.id)
    .where(
        message.c.thread_id == bindparam("thread_id"),
        message.c.direction == "in",
        message.c.spam == 0,
        letter.c.kind.in_(sorted(ANSWERABLE)),  # nobody answers a report
    )
    .order_by(message.c.id.desc())
    .limit(1)
)
_THERE = (
    select(thread_participant)
    .where(thread_participant.c.thread_id == bindparam("thread_id"), thread_participant.c.how.in_(("wrote", "written")))
    .order_by(thread_participant.c.address)
)


@dataclass(frozen=True, slots=True)
class Offer:
    """Somebody whom a person may add to an answer, and why they do not stand there already: only ``named`` in To or Cc
    of a letter from outside, the ``reply_to`` of a letter whose sender is at another domain, or a writer whose letters
    were ``unproved``."""

    person: Address
    why: Why


@dataclass(frozen=True, slots=True)
class Recipients:
    """``to`` of an answer, ``cc`` of an answer to everybody, and who is offered beside them."""

    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    offered: tuple[Offer, ...]


def list_recipients(tx: ReadTx, thread_id: int) -> Recipients:
    """To whom an answer in this thread goes: to the writer of its newest letter (to their Reply-To when it is of the
    same domain, or somebody whom we know there), and for everybody to those whom we wrote to and who wrote with proof.
    None of our own addresses is among them."""
    row = tx.get(thread, thread_id)
    own = set(list_addresses(tx))
    parsed = tx.value(_NEWEST, {"thread_id": thread_id}) or {}
    wrote = _people(parsed, "from")
    answers_to = _people(parsed, "reply_to")
    there = tx.rows(_THERE, {"thread_id": thread_id})
    read = [one.address for field in ("from", "reply_to", "to", "cc") for one in _people(parsed, field)]
    own |= {one.lower() for one in (*read, *(row.address for row in there)) if _untagged(one) in own}
    known = set(list_addresses_of(tx, row.counterparty_id)) if row.counterparty_id is not None else set()
    sure = {one.address for one in there if one.sure or one.address in known}
    fits = answers_to and all(_fits(one, wrote, sure | known) for one in answers_to)
    to = _without(answers_to if fits else wrote, own)
    if not to and not parsed:
        to = _without((Address("", one.address) for one in there if one.how == "written"), own)[:1]
    names = {one.address.lower(): one for field in ("from", "to", "cc") for one in _people(parsed, field)}
    cc = _without((names.get(one, Address("", one)) for one in sorted(sure)), own | _folded(to))
    offered = [
        *(Offer(one, "reply_to") for one in answers_to),
        *(Offer(names.get(one.address, Address("", one.address)), "unproved") for one in there),
        *(Offer(one, "named") for field in ("to", "cc") for one in _people(parsed, field)),
    ]
    left: dict[str, Offer] = {}
    for offer in offered:
        if offer.person.address.lower() not in own | _folded(to) | _folded(cc):
            left.setdefault(offer.person.address.lower(), offer)
    return Recipients(to, cc, tuple(left.values()))


def _people(parsed: dict[str, Any], field: str) -> tuple[Address, ...]:
    """Those of a field whose address is one: what a letter writes there may hold others, hidden in an encoded word."""
    found = (Address(one["name"], one["address"]) for one in parsed.get(field, ()))
    return tuple(one for one in found if parse_addr_spec(one.address) is not None)


def _untagged(address: str) -> str:
    """The address without what stands behind a plus: letters to it come to the same mailbox."""
    local, _, domain = address.lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def _fits(person: Address, wrote: Iterable[Address], known: set[str]) -> bool:
    domains = {neighbours(one.address) for one in wrote} - {"<>"}
    return person.address.lower() in known | _folded(wrote) or neighbours(person.address) in domains


def _without(people: Iterable[Address], but: set[str]) -> tuple[Address, ...]:
    found: dict[str, Address] = {}
    for one in people:
        if one.address.lower() not in but:
            found.setdefault(one.address.lower(), one)
    return tuple(found.values())


def _folded(people: Iterable[Address]) -> set[str]:
    return {one.address.lower() for one in people}
