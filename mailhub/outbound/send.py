"""The loop of the role ``send``: deliveries whose time has come, over a few lasting connections, to the relay; those of
a mailbox whose account has a server of its own over one connection to that, so that its trouble is nobody else's.

Claim a few → offer each (MAIL, RCPT, DATA) → **commit the mark** → write the letter with its dot → record the answer.
Marks and answers of all connections share commits, since they are units of one writer. What the database cannot take
down at this moment is tried until it can: an answer of the relay is never forgotten. What nobody foresaw ends no loop:
it is told, the delivery in hand is judged by its mark, and after a pause things go on.

Nothing leaves while ``<data>/STOP-SENDING`` exists, while a restored copy is held, or without a relay; letters wait
then, and ``trouble`` says why.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from core import clock
from core.blobs import BlobFiles, find_content
from core.database import Database, WriteTx
from core.errors import HouseError, NotFound, Unavailable
from core.log import get_log
from core.marks import get_identity
from core.secrets import Keys
from mailhub.outbound import handing, ways
from mailhub.outbound.account_ways import SENT_AWAY, AccountWays, WayError
from mailhub.outbound.connection import Connection, CutError, RelayError
from mailhub.outbound.handing import Claimed
from mailhub.outbound.relay import Relay
from mailhub.outbound.replies import Reply
from mailhub.outbound.signing import Signing

STOP_FILE = "STOP-SENDING"
SWEEP_SECONDS = 5.0
IDLE_SECONDS = 30.0
DRAIN_SECONDS = 5.0
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 300.0
P = ParamSpec("P")
T = TypeVar("T")
log = get_log(__name__)


class Sending:
    """Runs until it is cancelled; ``wake`` makes it look at once; ``stop`` lets letters under way finish first."""

    def __init__(
        self,
        database: Database,
        files: BlobFiles,
        keys: Keys,
        relay: Relay | None,
        *,
        boot: str,
        folder: Path,
        hostname: str,
        connections: int,
        accounts: AccountWays | None = None,
        signing: Signing | None = None,
    ) -> None:
        """``folder`` is where the stop file would lie; ``hostname`` is what we call ourselves to the relay. Without
        ``accounts`` those letters wait that leave by the server of one; with ``signing`` they are signed."""
        self._database = database
        self._files = files
        self._keys = keys
        self._relay = relay
        self._boot = boot
        self._stop_file = folder / STOP_FILE
        self._hostname = hostname
        self._connections = connections
        self._accounts = accounts
        self._signing = signing
        self._bell = asyncio.Event()
        self._waiting: asyncio.Queue[Claimed] = asyncio.Queue()
        self._lanes: dict[int, tuple[asyncio.Queue[Claimed], asyncio.Task[None]]] = {}
        self._in_hand = 0
        self._more = False
        self._stopping = False
        self._pause = 0.0
        self._paused_until = 0.0
        self._held = False
        self._fault: Unavailable | None = None
        self._tripped = 0
        self.haste = 1.0
        """Pauses after a fault are so many times as long; tests have no time."""
        self.letters = 0

    @property
    def relay(self) -> str:
        """Where letters go, without its password; '' for nowhere."""
        return "" if self._relay is None else str(self._relay)

    @property
    def obstacle(self) -> Unavailable | None:
        """Why nothing may leave at all, whatever it is; None when it may."""
        if self._relay is None:
            return Unavailable("No relay is set, so letters wait. Set send.relay.")
        if self._stopped():
            return Unavailable("Sending is stopped by the file STOP-SENDING in the folder of the data.")
        if self._held:
            return Unavailable("This is a restored copy, so letters wait until somebody runs: mailhub resume-sending")
        return None

    @property
    def trouble(self) -> Unavailable | None:
        """Why letters wait at this moment, as an error for people; None when they need not."""
        return self.obstacle or self._fault

    def wake(self) -> None:
        """There may be something to do."""
        self._bell.set()

    async def run(self) -> None:
        """Send what waits, then sleep until woken or for a sweep."""
        async with asyncio.TaskGroup() as group:
            if self._relay is not None:
                for _ in range(self._connections):
                    group.create_task(self._carry_on(self._relay))
            await self._fetch(group)

    async def stop(self) -> None:
        """Begin nothing new and wait until what was begun is answered, for ``DRAIN_SECONDS`` at most."""
        self._stopping = True
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                while self._in_hand or self._heap():  # noqa: ASYNC110 - a few letters, once in a life
                    await asyncio.sleep(0.02)
        except TimeoutError:
            log.warning("letters under way were cut off", letters=self._in_hand)

    async def _fetch(self, group: asyncio.TaskGroup) -> None:
        """Keep a small heap of claimed deliveries for the connections."""
        while True:
            self._bell.clear()
            self._more = False
            try:
                await self._claim(group)
            except Unavailable as problem:
                log.warning("sending waits", reason=str(problem))
            except Exception as problem:  # noqa: BLE001 - a loop that ends sends nobody's letters any more
                await self._trip(problem)
            try:
                async with asyncio.timeout(SWEEP_SECONDS):
                    await self._bell.wait()
            except TimeoutError:
                continue

    async def _claim(self, group: asyncio.TaskGroup) -> None:
        await self._database.work(handing.recover)
        self._held = (await self._database.read(get_identity)).held
        room = 2 * self._connections - self._heap()
        house = self.relay if self._may_go() else None
        if room <= 0 or self._stopping or self._stopped() or (house is None and self._accounts is None):
            return
        batch = await self._database.work(handing.claim, self._keys, self._boot, room, house)
        for one in batch:
            if one.account_id is None:
                self._waiting.put_nowait(one)
            else:
                self._lay_into_lane(group, one.account_id, one)
        self._more = len(batch) == room

    def _heap(self) -> int:
        """How many claimed deliveries wait for a connection."""
        return self._waiting.qsize() + sum(queue.qsize() for queue, _ in self._lanes.values())

    def _lay_into_lane(self, group: asyncio.TaskGroup, account_id: int, one: Claimed) -> None:
        lane = self._lanes.get(account_id)
        if lane is None or lane[1].done():
            queue: asyncio.Queue[Claimed] = asyncio.Queue()
            lane = queue, group.create_task(self._drive(account_id, queue), name=f"letters of account {account_id}")
            self._lanes[account_id] = lane
        lane[0].put_nowait(one)

    async def _trip(self, problem: Exception) -> None:
        """Something that nobody foresaw: say so, and go on after a while."""
        log.error("a fault in the sending of letters", exc_info=problem)
        self._fault = Unavailable("A fault of our own: %(why)s. We go on trying.", why=f"{type(problem).__name__}")
        self._tripped += 1
        await asyncio.sleep(min(FIRST_PAUSE * 2 ** min(self._tripped, 10), LONGEST_PAUSE) * self.haste)

    def _may_go(self) -> bool:
        now = asyncio.get_running_loop().time()
        return not self._stopping and self._relay is not None and now >= self._paused_until and not self._stopped()

    def _stopped(self) -> bool:
        return self._stop_file.exists()

    async def _carry_on(self, relay: Relay) -> None:
        """The life of one connection: letters from the heap, a new one when it breaks, none while nothing waits."""
        connection: Connection | None = None
        try:
            while True:
                one = await self._next(connection)
                if one is None:
                    await _let_go(connection)
                    connection = None
                    continue
                self._in_hand += 1
                try:
                    connection = await self._connected(relay, connection)
                    if connection is None or not self._may_go():
                        await self._surely(handing.put_back, one)
                    else:
                        await self._carry(connection, one)
                except Exception as problem:  # noqa: BLE001 - one letter's fault is not the others'
                    await self._break_off(connection, one, problem)
                finally:
                    self._in_hand -= 1
                if self._more and self._heap() <= self._connections:
                    self._bell.set()
        finally:
            if connection is not None:
                connection.abandon()

    async def _drive(self, account_id: int, queue: asyncio.Queue[Claimed]) -> None:
        """The life of the connection to the server of one account: while there are letters, and a moment longer."""
        connection: Connection | None = None
        try:
            while True:
                try:
                    async with asyncio.timeout(IDLE_SECONDS):
                        one = await queue.get()
                except TimeoutError:
                    if queue.empty():
                        await _let_go(connection)
                        return
                    continue
                self._in_hand += 1
                try:
                    connection = await self._by_account(account_id, connection)
                    if connection is None or self._stopping or self._stopped():
                        await self._surely(handing.put_back, one)
                    else:
                        await self._carry(connection, one)
                except Exception as problem:  # noqa: BLE001 - one letter's fault is not the others'
                    await self._break_off(connection, one, problem)
                finally:
                    self._in_hand -= 1
                if self._more and queue.empty():
                    self._bell.set()
        finally:
            if connection is not None:
                connection.abandon()

    async def _by_account(self, account_id: int, old: Connection | None) -> Connection | None:
        """The connection to the account's server; None, and its letters wait, when there can be none."""
        if old is not None and old.is_open:
            return old
        await _let_go(old)
        trouble = await self._database.read(ways.find_trouble, account_id)
        if self._accounts is None or (trouble is not None and trouble.next_at > clock.now()):
            return None
        try:
            connection = await self._accounts.connect(account_id)
        except (WayError, HouseError) as problem:
            refused = isinstance(problem, WayError) and problem.refused
            said = dict(problem.fields)
            log.warning("the server of an account is left alone", account=account_id, reason=str(problem))
            if not isinstance(problem, NotFound):
                await self._surely(ways.record_trouble, account_id, problem.sentence, said, refused=refused)
            return None
        if trouble is not None:
            await self._surely(ways.end_trouble, account_id)
        return connection

    async def _break_off(self, connection: Connection | None, one: Claimed, problem: Exception) -> None:
        """A fault of our own with a delivery in hand: whether it left is what its mark says."""
        if connection is not None:
            connection.abandon()
        try:
            await self._surely(handing.record_fault, one, f"A fault of our own: {type(problem).__name__}")
        except Exception as again:  # its lease ends with this process, and the next one judges it
            log.error("what became of a letter could not be written down", exc_info=again)
        await self._trip(problem)

    async def _next(self, connection: Connection | None) -> Claimed | None:
        """The next delivery of the heap; None when an open connection was idle for too long."""
        try:
            async with asyncio.timeout(None if connection is None else IDLE_SECONDS):
                return await self._waiting.get()
        except TimeoutError:
            return None

    async def _connected(self, relay: Relay, old: Connection | None) -> Connection | None:
        """The connection while it works, else a new one; None, and a pause that grows, when there can be none."""
        if old is not None and old.is_open:
            return old
        await _let_go(old)
        if not self._may_go():
            return None
        connection = Connection(relay, self._hostname)
        try:
            await connection.open()
        except RelayError as problem:
            self._fault = Unavailable("Letters wait: %(why)s.", why=str(problem))
            self._rest(str(problem))
            return None
        self._fault = None
        return connection

    def _rest(self, why: str) -> None:
        """Leave the relay alone for a while that doubles until it takes a letter again."""
        self._pause = min(max(self._pause * 2, FIRST_PAUSE), LONGEST_PAUSE)
        self._paused_until = asyncio.get_running_loop().time() + self._pause
        log.warning("the relay is left alone", reason=why, seconds=self._pause)

    async def _carry(self, connection: Connection, one: Claimed) -> None:
        """One delivery to its end, whatever that is."""
        try:
            raw = await self._read(one)
            if self._signing is not None:
                raw = await self._signing.sign(raw)
            reply = await connection.offer(one.return_path, one.recipient, len(raw))
            if reply.code == 354:
                if not await self._mark(one):
                    connection.abandon()
                    return
                reply = await connection.hand_over(raw)
                self.letters += 1
            if reply.code == 421:  # it asks everybody to go, whatever it thinks of this letter
                await self._leave_alone(one, reply.text)
            elif reply.code < 300:
                self._pause = 0.0
                if self._tripped:
                    self._fault, self._tripped = None, 0
            await self._surely(handing.record_reply, self._keys, one, reply)
        except CutError as cut:
            await self._surely(handing.record_cut, one, handed=cut.handed, why=str(cut))
        except NotFound as missing:
            await self._surely(handing.record_reply, self._keys, one, Reply("data", 554, "", str(missing)))
        except Unavailable as problem:
            log.warning("a letter waits", reason=str(problem))
            await self._surely(handing.put_back, one)

    async def _leave_alone(self, one: Claimed, why: str) -> None:
        """Whoever took this letter wants none for a while."""
        if one.account_id is None:
            self._rest(why)
        else:
            await self._surely(ways.record_trouble, one.account_id, SENT_AWAY, {"why": why})

    async def _mark(self, one: Claimed) -> bool:
        """Commit the mark; False when the letter must not leave now. A stop that came meanwhile still counts."""
        if self._stopped():
            await self._surely(handing.put_back, one)
            return False
        try:
            return await self._database.work(handing.hand, self._keys, one)
        except Unavailable as problem:
            log.warning("a letter could not be marked and waits", reason=str(problem))
            await self._surely(handing.put_back, one)
            return False

    async def _read(self, one: Claimed) -> bytes:
        content, sha256 = await self._database.read(find_content, one.blob_id)
        return bytes(content) if content is not None else await asyncio.to_thread(self._files.read, sha256)

    async def _surely(self, verb: Callable[Concatenate[WriteTx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Write this, at the latest when the database can again."""
        while True:
            try:
                return await self._database.work(verb, *args, **kwargs)
            except Unavailable as problem:
                log.warning("what became of a letter is not written down yet", reason=str(problem))
                await asyncio.sleep(1)


async def _let_go(connection: Connection | None) -> None:
    if connection is not None:
        await connection.close()
