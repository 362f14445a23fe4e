"""A guest who was invited and answered, for the sample of the newest tables."""

from __future__ import annotations

from sqlalchemy import func, select

from core import clock
from core.database import WriteTx
from crm.parties.tables import contact
from crm.planner.tables import event
from mailhub.inviting.tables import event_answer, event_guest, event_invitation, event_request


def fill_guests(tx: WriteTx, mailbox_id: int, user_id: int) -> None:
    """A row in every table of invitations."""
    now, message_id = clock.now(), 1
    event_id = tx.value(select(func.min(event.c.id)))
    contact_id = tx.value(select(func.min(contact.c.id)))
    invited = {"event_id": event_id, "mailbox_id": mailbox_id, "by_id": user_id, "words": "Bring samples"}
    tx.insert_many(event_invitation, [{**invited, "told": "{}", "version": 2, "timed": 1}])
    guest_id = tx.insert(
        event_guest, event_id=event_id, contact_id=contact_id, address="anna@client.example", told=2, told_before=1,
        message_id=message_id,
    )  # fmt: skip
    said = {"guest_id": guest_id, "key": "", "answer": "accepted", "version": 2, "stamped_at": now}
    tx.insert_many(event_answer, [{**said, "message_id": message_id, "answered_at": now}])
    asked = {"mailbox_id": mailbox_id, "organizer": "anna@client.example", "series": "5" * 64, "sequence": 1}
    tx.insert(
        event_request, **asked, stamped_at=now, message_id=message_id, event_id=event_id, answer="accepted", answered=1,
        answered_by_id=user_id, answered_at=now, reply_id=message_id,
    )  # fmt: skip
