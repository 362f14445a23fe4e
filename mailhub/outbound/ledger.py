"""The rows of the ledger: planned here, moved by the table of ``states`` alone, shown to whoever may see the thread.

* ``plan_deliveries(tx, stamp, message_id, account, recipients, kind)`` one row a recipient (``writing`` calls it);
* ``get_delivery``, ``list_deliveries``, ``list_of_messages`` for pages;
* ``cancel``, ``retry``, ``resolve`` what a person does with one;
* ``move`` the only writer of ``state``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, bindparam, func, select, update

from core import clock
from core.changes import record_change
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Invalid, NotFound
from core.jobs import AT_ONCE
from core.paging import Page, cut_page, decode_cursor
from crm.staff.readable import Viewer, demand, readable, visible
from mailhub.mailboxes.owed_marks import owe_answer
from mailhub.mailboxes.returned import try_again
from mailhub.mailboxes.tables import message, thread
from mailhub.outbound.identity import Stamp
from mailhub.outbound.states import STATES, Kind, State, demand_move
from mailhub.outbound.suppression import Reason, canonical_address, find_obstacle
from mailhub.outbound.tables import delivery

TOPIC = "deliveries"
MOST_RECIPIENTS = 100


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a letter for one recipient. ``reply_*`` is the last answer of the relay: code (0 none), enhanced
    code, text; ``server`` the last that it was offered to; ``repeats`` how often it was sent again because its fate
    was unknown."""

    id: int
    message_id: int
    thread_id: int
    scope_id: int
    kind: Kind
    recipient: str
    state: State
    attempts: int
    repeats: int
    next_at: int
    reply_code: int
    reply_status: str
    reply_text: str
    server: str
    created_at: int
    changed_at: int


def plan_deliveries(
    tx: WriteTx,
    stamp: Stamp,
    message_id: int,
    scope_id: int,
    account: str,
    recipients: Sequence[str],
    kind: Kind,
    *,
    wait: int = 0,
) -> list[int]:
    """One queued row for each recipient, each once, not tried before ``wait`` (microseconds) is over; ``account`` and
    ``recipients`` are addresses as they go onto the wire.

    An automatic letter leaves with the null return path, others with the one that ``stamp`` makes for ``account``.
    Raises Invalid for no or too many recipients and Conflict for one that must not be written to.
    """
    wanted = {canonical_address(one): one for one in reversed(recipients)}
    if not wanted:
        raise Invalid("A letter needs a recipient.", field="to")
    if len(wanted) > MOST_RECIPIENTS:
        raise Invalid("A letter goes to %(most)s recipients at most.", most=MOST_RECIPIENTS, field="to")
    now = clock.now()
    ids: list[int] = []
    for canonical, recipient in reversed(wanted.items()):
        obstacle = find_obstacle(tx, stamp.keys, recipient, kind)
        if obstacle is not None:
            raise _refusal(recipient, obstacle)
        row_id = tx.insert(
            delivery,
            epoch=stamp.epoch,
            message_id=message_id,
            scope_id=scope_id,
            kind=kind,
            recipient=recipient,
            canonical=canonical,
            domain=canonical.rpartition("@")[2],
            return_path="",
            next_at=now + wait if wait else AT_ONCE,
            created_at=now,
            changed_at=now,
        )
        if kind != "automatic":
            tx.change(delivery, row_id, return_path=stamp.return_path(row_id, account))
        ids.append(row_id)
    tx.announce(TOPIC)
    return ids


def let_come_back(tx: WriteTx, stamp: Stamp, message_id: int, account: str) -> None:
    """Let reports of an automatic letter that answers nobody come back: the null return path is for answers (RFC 3834
    §3.3), and who is written to of our own accord must be heard of when there is no such address."""
    for row_id in tx.values(select(delivery.c.id).where(delivery.c.message_id == message_id)):
        tx.change(delivery, row_id, return_path=stamp.return_path(row_id, account))


def _refusal(address: str, reason: Reason) -> Conflict:
    sentences = {
        "bounce": "Letters to %(address)s come back: there is no such address. Allow it again if there is one by now.",
        "hand": "Somebody decided that nobody writes to %(address)s.",
        "complaint": "The reader at %(address)s called a letter of ours junk.",
        "unsubscribed": "The reader at %(address)s does not want such letters.",
    }
    return Conflict(sentences[reason], address=address, reason=reason)


_ROWS: Select[Any] = (
    select(delivery, message.c.thread_id, message.c.mailbox_id)
    .join(message, message.c.id == delivery.c.message_id)
    .join(thread, thread.c.id == message.c.thread_id)
)
_ONE = _ROWS.where(delivery.c.id == bindparam("id"))
_OF_MESSAGES = _ROWS.where(delivery.c.message_id.in_(bindparam("ids", expanding=True))).order_by(delivery.c.id)


def get_delivery(tx: ReadTx, viewer: Viewer, delivery_id: int) -> Delivery:
    """One row. Raises NotFound, alike for what is not there and what is not theirs."""
    statement = _ROWS.where(delivery.c.id == delivery_id, visible(viewer, thread.c.scope_id, thread.c.executor_id))
    row = tx.row(statement)
    if row is None:
        raise NotFound("There is no delivery with the number %(id)s.", id=delivery_id)
    return _delivery(row)


