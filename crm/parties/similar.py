"""Clients that look like what a letter says of its sender: the same name in another country's domain, a name alike."""

from __future__ import annotations

import re

from sqlalchemy import or_, select

from core.database import ReadTx
from core.fulltext import fold
from crm.parties.matching import registered_domain
from crm.parties.tables import counterparty, counterparty_domain
from crm.parties.verbs import Counterparty, get_counterparty

MOST_SIMILAR = 3
_SHORTEST = 4  # letters: shorter words stand in the names of many
_WORDS = re.compile(r"\w+")


def list_similar(tx: ReadTx, domain: str, company: str) -> list[Counterparty]:
    """Clients who may be meant by a domain that nobody has, or by the name of a company; the fewest words first."""
    label = registered_domain(domain).partition(".")[0]
    words = {fold(label.replace("-", " ")).strip(), *(fold(word) for word in _WORDS.findall(company))}
    telling = sorted((word for word in words if len(word) >= _SHORTEST), key=len, reverse=True)[:2]
    asked = [counterparty.c.name_folded.contains(word, autoescape=True) for word in telling]
    if len(label) >= _SHORTEST:
        alike = select(counterparty_domain.c.counterparty_id).where(
            counterparty_domain.c.domain.startswith(f"{label}.", autoescape=True)
        )
        asked.append(counterparty.c.id.in_(alike))
    if not asked:
        return []
    found = select(counterparty.c.id).where(or_(*asked)).order_by(counterparty.c.name_folded).limit(MOST_SIMILAR)
    return [get_counterparty(tx, one) for one in tx.values(found)]
