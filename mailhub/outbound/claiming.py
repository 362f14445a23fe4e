"""Taking what is due from the ledger, a letter of each mailbox in turn, so that a thousand letters of one do not stand
before the one letter of another; within a mailbox what people wrote before what machines write; and never more for one
way than it has room for."""

from __future__ import annotations

from collections import Counter, deque
from typing import Any

from sqlalchemy import Row, bindparam, func, select
from sqlalchemy import text as sql

from core.database import WriteTx
from core.jobs import boot as boots
from core.jobs import database_now
from core.marks import get_identity
from core.secrets import Keys
from mailhub.mailboxes.tables import message
from mailhub.outbound.handing import Claimed
from mailhub.outbound.lanes import FIRST_WIDTH, Load
from mailhub.outbound.ledger import find_row, move
from mailhub.outbound.suppression import may_send
from mailhub.outbound.tables import delivery
from mailhub.outbound.ways import HOUSE, Way, find_way, is_resting, name_server

MOST_AT_ONCE = 100
MOST_MAILBOXES = 200
_LOOKED_AT = 50
_waits = delivery.c.state.in_(["queued", "deferred"])
_FIRST = select(func.min(delivery.c.scope_id).label("id")).where(_waits).cte("scopes", recursive=True)
_BEHIND = select(func.min(delivery.c.scope_id)).where(_waits, delivery.c.scope_id > _FIRST.c.id).scalar_subquery()
_SCOPES_FROM = _FIRST.union_all(select(_BEHIND).where(_FIRST.c.id.is_not(None)))
# From index entry to index entry: as many steps as there are mailboxes, not letters.
_SCOPES = select(_SCOPES_FROM.c.id).where(_SCOPES_FROM.c.id.is_not(None)).limit(MOST_MAILBOXES)
_DUE = (
    select(delivery.c.id, delivery.c.domain, message.c.mailbox_id)
    .join(message, message.c.id == delivery.c.message_id)
    .where(
        delivery.c.scope_id == bindparam("scope_id"),
        _waits,
        delivery.c.next_at <= bindparam("now"),
        delivery.c.domain.not_in(bindparam("full", expanding=True)),
    )
    .order_by(delivery.c.next_at, delivery.c.id)
)
_DUE_OF_PEOPLE = _DUE.where(sql("delivery.kind = 'personal'")).limit(_LOOKED_AT)
_DUE_OF_MACHINES = _DUE.where(sql("delivery.kind <> 'personal'")).limit(_LOOKED_AT)
_HOLD = (
    select(delivery.c.id).where(delivery.c.id == bindparam("id"), _waits).with_for_update(skip_locked=True, of=delivery)
)
_ALIVE = select(boots.c.name).where(boots.c.name == bindparam("name")).with_for_update(read=True, key_share=True)


def claim(tx: WriteTx, keys: Keys, boot: str, load: Load, turn: int = 0) -> list[Claimed]:
    """Take deliveries whose time has come, as many as ``load`` has room for. Those whose address must not be written to
    are cancelled. ``turn`` says which mailbox comes first: let it grow.

    Nothing is given to a boot that was given up, nor while a restored copy is held.
    """
    if not is_alive(tx, boot) or get_identity(tx).held:
        return []
    scopes = tx.values(_SCOPES)
    if not scopes:
        return []
    first = turn % len(scopes)
    rooms = Rooms(tx, load)
    now = database_now(tx)
    heaps = deque(_due(tx, scope_id, now, rooms.full) for scope_id in (*scopes[first:], *scopes[:first]))
    claimed: list[Claimed] = []
    while heaps and len(claimed) < MOST_AT_ONCE:
        heap = heaps.popleft()
        found = _next(rooms, heap)
        if found is None:
            continue  # this mailbox has nothing more that may leave now
        heaps.append(heap)
        one = _take(tx, keys, boot, found[0], found[1], load.house or "")
        if one is not None:
            rooms.fill(found[1], one.domain)
            claimed.append(one)
    return claimed


def is_alive(tx: WriteTx, boot: str) -> bool:
    """Whether this boot still stands for its process; it does until the end of the unit."""
    return tx.value(_ALIVE, {"name": boot}) is not None


def _due(tx: WriteTx, scope_id: int, now: int, full: list[str]) -> deque[Row[Any]]:
    """The next of a mailbox."""
    asked = {"scope_id": scope_id, "now": now, "full": full}
    found = deque(tx.rows(_DUE_OF_PEOPLE, asked))
    if len(found) < _LOOKED_AT:
        found += tx.rows(_DUE_OF_MACHINES, asked)
    return found


def _next(rooms: Rooms, heap: deque[Row[Any]]) -> tuple[int, Way] | None:
    while heap:
        row = heap.popleft()
        way = rooms.find(row.mailbox_id, row.domain)
        if way is not None:
            return int(row.id), way
    return None


def _take(tx: WriteTx, keys: Keys, boot: str, delivery_id: int, way: Way, house: str) -> Claimed | None:
    if tx.value(_HOLD, {"id": delivery_id}) is None:
        return None  # another process has it
    row = find_row(tx, delivery_id)
    assert row is not None, "it is locked by this unit"
    if not may_send(tx, keys, row.recipient, row.kind):
        move(tx, row, "cancelled", reply_text="suppressed")
        return None
    fence = row.fence + 1
    server = house if way == HOUSE else name_server(tx, way)
    move(tx, row, "sending", boot=boot, fence=fence, attempts=row.attempts + 1, handed_at=None, server=server)
    blob_id = tx.get(message, row.message_id).blob_id
    return Claimed(row.id, fence, blob_id, row.return_path, row.recipient, row.kind, row.domain, way)


class Rooms:
    """How much more each way may have, while a claim is made."""

    def __init__(self, tx: WriteTx, load: Load) -> None:
        self._tx = tx
        self._load = load
        self._ways: dict[tuple[int, str], Way] = {}
        self._left: dict[Way, int] = {HOUSE: load.most}
        self._domains = Counter(load.domains)
        self._lanes = load.lanes

    @property
    def full(self) -> list[str]:
        """Domains that nothing more is claimed for."""
        house = [domain for domain, held in self._domains.items() if held >= self._load.of_domain]
        return house + [way.domain for way, left in self._load.room.items() if way.kind == "direct" and left <= 0]

    def find(self, mailbox_id: int, domain: str) -> Way | None:
        """The way of a letter, while there is room on it."""
        key = (mailbox_id, domain)
        way = self._ways.get(key)
        if way is None:
            way = self._ways[key] = find_way(self._tx, mailbox_id, domain)
        if way not in self._left:
            self._left[way] = self._open(way)
        full = way == HOUSE and self._domains[domain] >= self._load.of_domain
        return None if full or self._left[way] <= 0 else way

    def fill(self, way: Way, domain: str) -> None:
        """One more was claimed."""
        self._left[way] -= 1
        if way == HOUSE:
            self._domains[domain] += 1

    def _open(self, way: Way) -> int:
        """Room on a way other than the house's; none while its server is left alone. Letters to a domain that rests are
        taken: each waits for its own next time."""
        if is_resting(self._tx, way):
            return 0
        if way in self._load.room:
            return self._load.room[way]
        if self._lanes <= 0:
            return 0
        self._lanes -= 1
        return FIRST_WIDTH
