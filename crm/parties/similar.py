"""Clients that look like what a letter says of its sender: the same name in another country's domain, a name alike."""

from __future__ import annotations

from core.database import ReadTx
from crm.parties.matching import registered_domain
from crm.parties.reading import list_those
from crm.parties.shapes import Counterparty
from crm.parties.words import find_parties, name_words

MOST_SIMILAR = 3
_LOOKED_AT = 50
_SHORTEST = 4  # letters: shorter words stand in the names of many


def list_similar(tx: ReadTx, domain: str, company: str) -> list[Counterparty]:
    """Clients who may be meant by a domain that nobody has, or by the name of a company; the first by name."""
    label = registered_domain(domain).partition(".")[0].replace("-", " ")
    words = [label, *sorted(name_words(company), key=len, reverse=True)[:2]]
    found: list[int] = []
    for word in dict.fromkeys(words):
        if len(word) >= _SHORTEST:
            found += find_parties(tx, "counterparty", word, _LOOKED_AT)
    alike = sorted(list_those(tx, list(dict.fromkeys(found))), key=lambda one: (one.name.casefold(), one.id))
    return alike[:MOST_SIMILAR]