def list_deliveries(
    tx: ReadTx,
    viewer: Viewer,
    *,
    message_id: int | None = None,
    thread_id: int | None = None,
    state: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[Delivery]:
    """Rows that the viewer may see, newest first. Raises Invalid for a state that is none."""
    if state is not None and state not in STATES:
        raise Invalid("A delivery is %(states)s.", states=", ".join(STATES), field="state")
    statement = _ROWS.order_by(delivery.c.id.desc())
    if message_id is not None:
        statement = statement.where(delivery.c.message_id == message_id)
    if thread_id is not None:
        statement = statement.where(message.c.thread_id == thread_id)
    if state is not None:
        statement = statement.where(delivery.c.state == state)
    if after is not None:
        statement = statement.where(delivery.c.id < decode_cursor(after, (int,))[0])
    found = cut_page(tx.rows(readable(statement, viewer, thread).limit(limit + 1)), limit, lambda row: (row.id,))
    return Page([_delivery(row) for row in found.items], found.next)


def list_of_messages(tx: ReadTx, message_ids: Sequence[int]) -> dict[int, list[Delivery]]:
    """The deliveries of messages whose thread the reader was allowed to open, by message."""
    found: dict[int, list[Delivery]] = {}
    if message_ids:
        for row in tx.rows(_OF_MESSAGES, {"ids": list(message_ids)}):
            found.setdefault(row.message_id, []).append(_delivery(row))
    return found


def count_states(tx: ReadTx) -> dict[State, int]:
    """How many deliveries are in each state, for the page of health."""
    rows = tx.rows(select(delivery.c.state, func.count().label("number")).group_by(delivery.c.state))
    return {row.state: int(row.number) for row in rows}


def cancel(tx: WriteTx, viewer: Viewer, delivery_id: int) -> None:
    """Do not send what still waits. Raises NotFound, Forbidden, Conflict for what has left or is leaving just now."""
    row = _get_own(tx, viewer, delivery_id)
    if row.state == "sending":  # who holds its lease may still let go of it, nobody else
        raise Conflict("It is too late to take this letter back: it is on its way.")
    move(tx, row, "cancelled", cause=f"user {viewer.user_id}")


_STILL_UNDELIVERED = select(delivery.c.id).where(
    delivery.c.message_id == bindparam("message_id"), delivery.c.state.in_(("bounced", "failed"))
)


def retry(tx: WriteTx, viewer: Viewer, delivery_id: int) -> None:
    """Send again, now: what waits for its next try, failed, came back or is unknown. Raises as ``cancel`` does."""
    row = _get_own(tx, viewer, delivery_id)
    repeats = row.repeats + 1 if row.state == "unknown" else row.repeats
    move(tx, row, "queued", cause=f"user {viewer.user_id}", next_at=AT_ONCE, attempts=0, repeats=repeats)
    if tx.value(_STILL_UNDELIVERED, {"message_id": row.message_id}) is None:
        try_again(tx, row.message_id)
    tx.announce(TOPIC)


def resolve(tx: WriteTx, viewer: Viewer, delivery_id: int, *, arrived: bool) -> None:
    """Say what became of a letter whose fate is unknown. Raises as ``cancel`` does."""
    row = _get_own(tx, viewer, delivery_id)
    if row.state != "unknown":
        raise Conflict("What became of this letter is known already.")
    move(tx, row, "sent" if arrived else "failed", cause=f"user {viewer.user_id}")


_ANOTHER_SENT = select(delivery.c.id).where(
    delivery.c.message_id == bindparam("message_id"),
    delivery.c.id != bindparam("id"),
    delivery.c.state.in_(("sent", "bounced", "complained")),
)


def move(tx: WriteTx, row: Any, then: State, *, cause: str = "sending", **values: Any) -> None:
    """Let a row (of ``find_row`` or of a claim, held by this unit) take a new state, and say so in the feed.

    Raises Conflict for a move that the table does not have, and when the row has moved on since it was read.
    """
    demand_move(row.state, then)
    here = update(delivery).where(delivery.c.id == row.id, delivery.c.state == row.state, delivery.c.fence == row.fence)
    if tx.execute(here.values(state=then, changed_at=clock.now(), **values)) != 1:
        raise Conflict("This letter has moved on in the meantime.")
    if then == "sending":
        return  # for a moment only: nobody follows that
    if then == "sent" and row.kind == "personal" and _is_first(tx, row):
        owe_answer(tx, row.message_id)
    record_change(
        tx,
        f"delivery.{then}",
        row.id,
        scope_id=row.scope_id,
        fields={"thread_id": row.thread_id, "mailbox_id": row.mailbox_id, "message_id": row.message_id, "state": then},
        cause=cause,
    )


def _is_first(tx: WriteTx, row: Any) -> bool:
    """Is this the first recipient that the letter reached?"""
    return tx.value(_ANOTHER_SENT, {"message_id": row.message_id, "id": row.id}) is None


def find_row(tx: WriteTx, delivery_id: int) -> Row[Any] | None:
    """The row with its thread, held until the end of the unit; None when there is none."""
    if not tx.is_sqlite:
        tx.row(select(delivery.c.id).where(delivery.c.id == delivery_id).with_for_update(key_share=True))
    return tx.row(_ONE, {"id": delivery_id})


def _get_own(tx: WriteTx, viewer: Viewer, delivery_id: int) -> Row[Any]:
    get_delivery(tx, viewer, delivery_id)
    row = find_row(tx, delivery_id)
    assert row is not None, "it was seen in this unit"
    demand(viewer, "answer", row.scope_id, tx.get(thread, row.thread_id).executor_id)
    return row


def _delivery(row: Row[Any]) -> Delivery:
    values = {name: getattr(row, name) for name in Delivery.__slots__}
    return Delivery(**{**values, "next_at": row.next_at or row.created_at})
