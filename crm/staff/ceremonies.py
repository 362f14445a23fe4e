"""What was begun at the door and has to come back, once and soon: the challenge of a passkey, the way to the single
sign-on. The secret is with the browser; the row knows its hash."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select

from core import clock
from core.database import WriteTx
from core.errors import Forbidden
from core.secrets import hash_secret
from crm.staff.tables import ceremony, entry_link

LIFE = 10 * clock.MINUTE


@dataclass(frozen=True, slots=True)
class Ceremony:
    """What was remembered; ``user_id`` for whom it was begun, None for a visitor."""

    user_id: int | None
    details: dict[str, Any]


def begin_ceremony(tx: WriteTx, purpose: str, secret: str, *, user_id: int | None = None, **details: Any) -> None:
    """Remember that this was begun here."""
    until = clock.now() + LIFE
    tx.insert(ceremony, key=hash_secret(secret), purpose=purpose, user_id=user_id, details=details, expires_at=until)


def end_ceremony(tx: WriteTx, purpose: str, secret: str) -> Ceremony:
    """What was begun with this secret; it is forgotten with that. Raises Forbidden for what was not begun here, is over
    or came back before."""
    here = (ceremony.c.key == hash_secret(secret), ceremony.c.purpose == purpose)
    row = tx.row(select(ceremony).where(*here))
    if row is None or not tx.execute(delete(ceremony).where(*here)) or row.expires_at <= clock.now():
        raise Forbidden("This was not begun here a moment ago. Begin again.")
    return Ceremony(row.user_id, row.details)


def sweep(tx: WriteTx) -> int:
    """Forget what never came back, and links that nobody used. Returns how many."""
    now = clock.now()
    gone = tx.execute(delete(ceremony).where(ceremony.c.expires_at <= now))
    return gone + tx.execute(delete(entry_link).where(entry_link.c.expires_at <= now))
