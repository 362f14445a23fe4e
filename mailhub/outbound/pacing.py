"""How fast mailings leave: so many a minute for the whole house, for a mailbox, for a mailing, to a domain.

Each of them is a bucket with one row, filled by the clock and emptied by whoever claims, in the unit of the claim: so
processes share it, and a claim takes for ``LEASE`` at once, which costs one statement for hundreds of letters. Domains
also have a rate that is *learned*: halved when their servers say later, half as much again for each minute in which
they take what comes, forgotten once it is above ``FAST``.

Letters to a domain whose bucket is empty are put off, each to a moment of its own: so they are looked at once and not
over and over, and nobody behind them waits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, select, update

from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Invalid, NotFound
from crm.staff.audit import record_audit
from crm.staff.readable import Viewer, demand, demand_admin, demand_somewhere
from mailhub.letters.addresses import parse_addr_spec
from mailhub.mailboxes.boxes import get_mailbox
from mailhub.outbound.tables import pace

LEASE = 10 * clock.SECOND
MOST = 1_000_000
FAST, SLOWEST = 600, 6
STEP = clock.MINUTE
NUMEROUS = 3
"""So many answers of a turn have to say later before a domain asks for less: greylists say so once a letter."""
HOUSE = "house"


@dataclass(frozen=True, slots=True)
class Pace:
    """A rate: ``name`` is ``house``, ``mailbox 7`` or ``domain client.example``; ``a_minute`` what somebody said,
    ``learned`` what its servers want now, 0 for none of them."""

    name: str
    a_minute: int
    learned: int

    @property
    def rate(self) -> int:
        """Letters a minute, 0 for no limit."""
        said = [one for one in (self.a_minute, self.learned) if one]
        return min(said, default=0)


def of_mailbox(mailbox_id: int) -> str:
    """What the bucket of a mailbox is called."""
    return f"mailbox {mailbox_id}"


def of_mailing(mailing_id: int) -> str:
    """What the bucket of a mailing is called."""
    return f"mailing {mailing_id}"


def of_domain(domain: str) -> str:
    """What the bucket of a domain is called."""
    return f"domain {domain}"


_THOSE = select(pace).where(pace.c.name.in_(bindparam("names", expanding=True)))
_HELD = _THOSE.order_by(pace.c.name).with_for_update()
_MOVE = (
    update(pace)
    .where(pace.c.name == bindparam("of"))
    .values(arrival=bindparam("arrival_at"), slot=bindparam("slot_at"))
)


class Buckets:
    """The buckets that a unit asks for, held until its end; ``write`` keeps what was taken out of them."""

    def __init__(self, tx: WriteTx, names: Iterable[str]) -> None:
        self._tx = tx
        self._now = clock.now()
        wanted = sorted(set(names))
        statement = _THOSE if tx.is_sqlite else _HELD
        rows = [
            row for at in range(0, len(wanted), 500) for row in tx.rows(statement, {"names": wanted[at : at + 500]})
        ]
        self._rates = {row.name: Pace(row.name, row.a_minute, row.learned).rate for row in rows}
        self._arrival: dict[str, int] = {row.name: row.arrival for row in rows}
        self._slot: dict[str, int] = {row.name: row.slot for row in rows}
        self._touched: set[str] = set()

    def limit(self, name: str, a_minute: int) -> None:
        """A bucket whose rate stands elsewhere."""
        if not a_minute:
            return
        self._rates[name] = a_minute
        if name not in self._arrival:
            self._tx.insert(pace, name=name, changed_at=self._now)
            self._arrival[name] = self._slot[name] = 0

    def room(self, name: str) -> int:
        """So many may be taken now."""
        rate = self._rates.get(name, 0)
        if not rate:
            return MOST
        step = clock.MINUTE // rate
        lease = max(LEASE, step)
        ahead = min(max(self._arrival[name], self._now), self._now + lease)  # further only if the clock was put back
        return max(0, (self._now + lease - ahead) // step)

    def take(self, name: str, count: int = 1) -> None:
        """Take out of what there is room for."""
        rate = self._rates.get(name, 0)
        if rate and count:
            ahead = max(self._arrival[name], self._now)
            self._arrival[name] = ahead + count * (clock.MINUTE // rate)
            self._touched.add(name)

    def next_slot(self, name: str) -> int:
        """When a letter that finds no room may come again: each has a moment of its own."""
        step = clock.MINUTE // self._rates[name]
        self._slot[name] = max(self._slot[name], self._arrival[name], self._now) + step
        self._touched.add(name)
        return self._slot[name]

    def write(self) -> None:
        """Keep what was taken, for everybody."""
        for name in sorted(self._touched):
            values = {"of": name, "arrival_at": self._arrival[name], "slot_at": self._slot[name]}
            self._tx.execute(_MOVE, values)


def learn(tx: WriteTx, later: Mapping[str, int], taken: Mapping[str, int], away: Iterable[str]) -> None:
    """What servers of domains said in a turn: how many letters they put off, how many they took, and who said that they
    are going away (421)."""
    less = {domain for domain, count in later.items() if count >= NUMEROUS and count * 5 >= taken.get(domain, 0)}
    less |= set(away)
    now = clock.now()
    known = {row.name: row for at in _parts({*less, *taken}) for row in tx.rows(_THOSE, {"names": at})}
    for domain in sorted(less):
        row = known.get(of_domain(domain))
        if row is None:
            tx.insert(pace, name=of_domain(domain), learned=FAST // 2, changed_at=now)
        elif not row.learned:
            _set(tx, row.name, min(row.a_minute or FAST, FAST) // 2 or 1, now)
        elif row.changed_at <= now - STEP:
            _set(tx, row.name, max(SLOWEST, row.learned // 2), now)
    for domain in sorted(set(taken) - less):
        row = known.get(of_domain(domain))
        if row is not None and row.learned and row.changed_at <= now - STEP:
            more = row.learned + max(1, row.learned // 2)
            _set(tx, row.name, 0 if more > FAST else more, now)


def _parts(domains: Iterable[str]) -> Iterable[list[str]]:
    names = sorted(of_domain(domain) for domain in domains)
    return (names[at : at + 500] for at in range(0, len(names), 500))


def _set(tx: WriteTx, name: str, learned: int, now: int) -> None:
    tx.execute(update(pace).where(pace.c.name == name).values(learned=learned, changed_at=now, slot=0))


SWEPT, IDLE, FORGOTTEN = 500, clock.DAY, 30 * clock.DAY


def sweep_paces(tx: WriteTx) -> int:
    """Take away buckets that nobody took out of for a day and for which nobody said a rate, and rates that were
    learned a month ago: whoever needs one begins a full one. Says how many went."""
    now = clock.now()
    idle = (pace.c.arrival < now - IDLE) & (pace.c.slot < now - IDLE) & (pace.c.changed_at < now - IDLE)
    old = (pace.c.learned == 0) | (pace.c.changed_at < now - FORGOTTEN)
    gone = tx.values(select(pace.c.name).where(pace.c.a_minute == 0, idle, old).limit(SWEPT))
    return tx.execute(delete(pace).where(pace.c.name.in_(gone), pace.c.a_minute == 0)) if gone else 0


def list_paces(tx: ReadTx, names: Sequence[str] = ()) -> list[Pace]:
    """Those that somebody said or that were learned; of mailings not, theirs stand with them."""
    said = select(pace).where((pace.c.a_minute > 0) | (pace.c.learned > 0)).order_by(pace.c.name).limit(500)
    return [Pace(row.name, row.a_minute, row.learned) for row in tx.rows(said) if not names or row.name in names]


def set_pace(tx: WriteTx, viewer: Viewer, name: str, a_minute: int) -> None:
    """So many letters of mailings a minute at most, 0 for no limit: of the ``house`` (administrators), of ``mailbox 7``
    (who manages it), to ``domain client.example`` (who manages a mailbox). Raises Forbidden, NotFound, Invalid."""
    if not 0 <= a_minute <= MOST:
        raise Invalid("A number from 0 to %(most)s, please.", most=MOST, field="a_minute")
    name = _demand(tx, viewer, name)
    found = tx.value(select(pace.c.name).where(pace.c.name == name))
    if found is None:
        tx.insert(pace, name=name, a_minute=a_minute, changed_at=clock.now())
    else:
        tx.execute(update(pace).where(pace.c.name == name).values(a_minute=a_minute, arrival=0, slot=0))
    tx.execute(delete(pace).where(pace.c.name == name, pace.c.a_minute == 0, pace.c.learned == 0))
    record_audit(tx, viewer.user_id, "pace-set", name, a_minute=a_minute)


def _demand(tx: ReadTx, viewer: Viewer, name: str) -> str:
    kind, _, whose = name.strip().lower().partition(" ")
    if kind == HOUSE and not whose:
        demand_admin(viewer)
        return HOUSE
    if kind == "mailbox" and whose.isascii() and whose.isdigit() and len(whose) < 19:
        box = get_mailbox(tx, int(whose))
        if not viewer.may("answer", box.scope_id) and not viewer.is_admin:
            raise NotFound("There is no mailbox with the number %(id)s.", id=int(whose))
        demand(viewer, "manage", box.scope_id)
        return of_mailbox(box.id)
    if kind == "domain" and parse_addr_spec(f"a@{whose}") is not None:
        demand_somewhere(viewer, "manage")
        return of_domain(whose)
    raise Invalid("A rate is of house, mailbox 7 or domain client.example.", field="name")


def count_domains(replies: Iterable[tuple[str, int]]) -> tuple[Counter[str], Counter[str], set[str]]:
    """Answers (domain, code) as ``learn`` takes them."""
    later: Counter[str] = Counter()
    taken: Counter[str] = Counter()
    away: set[str] = set()
    for domain, code in replies:
        if 200 <= code < 300:
            taken[domain] += 1
        elif 400 <= code < 500:
            later[domain] += 1
            if code == 421:
                away.add(domain)
    return later, taken, away
