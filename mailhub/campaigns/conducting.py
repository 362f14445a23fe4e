"""The loop beside mailings under way: those whose moment has come begin, what became of their letters is counted for
the pages, a first part is looked at before the rest follows, and what is over ends."""

from __future__ import annotations

from time import monotonic
from typing import Any

from sqlalchemy import BigInteger, bindparam, func, literal_column, select, update
from sqlalchemy import text as sql

from core import clock
from core.changes import record_change
from core.database import Database, ReadTx, WriteTx
from core.rounds import Rounds
from crm.interactions.tables import interaction
from mailhub.campaigns.mailings import move_mailing, note_event
from mailhub.campaigns.starting import begin, stop_row
from mailhub.campaigns.tables import mailing
from mailhub.outbound.recipient_rows import LAST
from mailhub.outbound.tables import gate, recipient

LOOK_SECONDS = 2.0
RESTS = 20
"""A count that takes long is made so much more seldom: it rests so many times as long as it took."""
FIRST_SIZE, MOST_BOUNCED, MOST_COMPLAINED = 500, 0.05, 0.001
COUNTED_DAYS = 14
"""For so long after its end what comes back is still counted."""
TOLD_AT_ONCE = 300
SLICE = 5 * clock.MINUTE
"""Letters over time are counted in stretches of this length."""
_LEFT = ("sent", "failed", "unknown", "bounced", "complained")
_SMOOTH = 0.3
_WAITING = ("queued", "deferred", "sending")
_AT_WORK = select(mailing.c.id).where(sql("mailing.state IN ('scheduled', 'sending', 'paused')")).order_by(mailing.c.id)
_ENDED = (
    select(mailing.c.id)
    .where(mailing.c.state.in_(("done", "cancelled")), mailing.c.ended_at > bindparam("since"))
    .order_by(mailing.c.id)
)
_STATES = (
    select(recipient.c.state, func.count().label("number"))
    .where(recipient.c.mailing_id == bindparam("id"))
    .group_by(recipient.c.state)
)
_DOMAINS = (
    select(recipient.c.domain, recipient.c.state, func.count().label("number"))
    .where(recipient.c.mailing_id == bindparam("id"), recipient.c.state != "excluded")
    .group_by(recipient.c.domain, recipient.c.state)
)
_SINCE = select(
    func.count(recipient.c.opened_at).label("opened"),
    func.count(recipient.c.clicked_at).label("clicked"),
    func.count(recipient.c.answered_at).label("answered"),
    func.count(recipient.c.left_at).label("left"),
).where(recipient.c.mailing_id == bindparam("id"))
MOST_DOMAINS = 12


class Conducting(Rounds):
    """Looks after mailings under way."""

    def __init__(self, database: Database) -> None:
        super().__init__("mailings under way", LOOK_SECONDS)
        self._database = database
        self._rests: dict[int, float] = {}

    async def look(self) -> None:
        """Each of them once."""
        for mailing_id in await self._database.read(list_at_work):
            if self._rests.get(mailing_id, 0.0) > monotonic():
                continue
            began = monotonic()
            counted = await self._database.search(count_mailing, mailing_id)
            took = monotonic() - began
            self._rests[mailing_id] = monotonic() + took * RESTS
            await self._database.work(conduct, mailing_id, counted)
            slices = await self._database.search(count_slices, mailing_id)
            await self._database.work(keep_slices, mailing_id, slices)
            while await self._database.work(tell_clients, mailing_id) >= TOLD_AT_ONCE:
                pass


def list_at_work(tx: ReadTx) -> list[int]:
    """Those that are planned, under way or were so a few days ago."""
    since = clock.now() - COUNTED_DAYS * clock.DAY
    return [*tx.values(_AT_WORK), *tx.values(_ENDED, {"since": since})]


def count_mailing(tx: ReadTx, mailing_id: int) -> tuple[dict[str, int], dict[str, dict[str, int]]]:
    """How many recipients are in each state and did what, in all and by the domains that have most."""
    asked = {"id": mailing_id}
    counts = {row.state: int(row.number) for row in tx.rows(_STATES, asked)}
    since = tx.row(_SINCE, asked)
    counts |= {} if since is None else {name: int(number) for name, number in since._mapping.items() if number}
    domains: dict[str, dict[str, int]] = {}
    for row in tx.rows(_DOMAINS, asked):
        domains.setdefault(row.domain, {})[row.state] = int(row.number)
    largest = sorted(domains, key=lambda one: (-sum(domains[one].values()), one))
    kept = {one: domains[one] for one in largest[:MOST_DOMAINS]}
    others: dict[str, int] = {}
    for one in largest[MOST_DOMAINS:]:
        for state, number in domains[one].items():
            others[state] = others.get(state, 0) + number
    return counts, kept | ({"": others} if others else {})


