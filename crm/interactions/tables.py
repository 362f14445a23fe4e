"""The tables of what happened with clients."""

from __future__ import annotations

from sqlalchemy import Column, Index
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

HOUSE = 0
"""The scope of what is of no mailbox: everybody on the staff may read it."""

interaction = table(
    "interaction",
    id_column(),
    text("kind"),
    reference("counterparty_id", "counterparty.id"),
    optional_reference("contact_id", "contact.id"),
    reference("scope_id", "scope.id"),
    instant("happened_at"),
    text("direction", ""),
    text("subject", ""),
    Column("thread_id", Id),
    Column("message_id", Id),
    Column("executor_id", Id),
    number("counts", 0),
    Column("letter_id", Id),
    text("body", ""),
    Column("author_id", Id),
    number("minutes", 0),
    Column("channel_id", Id),
    Column("based_on_id", Id),
    Column("based_thread_id", Id),
    Column("based_message_id", Id),
    Column("mailing_id", Id),
    Column("document_id", Id),
    *values_columns(),
    Column("marketing_event_id", Id),
    text("touch", ""),
)
Index(None, interaction.c.counterparty_id, interaction.c.happened_at, interaction.c.id)
Index(None, interaction.c.counterparty_id, interaction.c.kind, interaction.c.happened_at, interaction.c.id)
Index(None, interaction.c.letter_id, interaction.c.counterparty_id)
_PERSON = sql("contact_id IS NOT NULL")
Index("ix_interaction_contact", interaction.c.contact_id, sqlite_where=_PERSON, postgresql_where=_PERSON)
_BASED = sql("based_thread_id IS NOT NULL")
Index("ix_interaction_based", interaction.c.based_thread_id, sqlite_where=_BASED, postgresql_where=_BASED)
Index(None, interaction.c.thread_id)
_TOUCHED = sql("marketing_event_id IS NOT NULL")
Index(
    "ix_interaction_touched",
    interaction.c.marketing_event_id,
    interaction.c.happened_at,
    interaction.c.id,
    sqlite_where=_TOUCHED,
    postgresql_where=_TOUCHED,
)
_OURS = sql("direction = 'out' AND counts = 1")
Index("ix_interaction_ours", interaction.c.happened_at, sqlite_where=_OURS, postgresql_where=_OURS)

letter_facts = table(
    "letter_facts",
    Column("counterparty_id", Id, primary_key=True, nullable=False),
    Column("scope_id", Id, primary_key=True, nullable=False),
    optional_instant("last_in"),
    optional_instant("last_out"),
    optional_instant("waiting_since"),
    number("letters", 0),
)
