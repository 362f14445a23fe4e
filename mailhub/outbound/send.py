"""The loop of the role ``send``: deliveries whose time has come, over a few lasting connections, to the relay.

Claim a few → offer each (MAIL, RCPT, DATA) → **commit the mark** → write the letter with its dot → record the answer.
Marks and answers of all connections share commits, since they are units of one writer. What the database cannot take
down at this moment is tried until it can: an answer of the relay is never forgotten.

Nothing leaves while ``<data>/STOP-SENDING`` exists, while a restored copy is held, or without a relay; letters wait
then, and ``trouble`` says why.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from core.blobs import BlobFiles, find_content
from core.database import Database, WriteTx
from core.errors import NotFound, Unavailable
from core.log import get_log
from core.marks import get_identity
from core.secrets import Keys
from mailhub.outbound import handing
from mailhub.outbound.connection import Connection, CutError, RelayError
from mailhub.outbound.handing import Claimed
from mailhub.outbound.relay import Relay
from mailhub.outbound.replies import Reply

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
    ) -> None:
        """``folder`` is where the stop file would lie; ``hostname`` is what we call ourselves to the relay."""
        self._database = database
        self._files = files
        self._keys = keys
        self._relay = relay
        self._boot = boot
        self._stop_file = folder / STOP_FILE
        self._hostname = hostname
        self._connections = connections
        self._bell = asyncio.Event()
        self._waiting: asyncio.Queue[Claimed] = asyncio.Queue()
        self._in_hand = 0
        self._more = False
        self._stopping = False
        self._pause = 0.0
        self._paused_until = 0.0
        self._held = False
        self._fault: Unavailable | None = None
        self.letters = 0

    @property
    def relay(self) -> str:
        """Where letters go, without its password; '' for nowhere."""
        return "" if self._relay is None else str(self._relay)

    @property
    def trouble(self) -> Unavailable | None:
        """Why letters wait at this moment, as an error for people; None when they need not."""
        if self._relay is None:
            return Unavailable("No relay is set, so letters wait. Set send.relay.")
        if self._stopped():
            return Unavailable("Sending is stopped by the file STOP-SENDING in the folder of the data.")
        if self._held:
            return Unavailable("This is a restored copy, so letters wait until somebody runs: mailhub resume-sending")
        return self._fault

    def wake(self) -> None:
        """There may be something to do."""
        self._bell.set()

    async def run(self) -> None:
        """Send what waits, then sleep until woken or for a sweep."""
        async with asyncio.TaskGroup() as group:
            if self._relay is not None:
                for _ in range(self._connections):
                    group.create_task(self._carry_on(self._relay))
            await self._fetch()

    async def stop(self) -> None:
        """Begin nothing new and wait until what was begun is answered, for ``DRAIN_SECONDS`` at most."""
        self._stopping = True
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                while self._in_hand or not self._waiting.empty():  # noqa: ASYNC110 - a few letters, once in a life
                    await asyncio.sleep(0.02)
        except TimeoutError:
            log.warning("letters under way were cut off", letters=self._in_hand)

    async def _fetch(self) -> None:
        """Keep a small heap of claimed deliveries for the connections."""
        heap = 2 * self._connections
        while True:
            self._bell.clear()
            self._more = False
            try:
                await self._database.work(handing.recover)
                self._held = (await self._database.read(get_identity)).held
                room = heap - self._waiting.qsize()
                if room > 0 and self._may_go():
                    batch = await self._database.work(handing.claim, self._keys, self._boot, room)
                    for one in batch:
                        self._waiting.put_nowait(one)
                    self._more = len(batch) == room
            except Unavailable as problem:
                log.warning("sending waits", reason=str(problem))
            try:
                async with asyncio.timeout(SWEEP_SECONDS):
                    await self._bell.wait()
            except TimeoutError:
                continue

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
                finally:
                    self._in_hand -= 1
                if self._more and self._waiting.qsize() <= self._connections:
                    self._bell.set()
        finally:
            if connection is not None:
                connection.abandon()

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
            reply = await connection.offer(one.return_path, one.recipient, len(raw))
            if reply.code == 354:
                if not await self._mark(one):
                    connection.abandon()
                    return
                reply = await connection.hand_over(raw)
                self.letters += 1
            if reply.code == 421:  # it asks everybody to go, whatever it thinks of this letter
                self._rest(reply.text)
            elif reply.code < 300:
                self._pause = 0.0
            await self._surely(handing.record_reply, self._keys, one, reply)
        except CutError as cut:
            await self._surely(handing.record_cut, one, handed=cut.handed, why=str(cut))
        except NotFound as missing:
            await self._surely(handing.record_reply, self._keys, one, Reply("data", 554, "", str(missing)))
        except Unavailable as problem:
            log.warning("a letter waits", reason=str(problem))
            await self._surely(handing.put_back, one)

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
