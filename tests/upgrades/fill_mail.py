"""A mailing with a letter, a recipient and what happened, for the sample of the newest tables."""

from __future__ import annotations

from core import clock
from core.database import WriteTx
from mailhub.campaigns.tables import mailing, mailing_choice, mailing_event, mailing_letter
from mailhub.outbound.tables import gate, pace, recipient, stopped_domain, warm_up


def fill_mail(tx: WriteTx, mailbox_id: int, scope_id: int, user_id: int) -> None:
    """A row in every table of mailings."""
    now = clock.now()
    mailing_id = tx.insert(
        mailing, name="Autumn prices", mailbox_id=mailbox_id, scope_id=scope_id, reasons={}, faults=[], counts={},
        domains={}, created_by=user_id, made_by=user_id, sender_by=user_id, created_at=now, changed_at=now,
        difference={"mailing_id": None, "recipients_count": 0, "new": 0, "new_ids": [], "left": 0, "left_ids": [],
                    "twice": []},
    )  # fmt: skip
    tx.insert(
        mailing_letter, mailing_id=mailing_id, version=1, format="markdown", subject="Prices", source="Hello",
        html="<p>Hello</p>", plain="Hello", links=[], by_id=user_id, created_at=now,
    )  # fmt: skip
    tx.insert(mailing_choice, mailing_id=mailing_id, takes=1, kind="everybody", number=0)
    tx.insert(mailing_event, mailing_id=mailing_id, user_id=user_id, sentence="Made.", fields={}, at=now)
    tx.insert(gate, mailing_id=mailing_id, mailbox_id=mailbox_id, scope_id=scope_id)
    tx.insert(pace, name="domain slow.example", a_minute=60, learned=30, changed_at=now)
    tx.insert(warm_up, mailing_id=mailing_id, domain="client.example", given=3)
    tx.insert(stopped_domain, domain="slow.example", by_id=user_id, at=now)
    tx.insert(
        recipient, mailing_id=mailing_id, epoch=1, address="anna@client.example", canonical="anna@client.example",
        domain="client.example", fields={"contact": {"name": "Anna"}}, changed_at=now,
    )  # fmt: skip
