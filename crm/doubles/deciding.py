"""People look through the pairs: they merge two (``crm.parties``), or say that they are two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select, tuple_, update

from core import clock
from core.database import ReadTx, WriteTx
from core.errors import NotFound
from core.paging import Page, cut_page, decode_cursor
from crm.doubles.tables import double_pair
from crm.parties.reading import list_those
from crm.parties.shapes import Counterparty
from crm.parties.tables import counterparty
from crm.staff.readable import Viewer, demand_somewhere

PairState = Literal["open", "apart"]
_one, _other = counterparty.alias("one"), counterparty.alias("other")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two clients who may be one: why (of ``crm.parties.REASONS``), and how sure that is in per cent."""

    one: Counterparty
    other: Counterparty
    reasons: tuple[str, ...]
    strength: int
    state: PairState


def list_pairs(
    tx: ReadTx, viewer: Viewer, *, state: PairState = "open", after: str | None = None, limit: int = 20
) -> Page[Pair]:
    """The pairs, the surest first; those of clients that were merged since are left out. Raises Forbidden, Invalid."""
    demand_somewhere(viewer, "assign")
    order = (double_pair.c.strength, double_pair.c.one_id, double_pair.c.other_id)
    statement = (
        select(double_pair)
        .join(_one, (_one.c.id == double_pair.c.one_id) & _one.c.merged_into.is_(None))
        .join(_other, (_other.c.id == double_pair.c.other_id) & _other.c.merged_into.is_(None))
        .where(double_pair.c.state == state)
        .order_by(*(column.desc() for column in order))
    )
    if after is not None:
        statement = statement.where(tuple_(*order) < tuple_(*decode_cursor(after, (int, int, int))))
    found = cut_page(tx.rows(statement.limit(limit + 1)), limit, lambda row: (row.strength, row.one_id, row.other_id))
    ids = sorted({party_id for row in found.items for party_id in (row.one_id, row.other_id)})
    known = {one.id: one for one in list_those(tx, ids)}
    pairs = [
        Pair(known[row.one_id], known[row.other_id], tuple(row.reasons), row.strength, row.state) for row in found.items
    ]
    return Page(pairs, found.next)


def tell_apart(tx: WriteTx, viewer: Viewer, one_id: int, other_id: int) -> None:
    """They are two: no search asks again. Raises NotFound, Forbidden."""
    _decide(tx, viewer, one_id, other_id, "apart")


def ask_again(tx: WriteTx, viewer: Viewer, one_id: int, other_id: int) -> None:
    """They may be one after all. Raises NotFound, Forbidden."""
    _decide(tx, viewer, one_id, other_id, "open")


def _decide(tx: WriteTx, viewer: Viewer, one_id: int, other_id: int, state: PairState) -> None:
    demand_somewhere(viewer, "assign")
    pair = sorted((one_id, other_id))
    here = (double_pair.c.one_id == pair[0]) & (double_pair.c.other_id == pair[1])
    decided = {"state": state, "by_id": viewer.user_id, "decided_at": clock.now()}
    if not tx.execute(update(double_pair).where(here).values(**decided)):
        raise NotFound("These two were not found to be alike.")
