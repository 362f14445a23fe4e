"""A person who is forgotten is not found any more, neither by an address nor by what somebody was to them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, func, or_, select

from core.database import WriteTx
from crm.attributes import forget_choices
from crm.parties.merging import forget_merges
from crm.parties.tables import party_address, party_link
from crm.parties.words import lay_words


def forget_addresses(tx: WriteTx, addresses: Sequence[str]) -> None:
    """Take addresses (folded) from whomever they belong to."""
    here = func.lower(party_address.c.address).in_(addresses)
    owners = tx.rows(select(party_address.c.contact_id, party_address.c.counterparty_id).where(here))
    tx.execute(delete(party_address).where(here))
    for row in owners:
        if row.contact_id is not None:
            lay_words(tx, "contact", row.contact_id)
        if row.counterparty_id is not None:
            lay_words(tx, "counterparty", row.counterparty_id)


def forget_contact(tx: WriteTx, contact_id: int, counterparty_ids: Sequence[int]) -> None:
    """Of a person whose row is gone, and of clients that were they alone: words and links."""
    theirs = or_(party_link.c.from_id == contact_id, party_link.c.to_id == contact_id)
    tx.execute(delete(party_link).where(party_link.c.of == "contact", theirs))
    forget_merges(tx, "contact", contact_id)
    forget_choices(tx, "contact", contact_id)
    lay_words(tx, "contact", contact_id)
    for one in counterparty_ids:
        lay_words(tx, "counterparty", one)
