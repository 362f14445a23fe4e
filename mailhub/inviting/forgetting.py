"""To what a person was invited, and invited us: told to them, and forgotten with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, or_, select

from core import clock
from core.database import ReadTx, WriteTx
from crm.interactions import HOUSE
from crm.planner.tables import event
from mailhub.inviting.tables import event_answer, event_guest, event_request
from mailhub.mailboxes.tables import letter, message


def _theirs(contact_id: int | None, known: Sequence[str]) -> Any:
    here = event_guest.c.address.in_(list(known))
    return here if contact_id is None else or_(event_guest.c.contact_id == contact_id, here)


def forget_guest(tx: WriteTx, contact_id: int | None, known: Sequence[str]) -> None:
    """Nobody knows that they were invited, nor what they answered, nor that they invited us; no letter calls them off.
    ``known`` are canonical addresses."""
    tx.execute(delete(event_guest).where(_theirs(contact_id, known)))
    tx.execute(delete(event_request).where(event_request.c.organizer.in_(list(known))))


def tell_guest(tx: ReadTx, contact_id: int | None, known: Sequence[str], scopes: Sequence[int]) -> list[dict[str, Any]]:
    """Their invitations out of these scopes and of the house, for their own eyes."""
    asked = (
        select(event.c.subject, event.c.place, event.c.starts, event.c.zone, event_guest.c.id, event_guest.c.told)
        .join(event, event.c.id == event_guest.c.event_id)
        .where(_theirs(contact_id, known), event.c.scope_id.in_([HOUSE, *scopes]))
    )
    rows = tx.rows(asked.order_by(event_guest.c.id))
    said: dict[int, dict[str, str]] = {}
    for row in tx.rows(select(event_answer).where(event_answer.c.guest_id.in_([one.id for one in rows]))):
        said.setdefault(row.guest_id, {})[row.key] = row.answer
    return [
        {"subject": row.subject, "place": row.place, "starts": row.starts, "zone": row.zone, "called_off": row.told < 0,
         "answers": said.get(row.id, {})}
        for row in rows
    ]  # fmt: skip


def tell_requests(tx: ReadTx, known: Sequence[str], scopes: Sequence[int]) -> list[dict[str, Any]]:
    """To what they invited us in letters of these scopes, and what we answered."""
    asked = (
        select(letter.c.subject, event_request.c.answer, event_request.c.answered_at, event_request.c.called_off)
        .join(message, message.c.id == event_request.c.message_id)
        .join(letter, letter.c.id == message.c.letter_id)
        .where(event_request.c.organizer.in_(list(known)), message.c.scope_id.in_(list(scopes)))
    )
    return [
        {"subject": row.subject, "our_answer": row.answer, "called_off": bool(row.called_off),
         "answered_at": None if row.answered_at is None else clock.iso(row.answered_at)}
        for row in tx.rows(asked.order_by(event_request.c.id))
    ]  # fmt: skip
