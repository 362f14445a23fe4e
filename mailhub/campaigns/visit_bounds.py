"""How many openings and clicks are kept one by one: whoever has the address of one letter fills no disk. All of them
are counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import bindparam, func, select

from core import clock
from core.database import ReadTx
from mailhub.campaigns.tables import mailing_visit

MOST_A_DAY, MOST_OF_ALL = 50, 20_000
"""So many of a reader, and of a mailing that only counts, in a day (UTC); of people and of machines apart, since what
people did first is what is known of a reader."""
_OF_READERS = (
    select(mailing_visit.c.recipient_id.label("of"), mailing_visit.c.machine, func.count().label("number"))
    .where(mailing_visit.c.recipient_id.in_(bindparam("ids", expanding=True)), mailing_visit.c.at >= bindparam("since"))
    .group_by(mailing_visit.c.recipient_id, mailing_visit.c.machine)
)
_OF_MAILINGS = (
    select(mailing_visit.c.mailing_id.label("of"), mailing_visit.c.machine, func.count().label("number"))
    .where(
        mailing_visit.c.mailing_id.in_(bindparam("ids", expanding=True)),
        mailing_visit.c.recipient_id.is_(None),
        mailing_visit.c.at >= bindparam("since"),
    )
    .group_by(mailing_visit.c.mailing_id, mailing_visit.c.machine)
)


class Coming(NamedTuple):
    """A visit that is not written yet: whose, when, and whether a machine did it."""

    mailing_id: int
    recipient_id: int | None
    at: int
    machine: int


def choose_kept(tx: ReadTx, coming: Sequence[Coming]) -> list[bool]:
    """Of each of them whether it is kept by itself."""
    if not coming:
        return []
    since = max(one.at for one in coming) // clock.DAY * clock.DAY
    readers = sorted({one.recipient_id for one in coming if one.recipient_id is not None})
    mailings = sorted({one.mailing_id for one in coming if one.recipient_id is None})
    there: Counter[tuple[bool, int, int]] = Counter()
    for named, statement, ids in ((True, _OF_READERS, readers), (False, _OF_MAILINGS, mailings)):
        for row in tx.rows(statement, {"ids": ids, "since": since}) if ids else ():
            there[named, row.of, row.machine] = row.number
    kept = []
    for one in coming:
        named = one.recipient_id is not None
        key = (named, one.recipient_id or one.mailing_id, one.machine)
        there[key] += 1
        kept.append(there[key] <= (MOST_A_DAY if named else MOST_OF_ALL))
    return kept
