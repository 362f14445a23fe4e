"""The tables of invitations: what guests were told of an event, who they are, what they answered; and what others
invite us to."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Text, UniqueConstraint
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


def _key(name: str, of: str) -> Column[int]:
    """The row of another table that a row belongs to, and goes with."""
    whose = ForeignKey(of, ondelete="CASCADE")
    return Column(name, Id, whose, primary_key=True, nullable=False, autoincrement=False)


# ``mailbox_id`` is who invites: answers come in to its address, so it stays. ``told`` is what guests were told last,
# as JSON in one form, ``version`` its SEQUENCE; ``timed`` that since which the event takes place when and where it
# does: an answer to an older one is about another time.
event_invitation = table(
    "event_invitation",
    _key("event_id", "event.id"),
    reference("mailbox_id", "mailbox.id"),
    reference("by_id", "user.id"),
    text("words", ""),
    text("told"),
    number("version"),
    number("timed"),
)

# ``told`` is the SEQUENCE that the guest was told last, below zero that of calling it off; ``told_before`` what they
# know if their last letter was taken back, 0 for nothing.
event_guest = table(
    "event_guest",
    id_column(),
    reference("event_id", "event.id", cascade=True),
    optional_reference("contact_id", "contact.id"),
    text("address"),
    number("told"),
    number("told_before"),
    Column("message_id", Id, nullable=False),
    UniqueConstraint("event_id", "address"),
)
_PERSONS = sql("contact_id IS NOT NULL")
Index("ix_event_guest_contact", event_guest.c.contact_id, sqlite_where=_PERSONS, postgresql_where=_PERSONS)
Index(None, event_guest.c.address)

# What a guest answered, of all of it (``key`` is empty) or of one time of a series (``occurrence.key``). ``stamped_at``
# is when their program wrote it: an older one that comes later changes nothing.
event_answer = table(
    "event_answer",
    _key("guest_id", "event_guest.id"),
    Column("key", Text, primary_key=True, nullable=False),
    text("answer"),
    number("version"),
    instant("stamped_at"),
    Column("message_id", Id, nullable=False),
    instant("answered_at"),
)

# What somebody outside invites a mailbox to. ``organizer`` is who invites, in the form in which addresses are compared,
# '' where nobody certain does; ``series`` the print of its UID, ``recurrence`` the one time of a series that is meant,
# '' for all of it. ``sequence`` and ``stamped_at`` are those of the newest letter (``message_id``). ``answer`` is ours,
# given to ``answered`` (a SEQUENCE) by the letter ``reply_id``; ``event_id`` is what stands in our calendar because of
# it.
event_request = table(
    "event_request",
    id_column(),
    reference("mailbox_id", "mailbox.id"),
    text("organizer"),
    text("series"),
    text("recurrence", ""),
    number("sequence"),
    instant("stamped_at"),
    number("called_off", 0),
    Column("message_id", Id, nullable=False),
    optional_reference("event_id", "event.id"),
    text("answer", ""),
    number("answered", 0),
    optional_reference("answered_by_id", "user.id"),
    optional_instant("answered_at"),
    Column("reply_id", Id),
    UniqueConstraint("mailbox_id", "series", "organizer", "recurrence"),
)
_TAKEN = sql("event_id IS NOT NULL")
Index("ix_event_request_event", event_request.c.event_id, sqlite_where=_TAKEN, postgresql_where=_TAKEN)
Index(None, event_request.c.organizer)
