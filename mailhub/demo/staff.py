"""What the people of the company have done with older letters: read, handed out, closed, by the verbs of the house.

``age`` is the one exception: the house writes when something happened, and here it happened days ago.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func, select, update

from core.clock import HOUR
from core.database import ReadTx, WriteTx
from crm.execution import assignment
from crm.staff.readable import Viewer, get_viewer
from crm.staff.rights import list_people_with, list_viewers_of
from crm.staff.tables import user
from mailhub.demo.company import ADMINISTRATOR
from mailhub.demo.talk import Fate
from mailhub.mailboxes.handling import assign_thread, set_state
from mailhub.mailboxes.tables import incoming, letter, message, thread, thread_event
from mailhub.mailboxes.threads import mark_read


@dataclass(frozen=True, slots=True)
class Arrived:
    """A letter of the demo where it has come to rest."""

    message_id: str
    thread_id: int


def find_founding(tx: ReadTx) -> int | None:
    """When this demo company was founded, or None in an empty database."""
    found = tx.value(select(user.c.created_at).where(user.c.email == ADMINISTRATOR.email))
    return None if found is None else int(found)


def list_message_ids(tx: ReadTx) -> set[str]:
    """The Message-IDs of all letters that are here."""
    return set(tx.values(select(letter.c.message_id)))


def count_under_way(tx: ReadTx) -> int:
    """Letters that were taken in and are not understood yet."""
    return int(tx.value(select(func.count()).where(incoming.c.state == "waiting")))


def list_arrived(tx: ReadTx, message_ids: Collection[str]) -> list[Arrived]:
    """The threads that these letters came into, in the order of arrival; a letter in two mailboxes stands twice."""
    statement = (
        select(letter.c.message_id, message.c.thread_id)
        .join(message, message.c.letter_id == letter.c.id)
        .where(letter.c.message_id.in_(message_ids))
        .order_by(message.c.id)
    )
    return [Arrived(row.message_id, row.thread_id) for row in tx.rows(statement)]


def handle(tx: WriteTx, thread_id: int, fate: Fate, since: int) -> None:
    """Let the staff do with a thread what its letter is fated to. ``since`` is when the demo began to fill itself."""
    row = tx.get(thread, thread_id)
    viewer = _find_executor(tx, row.scope_id, row.executor_id)
    if fate != "leave" and viewer is not None and row.state == "open":
        if row.executor_id is None and viewer.may("assign", row.scope_id):
            assign_thread(tx, viewer, thread_id, viewer.user_id)
        set_state(tx, viewer, thread_id, "spam" if fate == "junk" else "closed")
        for user_id in list_viewers_of(tx, row.scope_id):
            mark_read(tx, thread_id, user_id)
    age(tx, thread_id, since, row.last_message_at)


def age(tx: WriteTx, thread_id: int, since: int, arrived_at: int) -> None:
    """Date what happened to a thread from ``since`` on back to its letter: routing at once, people within two hours."""
    later = (thread_event.c.thread_id == thread_id) & (thread_event.c.at >= since)
    done_at = min(arrived_at + HOUR + thread_id % 60 * HOUR // 60, since)
    tx.execute(update(thread_event).where(later, thread_event.c.user_id.is_(None)).values(at=arrived_at))
    tx.execute(update(thread_event).where(later, thread_event.c.user_id.is_not(None)).values(at=done_at))
    fresh = (assignment.c.thread_id == thread_id) & (assignment.c.assigned_at >= since)
    tx.execute(update(assignment).where(fresh).values(assigned_at=arrived_at))
    tx.execute(
        update(thread).where(thread.c.id == thread_id, thread.c.created_at >= since).values(created_at=arrived_at)
    )


def _find_executor(tx: ReadTx, scope_id: int, executor_id: int | None) -> Viewer | None:
    """Who deals with a thread: its executor, else the first who can answer there and sees all of it."""
    able = [executor_id] if executor_id is not None else list_people_with(tx, scope_id, "answer")
    viewers = (get_viewer(tx, person) for person in able)
    return next((viewer for viewer in viewers if executor_id is not None or scope_id in viewer.full), None)
