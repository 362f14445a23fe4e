"""The loop of the fast way. Three things go on beside each other: a ledger that writes all that waits in one unit and
has one unit under way at a time, so that its heaps grow by themselves with what a sync takes; a writer that composes
claimed rows a few at a time; and the lanes, whose connections take what is marked.

Nothing leaves while somebody wants it to stay: ``may_go`` is asked every fifth of a second and before every dot.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from pathlib import Path

from core import clock
from core.database import Database
from core.errors import Unavailable
from core.log import get_log
from core.rounds import rings
from core.secrets import Keys
from mailhub.campaigns.journal import Fates, Journal, list_journals, read_fates, remove_journal
from mailhub.campaigns.pipeline import Parcel
from mailhub.campaigns.windows import rows as ledger
from mailhub.campaigns.windows.lane import Lane
from mailhub.campaigns.windows.letters import Letters
from mailhub.campaigns.windows.rows import Claimed, Result, Turn, Turned
from mailhub.campaigns.windows.window import LARGEST, Window
from mailhub.outbound.carriers import Carrier
from mailhub.outbound.ways import Way

AHEAD = 64
AT_A_TIME = 8
ACCOUNT_WIDTH = 1
SWEEP_SECONDS = 5.0
WATCH_SECONDS = 0.2
RESULT_SECONDS = 0.05
DRAIN_SECONDS = 5.0
FAULT_SECONDS = 1.0
CLOSED_WAIT = 5 * clock.SECOND
log = get_log(__name__)


class MailingSending:
    """Runs until it is cancelled; ``wake`` makes it look at once; ``stop`` lets letters under way finish first."""

    def __init__(
        self,
        database: Database,
        keys: Keys,
        letters: Letters,
        make_carrier: Callable[[Way], Carrier | None],
        *,
        boot: str,
        folder: Path,
        connections: int,
        may_go: Callable[[], bool],
    ) -> None:
        """``make_carrier`` gives who opens the connections of a way, None for a way that mailings do not leave by here;
        ``folder`` is where the journals of processes lie."""
        self._database = database
        self._keys = keys
        self._letters = letters
        self._make_carrier = make_carrier
        self._boot = boot
        self._folder = folder
        self._connections = connections
        self._may_go = may_go
        self._bell = asyncio.Event()
        self._room = asyncio.Event()
        self._claimed: deque[Claimed] = deque()
        self._making = 0
        self._ready: deque[tuple[Claimed, Parcel]] = deque()
        self._turn = Turn()
        self._turns = 0
        self._busy = False
        self._late_at = 0.0
        self._marking: dict[int, Parcel] = {}
        self._nothing_more = False
        self._wakes = 0
        self._lanes: dict[Way, Lane | None] = {}
        self._open_gates: frozenset[int] = frozenset()
        self._going = False
        self._stopping = False
        self._journal: Journal
        self._window: Window
        self.letters = 0
        """So many were answered."""

    def wake(self) -> None:
        """There may be something to do: a gate was opened or shut, a letter was deferred."""
        self._nothing_more = False
        self._wakes += 1
        self._bell.set()

    async def run(self) -> None:
        """Send what may leave. What nobody foresaw ends this loop with an error: the process must not go on half
        alive with rows in hand."""
        self._journal = Journal(self._folder, self._boot)
        self._window = Window(self._connections, asyncio.get_running_loop().time())
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._write_down(), name="ledger of mailings")
                group.create_task(self._compose(group), name="letters of mailings")
                group.create_task(self._watch(), name="watch over mailings")
        finally:
            for lane in self._lanes.values():
                if lane is not None:
                    lane.abandon()
            await self._letters.stop()
            self._journal.close()

    async def stop(self) -> None:
        """Begin nothing new, wait for the answers to what is out, and write them down; ``DRAIN_SECONDS`` at most."""
        self._stopping = True
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                await asyncio.gather(*(lane.stop() for lane in self._lanes.values() if lane is not None))
                self._let_go()
                self._bell.set()
                while self._turn or self._busy or self._making:  # noqa: ASYNC110 - once in a life
                    await asyncio.sleep(0.02)
        except TimeoutError:
            log.warning("letters of mailings under way were cut off", letters=self._out)

    # As the ledger of the lanes.

    def note(self, result: Result) -> None:
        results = self._turn.results
        results.append(result)
        self.letters += 1
        loop = asyncio.get_running_loop()
        self._window.answered(loop.time())
        if len(results) == 1:
            self._late_at = loop.time() + RESULT_SECONDS
            loop.call_later(RESULT_SECONDS, self._bell.set)
        if self._ready or len(results) >= self._heap:
            self._bell.set()

    def put_back(self, row: Claimed, wait: int) -> None:
        self._turn.back.append((row, wait))
        if not wait:
            self._nothing_more = False
            self._wakes += 1
        self._bell.set()

    def may_leave(self, row: Claimed) -> bool:
        return self._going and row.mailing_id in self._open_gates

    @property
    def _out(self) -> int:
        """Rows that are marked and not answered."""
        return sum(lane.out for lane in self._lanes.values() if lane is not None)

    @property
    def _heap(self) -> int:
        """So many are worth a unit of their own."""
        return self._window.size // 4

    async def _write_down(self) -> None:
        """One unit after the other."""
        await self._recover()
        await self._look()
        while True:
            if not await rings(self._bell, SWEEP_SECONDS):
                self._nothing_more = False
                await self._recover()
            self._bell.clear()
            if self._prepare():
                await self._take_turn()

    def _prepare(self) -> bool:
        """Put the next unit together; False when it can wait for more."""
        turn, size, out = self._turn, self._window.size, self._out
        if self._going and not self._stopping:
            room = size - out
            if room >= self._heap or not any(lane.waiting for lane in self._lanes.values() if lane is not None):
                self._fill(turn, room)
            ahead = len(self._claimed) + self._making + len(self._ready)
            if not self._nothing_more and ahead < size + AHEAD:
                turn.claim = LARGEST
        if turn.marks or turn.claim or turn.faulty or turn.back:
            return True
        late = asyncio.get_running_loop().time() >= self._late_at - RESULT_SECONDS / 10
        return bool(turn.results) and (late or len(turn.results) >= self._heap)

    def _fill(self, turn: Turn, room: int) -> None:
        """Choose what is marked next."""
        while self._ready and len(turn.marks) < room:
            row, parcel = self._ready.popleft()
            lane = self._lane(row.way)
            if lane is None or not lane.is_open:
                turn.back.append((row, CLOSED_WAIT))
            else:
                turn.marks.append(row)
                self._marking[row.id] = parcel
        self._room.set()

    async def _take_turn(self) -> None:
        turn, self._turn, wakes = self._turn, Turn(), self._wakes
        self._turns += 1
        turn.turn = self._turns
        self._busy = True
        done = await self._surely(turn)
        self._busy = False
        for result in turn.results:
            self._journal.forget(result.row.id)
        touched: set[Lane] = set()
        for row in turn.marks:
            parcel = self._marking.pop(row.id)
            lane = self._lane(row.way)
            if row.id in done.marked:
                self._open_gates |= {row.mailing_id}  # it was open in that unit, whatever was seen before
            if row.id not in done.marked or lane is None:
                self.put_back(row, 0)
            else:
                lane.lay(row, parcel)
                touched.add(lane)
        for lane in touched:
            lane.go_on()
        if turn.claim:
            # Whoever woke us meanwhile may have changed what this unit did not see.
            self._nothing_more = not done.claimed and not done.more and wakes == self._wakes
            self._claimed += done.claimed
            self._let_go_when_stopped()
            self._room.set()
            self._bell.set()

    async def _surely(self, turn: Turn) -> Turned:
        """Write this, at the latest when the database can again."""
        closed = frozenset(way for way, lane in self._lanes.items() if lane is None or not lane.is_open)
        while True:
            try:
                return await self._database.work(ledger.take_turn, self._keys, self._boot, turn, closed)
            except Unavailable as problem:
                log.warning("what became of mailings is not written down yet", reason=str(problem))
                await asyncio.sleep(FAULT_SECONDS)

    async def _recover(self) -> None:
        """Decide on what processes that are gone had in hand, then take their journals away."""
        try:
            while await self._database.work(ledger.recover, self._read_fates):
                pass
            alive = await self._database.read(ledger.list_boots)
            for boot in set(list_journals(self._folder)) - alive:
                remove_journal(self._folder, boot)
        except Unavailable as problem:
            log.warning("what others had in hand waits", reason=str(problem))

    def _read_fates(self, boot: str) -> Fates | None:
        return read_fates(self._folder, boot)

    async def _compose(self, group: asyncio.TaskGroup) -> None:
        """Make the letters of claimed rows, a few at a time so that answers are heard meanwhile."""
        while True:
            await self._room.wait()
            if not self._claimed or len(self._ready) + self._making >= self._window.size + AHEAD:
                self._room.clear()
                continue
            some = [self._claimed.popleft() for _ in range(min(AT_A_TIME, len(self._claimed)))]
            self._making += len(some)
            group.create_task(self._make(some))
            await asyncio.sleep(0)

    async def _make(self, some: list[Claimed]) -> None:
        try:
            made, faulty = await self._letters.make(some)
        except Unavailable as problem:
            log.warning("letters of mailings wait", reason=str(problem))
            for row in some:
                self.put_back(row, CLOSED_WAIT)
        else:
            self._ready += made
            self._turn.faulty += faulty
            if made or faulty:
                self._bell.set()
            self._let_go_when_stopped()
        finally:
            self._making -= len(some)
            self._room.set()

    async def _watch(self) -> None:
        """See in time that somebody wants nothing to leave, or nothing of a mailing."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            going = self._may_go() and not self._stopping
            if self._claimed or self._ready or self._out or going != self._going:
                await self._look()
            for lane in self._lanes.values():
                if lane is not None:
                    lane.check()

    async def _look(self) -> None:
        try:
            self._open_gates = await self._database.read(ledger.list_open_gates)
        except Unavailable as problem:
            log.warning("the gates of mailings cannot be seen", reason=str(problem))
            return
        going, self._going = self._going, self._may_go() and not self._stopping
        if going and not self._going:
            self._let_go()
        elif self._going and not going:
            self.wake()

    def _let_go_when_stopped(self) -> None:
        """What was under way when somebody stopped it all is not kept in hand until they let it go on."""
        if not self._going or self._stopping:
            self._let_go()

    def _let_go(self) -> None:
        """Give back all that did not leave."""
        for lane in self._lanes.values():
            if lane is not None:
                lane.clear(0)
        rows = [*self._claimed, *(row for row, _ in self._ready)]
        self._claimed.clear()
        self._ready.clear()
        for row in rows:
            self.put_back(row, 0)

    def _lane(self, way: Way) -> Lane | None:
        if way not in self._lanes:
            carrier = self._make_carrier(way)
            width = self._connections if way.kind in {"house", "relay"} else ACCOUNT_WIDTH
            self._lanes[way] = None if carrier is None else Lane(way, carrier, width, self._journal, self)
        return self._lanes[way]
