"""The tables of letters that go by themselves: rules with their versions, and a row for each letter that came due."""

from __future__ import annotations

from sqlalchemy import Column, Index
from sqlalchemy import text as sql

from core.columns import Id, Json, id_column, instant, number, optional_instant, reference, table, text

# ``state`` is ``off``, ``on`` or ``paused``. ``tried_version`` is the version that was tried on what has been: no other
# is switched on. ``since`` is when it was switched on: what was before is never written about. ``looked_at`` is up to
# which moment its occasions were taken.
automatic_rule = table(
    "automatic_rule",
    id_column(),
    text("name"),
    reference("mailbox_id", "mailbox.id"),
    reference("scope_id", "scope.id"),
    text("state", "off"),
    number("version", 0),
    number("tried_version", 0),
    optional_instant("since"),
    optional_instant("looked_at"),
    Column("created_by", Id),
    instant("created_at"),
    instant("changed_at"),
    optional_instant("ended_at"),
)
_RULED = sql("ended_at IS NULL")
Index("ix_automatic_rule_scope", automatic_rule.c.scope_id, automatic_rule.c.id)
Index("ix_automatic_rule_stands", automatic_rule.c.id, sqlite_where=_RULED, postgresql_where=_RULED)

# A rule as it stood in one version, never changed: ``told`` is as in ``shapes.Told``; ``letters`` are what it sends, by
# language ('' for everybody who has no other), as ``mailing_letter`` keeps them.
automatic_version = table(
    "automatic_version",
    id_column(),
    reference("rule_id", "automatic_rule.id", cascade=True),
    number("version"),
    Column("told", Json, nullable=False),
    Column("letters", Json, nullable=False),
    Column("by_id", Id),
    instant("at"),
)
Index("uq_automatic_version", automatic_version.c.rule_id, automatic_version.c.version, unique=True)

# One letter of a rule: once for each subject (``subject_kind``, ``subject_id``) and each time that it comes due
# (``due_key``), whatever happens to the clock. ``state`` as in ``shapes.STATES``, ``reason`` says why it did not go.
# ``facts`` are what the letter and its reader are told of the occasion; ``due_at`` is the moment of that, ``send_at``
# when it goes. ``message_id`` is the letter that it became, ``canonical`` to whom; ``left_at``: they want no more.
automatic_letter = table(
    "automatic_letter",
    id_column(),
    number("epoch"),
    reference("rule_id", "automatic_rule.id"),
    number("version"),
    reference("scope_id", "scope.id"),
    text("subject_kind"),
    number("subject_id"),
    text("due_key"),
    Column("counterparty_id", Id),
    Column("contact_id", Id),
    text("state"),
    text("reason", ""),
    Column("facts", Json, nullable=False),
    instant("due_at"),
    instant("send_at"),
    text("address", ""),
    text("canonical", ""),
    Column("thread_id", Id),
    Column("message_id", Id),
    optional_instant("sent_at"),
    optional_instant("left_at"),
    Column("by_id", Id),
    instant("changed_at"),
)
Index(
    "uq_automatic_letter", automatic_letter.c.rule_id, automatic_letter.c.subject_kind, automatic_letter.c.subject_id,
    automatic_letter.c.due_key, unique=True,
)  # fmt: skip
_WAITS = sql("state = 'waiting'")
Index("ix_automatic_letter_waits", automatic_letter.c.send_at, sqlite_where=_WAITS, postgresql_where=_WAITS)
_HELD = sql("state = 'held'")
Index("ix_automatic_letter_held", automatic_letter.c.rule_id, sqlite_where=_HELD, postgresql_where=_HELD)
_BEGAN = sql("thread_id IS NOT NULL")
Index("ix_automatic_letter_thread", automatic_letter.c.thread_id, sqlite_where=_BEGAN, postgresql_where=_BEGAN)
Index("ix_automatic_letter_rule", automatic_letter.c.rule_id, automatic_letter.c.id)
_SENT = sql("sent_at IS NOT NULL")
Index(
    "ix_automatic_letter_sent", automatic_letter.c.canonical, automatic_letter.c.sent_at,
    sqlite_where=_SENT, postgresql_where=_SENT,
)  # fmt: skip
for _name in ("message_id", "contact_id", "counterparty_id"):
    _named = sql(f"{_name} IS NOT NULL")
    Index(f"ix_automatic_letter_{_name}", automatic_letter.c[_name], sqlite_where=_named, postgresql_where=_named)
