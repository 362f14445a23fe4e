"""What the pages and the interface do alike with suppliers, and write down of it."""

from __future__ import annotations

from collections.abc import Sequence

from api.auth import Door
from api.uploads import read_sent_table
from core.database import ReadTx, WriteTx
from crm.parties import get_counterparty
from crm.staff.audit import record_audit
from crm.staff.readable import Viewer, demand_somewhere
from crm.suppliers import ListRow, NewPrice, Terms, Unread, add_prices, agree, drop_price, read_list, take_list

ROWS_AT_ONCE = 200


def settle_terms(tx: WriteTx, viewer: Viewer, terms: Terms) -> None:
    """Agree on terms. Raises what ``agree`` raises."""
    agree(tx, viewer, terms)
    record_audit(tx, viewer.user_id, "supplier-terms-changed", str(terms.counterparty_id))


def keep_prices(tx: WriteTx, viewer: Viewer, counterparty_id: int, prices: Sequence[NewPrice]) -> int:
    """Put prices into a list. Raises what ``add_prices`` raises."""
    number = add_prices(tx, viewer, counterparty_id, prices)
    record_audit(tx, viewer.user_id, "supplier-prices-changed", str(counterparty_id), prices=number)
    return number


def forget_price(tx: WriteTx, viewer: Viewer, counterparty_id: int, price_id: int) -> None:
    """Take a price out. Raises NotFound, Forbidden."""
    drop_price(tx, viewer, counterparty_id, price_id)
    record_audit(tx, viewer.user_id, "supplier-prices-changed", str(counterparty_id), prices=-1)


def ask_for_list(tx: ReadTx, viewer: Viewer, counterparty_id: int) -> None:
    """Nobody sends a table that is refused afterwards. Raises NotFound, Forbidden."""
    demand_somewhere(viewer, "answer")
    get_counterparty(tx, counterparty_id)


async def bring_list(
    door: Door, counterparty_id: int, content: bytes, currency: str, today: str
) -> tuple[int, list[Unread]]:
    """A price list as a table: how many prices were taken in, and the rows that were not. It is read in a process
    of its own and taken in some rows at a time, so that nobody waits; the same list again takes in what a kill left.
    Raises NotFound, Forbidden, Invalid for what is no price list, TooMuch."""
    await door.read(ask_for_list, counterparty_id)
    headers, cells = await read_sent_table(door.house, content)
    rows, unread = read_list(headers, cells, currency, today)
    taken = 0
    for at in range(0, len(rows), ROWS_AT_ONCE):
        said = 0 if at else len(rows)
        taken += await door.write(_take, counterparty_id, rows[at : at + ROWS_AT_ONCE], said)
    return taken, unread


def _take(tx: WriteTx, viewer: Viewer, counterparty_id: int, rows: list[ListRow], said: int) -> int:
    """``said``: of how many rows in all the audit log tells; 0 when it has told."""
    if said:
        record_audit(tx, viewer.user_id, "supplier-prices-changed", str(counterparty_id), prices=said)
    return take_list(tx, viewer, counterparty_id, rows)
