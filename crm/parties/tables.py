"""The tables of the clients: who they are, how they are reached and found, and how they belong together."""

from __future__ import annotations

from sqlalchemy import Column, Index, Text
from sqlalchemy import text as sql
from sqlalchemy.dialects import postgresql

from core.columns import (
    Id,
    Json,
    id_column,
    instant,
    number,
    optional_instant,
    optional_reference,
    optional_text,
    reference,
    table,
    text,
)
from crm.attributes.tables import values_columns

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
    text("city_folded", ""),
    text("language", ""),
    instant("created_at"),
    number("answer_hours", 0),
    number("next_hours", 0),
    text("parent_as", ""),
    text("time_zone", ""),
    text("birthday", ""),
    Column("channel_id", Id),
    text("about", ""),
    number("version", 1),
    Column("merged_into", Id),
    *values_columns(),
    Column("first_channel_id", Id),
    optional_instant("first_channel_at"),
    optional_instant("first_channel_said_at"),
)
_GONE = sql("merged_into IS NOT NULL")
Index("ix_counterparty_gone", counterparty.c.merged_into, sqlite_where=_GONE, postgresql_where=_GONE)
HAS_HOURS = "answer_hours > 0 OR next_hours > 0"
Index("ix_counterparty_hours", counterparty.c.id, sqlite_where=sql(HAS_HOURS), postgresql_where=sql(HAS_HOURS))
# What rules compare stands folded beside what people wrote (``fold_said``); whoever writes one writes both.
Index(None, counterparty.c.city_folded)
_HAS_CHANNEL = sql("channel_id IS NOT NULL")
Index(
    "ix_counterparty_channel",
    counterparty.c.channel_id,
    counterparty.c.name_folded,
    counterparty.c.id,
    sqlite_where=_HAS_CHANNEL,
    postgresql_where=_HAS_CHANNEL,
)
_STANDS = sql("merged_into IS NULL")
Index(
    "ix_counterparty_standing",
    counterparty.c.name_folded,
    counterparty.c.id,
    sqlite_where=_STANDS,
    postgresql_where=_STANDS,
)
Index(None, counterparty.c.manager_id)
_HAS_PARENT = sql("parent_id IS NOT NULL")
Index(
    "ix_counterparty_parent",
    counterparty.c.parent_id,
    counterparty.c.name_folded,
    sqlite_where=_HAS_PARENT,
    postgresql_where=_HAS_PARENT,
)

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
    text("position_folded", ""),
    text("language", ""),
    instant("created_at"),
    text("time_zone", ""),
    text("birthday", ""),
    text("about", ""),
    number("version", 1),
    Column("merged_into", Id),
    *values_columns(),
)
Index("ix_contact_gone", contact.c.merged_into, sqlite_where=_GONE, postgresql_where=_GONE)
Index("ix_contact_standing", contact.c.name_folded, contact.c.id, sqlite_where=_STANDS, postgresql_where=_STANDS)

affiliation = table(
    "affiliation",
    Column("contact_id", Id, primary_key=True, nullable=False),
    Column("counterparty_id", Id, primary_key=True, nullable=False),
    text("position", ""),
    text("position_folded", ""),
)
Index(None, affiliation.c.counterparty_id)

# Addresses of contacts, and of counterparties without a named person. One address may belong to several.
party_address = table(
    "party_address",
    id_column(),
    text("address"),
    optional_reference("contact_id", "contact.id"),
    optional_reference("counterparty_id", "counterparty.id"),
    text("kind", ""),
)
Index(None, party_address.c.address)
Index(None, party_address.c.contact_id)
Index(None, party_address.c.counterparty_id)

# "Not a client": the letters are kept, nobody is asked again.
not_a_client = table(
    "not_a_client", Column("address", Text, primary_key=True), instant("decided_at"), optional_text("by")
)

# Telephones, as party_address: E.164, with what is dialled after it.
party_phone = table(
    "party_phone",
    id_column(),
    text("number"),
    text("extension", ""),
    text("kind", ""),
    optional_reference("contact_id", "contact.id"),
    optional_reference("counterparty_id", "counterparty.id"),
)
Index(None, party_phone.c.number)
Index(None, party_phone.c.contact_id)
Index(None, party_phone.c.counterparty_id)

# The firms behind a business partner, who sign and pay: their letters and documents are the partner's history.
legal_entity = table(
    "legal_entity",
    id_column(),
    reference("counterparty_id", "counterparty.id"),
    text("name"),
    text("tax_number", ""),
    text("requisites", ""),
    instant("created_at"),
)
Index(None, legal_entity.c.counterparty_id)
_HAS_TAX_NUMBER = sql("tax_number <> ''")
Index(
    "ix_legal_entity_tax_number",
    legal_entity.c.tax_number,
    sqlite_where=_HAS_TAX_NUMBER,
    postgresql_where=_HAS_TAX_NUMBER,
)

client_group = table(
    "client_group", id_column(), text("name"), Column("name_folded", Text, nullable=False, unique=True)
)
group_member = table(
    "group_member",
    Column("group_id", Id, primary_key=True, nullable=False),
    Column("counterparty_id", Id, primary_key=True, nullable=False),
)
Index(None, group_member.c.counterparty_id)

# What one is to the other: both are counterparties, or both are contacts (``of``). "from_id is a relative of to_id".
party_link = table(
    "party_link",
    id_column(),
    text("of"),
    number("from_id"),
    number("to_id"),
    text("kind"),
    text("note", ""),
    instant("created_at"),
)
Index("uq_party_link", party_link.c.of, party_link.c.from_id, party_link.c.to_id, party_link.c.kind, unique=True)
Index(None, party_link.c.of, party_link.c.to_id)

# Every answer that somebody gave to "may we send you mailings?"; the newest one holds.
consent = table(
    "consent",
    id_column(),
    reference("contact_id", "contact.id"),
    number("given"),
    text("source"),
    instant("at"),
    Column("by_id", Id),
)
Index(None, consent.c.contact_id, consent.c.at, consent.c.id)

# By what clients come, in their order.
channel = table(
    "channel",
    id_column(),
    text("name"),
    Column("name_folded", Text, nullable=False, unique=True),
    optional_instant("ended_at"),
    number("place", 0),
)

# Who answered for a client before, and since when whoever does now.
manager_change = table(
    "manager_change",
    id_column(),
    reference("counterparty_id", "counterparty.id"),
    Column("manager_id", Id),
    Column("before_id", Id),
    Column("by_id", Id),
    instant("at"),
)
Index(None, manager_change.c.counterparty_id, manager_change.c.id)

# By what a party is found while somebody types: beginnings of these words (``words``). Compared by their bytes.
party_word = table(
    "party_word",
    Column("of", Text, primary_key=True, nullable=False),
    Column("word", Text().with_variant(postgresql.TEXT(collation="C"), "postgresql"), primary_key=True, nullable=False),
    Column("party_id", Id, primary_key=True, nullable=False),
)
Index(None, party_word.c.of, party_word.c.party_id)
