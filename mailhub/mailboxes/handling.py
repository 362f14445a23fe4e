"""What people do with a thread: assign, close, reopen, read and unread."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, delete, select, update

from core.changes import record_change
from core.database import WriteTx
from core.errors import Invalid, NotFound
from crm.execution import Choice, assign, unassign
from crm.interactions import give_letters
from crm.staff.people import get_user
from crm.staff.readable import Shape, Viewer, demand, readable_by, shape_of, sight_of
from crm.staff.rights import Right
from mailhub.mailboxes.deadlines import begin_wait
from mailhub.mailboxes.notifying import notify
from mailhub.mailboxes.owed_marks import owe_seen
from mailhub.mailboxes.tables import mailbox, thread, unread
from mailhub.mailboxes.tally import NOBODY_WAITS, find_waiting
from mailhub.mailboxes.threads import in_state, tell, tell_client_waits

STATES = ("open", "closed", "spam")


class ByRule(NamedTuple):
    """The rule that does something, as of the version that did it."""

    id: int
    version: int
    name: str

    @property
    def fields(self) -> dict[str, Any]:
        """As a line of a thread and a change name it."""
        return {"rule": self.name, "version": self.version, "rule_id": self.id}

    def __str__(self) -> str:
        return f"rule {self.id} v{self.version}"


def give(tx: WriteTx, thread_id: int, choice: Choice, *, by: Viewer | None = None, rule: ByRule | None = None) -> None:
    """Make a person the executor; the thread says since when and why. Raises Invalid for somebody without access."""
    tx.lock(thread, thread_id)
    row = tx.get(thread, thread_id)
    if row.executor_id == choice.executor_id:
        return
    assign(tx, row.scope_id, thread_id, choice, by_id=by.user_id if by else None)
    _set(tx, thread_id, executor_id=choice.executor_id)
    give_letters(tx, thread_id, choice.executor_id)
    sentences = {
        "manager": "Assigned to %(name)s, the client's responsible manager.",
        "default": "Assigned to %(name)s, the executor of this mailbox.",
        "round_robin": "Assigned to %(name)s, whose turn it was.",
        "least_busy": "Assigned to %(name)s, who had least to do.",
        "deputy": "Assigned to %(name)s, who stands in for %(absent)s.",
        "back": "Given back to %(name)s.",
        "hand": "Assigned to %(name)s.",
        "rule": "Assigned to %(name)s by the rule “%(rule)s”, version %(version)s.",
        "rule_turn": "Assigned to %(name)s, whose turn it was, by the rule “%(rule)s”, version %(version)s.",
        "rule_least_busy": "Assigned to %(name)s, who had least to do, by the rule “%(rule)s”, version %(version)s.",
    }
    fields = {"name": get_user(tx, choice.executor_id).name, **(rule.fields if rule else {})}
    if choice.instead_of_id is not None:
        fields["absent"] = get_user(tx, choice.instead_of_id).name
    tell(tx, thread_id, sentences[choice.reason], user_id=by.user_id if by else None, **fields)
    notify(tx, "assigned", [choice.executor_id], thread_id, by_id=by.user_id if by else None)
    note_change(tx, row, "thread.assigned", by or rule, executor_id=choice.executor_id)


def put_away(tx: WriteTx, thread_id: int, state: str, rule: ByRule) -> None:
    """Let a rule close a thread or call it junk; nobody waits for it then."""
    tx.lock(thread, thread_id)
    row = tx.get(thread, thread_id)
    _set(tx, thread_id, **in_state(state), **NOBODY_WAITS)
    tell_client_waits(tx, row.counterparty_id, row.scope_id)
    sentences = {
        "closed": "Closed by the rule “%(rule)s”, version %(version)s.",
        "spam": "Marked as junk by the rule “%(rule)s”, version %(version)s.",
    }
    tell(tx, thread_id, sentences[state], **rule.fields)
    note_change(tx, row, "thread.state", rule, state=state)


def set_time(tx: WriteTx, thread_id: int, hours: int, rule: ByRule) -> None:
    """Let a rule say how many working hours whoever waits for us waits at most. Nothing happens where nobody does."""
    tx.lock(thread, thread_id)
    row = tx.get(thread, thread_id)
    if row.waiting_for == "us" and row.waiting_since is not None:
        box, first = tx.get(mailbox, row.mailbox_id), row.answered_at is None
        _set(tx, thread_id, **begin_wait(tx, box, row, row.waiting_since, first=first, own_hours=hours))
        sentence = "To be answered in %(hours)s h, by the rule “%(rule)s”, version %(version)s."
        tell(tx, thread_id, sentence, hours=hours, **rule.fields)


def assign_thread(tx: WriteTx, viewer: Viewer, thread_id: int, executor_id: int | None) -> None:
    """Give a thread to a person, or to nobody. Taking what nobody has needs the right to answer, else to assign."""
    row = get_own(tx, viewer, thread_id)
    takes = executor_id == viewer.user_id and row.executor_id is None
    right: Right = "answer" if takes and viewer.may("answer", row.scope_id) else "assign"
    demand(viewer, right, row.scope_id, row.executor_id)
    if executor_id is not None:
        give(tx, thread_id, Choice(executor_id, "hand"), by=viewer)
        return
    if row.executor_id is not None:
        release(tx, viewer, row)


def release(tx: WriteTx, viewer: Viewer, row: Any) -> None:
    """Take a thread, whose row is held, out of the hands of its executor."""
    unassign(tx, row.id)
    _set(tx, row.id, executor_id=None)
    give_letters(tx, row.id, None)
    tell(tx, row.id, "Nobody is assigned any more.", user_id=viewer.user_id)
    note_change(tx, row, "thread.assigned", viewer, executor_id=None)


def set_state(tx: WriteTx, viewer: Viewer, thread_id: int, state: str) -> None:
    """Close, reopen or call junk. Raises Invalid, NotFound, Forbidden.

    Whoever waited when a thread was closed waits again when it is opened.
    """
    if state not in STATES:
        raise Invalid("A thread is %(states)s.", states=", ".join(STATES), field="state")
    row = get_own(tx, viewer, thread_id)
    demand(viewer, "answer", row.scope_id, row.executor_id)
    if row.state == state:
        return
    _set(tx, thread_id, **in_state(state), **(find_waiting(tx, row) if state == "open" else NOBODY_WAITS))
    tell_client_waits(tx, row.counterparty_id, row.scope_id)
    sentences = {"open": "Opened again.", "closed": "Closed.", "spam": "Marked as junk."}
    tell(tx, thread_id, sentences[state], user_id=viewer.user_id)
    note_change(tx, row, "thread.state", viewer, state=state)


_MINE = (unread.c.thread_id == bindparam("thread")) & (unread.c.user_id == bindparam("me"))
_NEWS = select(unread.c.thread_id).where(_MINE)
_DROP_NEWS = delete(unread).where(_MINE)


def set_read(tx: WriteTx, viewer: Viewer, thread_id: int, *, read: bool) -> None:
    """Mark a thread as read or as new, for the viewer alone; servers whose letters were read by anybody are told."""
    row = get_own(tx, viewer, thread_id)
    mine = {"thread": thread_id, "me": viewer.user_id}
    if read:
        tx.execute(_DROP_NEWS, mine)
        owe_seen(tx, thread_id)
    elif tx.value(_NEWS, mine) is None:
        tx.insert(unread, user_id=viewer.user_id, thread_id=thread_id, scope_id=row.scope_id)


def get_own(tx: WriteTx, viewer: Viewer, thread_id: int) -> Any:
    """The row of a thread that the viewer may see, held until the end of the unit. Raises NotFound.

    On PostgreSQL the row is locked first and looked at afterwards, so a right or an executor that changed meanwhile
    counts.
    """
    tx.lock(thread, thread_id)
    row = tx.row(_own(shape_of(viewer)), {"thread": thread_id, **sight_of(viewer)})
    if row is None:
        raise NotFound("There is no thread with the number %(id)s.", id=thread_id)
    return row


@cache
def _own(shape: Shape) -> Select[Any]:
    here = select(thread).where(thread.c.id == bindparam("thread"), thread.c.merged_into.is_(None))
    return readable_by(shape, here, thread)


def _set(tx: WriteTx, thread_id: int, **values: Any) -> None:
    tx.execute(update(thread).where(thread.c.id == thread_id).values(version=thread.c.version + 1, **values))


def note_change(tx: WriteTx, row: Any, kind: str, by: Viewer | ByRule | None, **fields: Any) -> None:
    """Record a change of a thread (its row) for whoever follows it, with who or what did it."""
    record_change(
        tx,
        kind,
        row.id,
        scope_id=row.scope_id,
        fields={"thread_id": row.id, "mailbox_id": row.mailbox_id, **fields},
        cause=f"user {by.user_id}" if isinstance(by, Viewer) else str(by or "routing"),
    )
