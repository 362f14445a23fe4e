"""What the sender of mailings says to the database, all of it in one unit (``take_turn``), each set in one statement:
what became of letters, the mark of the next, the claim of more. Every write names the boot of its claim: it is new for
each incarnation of a process, so one that was given up changes nothing any more.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, bindparam, or_, select, update
from sqlalchemy import text as sql

from core import clock
from core.database import ReadTx, WriteTx
from core.jobs import boot as boots
from core.jobs import database_now
from core.marks import get_identity
from core.secrets import Keys
from mailhub.campaigns.journal import HANDED, Fates
from mailhub.outbound.letting import buckets_of, let_pass, room_of
from mailhub.outbound.pacing import count_domains, learn
from mailhub.outbound.recipient_rows import MOST_TRIES
from mailhub.outbound.refusing import SAID_NO, list_refused
from mailhub.outbound.replies import PAUSE, Reply, judge, next_try, pauses_domain
from mailhub.outbound.stopped_domains import rest_domain
from mailhub.outbound.suppression import list_obstacles, suppress
from mailhub.outbound.tables import gate, recipient, stopped_domain
from mailhub.outbound.ways import Way, find_way

TOPIC = "mailings"
STOPPED_WAIT = clock.MINUTE
ENDED = "The process ended while the relay had the letter."
CUT_SHORT = "The process ended before the relay's answer was written down."
_AT_ONCE = 500
_FREE: dict[str, Any] = {"boot": None, "handed_at": None}


@dataclass(frozen=True, slots=True)
class Claimed:
    """A row under our lease, with all that its letter is made of."""

    id: int
    mailing_id: int
    epoch: int
    address: str
    canonical: str
    domain: str
    name: str
    language: str
    fields: dict[str, Any]
    attempts: int
    way: Way


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a row: what the server said; ``reply`` None when nobody knows what became of it."""

    row: Claimed
    reply: Reply | None
    why: str = ""


@dataclass(slots=True)
class Turn:
    """What the sender wants written. ``back`` are rows to be let go of, each with the microseconds that it shall wait;
    ``faulty`` those whose letter cannot be written, each with the reason; ``claim`` how many more it wants, ``turn``
    whose mailing comes first: let it grow."""

    results: list[Result] = field(default_factory=list)
    marks: list[Claimed] = field(default_factory=list)
    back: list[tuple[Claimed, int]] = field(default_factory=list)
    faulty: list[tuple[Claimed, str]] = field(default_factory=list)
    claim: int = 0
    turn: int = 0

    def __bool__(self) -> bool:
        return bool(self.results or self.marks or self.back or self.faulty or self.claim)


@dataclass(frozen=True, slots=True)
class Turned:
    """What was written: the ids of the rows that are marked, and what was claimed; ``more``: rows were put off, so that
    others may stand behind them."""

    marked: frozenset[int] = frozenset()
    claimed: tuple[Claimed, ...] = ()
    more: bool = False


def take_turn(tx: WriteTx, keys: Keys, boot: str, turn: Turn, closed: Container[Way] = ()) -> Turned:
    """Write all of it, or nothing. Nothing is claimed for ways that are ``closed`` now."""
    _record(tx, keys, boot, turn.results)
    _fail(tx, boot, turn.faulty)
    _put_back(tx, boot, turn.back)
    marked = _mark(tx, keys, boot, turn.marks)
    claimed, more = _claim(tx, boot, turn, closed) if turn.claim else ((), False)
    return Turned(marked, claimed, more)


