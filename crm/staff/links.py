"""Links in letters with which their reader sets a password: one for who forgot it, one for who was invited. Random,
kept as a hash, good once and not for long; a new one ends the one before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import delete, select

from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Forbidden
from core.secrets import hash_secret, new_secret
from crm.staff.audit import record_audit
from crm.staff.people import User, get_user, set_password
from crm.staff.tables import entry_link, user

Purpose = Literal["reset", "invitation"]
USED = "This link was used or is too old. Ask for a new one."
LIVES: dict[Purpose, int] = {"reset": 30 * clock.MINUTE, "invitation": 7 * clock.DAY}


@dataclass(frozen=True, slots=True)
class Link:
    """Whom a link is for, and why they got it."""

    person: User
    purpose: Purpose


def make_link(tx: WriteTx, user_id: int, purpose: Purpose) -> str:
    """The secret of a new link; the person's older ones end."""
    tx.lock(user, user_id)
    tx.execute(delete(entry_link).where(entry_link.c.user_id == user_id))
    secret, now = new_secret(), clock.now()
    until = now + LIVES[purpose]
    tx.insert(entry_link, key=hash_secret(secret), user_id=user_id, purpose=purpose, created_at=now, expires_at=until)
    return secret


def find_link(tx: ReadTx, secret: str) -> Link | None:
    """Whom this link is for; None when it is used, over, replaced or never was."""
    row = tx.row(
        select(entry_link.c.user_id, entry_link.c.purpose)
        .join(user, user.c.id == entry_link.c.user_id)
        .where(
            entry_link.c.key == hash_secret(secret),
            entry_link.c.expires_at > clock.now(),
            user.c.disabled_at.is_(None),
        )
    )
    return None if row is None else Link(get_user(tx, row.user_id), row.purpose)


def use_link(tx: WriteTx, secret: str, password_hash: str) -> User:
    """Set the password of whom the link is for; it is used up, and every session and token of theirs
    ends. Raises Forbidden."""
    found = find_link(tx, secret)
    if found is None or not tx.execute(delete(entry_link).where(entry_link.c.key == hash_secret(secret))):
        raise Forbidden(USED)
    set_password(tx, found.person.id, password_hash)
    record_audit(tx, found.person.id, "password-set", found.purpose)
    return found.person
