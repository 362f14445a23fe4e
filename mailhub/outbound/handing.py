"""What the sender says to the database about what it claimed: mark, answer, recover. Every write names the fence of
its claim, so a process that slept through its lease changes nothing any more.

The mark ``handed_at`` is committed before the last byte of a letter leaves. After a crash a row without it was
certainly not taken and is queued again; with it nobody knows. A personal or automatic letter is then sent again under
the same Message-ID, once a cut and ``MOST_REPEATS`` times in all; a mailing never is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, case, select, update

from core import clock
from core.database import WriteTx
from core.jobs import AT_ONCE, database_now
from core.jobs import boot as boots
from core.secrets import Keys
from mailhub.mailboxes.returned import take_up_again
from mailhub.mailboxes.threads import tell
from mailhub.outbound.ledger import TOPIC, find_row, move
from mailhub.outbound.replies import GIVE_UP, LATE, PAUSE, Reply, judge, next_try, pauses_domain
from mailhub.outbound.states import Kind
from mailhub.outbound.suppression import may_send, suppress
from mailhub.outbound.tables import delivery
from mailhub.outbound.ways import HOUSE, Way

MOST_REPEATS = 5
_FREE: dict[str, Any] = {"boot": None, "handed_at": None}


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery under our lease: everything that is needed to carry it, and the fence with which to answer for it.

    With a ``mailing_id`` it is a row of that mailing: its letter is rendered and not read, and names its return path.
    """

    id: int
    fence: int
    blob_id: int
    return_path: str
    recipient: str
    kind: Kind
    domain: str
    way: Way = HOUSE
    mailing_id: int = 0


_ORPHANS = (
    select(delivery.c.id)
    .where(delivery.c.state == "sending", delivery.c.boot.not_in(select(boots.c.name)))
    .order_by(delivery.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)


def put_back(tx: WriteTx, ours: Claimed, wait: int = 0) -> None:
    """Let go of a delivery that was not handed over and is not to blame; the try does not count. With ``wait`` it is
    not taken again before."""
    row = _find_ours(tx, ours)
    if row is not None:
        later: dict[str, Any] = {"next_at": database_now(tx) + wait} if wait else {}
        move(tx, row, "queued", attempts=row.attempts - 1, **later, **_FREE)


def hand(tx: WriteTx, keys: Keys, ours: Claimed) -> bool:
    """The mark. False when the letter must not leave: its lease was lost, or its address suppressed meanwhile."""
    row = _find_ours(tx, ours)
    if row is None:
        return False
    tx.lock_key("suppression", row.canonical)  # who is suppressing the address just now goes first, or waits for us
    if not may_send(tx, keys, row.recipient, row.kind):
        move(tx, row, "cancelled", reply_text="suppressed", **_FREE)
        return False
    here = update(delivery).where(delivery.c.id == row.id, delivery.c.fence == row.fence)
    return tx.execute(here.values(handed_at=clock.now())) == 1


def record_reply(tx: WriteTx, keys: Keys, ours: Claimed, reply: Reply) -> bool:
    """What the relay said. False when the lease was lost: then somebody else has already decided."""
    row = _find_ours(tx, ours)
    if row is None:
        return False
    verdict = judge(reply)
    said: dict[str, Any] = {"reply_code": reply.code, "reply_status": reply.status, "reply_text": reply.text, **_FREE}
    now = clock.now()
    if verdict == "sent":
        move(tx, row, "sent", **said)
    elif verdict == "later" and now - row.created_at < GIVE_UP:
        coming = next_try(row.attempts, now)
        move(tx, row, "deferred", next_at=coming, **said)
        _warn_when_late(tx, row, coming)
    else:
        move(tx, row, "failed", **said)
        if verdict == "gone":
            suppress(tx, keys, row.recipient, "bounce", f"{reply.code} {reply.status}")
        _tell_refused(tx, row, reply, verdict == "gone")
    if pauses_domain(reply):
        _pause(tx, row.domain, now + PAUSE)
    return True


def record_cut(tx: WriteTx, ours: Claimed, *, handed: bool, why: str) -> bool:
    """The connection ended without an answer. ``handed`` is True from the moment the last byte was written."""
    row = _find_ours(tx, ours)
    if row is None:
        return False
    if handed:
        _become_unknown(tx, row, why)
    else:
        now = clock.now()
        move(tx, row, "deferred", next_at=next_try(row.attempts, now), reply_code=0, reply_text=why, **_FREE)
    return True


def record_fault(tx: WriteTx, ours: Claimed, why: str) -> bool:
    """Something of our own broke while it was in hand: as a cut, and whether it was handed is what the mark says."""
    row = _find_ours(tx, ours)
    return row is not None and record_cut(tx, ours, handed=row.handed_at is not None, why=why)


def recover(tx: WriteTx, most: int = 200) -> int:
    """Decide on the deliveries that a process which is gone had in hand; says how many."""
    ids = tx.values(_ORPHANS, {"most": most})
    for delivery_id in ids:
        row = find_row(tx, delivery_id)
        assert row is not None, "it is locked by this unit"
        if row.handed_at is None:
            move(tx, row, "queued", attempts=row.attempts - 1, fence=row.fence + 1, **_FREE)
        else:
            _become_unknown(tx, row, "The process ended while the relay had the letter.")
    if ids:
        tx.announce(TOPIC)
    return len(ids)


def _become_unknown(tx: WriteTx, row: Row[Any], why: str) -> None:
    """Nobody knows; what a person wrote to a person goes again, with the same Message-ID, as the receiver's duty is to
    see that it is the same (RFC 1047)."""
    move(tx, row, "unknown", fence=row.fence + 1, reply_code=0, reply_status="", reply_text=why, **_FREE)
    if row.kind == "mailing" or row.repeats >= MOST_REPEATS:
        return
    again = find_row(tx, row.id)
    assert again is not None
    later = AT_ONCE if row.repeats == 0 else next_try(row.repeats, clock.now())
    move(tx, again, "queued", repeats=row.repeats + 1, next_at=later)
    tx.announce(TOPIC)


def _find_ours(tx: WriteTx, ours: Claimed) -> Row[Any] | None:
    row = find_row(tx, ours.id)
    return row if row is not None and row.state == "sending" and row.fence == ours.fence else None


def _warn_when_late(tx: WriteTx, row: Row[Any], coming: int) -> None:
    """Once, when a person's letter will have waited for hours: they may want to telephone."""
    if row.kind == "personal" and row.next_at - row.created_at < LATE <= coming - row.created_at:
        sentence = "The letter to %(address)s waits: the other server does not take it yet. We go on trying."
        tell(tx, row.thread_id, sentence, address=row.recipient)


def _tell_refused(tx: WriteTx, row: Row[Any], reply: Reply, gone: bool) -> None:
    if row.kind == "mailing":
        return
    said = f"{reply.code} {reply.status} {reply.text}".strip()
    if gone:
        sentence = "The letter to %(address)s was not taken: there is no such address."
        tell(tx, row.thread_id, sentence, address=row.recipient)
    else:
        tell(tx, row.thread_id, "The letter to %(address)s was not taken: %(said)s", address=row.recipient, said=said)
    if row.kind == "personal":
        take_up_again(tx, row.message_id)


def _pause(tx: WriteTx, domain: str, until: int) -> None:
    waits = delivery.c.state.in_(["queued", "deferred"])
    later = case((delivery.c.next_at < until, until), else_=delivery.c.next_at)
    tx.execute(update(delivery).where(delivery.c.domain == domain, waits).values(next_at=later))
