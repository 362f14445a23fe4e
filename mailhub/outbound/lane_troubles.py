"""What is the matter on a lane: with the servers of a domain that letters go straight to, or with the relay of a
mailbox. While a lane rests nobody tries it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select

from core import clock
from core.database import ReadTx, WriteTx
from mailhub.outbound.tables import lane_trouble

FIRST_REST, LONGEST_REST = clock.MINUTE, 30 * clock.MINUTE
REFUSED_REST = 6 * clock.HOUR  # a wrong password that is tried again and again closes the account there


@dataclass(frozen=True, slots=True)
class LaneTrouble:
    """Why letters on a lane wait, since when, and when it is tried again."""

    lane: str
    sentence: str
    fields: dict[str, Any]
    since: int
    tries: int
    next_at: int

    def is_resting(self, now: int) -> bool:
        """True while nobody should try."""
        return self.next_at > now


def find_lane_trouble(tx: ReadTx, lane: str) -> LaneTrouble | None:
    """What is the matter on a lane; None when nothing is."""
    row = tx.row(select(lane_trouble).where(lane_trouble.c.lane == lane))
    return None if row is None else LaneTrouble(**row._mapping)


def list_lane_troubles(tx: ReadTx, most: int = 50) -> list[LaneTrouble]:
    """What is the matter on lanes, the longest trouble first."""
    rows = tx.rows(select(lane_trouble).order_by(lane_trouble.c.since, lane_trouble.c.lane).limit(most))
    return [LaneTrouble(**row._mapping) for row in rows]


def list_resting(tx: ReadTx, most: int = 20) -> list[LaneTrouble]:
    """The lanes that nobody tries now, the longest trouble first."""
    return [one for one in list_lane_troubles(tx, 500) if one.is_resting(clock.now())][:most]


def record_lane_trouble(
    tx: WriteTx, lane: str, sentence: str, fields: dict[str, Any], *, refused: bool = False
) -> None:
    """Leave a lane alone for a while that doubles, or for long when the server ``refused`` a password. ``since`` stays
    the first moment; what is resting already rests no longer by it."""
    tx.lock_key("lane", lane)
    found, now = find_lane_trouble(tx, lane), clock.now()
    if found is not None and found.is_resting(now):
        return
    tries = 1 if found is None else found.tries + 1
    rest = REFUSED_REST if refused else min(FIRST_REST * 2 ** min(tries - 1, 20), LONGEST_REST)
    values = {"sentence": sentence, "fields": fields, "tries": tries, "next_at": now + rest}
    if found is None:
        tx.execute(lane_trouble.insert().values(lane=lane, since=now, **values))
    else:
        tx.execute(lane_trouble.update().where(lane_trouble.c.lane == lane).values(**values))


def end_lane_trouble(tx: WriteTx, lane: str) -> None:
    """The server takes letters again, or is another one."""
    tx.execute(delete(lane_trouble).where(lane_trouble.c.lane == lane))
