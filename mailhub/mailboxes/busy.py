"""How much of what waits for us lies in whose hands."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, func, literal_column, select

from core.database import ReadTx
from mailhub.mailboxes.tables import thread

_WAITING = (
    select(thread.c.executor_id, func.count().label("waiting"))
    .where(
        thread.c.executor_id.in_(bindparam("ids", expanding=True)),
        literal_column("state = 'open' AND waiting_for = 'us'"),  # as the index of those who wait is written
    )
    .group_by(thread.c.executor_id)
)


def count_waiting(tx: ReadTx, people: Sequence[int]) -> dict[int, int]:
    """How many threads of all mailboxes wait for us in the hands of each of these people; who has none is not named."""
    return {int(row.executor_id): int(row.waiting) for row in tx.rows(_WAITING, {"ids": list(people)})}
