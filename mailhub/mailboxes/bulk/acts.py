"""What can be done with many threads at once: who may, how it is done to one of them, and how that is taken back.

Every check comes before the first change, so that a thread which is refused is as it was while others go on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from core.database import ReadTx, WriteTx
from core.errors import Invalid
from crm.execution import Choice, is_able
from crm.staff.readable import Viewer, demand
from mailhub.mailboxes.bulk.act import Act
from mailhub.mailboxes.bulk.works import WORKS, snooze_again
from mailhub.mailboxes.handling import assign_thread, give, release, set_read
from mailhub.mailboxes.junk import change_state, find_taught, unteach
from mailhub.mailboxes.tables import thread, unread
from mailhub.mailboxes.tag_rows import list_on
from mailhub.mailboxes.threads import tell_client_waits

WAITING = ("waiting_for", "waiting_since", "due_at", "watch_at", "watched")
STATES = {"close": "closed", "reopen": "open", "spam": "spam"}


@dataclass(frozen=True, slots=True)
class Wish:
    """One act and its value: an executor's id or None for ``assign``, an instant for ``snooze``, the id of a tag or a
    mailbox for ``tag``, ``untag`` and ``move``; the others have none."""

    act: str
    value: Any = None


def parse_wish(act: str, value: object = None) -> Wish:
    """Read what somebody wants done. Raises Invalid."""
    known = ACTS.get(act)
    if known is None:
        raise Invalid("Threads can be: %(acts)s.", acts=", ".join(ACTS), field="act")
    if known.read is None and value is not None:
        raise Invalid("This act takes no value.", field="value")
    return Wish(act, known.read(value) if known.read else None)


def keep(tx: ReadTx, viewer: Viewer, row: Any, wish: Wish) -> dict[str, Any]:
    """What a thread is now, as ``Act.back`` needs it."""
    kept = {name: getattr(row, name) for name in ("state", "executor_id", "snoozed_until", "mailbox_id", *WAITING)}
    kept["unread"] = is_unread(tx, viewer, row.id)
    if wish.act in ("tag", "untag"):
        kept["tags"] = list_on(tx, row.id)
    if "spam" in (row.state, STATES.get(wish.act)):
        kept["taught"] = find_taught(tx, row.id, row.mailbox_id)
    return kept


def is_unread(tx: ReadTx, viewer: Viewer, thread_id: int) -> bool:
    """True while the thread has something new for the viewer."""
    mine = (unread.c.thread_id == thread_id) & (unread.c.user_id == viewer.user_id)
    return tx.value(select(unread.c.thread_id).where(mine)) is not None


def give_waiting_back(tx: WriteTx, row: Any, before: Mapping[str, Any]) -> None:
    """The deadline that a thread had, which a rule may have given, and not one that is worked out anew."""
    tx.change(thread, row.id, **{name: before[name] for name in WAITING})
    tell_client_waits(tx, row.counterparty_id, row.scope_id)


def _person(value: object) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63):
        return value
    raise Invalid("Here stands the number of a person, or nothing.", field="value")


def _check_answer(_tx: ReadTx, viewer: Viewer, row: Any, _value: Any) -> None:
    demand(viewer, "answer", row.scope_id, row.executor_id)


def _check_assign(tx: ReadTx, viewer: Viewer, row: Any, value: int | None) -> None:
    takes = value == viewer.user_id and row.executor_id is None and viewer.may("answer", row.scope_id)
    demand(viewer, "answer" if takes else "assign", row.scope_id, row.executor_id)
    if value is not None and not is_able(tx, row.scope_id, value):
        raise Invalid("This person cannot answer in this mailbox, so they cannot be its executor.", field="value")


def _assign_back(tx: WriteTx, viewer: Viewer, row: Any, before: Mapping[str, Any]) -> None:
    if before["executor_id"] is None:
        release(tx, viewer, row)
    else:
        give(tx, row.id, Choice(before["executor_id"], "hand"), by=viewer)


def _state_back(tx: WriteTx, viewer: Viewer, row: Any, before: Mapping[str, Any]) -> None:
    change_state(tx, viewer, row.id, "open" if before["state"] == "snoozed" else before["state"])
    snooze_again(tx, viewer, row, before)
    if before.get("taught"):
        unteach(tx, viewer, row.mailbox_id, **before["taught"])


def _see(act: str) -> Act:
    return Act(
        check=lambda _tx, _viewer, _row, _value: None,
        do=lambda tx, viewer, row, _value: set_read(tx, viewer, row.id, read=act == "read"),
        stands=lambda tx, viewer, row, _value: is_unread(tx, viewer, row.id) == (act == "unread"),
        back=lambda tx, viewer, row, before: set_read(tx, viewer, row.id, read=not before["unread"]),
    )


def _state(state: str) -> Act:
    return Act(
        check=_check_answer,
        do=lambda tx, viewer, row, _value: change_state(tx, viewer, row.id, state),
        stands=lambda _tx, _viewer, row, _value: row.state == state,
        back=_state_back,
    )


ACTS: dict[str, Act] = {
    "assign": Act(
        check=_check_assign,
        do=lambda tx, viewer, row, value: assign_thread(tx, viewer, row.id, value),
        stands=lambda _tx, _viewer, row, value: row.executor_id == value,
        back=_assign_back,
        read=_person,
    ),
    **{act: _state(state) for act, state in STATES.items()},
    "read": _see("read"),
    "unread": _see("unread"),
    **WORKS,
}
