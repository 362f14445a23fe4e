"""Letters that are claimed and wait for a connection, by the way they leave.

Each way is a lane with connections of its own, so that a server that is dead or slow holds nobody but those who write
to it. Within a lane no domain takes all connections while others wait.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from dataclasses import dataclass, field

from mailhub.outbound.handing import Claimed
from mailhub.outbound.ways import HOUSE, Way

FIRST_WIDTH, WIDEST = 2, 5
MOST_LANES = 100


@dataclass(frozen=True, slots=True)
class Load:
    """What may be claimed now: so many letters for the ``house``'s relay (called so, None while nothing goes there), of
    them ``of_domain`` for one domain, and so many for a way that is not named in ``room``."""

    house: str | None = ""
    most: int = 8
    of_domain: int = 8
    domains: Counter[str] = field(default_factory=Counter)
    room: dict[Way, int] = field(default_factory=dict)
    lanes: int = MOST_LANES


class Lane:
    """The letters of one way. ``width`` is how many of them may be under way at a time."""

    def __init__(self, way: Way, width: int, of_domain: int) -> None:
        self.way = way
        self.width = width
        self.workers = 0
        self._of_domain = of_domain
        self._waiting: deque[Claimed] = deque()
        self._under_way: Counter[str] = Counter()
        self._bell = asyncio.Event()

    @property
    def waiting(self) -> int:
        """Letters that no connection has yet."""
        return len(self._waiting)

    @property
    def held(self) -> int:
        """Letters that are claimed and not answered."""
        return len(self._waiting) + self._under_way.total()

    @property
    def domains(self) -> Counter[str]:
        """How many letters are held for each domain."""
        return self._under_way + Counter(one.domain for one in self._waiting)

    def lay(self, one: Claimed) -> None:
        """A letter that was claimed."""
        self._waiting.append(one)
        self._bell.set()

    async def take(self) -> Claimed:
        """The first letter whose domain has a connection left; ``done`` gives it back."""
        while True:
            for place, one in enumerate(self._waiting):
                if self._under_way[one.domain] < self._of_domain:
                    del self._waiting[place]
                    self._under_way[one.domain] += 1
                    return one
            self._bell.clear()
            await self._bell.wait()

    def done(self, one: Claimed) -> None:
        """Its connection is free."""
        self._under_way[one.domain] -= 1
        if not self._under_way[one.domain]:
            del self._under_way[one.domain]
        self._bell.set()

    def widen(self) -> None:
        """The servers of a domain take what comes: one more at a time."""
        if self.way.kind == "direct":
            self.width = min(self.width + 1, WIDEST)

    def narrow(self) -> None:
        """They want less."""
        if self.way.kind == "direct":
            self.width = max(self.width // 2, 1)


class Lanes:
    """All lanes of a process. That of the house is always there."""

    def __init__(self, connections: int) -> None:
        self._connections = connections
        # One connection stays free for the others, however many letters wait for one domain that answers slowly.
        self.house = Lane(HOUSE, connections, max(1, connections - 1))
        self._others: dict[Way, Lane] = {}

    def find(self, way: Way) -> Lane:
        """The lane of a way."""
        if way == HOUSE:
            return self.house
        lane = self._others.get(way)
        if lane is None:
            width = FIRST_WIDTH if way.kind == "direct" else 1
            lane = self._others[way] = Lane(way, width, WIDEST)
        return lane

    def close(self, lane: Lane) -> None:
        """Forget a lane without letters and workers."""
        if not lane.held and not lane.workers:
            self._others.pop(lane.way, None)

    @property
    def waiting(self) -> int:
        """Letters that no connection has yet."""
        return self.house.waiting + sum(lane.waiting for lane in self._others.values())

    @property
    def held(self) -> int:
        """Letters that are claimed and not answered."""
        return self.house.held + sum(lane.held for lane in self._others.values())

    def load(self, house: str | None) -> Load:
        """What may be claimed; ``house`` is what its relay is called, None while nothing goes there."""
        return Load(
            house=house,
            most=max(0, 3 * self._connections - self.house.held) if house is not None else 0,
            of_domain=max(1, 2 * self._connections),
            domains=self.house.domains,
            room={way: max(0, 2 * lane.width - lane.held) for way, lane in self._others.items()},
            lanes=max(0, MOST_LANES - len(self._others)),
        )