_OURS = (recipient.c.boot == bindparam("by_boot"), sql("recipient.state = 'sending'"))
_GATE_HELD = (
    select(gate.c.mailing_id, gate.c.topic_id)
    .where(gate.c.mailing_id.in_(bindparam("ids", expanding=True)))
    .order_by(gate.c.mailing_id)
    .with_for_update(read=True)
)
_STOPPED = select(stopped_domain.c.domain).where(
    or_(stopped_domain.c.until.is_(None), stopped_domain.c.until > bindparam("now"))
)
_MARK = (
    update(recipient)
    .where(
        recipient.c.id.in_(bindparam("ids", expanding=True)),
        *_OURS,
        recipient.c.mailing_id.in_(select(gate.c.mailing_id).where(gate.c.open == 1)),
        recipient.c.domain.not_in(_STOPPED),
        recipient.c.left_at.is_(None),
    )
    .values(handed_at=bindparam("now"))
)
_MARKED = select(recipient.c.id).where(
    recipient.c.id.in_(bindparam("ids", expanding=True)), *_OURS, recipient.c.handed_at.is_not(None)
)
_CANCEL = (
    update(recipient)
    .where(recipient.c.id.in_(bindparam("ids", expanding=True)), *_OURS)
    .values(state="cancelled", reason=bindparam("obstacle"), changed_at=bindparam("now"), **_FREE)
)


def _mark(tx: WriteTx, keys: Keys, boot: str, rows: Sequence[Claimed]) -> frozenset[int]:
    """The mark of a window. A gate that was shut, a domain that was stopped, a reader who left or said no, an address
    that was suppressed: what was before this unit is respected."""
    if not rows:
        return frozenset()
    # Who shuts a gate or suppresses an address just now goes first, or waits for us.
    gates = tx.rows(_GATE_HELD, {"ids": sorted({row.mailing_id for row in rows})})
    about = {one.mailing_id: one.topic_id for one in gates}
    tx.lock_keys(("suppression", row.canonical) for row in rows)
    obstacles: dict[int, str] = {}
    for topic_id in set(about.values()) or {None}:
        these = [row for row in rows if about.get(row.mailing_id) == topic_id]
        found = list_obstacles(tx, keys, [row.canonical for row in these], "mailing", topic_id)
        obstacles |= {row.id: found[row.canonical] for row in these if row.canonical in found}
    obstacles |= dict.fromkeys(list_refused(tx, [row.id for row in rows if row.id not in obstacles]), SAID_NO)
    now = clock.now()
    ids = [row.id for row in rows if row.id not in obstacles]
    for reason in set(obstacles.values()):
        stopped = [row_id for row_id, why in obstacles.items() if why == reason]
        tx.execute(_CANCEL, {"ids": stopped, "by_boot": boot, "obstacle": reason, "now": now})
    if not ids or tx.execute(_MARK, {"ids": ids, "by_boot": boot, "now": now}) == len(ids):
        return frozenset(ids)
    return frozenset(tx.values(_MARKED, {"ids": ids, "by_boot": boot}))


_ENDED = (
    update(recipient)
    .where(recipient.c.id == bindparam("row_id"), *_OURS)
    .values(
        state=bindparam("then"),
        sent_at=bindparam("sent"),
        next_at=bindparam("next"),
        reply_code=bindparam("code"),
        reply_status=bindparam("status"),
        reply_text=bindparam("text"),
        changed_at=bindparam("now"),
        **_FREE,
    )
)


def _record(tx: WriteTx, keys: Keys, boot: str, results: Sequence[Result]) -> None:
    now = clock.now()
    for domain in {one.row.domain for one in results if one.reply is not None and pauses_domain(one.reply)}:
        rest_domain(tx, domain, now + PAUSE)
    learn(tx, *count_domains((one.row.domain, one.reply.code) for one in results if one.reply is not None))
    for result in results:
        row, reply = result.row, result.reply
        verdict = judge(reply) if reply is not None else "unknown"
        if verdict == "later" and row.attempts >= MOST_TRIES:
            verdict = "refused"
        if verdict == "gone" and reply is not None:
            suppress(tx, keys, row.address, "bounce", f"{reply.code} {reply.status}")
        then = {"sent": "sent", "later": "deferred", "unknown": "unknown"}.get(verdict, "failed")
        tx.later(
            _ENDED,
            row_id=row.id,
            by_boot=boot,
            then=then,
            sent=now if then == "sent" else None,
            next=next_try(row.attempts, now) if then == "deferred" else 0,
            code=reply.code if reply is not None else 0,
            status=reply.status if reply is not None else "",
            text=reply.text if reply is not None else result.why,
            now=now,
        )


