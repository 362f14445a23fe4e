"""Who did what that people may ask about later: sign-ins, rights, exports, reads of others' personal letters."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select

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


@dataclass(frozen=True, slots=True)
class Asked:
    """Which lines: of a person (0: of nobody, the server itself), of an action, from a moment until before another."""

    user_id: int | None = None
    action: str | None = None
    since: int | None = None
    until: int | None = None


EVERYTHING = Asked()


def list_audit(tx: ReadTx, before: int | None = None, most: int = 50, asked: Asked = EVERYTHING) -> list[Entry]:
    """The newest lines first; ``before`` is the id behind which the page begins."""
    statement = select(audit).order_by(audit.c.id.desc()).limit(most)
    if before is not None:
        statement = statement.where(audit.c.id < before)
    if asked.user_id is not None:
        statement = statement.where(audit.c.user_id == asked.user_id if asked.user_id else audit.c.user_id.is_(None))
    if asked.action is not None:
        statement = statement.where(audit.c.action == asked.action)
    # Lines are written one after the other, so a period is a span of ids: two look-ups instead of a scan.
    if asked.since is not None:
        first = tx.value(select(audit.c.id).where(audit.c.at >= asked.since).order_by(audit.c.at, audit.c.id).limit(1))
        if first is None:
            return []
        statement = statement.where(audit.c.id >= first)
    if asked.until is not None:
        last = tx.value(
            select(audit.c.id).where(audit.c.at < asked.until).order_by(audit.c.at.desc(), audit.c.id.desc()).limit(1)
        )
        if last is None:
            return []
        statement = statement.where(audit.c.id <= last)
    return [Entry(row.id, row.at, row.user_id, row.action, row.subject, row.details) for row in tx.rows(statement)]


_ACTIONS = select(audit.c.action).where(audit.c.action > bindparam("after")).order_by(audit.c.action).limit(1)


def list_actions(tx: ReadTx) -> list[str]:
    """Every action that there are lines of, found by hopping along the index."""
    found: list[str] = []
    while (further := tx.value(_ACTIONS, {"after": found[-1] if found else ""})) is not None:
        found.append(str(further))
    return found


@dataclass(frozen=True, slots=True)
class Checked:
    """How far the chain was followed: ``after`` is the last line that holds, ``hash`` its own, ``broken`` the first
    that does not, ``lines`` how many were looked at; at the end there is no ``more``."""

    after: int = 0
    hash: bytes = GENESIS
    lines: int = 0
    broken: int | None = None
    more: bool = True


def follow_chain(tx: ReadTx, so_far: Checked, most: int = 2000) -> Checked:
    """Follow the chain a piece further: a long log is checked in many short reads."""
    previous, after, lines = so_far.hash, so_far.after, so_far.lines
    rows = tx.rows(select(audit).where(audit.c.id > after).order_by(audit.c.id).limit(most))
    for row in rows:
        lines += 1
        expected = _chain(previous, row.at, row.user_id, row.action, row.subject, row.details)
        if bytes(row.previous) != previous or bytes(row.hash) != expected:
            return Checked(after, previous, lines, broken=int(row.id), more=False)
        previous, after = bytes(row.hash), int(row.id)
    return Checked(after, previous, lines, more=len(rows) == most)


def find_broken_link(tx: ReadTx) -> int | None:
    """The id of the first line whose chain does not hold, or None when the whole log is as it was written."""
    checked = Checked()
    while checked.more:
        checked = follow_chain(tx, checked)
    return checked.broken


def _chain(previous: bytes, at: int, user_id: int | None, action: str, subject: str, details: dict[str, Any]) -> bytes:
    line = json.dumps([at, user_id, action, subject, details], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(previous + line.encode()).digest()
