"""The tables of what is planned.

An ``event`` says what, with whom and by which rule; each time it takes place is an ``occurrence``, one for what does
not repeat. What people wrote is the local time and its zone; ``due_at`` and ``remind_at`` follow from them.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, LargeBinary, Text, UniqueConstraint
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

# ``starts`` is the local time (``2026-11-22T10:00``) in ``zone``. ``filled_until`` is the local day up to which a rule
# has its occurrences. ``uid`` and ``version`` are what calendars know an event by.
event = table(
    "event",
    id_column(),
    text("kind"),
    optional_reference("counterparty_id", "counterparty.id"),
    optional_reference("contact_id", "contact.id"),
    reference("scope_id", "scope.id"),
    text("subject"),
    text("body", ""),
    text("place", ""),
    text("starts"),
    text("zone"),
    number("minutes", 0),
    text("rule", ""),
    text("filled_until", ""),
    number("remind_minutes", -1),
    reference("executor_id", "user.id"),
    reference("author_id", "user.id"),
    Column("based_on_id", Id),
    Column("based_thread_id", Id),
    Column("based_message_id", Id),
    text("uid"),
    number("version", 1),
    instant("created_at"),
    optional_instant("ended_at"),
)
Index("uq_event_uid", event.c.uid, unique=True)
_RULED = sql("rule <> '' AND ended_at IS NULL")
Index("ix_event_filled", event.c.filled_until, sqlite_where=_RULED, postgresql_where=_RULED)
_BASED = sql("based_thread_id IS NOT NULL")
Index("ix_event_based", event.c.based_thread_id, sqlite_where=_BASED, postgresql_where=_BASED)
_CLIENTS = sql("counterparty_id IS NOT NULL")
Index("ix_event_counterparty", event.c.counterparty_id, sqlite_where=_CLIENTS, postgresql_where=_CLIENTS)
_PERSONS = sql("contact_id IS NOT NULL")
Index("ix_event_contact", event.c.contact_id, sqlite_where=_PERSONS, postgresql_where=_PERSONS)

event_participant = table(
    "event_participant",
    id_column(),
    reference("event_id", "event.id", cascade=True),
    optional_reference("user_id", "user.id"),
    optional_reference("contact_id", "contact.id"),
)
Index(None, event_participant.c.event_id)
Index("ix_event_participant_contact", event_participant.c.contact_id, sqlite_where=_PERSONS, postgresql_where=_PERSONS)
Index(None, event_participant.c.user_id, event_participant.c.event_id)

# ``key`` is the local time that the rule says, for ever; ``starts`` where it was moved to.
occurrence = table(
    "occurrence",
    id_column(),
    reference("event_id", "event.id", cascade=True),
    text("key"),
    text("starts"),
    instant("due_at"),
    text("state", "open"),
    reference("executor_id", "user.id"),
    Column("counterparty_id", Id),
    Column("scope_id", Id, nullable=False),
    optional_instant("remind_at"),
    optional_instant("reminded_at"),
    optional_instant("held_at"),
    optional_instant("done_at"),
    Column("done_by_id", Id),
    text("result", ""),
    Column("result_id", Id),
    UniqueConstraint("event_id", "key"),
)
_OPEN = sql("state = 'open'")
_AHEAD = sql("remind_at IS NOT NULL")
_HELD = sql("held_at IS NOT NULL")
Index("ix_occurrence_open", occurrence.c.executor_id, occurrence.c.due_at, sqlite_where=_OPEN, postgresql_where=_OPEN)
Index(None, occurrence.c.executor_id, occurrence.c.due_at)
Index(None, occurrence.c.due_at)
Index(None, occurrence.c.counterparty_id, occurrence.c.state, occurrence.c.due_at)
Index("ix_occurrence_remind", occurrence.c.remind_at, sqlite_where=_AHEAD, postgresql_where=_AHEAD)
Index("ix_occurrence_held", occurrence.c.executor_id, sqlite_where=_HELD, postgresql_where=_HELD)

# What the time zones said when ``due_at`` was worked out; another print means that all of a zone is worked out anew.
zone_print = table("zone_print", Column("zone", Text, primary_key=True, nullable=False), text("print"))

# Under which secret address somebody's calendar is read by their telephone; only its hash is kept.
calendar_feed = table(
    "calendar_feed",
    Column("user_id", Id, primary_key=True, nullable=False, autoincrement=False),
    Column("key", LargeBinary, nullable=False, unique=True),
    instant("created_at"),
)
