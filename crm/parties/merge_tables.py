"""The journal of merges: what went from one party to another, row by row, so that it can come back."""

from __future__ import annotations

from sqlalchemy import Column, Index

from core.columns import Id, Json, id_column, instant, number, optional_instant, reference, table, text

party_merge = table(
    "party_merge",
    id_column(),
    text("of"),
    number("kept_id"),
    number("gone_id"),
    Column("by_id", Id),
    instant("at"),
    optional_instant("undone_at"),
)
Index(None, party_merge.c.of, party_merge.c.kept_id)
Index(None, party_merge.c.of, party_merge.c.gone_id)

# A column of the row had ``old`` and got ``new``. Without a column it is a whole row: of a table without ids, or one
# that said what the other party's said already: ``old`` became ``new``, null is no row.
merge_move = table(
    "merge_move",
    id_column(),
    reference("merge_id", "party_merge.id", cascade=True),
    text("table_name"),
    number("row_id", 0),
    text("column_name", ""),
    Column("old", Json),
    Column("new", Json),
)
Index(None, merge_move.c.merge_id, merge_move.c.table_name, merge_move.c.column_name, merge_move.c.row_id)
