"""What suppliers agreed to: terms, and prices of items."""

from __future__ import annotations

from sqlalchemy import Column, Index, Text

from core.columns import Id, id_column, instant, number, reference, table, text

# Of two rows (after a merge of clients) the one changed last holds. Days are None where nothing was agreed; ``least``
# is the smallest order, in minor units of the currency.
supplier_terms = table(
    "supplier_terms",
    id_column(),
    reference("counterparty_id", "counterparty.id"),
    text("currency"),
    text("payment", ""),
    text("delivery", ""),
    Column("payment_days", Id),
    Column("lead_days", Id),
    Column("least", Id),
    Column("by_id", Id),
    instant("changed_at"),
)
Index(None, supplier_terms.c.counterparty_id, supplier_terms.c.changed_at)

# ``price`` is minor units for one unit of the item; ``quantity`` thousandths from which it holds; days are
# ``2026-11-18``, the last one None while it holds on.
supplier_price = table(
    "supplier_price",
    id_column(),
    reference("counterparty_id", "counterparty.id"),
    reference("item_id", "item.id"),
    number("price"),
    text("currency"),
    number("quantity"),
    text("date_from"),
    Column("date_to", Text),
    instant("created_at"),
)
Index(None, supplier_price.c.counterparty_id, supplier_price.c.item_id, supplier_price.c.id)
Index(None, supplier_price.c.item_id, supplier_price.c.counterparty_id)
