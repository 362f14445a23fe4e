"""The rows of mailings in the ledger, one at a time: claim, mark, answer, recover, as ``claiming`` and ``handing`` do
for letters of people.

A row is claimed while the gate of its mailing is open, and the mark asks the gate once more: what was stopped in
between goes back. A letter whose fate is unknown stays so. Nothing here says anything on a page: a mailing is counted.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, Select, bindparam, select, update
from sqlalchemy import text as sql

from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Conflict
from core.jobs import boot as boots
from core.jobs import database_now
from core.marks import get_identity
from core.secrets import Keys
from mailhub.outbound.claiming import Rooms, is_alive
from mailhub.outbound.handing import Claimed
from mailhub.outbound.lanes import Load
from mailhub.outbound.letting import buckets_of, let_pass, room_of
from mailhub.outbound.pacing import count_domains, learn
from mailhub.outbound.refusing import SAID_NO, list_refused
from mailhub.outbound.replies import PAUSE, Reply, judge, next_try, pauses_domain
from mailhub.outbound.states import State, demand_move
from mailhub.outbound.stopped_domains import STOPPED, is_stopped, rest_domain
from mailhub.outbound.suppression import find_obstacle, suppress
from mailhub.outbound.tables import gate, recipient
from mailhub.outbound.ways import Way, find_way

MOST_AT_ONCE = 100
MOST_TRIES = 12
"""About a day and a half: a mailing that comes later is worse than none."""
_FREE: dict[str, Any] = {"boot": None, "handed_at": None}
_GATES = select(gate).where(sql("gate.open = 1")).order_by(gate.c.mailing_id)
_GATE = select(gate.c.open).where(gate.c.mailing_id == bindparam("id"))
_DUE = (
    select(recipient.c.id, recipient.c.domain, recipient.c.time_zone, recipient.c.warm)
    .where(
        recipient.c.mailing_id == bindparam("id"),
        sql("recipient.state IN ('queued', 'deferred')"),
        recipient.c.next_at <= bindparam("now"),
        recipient.c.id <= bindparam("until_id"),
        recipient.c.domain.not_in(bindparam("full", expanding=True)),
    )
    .order_by(recipient.c.next_at, recipient.c.id)
    .limit(MOST_AT_ONCE)
)
_ONE = select(recipient).where(recipient.c.id == bindparam("id"))
_HOLD = _ONE.with_for_update(skip_locked=True)
_ORPHANS = (
    select(recipient)
    .where(sql("recipient.state = 'sending'"), recipient.c.boot.not_in(select(boots.c.name)))
    .order_by(recipient.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
LAST = (1 << 62) - 1


def claim(tx: WriteTx, keys: Keys, boot: str, load: Load, turn: int = 0, *, direct_only: bool = False) -> list[Claimed]:
    """Take rows of open mailings, as many as ``load`` has room for, from one mailing after the other; with
    ``direct_only`` only what leaves straight to the servers of domains, since somebody else takes the rest. Those whose
    address must not be written to are cancelled. Nothing is given to a boot that was given up, nor while a restored
    copy is held."""
    gates = tx.rows(_GATES)
    if not gates or not is_alive(tx, boot) or get_identity(tx).held:
        return []
    rooms = Rooms(tx, load)
    now = database_now(tx)
    stopped = tx.values(STOPPED, {"now": now})
    first = turn % len(gates)
    claimed: list[Claimed] = []
    for one in (*gates[first:], *gates[:first]):
        if direct_only and find_way(tx, one.mailbox_id, "").kind != "direct":
            continue
        asked = {"id": one.mailing_id, "now": now, "until_id": one.until_id or LAST, "full": [*rooms.full, *stopped]}
        due = [(row, rooms.find(one.mailbox_id, row.domain)) for row in tx.rows(_DUE, asked)]
        buckets = buckets_of(tx, [one], {row.domain for row, way in due if way is not None})
        room = min(room_of(buckets, one), MOST_AT_ONCE - len(claimed))
        free = [row for row, way in due if way is not None]
        for row in let_pass(tx, one, free, buckets, room) if room > 0 and free else ():
            way = rooms.find(one.mailbox_id, row.domain)
            found = _take(tx, keys, boot, row.id, way) if way is not None else None
            if way is not None and found is not None:
                rooms.fill(way, found.domain)
                claimed.append(found)
        buckets.write()
    return claimed


def _take(tx: WriteTx, keys: Keys, boot: str, row_id: int, way: Way) -> Claimed | None:
    row = tx.row(_ONE if tx.is_sqlite else _HOLD, {"id": row_id})
    if row is None or row.state not in ("queued", "deferred"):
        return None  # another process has it
    obstacle = find_obstacle(tx, keys, row.address, "mailing", _topic_of(tx, row))
    if obstacle is not None:
        move_recipient(tx, row, "cancelled", reason=obstacle)
        return None
    fence = row.fence + 1
    move_recipient(tx, row, "sending", boot=boot, fence=fence, attempts=row.attempts + 1, handed_at=None)
    return Claimed(row.id, fence, 0, "", row.address, "mailing", row.domain, way, row.mailing_id)


_TOPIC = select(gate.c.topic_id).where(gate.c.mailing_id == bindparam("id"))


def _topic_of(tx: ReadTx, row: Any) -> int | None:
    found = tx.value(_TOPIC, {"id": row.mailing_id})
    return None if found is None else int(found)


def put_back(tx: WriteTx, ours: Claimed, wait: int = 0) -> None:
    """Let go of a row that was not handed over and is not to blame; the try does not count. With ``wait`` it is not
    taken again before."""
    row = _find_ours(tx, ours)
    if row is not None:
        later: dict[str, Any] = {"next_at": database_now(tx) + wait} if wait else {}
        move_recipient(tx, row, "queued", attempts=row.attempts - 1, **later, **_FREE)


def hand(tx: WriteTx, keys: Keys, ours: Claimed) -> bool:
    """The mark. False when the letter must not leave: its lease was lost, its mailing or domain stopped (it is queued
    again), its person said no or its address was suppressed meanwhile."""
    row = _find_ours(tx, ours)
    if row is None:
        return False
    tx.lock_key("suppression", row.canonical)  # who is suppressing the address just now goes first, or waits for us
    obstacle = find_obstacle(tx, keys, row.address, "mailing", _topic_of(tx, row))
    if obstacle is None and list_refused(tx, [row.id]):
        obstacle = SAID_NO
    if obstacle is not None:
        move_recipient(tx, row, "cancelled", reason=obstacle, **_FREE)
        return False
    if not is_let_out(tx, row.mailing_id, row.domain):
        move_recipient(tx, row, "queued", attempts=row.attempts - 1, **_FREE)
        return False
    here = update(recipient).where(recipient.c.id == row.id, recipient.c.fence == row.fence)
    return tx.execute(here.values(handed_at=clock.now())) == 1


def is_let_out(tx: ReadTx, mailing_id: int, domain: str) -> bool:
    """Whether letters of a mailing may leave to a domain at this moment. On PostgreSQL the gate is held until the end
    of the unit, so that who shuts it knows that nothing is marked afterwards."""
    statement = _GATE if tx.is_sqlite else _GATE.with_for_update(read=True)
    if not tx.value(statement, {"id": mailing_id}):
        return False
    return not is_stopped(tx, domain)


def record_reply(tx: WriteTx, keys: Keys, ours: Claimed, reply: Reply) -> bool:
    """What the relay said. False when the lease was lost: then somebody else has already decided."""
    row = _find_ours(tx, ours)
    if row is None:
        return False
    verdict, now = judge(reply), clock.now()
    learn(tx, *count_domains([(row.domain, reply.code)]))
    said: dict[str, Any] = {"reply_code": reply.code, "reply_status": reply.status, "reply_text": reply.text, **_FREE}
    if verdict == "sent":
        move_recipient(tx, row, "sent", sent_at=now, **said)
    elif verdict == "later" and row.attempts < MOST_TRIES:
        move_recipient(tx, row, "deferred", next_at=next_try(row.attempts, now), **said)
    else:
        move_recipient(tx, row, "failed", **said)
        if verdict == "gone":
            suppress(tx, keys, row.address, "bounce", f"{reply.code} {reply.status}")
    if pauses_domain(reply):
        rest_domain(tx, row.domain, now + PAUSE)
    return True


def record_cut(tx: WriteTx, ours: Claimed, *, handed: bool, why: str) -> bool:
    """The connection ended without an answer. ``handed`` is True from the moment the last byte was written: then its
    fate is unknown and it is never sent again by itself."""
    row = _find_ours(tx, ours)
    if row is None:
        return False
    if handed:
        move_recipient(tx, row, "unknown", fence=row.fence + 1, reply_code=0, reply_text=why, **_FREE)
    else:
        coming = next_try(row.attempts, clock.now())
        move_recipient(tx, row, "deferred", next_at=coming, reply_code=0, reply_text=why, **_FREE)
    return True


def record_fault(tx: WriteTx, ours: Claimed, why: str) -> bool:
    """Something of our own broke while it was in hand: as a cut, and whether it was handed is what the mark says."""
    row = _find_ours(tx, ours)
    return row is not None and record_cut(tx, ours, handed=row.handed_at is not None, why=why)


def recover(tx: WriteTx, most: int = 200) -> int:
    """Decide on the rows that a process which is gone had in hand; says how many."""
    rows = tx.rows(_ORPHANS, {"most": most})
    for row in rows:
        if row.handed_at is None:
            move_recipient(tx, row, "queued", attempts=row.attempts - 1, fence=row.fence + 1, **_FREE)
        else:
            why = "The process ended while the relay had the letter."
            move_recipient(tx, row, "unknown", fence=row.fence + 1, reply_code=0, reply_text=why, **_FREE)
    return len(rows)


def move_recipient(tx: WriteTx, row: Any, then: State, **values: Any) -> None:
    """Let a row, as it was read in this unit, take another state. Raises Conflict for a move that the table of states
    does not have, and when it has moved on since."""
    demand_move(row.state, then)
    here = update(recipient).where(
        recipient.c.id == row.id, recipient.c.state == row.state, recipient.c.fence == row.fence
    )
    if tx.execute(here.values(state=then, changed_at=clock.now(), **values)) != 1:
        raise Conflict("This letter has moved on in the meantime.")


def _find_ours(tx: WriteTx, ours: Claimed) -> Row[Any] | None:
    statement: Select[Any] = _ONE if tx.is_sqlite else _ONE.with_for_update()
    row = tx.row(statement, {"id": ours.id})
    return row if row is not None and row.state == "sending" and row.fence == ours.fence else None
