"""The tables of what comes in from tables of other programs."""

from __future__ import annotations

from sqlalchemy import Column, Index, Text
from sqlalchemy import text as sql

from core.columns import Id, Json, id_column, instant, number, optional_instant, reference, table, text

# One file on its way in: what it is about (clients, documents), what its columns mean, how far it came.
party_import = table(
    "party_import",
    id_column(),
    reference("user_id", "user.id"),
    text("kind", "clients"),
    text("name"),
    text("state"),
    number("size"),
    Column("about", Json, nullable=False),
    Column("headers", Json, nullable=False),
    Column("sample", Json, nullable=False),
    number("total"),
    Column("mapping", Json, nullable=False),
    Column("options", Json, nullable=False),
    Column("decisions", Json, nullable=False),
    number("place", 0),
    Column("counts", Json, nullable=False),
    number("worked", 0),
    text("error", ""),
    Column("error_fields", Json, nullable=False),
    instant("created_at"),
    instant("moved_at"),
    optional_instant("started_at"),
    optional_instant("finished_at"),
)
Index(None, party_import.c.state)

# What became of each row (``n`` as a spreadsheet numbers it): what it did (``journal``), why it did not (``reason``).
import_row = table(
    "import_row",
    Column("import_id", Id, primary_key=True, nullable=False),
    Column("n", Id, primary_key=True, nullable=False),
    text("outcome"),
    text("name", ""),
    Column("client_id", Id),
    Column("person_id", Id),
    Column("document_id", Id),
    Column("journal", Json),
    text("reason", ""),
    Column("reason_fields", Json),
    Column("cells", Json),
    text("parent", ""),
)
Index(None, import_row.c.import_id, import_row.c.outcome, import_row.c.n)
Index(None, import_row.c.client_id)
Index(None, import_row.c.person_id)
_DOCUMENT = sql("document_id IS NOT NULL")
Index(
    "ix_import_row_document", import_row.c.import_id, import_row.c.document_id,
    sqlite_where=_DOCUMENT, postgresql_where=_DOCUMENT,
)  # fmt: skip

# What the columns of a set of headers meant the last time.
import_mapping = table(
    "import_mapping",
    Column("headers", Text, primary_key=True, nullable=False),
    Column("mapping", Json, nullable=False),
    Column("options", Json, nullable=False),
    instant("used_at"),
)
