"""How much attention a thread needs, as people say: that a letter needs no answer, and that a thread is urgent."""

from __future__ import annotations

from sqlalchemy import bindparam, select

from core.database import ReadTx, WriteTx
from crm.staff.readable import Viewer, demand
from mailhub.mailboxes.handling import ByRule, get_own, note_change
from mailhub.mailboxes.tables import thread
from mailhub.mailboxes.tally import NOBODY_WAITS, find_waiting
from mailhub.mailboxes.threads import tell, tell_client_waits

NOT_NEEDED = "No answer is needed."
NEEDED = "An answer is needed after all."
URGENT = "Called urgent."
NOT_URGENT = "No longer urgent."
URGENT_BY_RULE = "Called urgent by the rule “%(rule)s”, version %(version)s."


def set_answer_needed(tx: WriteTx, viewer: Viewer, thread_id: int, *, needed: bool) -> None:
    """Say that what was written so far needs no answer: nobody waits in the thread until the next letter. Or that it
    does, as its letters say. Raises NotFound, Forbidden."""
    row = get_own(tx, viewer, thread_id)
    demand(viewer, "answer", row.scope_id, row.executor_id)
    upto = 0 if needed else max(row.last_in_id, row.last_message_id)
    if row.no_answer_id == upto or (needed and not row.no_answer_id):
        return
    tx.change(thread, thread_id, no_answer_id=upto, version=row.version + 1)
    counts = row.state in ("open", "snoozed")
    tx.change(thread, thread_id, **(find_waiting(tx, tx.get(thread, thread_id)) if counts else NOBODY_WAITS))
    tell_client_waits(tx, row.counterparty_id, row.scope_id)
    tell(tx, thread_id, NEEDED if needed else NOT_NEEDED, user_id=viewer.user_id)
    note_change(tx, row, "thread.state", viewer, state=row.state)


def set_urgent(tx: WriteTx, viewer: Viewer, thread_id: int, *, urgent: bool) -> None:
    """Call a thread urgent, or no more than any other. Raises NotFound, Forbidden."""
    row = get_own(tx, viewer, thread_id)
    demand(viewer, "answer", row.scope_id, row.executor_id)
    if bool(row.urgent) != urgent:
        tx.change(thread, thread_id, urgent=int(urgent), version=row.version + 1)
        tell(tx, thread_id, URGENT if urgent else NOT_URGENT, user_id=viewer.user_id)
        note_change(tx, row, "thread.priority", viewer)


def set_urgent_by_rule(tx: WriteTx, thread_id: int, rule: ByRule) -> None:
    """Let a rule call a thread urgent."""
    tx.lock(thread, thread_id)
    row = tx.get(thread, thread_id)
    if not row.urgent:
        tx.change(thread, thread_id, urgent=1, version=row.version + 1)
        tell(tx, thread_id, URGENT_BY_RULE, **rule.fields)
        note_change(tx, row, "thread.priority", rule)


def is_urgent(tx: ReadTx, thread_id: int) -> bool:
    """Whether somebody or a rule has called a thread urgent."""
    return bool(tx.get(thread, thread_id).urgent)


_SAID = select(thread.c.no_answer_id, thread.c.last_in_id).where(thread.c.id == bindparam("id"))


def is_answer_needed(tx: ReadTx, thread_id: int) -> bool:
    """False while somebody has said of all that came into a thread that it needs no answer."""
    said = tx.row(_SAID, {"id": thread_id})
    return said is None or said.no_answer_id < max(said.last_in_id, 1)
