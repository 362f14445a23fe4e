"""What the lists of mailings know of one person: for whoever asks what is known of them, and to forget it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy import text as sql

from core import clock
from core.database import ReadTx, WriteTx
from mailhub.campaigns.tables import mailing, mailing_visit
from mailhub.campaigns.visits import forget_visits
from mailhub.outbound.tables import recipient

_AT_ONCE = 300
# Who gets a list stands in an index of each mailing, who was left out in one of their own: no statement here reads all.
_MAILINGS = select(mailing.c.id).order_by(mailing.c.id)
_CHOSEN = select(recipient.c.id, recipient.c.state).where(
    recipient.c.mailing_id.in_(bindparam("mailings", expanding=True)),
    recipient.c.canonical.in_(bindparam("addresses", expanding=True)),
    sql("recipient.state <> 'excluded'"),
)
_LEFT_OUT = select(recipient.c.id, recipient.c.state).where(
    recipient.c.canonical.in_(bindparam("addresses", expanding=True)), sql("recipient.state = 'excluded'")
)
_OF_CONTACT = select(recipient.c.id, recipient.c.state).where(
    recipient.c.contact_id == bindparam("contact_id"), sql("recipient.contact_id IS NOT NULL")
)
_ROWS = (
    select(recipient, mailing.c.name.label("mailing"), mailing.c.scope_id)
    .join(mailing, mailing.c.id == recipient.c.mailing_id)
    .where(recipient.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(recipient.c.id)
)
_VISITS = (
    select(mailing_visit)
    .where(mailing_visit.c.recipient_id.in_(bindparam("ids", expanding=True)))
    .order_by(mailing_visit.c.recipient_id, mailing_visit.c.at)
)


def list_recipients_of(tx: ReadTx, contact_id: int | None, addresses: Sequence[str]) -> list[tuple[int, str]]:
    """The rows of a person (addresses in their canonical form) on the lists of all mailings: id and state."""
    asked = {"addresses": list(addresses)}
    rows = list(tx.rows(_LEFT_OUT, asked)) if addresses else []
    mailings = tx.values(_MAILINGS) if addresses else []
    for at in range(0, len(mailings), _AT_ONCE):
        rows += tx.rows(_CHOSEN, {"mailings": mailings[at : at + _AT_ONCE], **asked})
    if contact_id is not None:
        rows += tx.rows(_OF_CONTACT, {"contact_id": contact_id})
    return sorted({(row.id, row.state) for row in rows})


def tell_mailings(
    tx: ReadTx, contact_id: int | None, addresses: Sequence[str], scopes: Sequence[int]
) -> list[dict[str, Any]]:
    """What is kept of the mailings that a person was chosen for, from mailboxes of these scopes: what became of each
    letter, and what they opened and followed."""
    ids = [row_id for row_id, _ in list_recipients_of(tx, contact_id, addresses)]
    told: dict[int, dict[str, Any]] = {}
    for at in range(0, len(ids), _AT_ONCE):
        some = {"ids": ids[at : at + _AT_ONCE]}
        for row in tx.rows(_ROWS, some):
            if row.scope_id in scopes:
                moments = {name: _moment(getattr(row, name)) for name in ("sent_at", "answered_at", "left_at")}
                told[row.id] = {"mailing": row.mailing, "address": row.address, "state": row.state,
                                "reason": row.reason, **moments, "visits": []}  # fmt: skip
        for row in tx.rows(_VISITS, some):
            if row.recipient_id in told:
                seen = {"kind": row.kind, "link": row.link, "at": clock.iso(row.at), "machine": bool(row.machine),
                        "agent": row.agent, "network": row.network}  # fmt: skip
                told[row.recipient_id]["visits"].append(seen)
    return list(told.values())


def forget_recipients(tx: WriteTx, contact_id: int | None, addresses: Sequence[str]) -> None:
    """Strike a person (addresses in their canonical form) out of the lists of mailings, with what they opened and
    followed. How many were on a list and what became of their letters still counts; what waits for them never
    leaves."""
    theirs = list_recipients_of(tx, contact_id, addresses)
    for row_id, state in theirs:
        values: dict[str, Any] = {
            "address": "", "canonical": f"erased-{row_id}", "domain": "", "name": "", "fields": {}, "contact_id": None,
            "reply_text": "", "letter_hash": None,
        }  # fmt: skip
        if state in ("queued", "deferred", "held"):
            values |= {"state": "cancelled", "reason": "erased"}
        tx.change(recipient, row_id, **values)
    forget_visits(tx, [row_id for row_id, _ in theirs])


def _moment(at: int | None) -> str | None:
    return None if at is None else clock.iso(at)
