"""Contracts and sales documents with their lines and files, what they are about, and their sums by client and month."""

from __future__ import annotations

from sqlalchemy import Column, Index, Text
from sqlalchemy import text as sql

from core.columns import (
    Id,
    id_column,
    instant,
    number,
    optional_instant,
    optional_reference,
    reference,
    table,
    text,
)
from crm.attributes.tables import values_columns

item_group = table(
    "item_group",
    id_column(),
    text("name"),
    Column("name_folded", Text, nullable=False, unique=True),
)

# What is sold and bought.
item = table(
    "item",
    id_column(),
    text("name"),
    text("name_folded"),
    text("code", ""),
    text("unit", ""),
    optional_reference("group_id", "item_group.id"),
    Column("external_id", Text, unique=True),
    instant("created_at"),
    optional_instant("ended_at"),
)
Index(None, item.c.name_folded, item.c.id)
Index(None, item.c.group_id)
_USED = sql("ended_at IS NULL")
Index("ix_item_used", item.c.name_folded, item.c.id, sqlite_where=_USED, postgresql_where=_USED)
_CODED = sql("code <> ''")
Index("ix_item_code", item.c.code, sqlite_where=_CODED, postgresql_where=_CODED)

# Why a client said no.
refusal_reason = table(
    "refusal_reason",
    id_column(),
    text("name"),
    Column("name_folded", Text, nullable=False, unique=True),
    optional_instant("ended_at"),
)

# Sums are minor units of the currency; ``date`` is ``2026-11-18``. ``line_id`` is its line in the timeline.
document = table(
    "document",
    id_column(),
    text("kind"),
    text("number", ""),
    Column("external_id", Text, unique=True),
    reference("counterparty_id", "counterparty.id"),
    Column("legal_entity_id", Id),
    Column("contact_id", Id),
    text("date"),
    text("currency"),
    number("amount"),
    Column("profit", Id),
    optional_reference("reason_id", "refusal_reason.id"),
    text("about", ""),
    Column("executor_id", Id),
    Column("based_on_id", Id),
    Column("based_line_id", Id),
    Column("line_id", Id),
    Column("author_id", Id),
    instant("created_at"),
    number("version", 1),
    *values_columns(),
)
Index(None, document.c.counterparty_id, document.c.date, document.c.id)
Index(None, document.c.kind, document.c.date, document.c.id)
Index(None, document.c.date, document.c.id)
Index(None, document.c.executor_id, document.c.date, document.c.id)
_NUMBERED = sql("number <> ''")
Index("ix_document_number", document.c.number, sqlite_where=_NUMBERED, postgresql_where=_NUMBERED)
_PERSON = sql("contact_id IS NOT NULL")
Index("ix_document_contact", document.c.contact_id, sqlite_where=_PERSON, postgresql_where=_PERSON)
_LINE = sql("line_id IS NOT NULL")
Index("ix_document_line", document.c.line_id, sqlite_where=_LINE, postgresql_where=_LINE)
_BASED = sql("based_on_id IS NOT NULL")
Index("ix_document_based", document.c.based_on_id, sqlite_where=_BASED, postgresql_where=_BASED)

# ``quantity`` counts in thousandths; ``price`` and ``amount`` are minor units of the document's currency.
document_line = table(
    "document_line",
    id_column(),
    reference("document_id", "document.id", cascade=True),
    number("place"),
    optional_reference("item_id", "item.id"),
    text("text", ""),
    number("quantity"),
    number("price"),
    number("amount"),
)
Index(None, document_line.c.document_id, document_line.c.place)
Index(None, document_line.c.item_id)

document_file = table(
    "document_file",
    id_column(),
    reference("document_id", "document.id", cascade=True),
    reference("blob_id", "blob.id"),
    text("name"),
    text("content_type"),
    number("size"),
    Column("by_id", Id),
    instant("created_at"),
)
Index(None, document_file.c.document_id)
Index(None, document_file.c.blob_id)

# What a client's documents of a month (``2026-11``) come to; written with every document.
document_facts = table(
    "document_facts",
    Column("counterparty_id", Id, primary_key=True, nullable=False),
    Column("month", Text, primary_key=True, nullable=False),
    Column("kind", Text, primary_key=True, nullable=False),
    Column("currency", Text, primary_key=True, nullable=False),
    number("documents"),
    number("amount"),
    number("profit"),
)
