"""Whom somebody may mean who types the beginning of a name or an address: contacts, and those with whom mailboxes that
the reader sees have corresponded."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, select

from core.database import ReadTx
from crm.parties import list_contacts
from crm.parties.tables import affiliation, contact, counterparty, party_address
from crm.staff.readable import Viewer, readable
from mailhub.mailboxes.tables import thread, thread_participant

FEWEST_LETTERS = 2
MOST_LOOKED_AT = 1000
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
# The first of that beginning, whosever they are, so that no beginning is dear; those of others are left out below.
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
    """Those whose name or address begins so, contacts first; nobody for fewer than two letters."""
    words = words.strip().lower()
    if len(words) < FEWEST_LETTERS:
        return []
    between = {"first": words, "last": words + _LAST, "most": limit}
    people = [one.id for one in list_contacts(tx, words=words, limit=limit).items]
    rows = [*tx.rows(_BY_ADDRESS, between), *(tx.rows(_BY_PERSON, {"ids": people}) if people else [])]
    found = {row.address: Correspondent(row.name, row.address, row.client or "") for row in reversed(rows)}
    found = dict(sorted(found.items(), key=lambda one: (not one[0].startswith(words), one[1].name)))
    seen = select(_WROTE.c.address, thread.c.who, thread.c.who_address)
    seen = readable(seen.join(thread, thread.c.id == _WROTE.c.thread_id), viewer, thread)
    for row in tx.rows(seen.order_by(_WROTE.c.address, thread.c.id.desc()), {"first": words, "last": words + _LAST}):
        if len(found) >= limit:
            break
        name = row.who if row.who_address.lower() == row.address and row.who != row.who_address else ""
        if not row.address.startswith("<"):
            found.setdefault(row.address, Correspondent(name, row.address))
    return list(found.values())[:limit]
