"""Trying those of a mailing again that failed, and nobody else: the first few at once, the rest by a job in pieces that
nobody notices. Who fails once more meanwhile is not tried a third time."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, func, select, update
from sqlalchemy import text as sql

from core import clock, jobs
from core.database import WriteTx
from core.errors import Conflict
from crm.staff.audit import record_audit
from crm.staff.readable import Viewer
from mailhub.campaigns.mailings import hold, move_mailing, note_event
from mailhub.campaigns.starting import open_gate
from mailhub.campaigns.tables import mailing
from mailhub.outbound.tables import recipient

RETRY_JOB = "mailing.retry"
AT_ONCE = 500
_THOSE = (
    recipient.c.mailing_id == bindparam("id"),
    sql("recipient.state = 'failed'"),
    recipient.c.changed_at <= bindparam("before"),
)
_FAILED = (
    select(recipient.c.id)
    .where(*_THOSE, recipient.c.id > bindparam("after"))
    .order_by(recipient.c.id)
    .limit(bindparam("most"))
)
_COUNT = select(func.count()).where(*_THOSE)
_AGAIN = (
    update(recipient)
    .where(recipient.c.id.in_(bindparam("ids", expanding=True)), sql("recipient.state = 'failed'"))
    .values(state="queued", next_at=0, attempts=0, changed_at=bindparam("now"))
)


def retry_failed(tx: WriteTx, viewer: Viewer, mailing_id: int) -> int:
    """Try those again that failed, and nobody else; addresses that must not be written to stay out. Returns how many;
    where they are many a job goes on with it. Raises NotFound, Forbidden, Conflict while it is not under way or over.
    """
    row = hold(tx, viewer, mailing_id, "manage")
    if row.state not in ("sending", "paused", "done"):
        raise Conflict("Only those of a mailing that was sent can be tried again.")
    now = clock.now()
    count = int(tx.value(_COUNT, {"id": mailing_id, "before": now}) or 0)
    if not count:
        return 0
    note_event(tx, mailing_id, "%(count)s that failed are tried again.", viewer.user_id, count=count)
    record_audit(tx, viewer.user_id, "mailing-retried", str(mailing_id), recipients=count)
    after = _retry_some(tx, row, 0, now)
    if count > AT_ONCE:
        begun = {"mailing_id": mailing_id, "after": after, "before": now}
        jobs.enqueue(tx, RETRY_JOB, begun, dedupe_key=f"{RETRY_JOB}.{mailing_id}")
    return count


def retry_part(tx: WriteTx, held: jobs.Job) -> jobs.Job | None:
    """Let some more be tried. The job as it is then; None when it is over, or the mailing was cancelled."""
    payload = held.payload
    tx.lock(mailing, payload["mailing_id"])
    row = tx.get(mailing, payload["mailing_id"])
    after = _retry_some(tx, row, payload["after"], payload["before"]) if row.state != "cancelled" else None
    if after is None:
        jobs.finish(tx, held)
        return None
    return jobs.note(tx, held, after=after)


def _retry_some(tx: WriteTx, row: Any, after: int, before: int) -> int | None:
    """A few behind ``after`` that had failed ``before``. Returns the last of them, None when there are no more."""
    ids = tx.values(_FAILED, {"id": row.id, "after": after, "before": before, "most": AT_ONCE})
    if not ids:
        return None
    tx.execute(_AGAIN, {"ids": ids, "now": clock.now()})
    if row.state == "done":
        move_mailing(tx, row, "sending", ended_at=None)
        open_gate(tx, row, None)
    return int(ids[-1])
