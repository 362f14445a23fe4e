"""The table of marketing events. Whom they touched stands as lines in histories (``interaction``)."""

from __future__ import annotations

from sqlalchemy import Column, Index

from core.columns import Id, id_column, instant, number, optional_reference, table, text

# ``planned`` and ``spent`` are minor units of ``currency``, null where nothing was said; days are as ``2026-11-18``.
marketing_event = table(
    "marketing_event",
    id_column(),
    text("name"),
    text("name_folded"),
    text("kind"),
    optional_reference("channel_id", "channel.id"),
    text("date_from", ""),
    text("date_to", ""),
    text("currency"),
    Column("planned", Id),
    Column("spent", Id),
    Column("responsible_id", Id),
    text("about", ""),
    Column("author_id", Id),
    instant("created_at"),
    number("version", 1),
)
Index(None, marketing_event.c.date_from, marketing_event.c.id)
Index(None, marketing_event.c.name_folded, marketing_event.c.id)
