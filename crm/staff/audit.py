"""Who did what that people may ask about later: sign-ins, rights, exports, reads of others' personal letters."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from core import clock
from core.database import ReadTx, WriteTx
from crm.staff.tables import audit

GENESIS = bytes(32)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the audit log."""

    id: int
    at: int
    user_id: int | None
    action: str
    subject: str
    details: dict[str, Any]


def record_audit(tx: WriteTx, user_id: int | None, action: str, subject: str = "", **details: Any) -> None:
    """Add a line, chained to the one before by its hash."""
    tx.lock_key("audit")
    previous = tx.value(select(audit.c.hash).order_by(audit.c.id.desc()).limit(1)) or GENESIS
    at = clock.now()
    tx.insert(
        audit,
        at=at,
        user_id=user_id,
        action=action,
        subject=subject,
        details=details,
        previous=previous,
        hash=_chain(previous, at, user_id, action, subject, details),
    )


def list_audit(tx: ReadTx, before: int | None = None, most: int = 50) -> list[Entry]:
    """The newest lines first; ``before`` is the id behind which the page begins."""
    statement = select(audit).order_by(audit.c.id.desc()).limit(most)
    if before is not None:
        statement = statement.where(audit.c.id < before)
    return [Entry(row.id, row.at, row.user_id, row.action, row.subject, row.details) for row in tx.rows(statement)]


def find_broken_link(tx: ReadTx) -> int | None:
    """The id of the first line whose chain does not hold, or None when the whole log is as it was written."""
    previous = GENESIS
    for row in tx.rows(select(audit).order_by(audit.c.id)):
        expected = _chain(previous, row.at, row.user_id, row.action, row.subject, row.details)
        if row.previous != previous or row.hash != expected:
            return int(row.id)
        previous = row.hash
    return None


def _chain(previous: bytes, at: int, user_id: int | None, action: str, subject: str, details: dict[str, Any]) -> bytes:
    line = json.dumps([at, user_id, action, subject, details], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(previous + line.encode()).digest()
