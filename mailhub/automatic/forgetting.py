"""What letters that go by themselves know of a person: told to them, and forgotten with them. That a letter went for an
occasion stays, so that it never goes again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import or_, select, update

from core import clock
from core.database import ReadTx, WriteTx
from mailhub.automatic.tables import automatic_letter, automatic_rule


def _theirs(contact_id: int | None, known: Sequence[str]) -> Any:
    sent = automatic_letter.c.canonical.in_(list(known)) & automatic_letter.c.sent_at.is_not(None)
    return sent if contact_id is None else or_(automatic_letter.c.contact_id == contact_id, sent)


def forget_letters(tx: WriteTx, contact_id: int | None, known: Sequence[str]) -> None:
    """Take away to whom they were and what about; what still waits does not go. ``known`` are canonical addresses."""
    theirs = _theirs(contact_id, known)
    waits = automatic_letter.c.state.in_(("waiting", "held"))
    tx.execute(update(automatic_letter).where(theirs, waits).values(state="withdrawn", reason=""))
    gone: dict[str, Any] = {"address": "", "canonical": "", "contact_id": None, "facts": {}}
    tx.execute(update(automatic_letter).where(theirs).values(**gone))


def tell_letters(
    tx: ReadTx, contact_id: int | None, known: Sequence[str], scopes: Sequence[int]
) -> list[dict[str, Any]]:
    """Those of a person out of these scopes, for their own eyes."""
    asked = select(automatic_letter, automatic_rule.c.name).join(
        automatic_rule, automatic_rule.c.id == automatic_letter.c.rule_id
    )
    rows = tx.rows(asked.where(_theirs(contact_id, known), automatic_letter.c.scope_id.in_(list(scopes))))
    return [
        {"rule": row.name, "version": row.version, "state": row.state, "reason": row.reason, "about": row.facts,
         "at": clock.iso(row.sent_at or row.send_at)}
        for row in rows
    ]  # fmt: skip
