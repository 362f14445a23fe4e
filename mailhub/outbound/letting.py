"""Which of the rows of a mailing that are due may leave at this moment: by the clock of whoever gets them, by the plan
of its first days, by the rates. The others are put off, each once, to when they may."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import bindparam, select, update

from core import clock
from core.database import WriteTx
from mailhub.outbound.hours import Hours
from mailhub.outbound.pacing import HOUSE, Buckets, of_domain, of_mailbox, of_mailing
from mailhub.outbound.tables import recipient, warm_up

WARM_DAYS = 7
"""The plan ends after so many days; then everything leaves."""
_PUT_OFF = (
    update(recipient).where(recipient.c.id.in_(bindparam("ids", expanding=True))).values(next_at=bindparam("next"))
)
_PLANNED = update(recipient).where(recipient.c.id.in_(bindparam("ids", expanding=True))).values(warm=1)
_GIVEN = select(warm_up).where(
    warm_up.c.mailing_id == bindparam("id"), warm_up.c.domain.in_(bindparam("domains", expanding=True))
)


def warm_days(first: int) -> Iterator[int]:
    """How many letters the plan lets go to each domain on each of its days: twice as many as on the day before."""
    return (first << day for day in range(WARM_DAYS))


def plan_warm_up(domains: dict[str, int], first: int) -> dict[str, list[int]]:
    """How many letters go to each domain (with its recipients) day by day; the last number is what is left after it."""
    found: dict[str, list[int]] = {}
    for domain, count in domains.items():
        days, left = [], count
        for most in warm_days(first):
            days.append(min(most, left))
            left -= days[-1]
        found[domain] = [*days, left]
    return found


def hours_of(gate_row: Any) -> Hours:
    """When the rows behind a gate may leave."""
    return Hours(gate_row.days, gate_row.since_hour, gate_row.until_hour, gate_row.zone)


def buckets_of(tx: WriteTx, gates: Sequence[Any], domains: Iterable[str]) -> Buckets:
    """The rates that matter to these gates and domains."""
    names = [HOUSE, *(of_mailbox(one.mailbox_id) for one in gates), *(of_mailing(one.mailing_id) for one in gates)]
    buckets = Buckets(tx, [*names, *(of_domain(domain) for domain in domains)])
    for one in gates:
        buckets.limit(of_mailing(one.mailing_id), one.a_minute)
    return buckets


def room_of(buckets: Buckets, gate_row: Any) -> int:
    """So many rows behind a gate may be taken now, whatever their domain."""
    names = (HOUSE, of_mailbox(gate_row.mailbox_id), of_mailing(gate_row.mailing_id))
    return min(buckets.room(name) for name in names)


def let_pass(tx: WriteTx, gate_row: Any, rows: Sequence[Any], buckets: Buckets, most: int) -> list[Any]:
    """The rows that may leave, ``most`` at most and taken out of their buckets; those who may not at this moment are
    put off. ``rows`` have id, domain, time_zone and warm."""
    off: dict[int, list[int]] = defaultdict(list)
    rows = _in_hours(gate_row, rows, off)
    rows = _as_planned(tx, gate_row, rows, off)
    passed: list[Any] = []
    for row in rows:
        name = of_domain(row.domain)
        if len(passed) >= most:
            break
        if buckets.room(name):
            buckets.take(name)
            passed.append(row)
        else:
            off[buckets.next_slot(name)].append(row.id)
    for name in (HOUSE, of_mailbox(gate_row.mailbox_id), of_mailing(gate_row.mailing_id)):
        buckets.take(name, len(passed))
    for then, ids in off.items():
        tx.execute(_PUT_OFF, {"ids": ids, "next": then})
    return passed


def _in_hours(gate_row: Any, rows: Sequence[Any], off: dict[int, list[int]]) -> Sequence[Any]:
    hours = hours_of(gate_row)
    if hours.are_all:
        return rows
    now = clock.now()
    opens = {zone: hours.opens(zone, now) for zone in {row.time_zone for row in rows}}
    for row in rows:
        if opens[row.time_zone] > now:
            off[opens[row.time_zone]].append(row.id)
    return [row for row in rows if opens[row.time_zone] <= now]


def _as_planned(tx: WriteTx, gate_row: Any, rows: Sequence[Any], off: dict[int, list[int]]) -> Sequence[Any]:
    """Give each row that is looked at for the first time its day: the first of a domain today, the next tomorrow."""
    today = (clock.now() - gate_row.warm_from) // clock.DAY
    new = [row for row in rows if not row.warm]
    if not gate_row.warm_up or today >= WARM_DAYS or not new:
        return rows
    mailing_id, domains = gate_row.mailing_id, sorted({row.domain for row in new})
    tx.lock_key("warm_up", str(mailing_id))
    given = {row.domain: row.given for row in tx.rows(_GIVEN, {"id": mailing_id, "domains": domains})}
    before, later = dict(given), set()
    for row in new:
        rank = given[row.domain] = given.get(row.domain, 0) + 1
        day = _day_of(rank, gate_row.warm_up)
        if day > today:
            later.add(row.id)
            off[gate_row.warm_from + day * clock.DAY].append(row.id)
    tx.execute(_PLANNED, {"ids": [row.id for row in new]})
    for domain in domains:
        if domain in before:
            here = update(warm_up).where(warm_up.c.mailing_id == mailing_id, warm_up.c.domain == domain)
            tx.execute(here.values(given=given[domain]))
        else:
            tx.insert(warm_up, mailing_id=mailing_id, domain=domain, given=given[domain])
    return [row for row in rows if row.id not in later]


def _day_of(rank: int, first: int) -> int:
    """On which day the row of this rank leaves; ``WARM_DAYS`` for all behind the plan."""
    for day, most in enumerate(warm_days(first)):
        rank -= most
        if rank <= 0:
            return day
    return WARM_DAYS
