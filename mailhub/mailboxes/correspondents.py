"""Whom somebody may mean who types the beginning of a name or an address: contacts, and those with whom mailboxes that
the reader sees have corresponded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, func, literal_column, select, union_all

from core.database import ReadTx
from crm.parties import find_parties
from crm.parties.tables import affiliation, contact, counterparty, party_address
from crm.staff.readable import Viewer, readable
from mailhub.mailboxes.tables import thread, thread_participant

FEWEST_LETTERS = 2
MOST_LOOKED_AT = 1000
MOST_TWICE = 4  # of several mailboxes the same person
_LAST = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Correspondent:
    """Somebody to write to; ``client`` is whose contact they are, empty for nobody's."""

    name: str
    address: str
    client: str = ""


_CONTACTS = (
    select(contact.c.name, party_address.c.address, counterparty.c.name.label("client"))
    .select_from(party_address)
    .join(contact, contact.c.id == party_address.c.contact_id)
    .outerjoin(affiliation, affiliation.c.contact_id == contact.c.id)
    .outerjoin(counterparty, counterparty.c.id == affiliation.c.counterparty_id)
)
_BY_ADDRESS = (
    _CONTACTS.where(party_address.c.address >= bindparam("first"), party_address.c.address < bindparam("last"))
    .order_by(party_address.c.address)
    .limit(bindparam("most"))
)
_BY_PERSON = _CONTACTS.where(contact.c.id.in_(bindparam("ids", expanding=True))).order_by(contact.c.name_folded)
_OF_CLIENTS = _CONTACTS.where(affiliation.c.counterparty_id.in_(bindparam("ids", expanding=True))).order_by(
    contact.c.name_folded, party_address.c.address
)
# Of those whom a letter only named: the first of that beginning, whosever they are, so that no beginning is dear.
_WROTE = (
    select(thread_participant.c.address, thread_participant.c.thread_id)
    .where(
        thread_participant.c.address >= bindparam("first"),
        thread_participant.c.address < bindparam("last"),
        thread_participant.c.how.in_(("wrote", "written")),
    )
    .order_by(thread_participant.c.address)
    .limit(MOST_LOOKED_AT)
    .subquery()
)


def list_correspondents(tx: ReadTx, viewer: Viewer, words: str, *, limit: int = 8) -> list[Correspondent]:
    """Those whose name, address or company begins so, contacts first; nobody for fewer than two letters.

    Contacts are found by the words they are known by, correspondents by the beginning of their address in each
    mailbox of the viewer: however many of others there are, nobody of theirs is passed over."""
    words = words.strip().lower()
    if len(words) < FEWEST_LETTERS:
        return []
    between = {"first": words, "last": words + _LAST}
    people, clients = (find_parties(tx, of, words, limit) for of in ("contact", "counterparty"))
    rows = [
        *tx.rows(_BY_ADDRESS, {**between, "most": limit}),
        *(tx.rows(_BY_PERSON, {"ids": people}) if people else []),
        *(tx.rows(_OF_CLIENTS.limit(limit), {"ids": clients}) if clients else []),
    ]
    found: dict[str, Correspondent] = {}
    for row in rows:
        found.setdefault(row.address, Correspondent(row.name, row.address, row.client or ""))
    found = dict(sorted(found.items(), key=lambda one: not one[0].startswith(words)))
    for row in _list_known(tx, viewer, between, limit) if len(found) < limit else ():
        if "@" in row.address:
            found.setdefault(row.address.lower(), Correspondent(_named(row.who, row.address), row.address.lower()))
    for row in _list_named(tx, viewer, between) if len(found) < limit else ():
        name = _named(row.who, row.address) if row.who_address.lower() == row.address else ""
        if "@" in row.address and not row.address.startswith("<"):
            found.setdefault(row.address, Correspondent(name, row.address))
    return list(found.values())[:limit]


def _list_known(tx: ReadTx, viewer: Viewer, between: dict[str, str], limit: int) -> list[Row[Any]]:
    """With whom the threads are that the viewer may see: the top of each mailbox by an index of its own."""
    tops = []
    for scope_id in sorted(viewer.full | viewer.assigned):
        top = select(thread.c.who_address.label("address"), func.max(thread.c.who).label("who")).where(
            thread.c.scope_id == scope_id,
            literal_column("length(thread.who_address) <= 320"),  # as its index has them
            thread.c.who_address >= bindparam("first"),
            thread.c.who_address < bindparam("last"),
        )
        if scope_id not in viewer.full:
            top = top.where(thread.c.executor_id == viewer.user_id)
        top = top.group_by(thread.c.who_address).order_by(thread.c.who_address).limit(limit)
        tops.append(select(top.subquery()))
    if not tops:
        return []
    every = union_all(*tops).subquery()
    return list(tx.rows(select(every).order_by(every.c.address).limit(limit * MOST_TWICE), between))


def _list_named(tx: ReadTx, viewer: Viewer, between: dict[str, str]) -> Sequence[Row[Any]]:
    seen = select(_WROTE.c.address, thread.c.who, thread.c.who_address)
    seen = readable(seen.join(thread, thread.c.id == _WROTE.c.thread_id), viewer, thread)
    return tx.rows(seen.order_by(_WROTE.c.address, thread.c.id.desc()), between)


def _named(who: str, address: str) -> str:
    return who if who.lower() != address.lower() else ""
