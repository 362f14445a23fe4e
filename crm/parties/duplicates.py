"""Clients who may be the one that somebody is about to enter: asked while it is entered, so never compared with all.

Candidates come by the index: the same tax number, address, domain or telephone, and the words of the name with their
beginnings. Only those are compared as texts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rapidfuzz import fuzz
from sqlalchemy import ColumnElement, select, text

from core.database import ReadTx
from crm.parties.matching import FREE_MAIL
from crm.parties.reading import list_those
from crm.parties.shapes import Counterparty
from crm.parties.tables import (
    affiliation,
    counterparty_domain,
    legal_entity,
    party_address,
    party_phone,
)
from crm.parties.words import find_parties, name_words

MOST_PROPOSED = 5
ALIKE = 85  # per cent
_OF_A_WORD = 100
_BEGINNING = 4
_WORDS = 3
REASONS = ("tax_number", "address", "phone", "domain", "name")
"""Why a client is proposed, the strongest first."""


@dataclass(frozen=True, slots=True)
class Double:
    """A client who may be meant, and why: some of ``REASONS``."""

    client: Counterparty
    reasons: tuple[str, ...]


def list_doubles(
    tx: ReadTx,
    name: str,
    *,
    tax_numbers: Iterable[str] = (),
    emails: Iterable[str] = (),
    domains: Iterable[str] = (),
    phones: Iterable[str] = (),
    but: int | None = None,
) -> list[Double]:
    """The few that are most like this, but one that it is itself. Numbers, addresses and telephones as tables hold
    them."""
    found: dict[int, list[str]] = {}

    def add(reason: str, ids: Iterable[int | None]) -> None:
        for one in ids:
            if one is not None and one != but and reason not in found.setdefault(one, []):
                found[one].append(reason)

    addresses = [email for email in emails if email]
    own = [domain for domain in (*domains, *(one.partition("@")[2] for one in addresses)) if domain not in FREE_MAIL]
    add("tax_number", _having(tx, legal_entity.c.counterparty_id, legal_entity.c.tax_number, tax_numbers))
    add("address", _reached(tx, party_address.c.address, addresses))
    add("phone", _reached(tx, party_phone.c.number, phones))
    add("domain", _having(tx, counterparty_domain.c.counterparty_id, counterparty_domain.c.domain, own))
    words = name_words(name)
    known = {one.id: one for one in list_those(tx, sorted({*found, *_like(tx, words)}))}
    add("name", [one.id for one in known.values() if _alike(words, name_words(one.name))])
    ordered = sorted(found, key=lambda one: ([reason not in found[one] for reason in REASONS], one))
    return [Double(known[one], tuple(found[one])) for one in ordered[:MOST_PROPOSED] if one in known]


def _having(
    tx: ReadTx, owner: ColumnElement[int], value: ColumnElement[str], wanted: Iterable[str]
) -> list[int | None]:
    values = sorted({one for one in wanted if one})
    here = select(owner).where(value.in_(values)).limit(_OF_A_WORD)
    if value.table is legal_entity:
        here = here.where(text("legal_entity.tax_number <> ''"))  # as its index says
    return tx.values(here) if values else []


def _reached(tx: ReadTx, value: ColumnElement[str], wanted: Iterable[str]) -> list[int | None]:
    """Clients who are reached there, or at whom somebody is."""
    values = sorted({one for one in wanted if one})
    if not values:
        return []
    table = party_address if value.table is party_address else party_phone
    rows = tx.rows(
        select(table.c.counterparty_id, affiliation.c.counterparty_id.label("at"))
        .outerjoin(affiliation, affiliation.c.contact_id == table.c.contact_id)
        .where(value.in_(values))
        .limit(_OF_A_WORD)
    )
    return [one for row in rows for one in (row.counterparty_id, row.at)]


def _like(tx: ReadTx, words: list[str]) -> list[int]:
    """Those with the longest words of the name, or with words that begin as these do."""
    telling = sorted(dict.fromkeys(words), key=len, reverse=True)[:_WORDS]
    asked = [word for one in telling for word in dict.fromkeys((one, one[:_BEGINNING]))]
    return [one for word in asked for one in find_parties(tx, "counterparty", word, _OF_A_WORD)]


def _alike(words: list[str], others: list[str]) -> bool:
    return fuzz.token_sort_ratio(" ".join(words), " ".join(others)) >= ALIKE
