"""A row into every table of what comes back for mailings."""

from __future__ import annotations

from sqlalchemy import select

from core.blobs import blob
from core.database import WriteTx
from mailhub.campaigns.tables import (
    mailing,
    mailing_visit,
    mailing_visit_sum,
    picture,
    picture_use,
    sign_up,
    sign_up_form,
    sign_up_text,
    topic,
)
from mailhub.outbound.tables import sending_service

AT = 1_760_000_000_000_000


def fill_back(tx: WriteTx) -> None:
    """A click of a person and one of a machine, of a mailing that is there."""
    made = tx.value(select(mailing.c.id).order_by(mailing.c.id).limit(1))
    for machine, evidence in ((0, []), (1, ["head", "honey"])):
        tx.insert(
            mailing_visit, mailing_id=made, kind="click", link=1 - machine, at=AT, machine=machine, evidence=evidence,
            agent="Mozilla/5.0", network="192.0.2.0/24",
        )  # fmt: skip
        told = {"mailing_id": made, "kind": "click", "link": 1 - machine, "machine": machine, "number": 1}
        tx.insert_many(mailing_visit_sum, [told])
    tx.insert(topic, name="Prices", name_folded="prices", created_at=AT)
    tx.insert(sending_service, kind="mailgun", name="Mailgun", secret=b"sealed", taken=1, heard_at=AT, created_at=AT)
    bytes_of = tx.value(select(blob.c.id).order_by(blob.c.id).limit(1))
    shown = tx.insert(
        picture, mailing_id=made, blob_id=bytes_of, name="0" * 32, ending="png", title="shop.png", size=1, created_at=AT
    )
    tx.insert(picture_use, mailing_id=made, picture_id=shown)
    form = tx.insert(sign_up_form, title="News", text="Send me news.", created_at=AT)
    tx.insert(sign_up_text, form_id=form, version=1, title="News", text="Send me news.", at=AT)
    tx.insert(
        sign_up,
        form_id=form,
        version=1,
        address="maybe@client.example",
        topics=[1],
        asked_at=AT,
    )
