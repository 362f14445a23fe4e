"""Clients and their people whose names hold what somebody typed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.database import ReadTx
from crm.parties import Contact, Counterparty, list_contacts, list_counterparties
from mailhub.mailboxes.finding.asking import Search

FEW = 4
_SHORTEST = 2


@dataclass(frozen=True, slots=True)
class Known:
    """The first few of each, by name."""

    clients: Sequence[Counterparty]
    people: Sequence[Contact]


def find_known(tx: ReadTx, search: Search) -> Known:
    """Nobody for a search that asks for more than words."""
    words = " ".join(search.spelled)
    if len(words) < _SHORTEST or search.narrow or search.mailbox or len(search.question.wanted) != len(search.spelled):
        return Known([], [])
    clients = list_counterparties(tx, words=words, limit=FEW).items
    return Known(clients, [one for one in list_contacts(tx, words=words, limit=FEW).items if one.counterparty_ids])
