"""Calendars as they are kept: under the digest of what they say, so that one that was read once is known for good."""

from __future__ import annotations

import hashlib
import json

from sqlalchemy import Column, Text, delete, select, update

from core.columns import Id, Json, table, text
from core.database import ReadTx, WriteTx
from core.errors import NotFound
from crm.working.calendar import Calendar, calendar_data, parse_calendar

HOUSE = 0
"""The scope of the whole house."""
_MOST_KNOWN = 200
_known: dict[str, Calendar] = {}

working_calendar = table(
    "working_calendar", Column("key", Text, primary_key=True), Column("data", Json, nullable=False)
)

# Who chose which: the whole house (``HOUSE``), or a mailbox by its scope.
calendar_choice = table("calendar_choice", Column("scope_id", Id, primary_key=True, autoincrement=False), text("key"))


def keep_calendar(tx: WriteTx, calendar: Calendar) -> str:
    """Keep a calendar; returns the key it is found under."""
    data = calendar_data(calendar)
    key = hashlib.sha256(json.dumps(data, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:32]
    tx.lock_key("calendar", key)
    if tx.value(select(working_calendar.c.key).where(working_calendar.c.key == key)) is None:
        tx.insert(working_calendar, key=key, data=data)
    return key


def find_calendar(tx: ReadTx, key: str) -> Calendar | None:
    """The calendar under a key; None for the empty one, by which every hour counts. Raises NotFound.

    A key says what the calendar says, so it is read from the database once by each process.
    """
    if not key:
        return None
    found = _known.get(key)
    if found is None:
        data = tx.value(select(working_calendar.c.data).where(working_calendar.c.key == key))
        if data is None:
            raise NotFound("There is no working calendar with the key %(key)s.", key=key)
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        found = _known[key] = parse_calendar(data)
    return found


def choose_calendar(tx: WriteTx, scope_id: int, calendar: Calendar | None) -> str:
    """Let a scope (or the ``HOUSE``) work by this calendar, None for none of its own. Returns the key that holds for it
    now."""
    tx.lock_key("calendar choice")
    mine = calendar_choice.c.scope_id == scope_id
    if calendar is None:
        tx.execute(delete(calendar_choice).where(mine))
    else:
        key = keep_calendar(tx, calendar)
        if not tx.execute(update(calendar_choice).where(mine).values(key=key)):
            tx.insert(calendar_choice, scope_id=scope_id, key=key)
    return find_choice(tx, scope_id) or find_choice(tx, HOUSE)


def find_choice(tx: ReadTx, scope_id: int) -> str:
    """The key of what a scope (or the ``HOUSE``) chose itself; empty for nothing."""
    return str(tx.value(select(calendar_choice.c.key).where(calendar_choice.c.scope_id == scope_id)) or "")
