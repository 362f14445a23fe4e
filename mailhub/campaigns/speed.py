"""How fast a mailing leaves and in which hours, before its start and while it is under way; when it will have left."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select, update

from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Invalid
from core.zones import find_zone
from crm.staff.audit import record_audit
from crm.staff.readable import Viewer
from mailhub.campaigns.mailings import Mailing, change, get_mailing, hold
from mailhub.campaigns.starting import paced
from mailhub.campaigns.tables import mailing
from mailhub.outbound.hours import EVERY_DAY, Hours
from mailhub.outbound.ledger import TOPIC as LEDGER
from mailhub.outbound.letting import plan_warm_up
from mailhub.outbound.pacing import MOST
from mailhub.outbound.tables import gate, recipient

MOST_WARM = 100_000
SHOWN = 12
_DOMAINS = (
    select(recipient.c.domain, func.count().label("number"))
    .where(recipient.c.state != "excluded")
    .group_by(recipient.c.domain)
    .order_by(func.count().desc(), recipient.c.domain)
    .limit(SHOWN)
)


def set_speed(
    tx: WriteTx,
    viewer: Viewer,
    mailing_id: int,
    *,
    a_minute: int,
    days: int,
    since_hour: int,
    until_hour: int,
    zone: str,
    warm_up: int,
) -> None:
    """So many letters ``a_minute`` (0: no limit); on ``days`` (bits, Monday the lowest) from the beginning of one hour
    to that of another by the clock of whoever gets it, by that of ``zone`` where theirs is not known; ``warm_up`` on
    the first day to each domain, twice as many on each of the next six, then all (0: no plan). Holds at once, for one
    under way too, but the plan is fixed by the start. Raises NotFound, Forbidden, Invalid, Conflict once it is over."""
    row = hold(tx, viewer, mailing_id)
    if row.state in ("done", "cancelled"):
        raise Conflict("This mailing is over.")
    if find_zone(zone) is None:
        raise Invalid("There is no time zone “%(zone)s”.", zone=zone, field="zone")
    if not 0 < days <= EVERY_DAY:
        raise Invalid("Choose a day at least.", field="days")
    if not 0 <= since_hour < until_hour <= 24:
        raise Invalid("The hours go from an earlier to a later one, from 0 to 24.", field="since_hour")
    if not 0 <= a_minute <= MOST:
        raise Invalid("A number from 0 to %(most)s, please.", most=MOST, field="a_minute")
    if not 0 <= warm_up <= MOST_WARM:
        raise Invalid("A number from 0 to %(most)s, please.", most=MOST_WARM, field="warm_up")
    if row.state not in ("draft", "scheduled") and warm_up != row.warm_up:
        raise Conflict("The plan of the first days is fixed by the start.")
    said: dict[str, Any] = {
        "a_minute": a_minute, "days": days, "since_hour": since_hour, "until_hour": until_hour, "zone": zone,
        "warm_up": warm_up,
    }  # fmt: skip
    if all(getattr(row, name) == value for name, value in said.items()):
        return
    change(tx, row, **said)
    tx.execute(update(gate).where(gate.c.mailing_id == row.id).values(**paced(tx.get(mailing, row.id))))
    tx.announce(LEDGER)
    record_audit(tx, viewer.user_id, "mailing-paced", str(mailing_id), a_minute=a_minute)


def hours_of_mailing(one: Mailing) -> Hours:
    """When its letters may leave."""
    return Hours(one.days, one.since_hour, one.until_hour, one.zone)


def plan_days(tx: ReadTx, viewer: Viewer, mailing_id: int) -> dict[str, list[int]]:
    """How many letters go to each of the largest domains on each of the first days, and behind them; empty without a
    plan. Raises NotFound."""
    one = get_mailing(tx, viewer, mailing_id)
    if not one.warm_up or one.list_state != "done":
        return {}
    rows = tx.rows(_DOMAINS.where(recipient.c.mailing_id == mailing_id))
    return plan_warm_up({row.domain: int(row.number) for row in rows}, one.warm_up)


def forecast_end(one: Mailing, now: int) -> int | None:
    """When the last letter will have left if it goes on as in the last minutes; None where nobody can tell."""
    left = sum(one.counts.get(state, 0) for state in ("queued", "deferred", "sending"))
    if one.state != "sending" or not left or not one.rate or one.warm_up:
        return None
    return hours_of_mailing(one).after(now, left * clock.MINUTE // one.rate)
