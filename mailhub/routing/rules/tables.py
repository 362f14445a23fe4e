"""Rules and their versions. A rule that acted is never lost: what it did names its version."""

from __future__ import annotations

from sqlalchemy import Column, Index, Text

from core.columns import (
    Id,
    Json,
    id_column,
    instant,
    number,
    optional_instant,
    optional_reference,
    reference,
    table,
    text,
)

# ``zone`` is the time zone whose hours and days the rule means, as of when it was written.
# ``place`` is the order in which the rules of a mailbox are asked; ``version`` the one that stands.
rule = table(
    "rule",
    id_column(),
    reference("mailbox_id", "mailbox.id"),
    number("place"),
    number("active", 0),
    number("version"),
    instant("created_at"),
    optional_instant("deleted_at"),
)
Index(None, rule.c.mailbox_id, rule.c.place)

rule_version = table(
    "rule_version",
    Column("rule_id", Id, primary_key=True, nullable=False),
    Column("version", Id, primary_key=True, nullable=False),
    Column("name", Text, nullable=False),
    Column("condition", Json, nullable=False),
    Column("actions", Json, nullable=False),
    text("zone"),
    optional_reference("user_id", "user.id"),
    instant("at"),
)
