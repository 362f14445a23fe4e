"""Requests that are carried out once however often they are sent: the answer is kept beside what was done, in the same
transaction, under the key that the asker chose (``Idempotency-Key``)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Column, Index, LargeBinary, Text, delete, select

from core import clock
from core.columns import Id, instant, table, text
from core.database import WriteTx
from core.errors import Conflict

KEPT = clock.DAY

request_once = table(
    "request_once",
    Column("user_id", Id, primary_key=True, nullable=False),
    Column("key", Text, primary_key=True, nullable=False),
    text("route"),
    Column("body_hash", LargeBinary, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    instant("at"),
)
Index(None, request_once.c.at)


@dataclass(frozen=True, slots=True)
class Keyed:
    """A request by its key: ``route`` is method and path, ``body_hash`` the SHA-256 of what was sent."""

    key: str
    route: str
    body_hash: bytes


def answer_once(tx: WriteTx, user_id: int, asked: Keyed, carry_out: Callable[[], bytes]) -> bytes:
    """The answer to a request of this person: that of the first time, else that of ``carry_out``, which is kept. A
    request that fails keeps nothing and may be sent again. Raises Conflict when the key belongs to another request."""
    tx.lock_key("once", user_id, asked.key)
    mine = (request_once.c.user_id == user_id) & (request_once.c.key == asked.key)
    found = tx.row(select(request_once).where(mine))
    if found is not None:
        if (found.route, bytes(found.body_hash)) != (asked.route, asked.body_hash):
            raise Conflict("This Idempotency-Key was used for another request. Choose a new one.")
        return bytes(found.answer)
    answer = carry_out()
    tx.insert(
        request_once,
        user_id=user_id,
        key=asked.key,
        route=asked.route,
        body_hash=asked.body_hash,
        answer=answer,
        at=clock.now(),
    )
    return answer


def sweep(tx: WriteTx) -> int:
    """Forget what was answered more than a day ago. Returns how much."""
    return tx.execute(delete(request_once).where(request_once.c.at < clock.now() - KEPT))