_BACK = (
    update(recipient)
    .where(recipient.c.id.in_(bindparam("ids", expanding=True)), *_OURS)
    .values(state="queued", attempts=recipient.c.attempts - 1, next_at=bindparam("next"), **_FREE)
)
_FAILED = (
    update(recipient)
    .where(recipient.c.id == bindparam("row_id"), *_OURS)
    .values(
        state="failed", reply_code=0, reply_status="", reply_text=bindparam("why"), changed_at=bindparam("now"), **_FREE
    )
)


def _put_back(tx: WriteTx, boot: str, back: Sequence[tuple[Claimed, int]]) -> None:
    """Let go of rows that did not leave; the try does not count."""
    now = database_now(tx) if back else 0
    for wait in {wait for _, wait in back}:
        ids = [row.id for row, one in back if one == wait]
        tx.execute(_BACK, {"ids": ids, "by_boot": boot, "next": now + wait if wait else 0})


def _fail(tx: WriteTx, boot: str, faulty: Sequence[tuple[Claimed, str]]) -> None:
    for row, why in faulty:
        tx.execute(_FAILED, {"row_id": row.id, "by_boot": boot, "why": why[:500], "now": clock.now()})


_ALIVE = select(boots.c.name).where(boots.c.name == bindparam("name")).with_for_update(read=True, key_share=True)
_GATES = select(gate).where(sql("gate.open = 1")).order_by(gate.c.mailing_id)
_DUE = (
    select(recipient)
    .where(
        recipient.c.mailing_id == bindparam("mailing_id"),
        sql("recipient.state IN ('queued', 'deferred')"),
        recipient.c.next_at <= bindparam("now"),
        recipient.c.id <= bindparam("until"),
    )
    .order_by(recipient.c.next_at, recipient.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_TAKE = (
    update(recipient)
    .where(recipient.c.id.in_(bindparam("ids", expanding=True)))
    .values(
        state="sending",
        boot=bindparam("by_boot"),
        fence=recipient.c.fence + 1,
        attempts=recipient.c.attempts + 1,
        handed_at=None,
    )
)
_PUT_OFF = (
    update(recipient).where(recipient.c.id.in_(bindparam("ids", expanding=True))).values(next_at=bindparam("next"))
)
_NO_END = (1 << 63) - 1


def _claim(tx: WriteTx, boot: str, turn: Turn, closed: Container[Way]) -> tuple[tuple[Claimed, ...], bool]:
    """Rows of all mailings whose gate is open, each in its turn, and whether others were put off. None for a boot that
    was given up, nor while a restored copy is held."""
    if tx.value(_ALIVE, {"name": boot}) is None or get_identity(tx).held:
        return (), False
    ways = [(one, find_way(tx, one.mailbox_id, "")) for one in tx.rows(_GATES)]
    # Straight to the servers of domains the ordinary sender goes, a few letters to each.
    gates = [(one, way) for one, way in ways if way.kind != "direct" and way not in closed]
    if not gates:
        return (), False
    first = turn.turn % len(gates)
    now = database_now(tx)
    stopped = frozenset(tx.values(_STOPPED, {"now": now}))
    claimed: list[Claimed] = []
    more = False
    for place, (one, way) in enumerate((*gates[first:], *gates[:first])):
        share = -(-(turn.claim - len(claimed)) // (len(gates) - place))
        if share > 0:
            found, put_off = _claim_of(tx, boot, one, way, min(share, _AT_ONCE), now, stopped)
            claimed += found
            more = more or put_off
    return tuple(claimed), more


def _claim_of(
    tx: WriteTx, boot: str, one: Row[Any], way: Way, most: int, now: int, stopped: frozenset[str]
) -> tuple[Sequence[Claimed], bool]:
    until = _NO_END if one.until_id is None else one.until_id
    rows = tx.rows(_DUE, {"mailing_id": one.mailing_id, "now": now, "until": until, "most": most})
    waiting = [row.id for row in rows if row.domain in stopped]
    if waiting:
        tx.execute(_PUT_OFF, {"ids": waiting, "next": now + STOPPED_WAIT})
        rows = [row for row in rows if row.domain not in stopped]
    seen = len(rows) + len(waiting)
    buckets = buckets_of(tx, [one], {row.domain for row in rows})
    room = room_of(buckets, one)
    passed = let_pass(tx, one, rows, buckets, room) if rows and room else []
    buckets.write()
    put_off = bool(room) and len(passed) < min(room, seen)
    if not passed:
        return (), put_off
    rows = passed
    tx.execute(_TAKE, {"ids": [row.id for row in rows], "by_boot": boot})
    return [
        Claimed(
            row.id, row.mailing_id, row.epoch, row.address, row.canonical, row.domain, row.name, row.language,
            row.fields, row.attempts + 1, way,
        )
        for row in rows
    ], put_off  # fmt: skip


_OPEN = select(gate.c.mailing_id).where(sql("gate.open = 1"))
_ORPHANS = (
    select(recipient.c.id, recipient.c.boot, recipient.c.handed_at, recipient.c.attempts, recipient.c.address)
    .where(sql("recipient.state = 'sending'"), recipient.c.boot.not_in(select(boots.c.name)))
    .order_by(recipient.c.boot, recipient.c.id)
    .limit(_AT_ONCE)
    .with_for_update(skip_locked=True)
)
_RECOVER = (
    update(recipient)
    .where(recipient.c.id == bindparam("row_id"))
    .values(
        state=bindparam("then"),
        attempts=bindparam("tries"),
        fence=recipient.c.fence + 1,
        sent_at=bindparam("sent"),
        next_at=bindparam("next"),
        reply_code=bindparam("code"),
        reply_status="",
        reply_text=bindparam("text"),
        changed_at=bindparam("now"),
        **_FREE,
    )
)


def recover(tx: WriteTx, fates_of: Callable[[str], Fates | None]) -> frozenset[str]:
    """Decide on the rows that processes which are gone had in hand, some at a time; ``fates_of`` reads the journal of
    one, None where it has none to be believed. Says whose rows they were; nobody's when all is done.

    Without the mark it had not left. With it, the journal says: not there, it had not left either; its answer; or
    handed over and never answered: nobody knows, and a mailing is not sent twice.
    """
    rows = tx.rows(_ORPHANS)
    known = {boot: fates_of(boot) for boot in {row.boot for row in rows}}
    now = clock.now()
    for row in rows:
        then, code = _fate(row, known[row.boot])
        tx.later(
            _RECOVER,
            row_id=row.id,
            then=then,
            tries=row.attempts - (then == "queued"),
            sent=now if then == "sent" else None,
            next=next_try(row.attempts, now) if then == "deferred" else 0,
            code=code,
            text={"queued": "", "unknown": ENDED}.get(then, CUT_SHORT),
            now=now,
        )
    if rows:
        tx.announce(TOPIC)
    return frozenset(known)


def _fate(row: Row[Any], fates: Fates | None) -> tuple[str, int]:
    if row.handed_at is None:
        return "queued", 0
    if fates is None:
        return "unknown", 0
    code = fates.codes.get(row.id)
    if code is None:
        return "queued", 0
    if code == HANDED:
        return "unknown", 0
    verdict = judge(Reply("dot", code, "", ""))
    if verdict == "later" and row.attempts >= MOST_TRIES:
        verdict = "refused"
    return {"sent": "sent", "later": "deferred"}.get(verdict, "failed"), code


def list_boots(tx: ReadTx) -> frozenset[str]:
    """The processes that are alive."""
    return frozenset(tx.values(select(boots.c.name)))


def list_open_gates(tx: ReadTx) -> frozenset[int]:
    """The mailings that may leave, as far as their gates say."""
    return frozenset(tx.values(_OPEN))
