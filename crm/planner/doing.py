"""What was planned is done: its result, which stands in the client's timeline, and what has to be told of it."""

from __future__ import annotations

from sqlalchemy import update

from core import clock
from core.changes import record_change
from core.database import WriteTx
from core.errors import Invalid
from crm.interactions import HOUSE, record_line
from crm.planner.planning import hold_own
from crm.planner.tables import event, occurrence
from crm.staff.readable import Viewer

LONGEST_RESULT = 20_000
LINES = {"call": "call", "meeting": "meeting", "negotiation": "negotiation", "task": "task", "other": "note"}
"""What each kind of plan becomes in the timeline."""


def finish_planned(
    tx: WriteTx,
    viewer: Viewer,
    occurrence_id: int,
    result: str,
    *,
    minutes: int | None = None,
    happened_at: int | None = None,
) -> int | None:
    """It is done, with this result. Returns its line in the client's timeline, None where there is no client. Raises
    NotFound, Forbidden, Invalid, Conflict for what is over."""
    one = hold_own(tx, viewer, occurrence_id)
    result, now = result.strip(), clock.now()
    if len(result) > LONGEST_RESULT:
        raise Invalid("This text is longer than %(count)s characters.", count=LONGEST_RESULT, field="result")
    at = min(one.due_at, now) if happened_at is None else happened_at
    if not 0 <= at <= now:
        raise Invalid("Choose a moment that has been already.", field="happened_at")
    took = one.minutes if minutes is None else minutes
    if not 0 <= took <= 60 * 24:
        took = 0
    line_id = None
    if one.counterparty_id is not None:
        row = tx.get(event, one.event_id)
        line_id = record_line(
            tx,
            LINES[one.kind],
            one.counterparty_id,
            one.scope_id,
            contact_id=one.contact_id,
            author_id=viewer.user_id,
            executor_id=one.executor_id,
            subject=one.subject,
            body=result,
            minutes=took if one.kind != "task" else 0,
            happened_at=at,
            based_on_id=row.based_on_id,
            based_thread_id=row.based_thread_id,
            based_message_id=row.based_message_id,
        )
    done = {"state": "done", "result": result, "result_id": line_id, "done_at": now, "done_by_id": viewer.user_id}
    tx.change(occurrence, occurrence_id, **done, remind_at=None, held_at=None)
    scope_id = None if one.scope_id == HOUSE else one.scope_id
    fields = {"counterparty_id": one.counterparty_id, "interaction_id": line_id}
    record_change(tx, "event.done", occurrence_id, scope_id=scope_id, fields=fields)
    return line_id


def move_with_threads(tx: WriteTx, thread_ids: list[int], scope_id: int) -> None:
    """What is planned on the basis of letters is seen by who may see them: they belong to this scope now."""
    here = event.c.based_thread_id.in_(thread_ids) & (event.c.scope_id != HOUSE)
    ids = tx.values(event.select().with_only_columns(event.c.id).where(here))
    if ids:
        tx.execute(update(event).where(event.c.id.in_(ids)).values(scope_id=scope_id))
        tx.execute(update(occurrence).where(occurrence.c.event_id.in_(ids)).values(scope_id=scope_id))