_SLICE_OF = (recipient.c.sent_at // literal_column(str(SLICE), BigInteger)).label("number")
_SLICES = (
    select(_SLICE_OF, func.count().label("letters"))
    .where(recipient.c.mailing_id == bindparam("id"), recipient.c.sent_at.is_not(None))
    .group_by(_SLICE_OF)
)


def count_slices(tx: ReadTx, mailing_id: int) -> dict[str, int]:
    """How many letters left in each stretch of time."""
    return {str(row.number): int(row.letters) for row in tx.rows(_SLICES, {"id": mailing_id})}


def keep_slices(tx: WriteTx, mailing_id: int, slices: dict[str, int]) -> None:
    """Keep them where they changed."""
    row = tx.get(mailing, mailing_id)
    if slices and slices != row.slices:
        tx.change(mailing, mailing_id, slices=slices)


def conduct(tx: WriteTx, mailing_id: int, counted: tuple[dict[str, int], dict[str, dict[str, int]]]) -> None:
    """Let a mailing take the move that its time or its counts ask for, and keep these where they changed."""
    tx.lock(mailing, mailing_id)
    row = tx.get(mailing, mailing_id)
    now, (counts, domains) = clock.now(), counted
    if row.state == "scheduled" and row.start_at is not None and row.start_at <= now:
        begin(tx, row)
        return
    if row.state == "draft":
        return
    if (counts, domains) != (row.counts, row.domains):
        rate = _rate(row, counts, now)
        tx.change(mailing, mailing_id, counts=counts, domains=domains, counted_at=now, rate=rate)
        record_change(tx, "mailing.counted", mailing_id, scope_id=row.scope_id)
        row = tx.get(mailing, mailing_id)
    # Asked anew: since the counting somebody may have wanted those tried again that failed.
    if row.state in ("sending", "paused") and not _before(tx, row.id, LAST):
        move_mailing(tx, row, "done", ended_at=now)
        tx.execute(update(gate).where(gate.c.mailing_id == row.id).values(open=0, until_id=None))
        note_event(tx, row.id, "Everything has left.")
    elif row.state == "sending":
        _go_on(tx, row, counts)


def _rate(row: Any, counts: dict[str, int], now: int) -> int:
    """Letters a minute, lately: what left since the last count, smoothed."""
    left, before = (sum(one.get(state, 0) for state in _LEFT) for one in (counts, row.counts))
    passed = now - (row.counted_at or row.started_at or now)
    if row.state != "sending" or passed <= 0 or left < before:
        return int(row.rate)
    seen = (left - before) * clock.MINUTE // passed
    return int(seen if not row.rate else row.rate + (seen - row.rate) * _SMOOTH)


def _go_on(tx: WriteTx, row: Any, counts: dict[str, int]) -> None:
    let_out = tx.row(select(gate).where(gate.c.mailing_id == row.id))
    reached = sum(counts.get(state, 0) for state in ("sent", "bounced", "complained"))
    lost = counts.get("bounced", 0) + counts.get("failed", 0)
    if reached + lost >= min(FIRST_SIZE, max(row.canary, 1)) and lost > MOST_BOUNCED * (reached + lost) and lost > 5:
        stop_row(tx, row)
        note_event(tx, row.id, "Paused by itself: %(count)s letters failed or came back.", count=lost)
    elif reached >= 1000 and counts.get("complained", 0) > MOST_COMPLAINED * reached:
        stop_row(tx, row)
        note_event(tx, row.id, "Paused by itself: %(count)s readers complained.", count=counts["complained"])
    elif let_out is not None and let_out.until_id is not None and not _before(tx, row.id, let_out.until_id):
        stop_row(tx, row)
        note_event(tx, row.id, "The first part has left. Look at it, then let the rest follow.")


_BEFORE = (
    select(recipient.c.id)
    .where(
        recipient.c.mailing_id == bindparam("id"),
        recipient.c.id <= bindparam("until_id"),
        recipient.c.state.in_(_WAITING),
    )
    .limit(1)
)
_UNTOLD = (
    select(recipient)
    .where(
        recipient.c.mailing_id == bindparam("id"),
        sql("recipient.state = 'sent' AND recipient.told = 0 AND recipient.counterparty_id IS NOT NULL"),
    )
    .order_by(recipient.c.id)
    .limit(TOLD_AT_ONCE)
)
_TOLD = select(interaction.c.counterparty_id).where(
    interaction.c.counterparty_id.in_(bindparam("ids", expanding=True)),
    interaction.c.kind == "mailing",
    interaction.c.mailing_id == bindparam("id"),
)


def _before(tx: ReadTx, mailing_id: int, until_id: int) -> bool:
    return tx.value(_BEFORE, {"id": mailing_id, "until_id": until_id}) is not None


def tell_clients(tx: WriteTx, mailing_id: int) -> int:
    """A line on the timeline of each client whose people got it, one for all of them. Returns how many rows were
    looked at: ``TOLD_AT_ONCE`` when there are more."""
    rows = tx.rows(_UNTOLD, {"id": mailing_id})
    if not rows:
        return 0
    of = tx.get(mailing, mailing_id)
    told = set(tx.values(_TOLD, {"ids": [row.counterparty_id for row in rows], "id": mailing_id}))
    for row in rows:
        if row.counterparty_id not in told:
            told.add(row.counterparty_id)
            tx.insert(
                interaction, kind="mailing", counterparty_id=row.counterparty_id, contact_id=row.contact_id,
                scope_id=of.scope_id, happened_at=row.sent_at, direction="out", subject=of.name, mailing_id=mailing_id,
            )  # fmt: skip
    tx.execute(update(recipient).where(recipient.c.id.in_([row.id for row in rows])).values(told=1))
    return len(rows)
