"""Leaving out those whose letter has a hole: the first few at once, the rest by a job in pieces that nobody notices.
The mailing counts as being checked until all are out, so it cannot start in between; its numbers are right in every
unit."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, func, select, update
from sqlalchemy import text as sql

from core import jobs
from core.database import WriteTx
from core.errors import Conflict
from crm.staff.readable import Viewer
from mailhub.campaigns.checking import fault
from mailhub.campaigns.mailings import UNAPPROVED, change, hold_draft, note_event
from mailhub.campaigns.tables import mailing
from mailhub.outbound.tables import recipient

OMIT_JOB = "mailing.omit"
AT_ONCE = 500
_HELD = (
    select(recipient.c.id)
    .where(recipient.c.mailing_id == bindparam("id"), sql("recipient.state = 'held'"))
    .order_by(recipient.c.id)
    .limit(bindparam("most"))
)
_COUNT = select(func.count()).where(recipient.c.mailing_id == bindparam("id"), sql("recipient.state = 'held'"))
_OMIT = (
    update(recipient)
    .where(recipient.c.id.in_(bindparam("ids", expanding=True)))
    .values(state="excluded", reason="no_value")
)


def leave_out(tx: WriteTx, viewer: Viewer, mailing_id: int) -> int:
    """Leave out all whose letter has a hole; the others may get theirs. Returns how many; where they are many a job
    goes on with it. Raises NotFound, Forbidden, Conflict once the mailing was started or while it is checked."""
    row = hold_draft(tx, viewer, mailing_id)
    if row.check_state != "done" or row.checked_version != row.letter_version:
        raise Conflict("Check the mailing first.")
    count = int(tx.value(_COUNT, {"id": mailing_id}) or 0)
    if not count:
        return 0
    note_event(tx, mailing_id, "Those were left out whose letter had a hole.", viewer.user_id, count=count)
    if _omit_some(tx, row) < count:
        run = row.check_run + 1
        change(tx, tx.get(mailing, mailing_id), check_state="working", check_run=run)
        jobs.enqueue(tx, OMIT_JOB, {"mailing_id": mailing_id, "run": run})
    return count


def omit_part(tx: WriteTx, held: jobs.Job) -> bool:
    """Leave out some more. False when the job is over: all are out, or another check was asked for."""
    mailing_id = held.payload["mailing_id"]
    tx.lock(mailing, mailing_id)
    row = tx.get(mailing, mailing_id)
    if row.check_run == held.payload["run"] and row.check_state == "working":
        if _omit_some(tx, row):
            jobs.get_on(tx, held)
            return True
        change(tx, row, check_state="done")
    jobs.finish(tx, held)
    return False


def _omit_some(tx: WriteTx, row: Any) -> int:
    """Leave out a few of a mailing (its row, held). Returns how many."""
    ids = tx.values(_HELD, {"id": row.id, "most": AT_ONCE})
    if ids:
        tx.execute(_OMIT, {"ids": ids})
        reasons = {**row.reasons, "no_value": row.reasons.get("no_value", 0) + len(ids)}
        count = row.recipients_count - len(ids)
        faults = [one for one in row.faults if one["kind"] not in ("hole", "held", "nobody")]
        faults += [] if count else [fault("nobody")]
        excluded = row.excluded_count + len(ids)
        counted = {"recipients_count": count, "excluded_count": excluded, **UNAPPROVED}
        change(tx, row, reasons=reasons, faults=faults, **counted)
    return len(ids)
