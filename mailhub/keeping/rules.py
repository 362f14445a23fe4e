"""How long letters are kept: a rule for each mailbox, and holds that stand above every rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import delete, select

from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Invalid, NotFound
from crm.parties.tables import counterparty
from crm.staff.audit import record_audit
from crm.staff.readable import Viewer, demand_admin
from crm.staff.tables import user
from mailhub.keeping.tables import hold, let_go, retention
from mailhub.mailboxes.granting import get_ruled
from mailhub.mailboxes.handling import get_own

Act = Literal["delete", "strip"]
ACTS: tuple[Act, ...] = ("delete", "strip")
LEAST, MOST = 1, 600
"""Months."""
LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Retention:
    """After so many months without a letter, threads of a mailbox go into the trash, or their files go."""

    mailbox_id: int
    act: Act
    months: int
    changed_at: int


@dataclass(frozen=True, slots=True)
class Hold:
    """Somebody said that a client's threads, or one, must not go."""

    id: int
    counterparty_id: int | None
    counterparty_name: str | None
    thread_id: int | None
    reason: str
    by: str
    at: int


def find_retention(tx: ReadTx, mailbox_id: int) -> Retention | None:
    """The rule of a mailbox, or None where everything is kept."""
    row = tx.row(select(retention).where(retention.c.mailbox_id == mailbox_id))
    return None if row is None else Retention(row.mailbox_id, row.act, row.months, row.changed_at)


def see_retention(tx: ReadTx, viewer: Viewer, mailbox_id: int) -> Retention | None:
    """``find_retention`` for who rules the mailbox. Raises NotFound, Forbidden."""
    return find_retention(tx, get_ruled(tx, viewer, mailbox_id).id)


def set_retention(tx: WriteTx, viewer: Viewer, mailbox_id: int, act: Act | None, months: int = 0) -> None:
    """How long threads of a mailbox are kept; ``act`` None for ever. Raises NotFound, Forbidden, Invalid."""
    box = get_ruled(tx, viewer, mailbox_id)
    if act is not None and act not in ACTS:
        raise Invalid("After a time letters are deleted, or their files are.", field="act")
    if act is not None and not LEAST <= months <= MOST:
        raise Invalid("Say after how many months, %(least)s to %(most)s.", least=LEAST, most=MOST, field="months")
    tx.execute(delete(retention).where(retention.c.mailbox_id == box.id))
    if act is not None:
        values = {"mailbox_id": box.id, "act": act, "months": months}
        tx.insert(retention, **values, user_id=viewer.user_id, changed_at=clock.now())
    record_audit(tx, viewer.user_id, "retention-set", str(box.id), act=act or "keep", months=months)


def list_holds(tx: ReadTx, viewer: Viewer) -> list[Hold]:
    """What must not go, the latest first. Raises Forbidden for who is no administrator."""
    demand_admin(viewer)
    statement = (
        select(hold, user.c.name.label("by"), counterparty.c.name.label("client"))
        .join(user, user.c.id == hold.c.user_id)
        .outerjoin(counterparty, counterparty.c.id == hold.c.counterparty_id)
        .order_by(hold.c.id.desc())
    )
    return [
        Hold(row.id, row.counterparty_id, row.client, row.thread_id, row.reason, row.by, row.at)
        for row in tx.rows(statement)
    ]


def add_hold(
    tx: WriteTx, viewer: Viewer, reason: str, *, counterparty_id: int | None = None, thread_id: int | None = None
) -> int:
    """Let nothing of a client, or a thread that one sees, be deleted by time or by the trash. Raises Forbidden for who
    is no administrator, NotFound, Invalid without a reason."""
    demand_admin(viewer)
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise Invalid("Say why it must be kept.", field="reason")
    if (counterparty_id is None) == (thread_id is None):
        raise Invalid("Hold a client or a thread.", field="counterparty_id")
    if counterparty_id is not None:
        tx.get(counterparty, counterparty_id)
    if thread_id is not None:
        get_own(tx, viewer, thread_id)
    named: dict[str, Any] = {"counterparty_id": counterparty_id, "thread_id": thread_id}
    made = tx.insert(hold, **named, reason=reason.strip(), user_id=viewer.user_id, at=clock.now())
    record_audit(tx, viewer.user_id, "hold-added", str(made), **named)
    return made


def lift_hold(tx: WriteTx, viewer: Viewer, hold_id: int) -> None:
    """It may go again. Raises Forbidden for who is no administrator, NotFound."""
    demand_admin(viewer)
    if not tx.execute(delete(hold).where(hold.c.id == hold_id)):
        raise NotFound("There is no hold with the number %(id)s.", id=hold_id)
    record_audit(tx, viewer.user_id, "hold-lifted", str(hold_id))


_LET_GO = select(let_go.c.what, let_go.c["count"].label("number"), let_go.c.at)


def list_let_go(tx: ReadTx) -> dict[str, tuple[int, int]]:
    """What was let go so far → how much, and when last."""
    return {row.what: (int(row.number), int(row.at)) for row in tx.rows(_LET_GO)}
