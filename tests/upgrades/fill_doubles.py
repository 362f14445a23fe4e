"""Rows of the search for doubles."""

from __future__ import annotations

from core.database import WriteTx
from crm.doubles.deciding import tell_apart
from crm.doubles.searching import begin_search, get_search
from crm.doubles.tables import double_pair
from crm.staff.readable import get_viewer


def fill_doubles(tx: WriteTx, user_id: int, one_id: int, other_id: int) -> None:
    """A search under way, and two clients whom somebody told apart."""
    viewer = get_viewer(tx, user_id)
    search = get_search(tx, begin_search(tx, viewer).id)
    pair = {"one_id": min(one_id, other_id), "other_id": max(one_id, other_id)}
    tx.insert(double_pair, **pair, state="open", strength=70, reasons=["name"], search_id=search.id)
    tell_apart(tx, viewer, one_id, other_id)
