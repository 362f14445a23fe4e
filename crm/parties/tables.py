"""The tables of the clients, in their first form."""

from __future__ import annotations

from sqlalchemy import Column, Index, Text
from sqlalchemy import text as sql

from core.columns import (
    Id,
    Json,
    id_column,
    instant,
    number,
    optional_reference,
    optional_text,
    reference,
    table,
    text,
)

counterparty = table(
    "counterparty",
    id_column(),
    text("name"),
    text("name_folded"),
    text("kind"),
    Column("roles", Json, nullable=False),
    optional_reference("manager_id", "user.id"),
    Column("parent_id", Id),
    Column("external_id", Text, unique=True),
    text("city", ""),
    text("language", ""),
    instant("created_at"),
    number("answer_hours", 0),
    number("next_hours", 0),
)
HAS_HOURS = "answer_hours > 0 OR next_hours > 0"
Index("ix_counterparty_hours", counterparty.c.id, sqlite_where=sql(HAS_HOURS), postgresql_where=sql(HAS_HOURS))
Index(None, counterparty.c.name_folded, counterparty.c.id)
Index(None, counterparty.c.manager_id)

counterparty_domain = table(
    "counterparty_domain",
    reference("counterparty_id", "counterparty.id", cascade=True),
    text("domain"),
)
Index("uq_counterparty_domain", counterparty_domain.c.domain, counterparty_domain.c.counterparty_id, unique=True)
Index(None, counterparty_domain.c.counterparty_id)

contact = table(
    "contact",
    id_column(),
    text("name"),
    text("name_folded"),
    text("position", ""),
    text("language", ""),
    instant("created_at"),
)
Index(None, contact.c.name_folded, contact.c.id)

affiliation = table(
    "affiliation",
    Column("contact_id", Id, primary_key=True, nullable=False),
    Column("counterparty_id", Id, primary_key=True, nullable=False),
)
Index(None, affiliation.c.counterparty_id)

# Addresses of contacts, and of counterparties without a named person. One address may belong to several.
party_address = table(
    "party_address",
    id_column(),
    text("address"),
    optional_reference("contact_id", "contact.id"),
    optional_reference("counterparty_id", "counterparty.id"),
)
Index(None, party_address.c.address)
Index(None, party_address.c.contact_id)
Index(None, party_address.c.counterparty_id)

# "Not a client": the letters are kept, nobody is asked again.
not_a_client = table(
    "not_a_client", Column("address", Text, primary_key=True), instant("decided_at"), optional_text("by")
)
