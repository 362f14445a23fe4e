"""The loop of the role ``send``: deliveries whose time has come, each in the lane of its way, over a few lasting
connections: to the relay of the house, to that of a mailbox or an account, straight to the servers of a domain. The
trouble of one lane is nobody else's.

Claim a few → offer each (MAIL, RCPT, DATA) → **commit the mark** → write the letter with its dot → record the answer.
Marks and answers of all connections share commits, since they are units of one writer. What the database cannot take
down at this moment is tried until it can: an answer of the relay is never forgotten. What nobody foresaw ends no loop:
it is told, the delivery in hand is judged by its mark, and after a pause things go on.

Nothing leaves while ``<data>/STOP-SENDING`` exists, while a restored copy is held, or without a relay; letters wait
then, and ``trouble`` says why.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from core import clock
from core.blobs import BlobFiles, find_content
from core.database import Database, WriteTx
from core.errors import NotFound, Unavailable
from core.fetch import Guard
from core.log import get_log
from core.marks import get_identity
from core.rounds import rings
from core.secrets import Keys
from mailhub.outbound import claiming, handing, recipient_rows
from mailhub.outbound.account_ways import AccountWays
from mailhub.outbound.carriers import (
    FIRST_PAUSE,
    LONGEST_PAUSE,
    AccountCarrier,
    Carrier,
    DirectCarrier,
    HouseCarrier,
    RelayCarrier,
    let_go,
    surely,
)
from mailhub.outbound.connection import Connection, CutError
from mailhub.outbound.direct import Direct, UnreachedError
from mailhub.outbound.handing import Claimed
from mailhub.outbound.lanes import Lane, Lanes
from mailhub.outbound.relay import Relay
from mailhub.outbound.replies import Reply
from mailhub.outbound.signing import Signing
from mailhub.outbound.stopping import STOP_FILE
from mailhub.outbound.ways import Way

SWEEP_SECONDS = 5.0
IDLE_SECONDS = 30.0
DRAIN_SECONDS = 5.0
log = get_log(__name__)


class Book(Protocol):
    """What is said to the database about a delivery: ``handing`` and ``recipient_rows``."""

    def put_back(self, tx: WriteTx, ours: Claimed, wait: int = 0) -> None: ...
    def hand(self, tx: WriteTx, keys: Keys, ours: Claimed) -> bool: ...
    def record_reply(self, tx: WriteTx, keys: Keys, ours: Claimed, reply: Reply) -> bool: ...
    def record_cut(self, tx: WriteTx, ours: Claimed, *, handed: bool, why: str) -> bool: ...
    def record_fault(self, tx: WriteTx, ours: Claimed, why: str) -> bool: ...


class MailingLetters(Protocol):
    """Who writes the letters of mailings."""

    async def write(self, one: Claimed) -> tuple[str, bytes]:
        """Its return path and its bytes, unsigned. Raises NotFound for what is gone, Unavailable for what may come."""
        ...


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
        direct: Direct | None = None,
        guard: Guard | None = None,
        signing: Signing | None = None,
        mailings: MailingLetters | None = None,
        mailings_beside: bool = False,
    ) -> None:
        """``folder`` is where the stop file would lie; ``hostname`` is what we call ourselves. Without ``accounts`` and
        ``direct`` those letters wait that leave so; ``guard`` says where relays of mailboxes may lie; with ``signing``
        letters are signed, with ``mailings`` those of mailings leave,
        ``mailings_beside``: only those that go direct, since the others have a sender of their own who recovers all."""
        self._database = database
        self._files = files
        self._keys = keys
        self._relay = relay
        self._boot = boot
        self._stop_file = folder / STOP_FILE
        self._hostname = hostname
        self._accounts = accounts
        self._direct = direct
        self._guard = guard or Guard()
        self._signing = signing
        self._mailings = mailings
        self._mailings_beside = mailings_beside
        self._bell = asyncio.Event()
        self._house = None if relay is None else HouseCarrier(relay, hostname)
        self._lanes = Lanes(connections)
        self._turn = 0
        self._more = False
        self._stopping = False
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
        return self.halt

    @property
    def halt(self) -> Unavailable | None:
        """Why somebody wants nothing to leave, whatever way it goes; None when nobody does."""
        if self._stopped():
            return Unavailable("Sending is stopped by the file STOP-SENDING in the folder of the data.")
        if self._held:
            return Unavailable("This is a restored copy, so letters wait until somebody runs: mailhub resume-sending")
        return None

    @property
    def trouble(self) -> Unavailable | None:
        """Why letters wait at this moment, as an error for people; None when they need not."""
        return self.obstacle or self._fault or (None if self._house is None else self._house.fault)

    def wake(self) -> None:
        """There may be something to do."""
        self._bell.set()

    async def run(self) -> None:
        """Send what waits, then sleep until woken or for a sweep."""
        async with asyncio.TaskGroup() as group:
            await self._fetch(group)

    async def stop(self) -> None:
        """Begin nothing new and wait until what was begun is answered, for ``DRAIN_SECONDS`` at most."""
        self._stopping = True
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                while self._lanes.held:  # noqa: ASYNC110 - a few letters, once in a life
                    await asyncio.sleep(0.02)
        except TimeoutError:
            log.warning("letters under way were cut off", letters=self._lanes.held)

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
            await rings(self._bell, SWEEP_SECONDS)

    async def _claim(self, group: asyncio.TaskGroup) -> None:
        await self._database.work(handing.recover)
        if not self._mailings_beside:
            await self._database.work(recipient_rows.recover)
        self._held = (await self._database.read(get_identity)).held
        if self._stopping or self._stopped():
            return
        may_go = self._house is not None and self._house.may_go
        load = self._lanes.load(self.relay if may_go else None)
        self._turn += 1
        self._lay(group, await self._database.work(claiming.claim, self._keys, self._boot, load, self._turn))
        if self._mailings is not None:  # in the room that is left
            load = self._lanes.load(self.relay if may_go else None)
            claimed = await self._database.work(
                recipient_rows.claim, self._keys, self._boot, load, self._turn, direct_only=self._mailings_beside
            )
            self._lay(group, claimed)
        self._more = self._lanes.held > 0

    def _lay(self, group: asyncio.TaskGroup, batch: Sequence[Claimed]) -> None:
        """Give what was claimed to the connections of its lane."""
        for one in batch:
            lane = self._lanes.find(one.way)
            lane.lay(one)
            while lane.workers < min(lane.width, lane.held):
                lane.workers += 1
                group.create_task(self._drive(lane, self._carrier(lane)), name=f"letters by {one.way.kind}")

    def make_carrier(self, way: Way) -> Carrier | None:
        """Who opens the connections of a way that is no domain's; None for the relay of the house where there is
        none."""
        if way.kind == "account":
            return AccountCarrier(self._database, self._accounts, way.number)
        if way.kind == "relay":
            return RelayCarrier(self._database, self._keys, self._guard, self._hostname, way)
        return self._house

    def _carrier(self, lane: Lane) -> Carrier:
        if lane.way.kind == "direct":
            return DirectCarrier(self._database, self._direct, lane)
        carrier = self.make_carrier(lane.way)
        assert carrier is not None, "nothing is claimed for a relay that there is not"
        return carrier

    async def _trip(self, problem: Exception) -> None:
        """Something that nobody foresaw: say so, and go on after a while."""
        log.error("a fault in the sending of letters", exc_info=problem)
        self._fault = Unavailable("A fault of our own: %(why)s. We go on trying.", why=f"{type(problem).__name__}")
        self._tripped += 1
        await asyncio.sleep(min(FIRST_PAUSE * 2 ** min(self._tripped, 10), LONGEST_PAUSE) * self.haste)

    def _stopped(self) -> bool:
        return self._stop_file.exists()

    async def _drive(self, lane: Lane, carrier: Carrier) -> None:
        """The life of one connection of a lane: while there are letters, and a moment longer."""
        connection: Connection | None = None
        try:
            while lane.workers <= lane.width:
                try:
                    async with asyncio.timeout(IDLE_SECONDS):
                        one = await lane.take()
                except TimeoutError:
                    if lane.waiting:
                        continue
                    await let_go(connection)
                    break
                try:
                    connection = await self._offer(lane, carrier, connection, one)
                except Exception as problem:  # noqa: BLE001 - one letter's fault is not the others'
                    await self._break_off(connection, one, problem)
                finally:
                    lane.done(one)
        finally:
            lane.workers -= 1
            self._lanes.close(lane)
            if connection is not None:
                connection.abandon()

    async def _offer(self, lane: Lane, carrier: Carrier, old: Connection | None, one: Claimed) -> Connection | None:
        """One delivery, over a connection where there can be one; says which."""
        connection = None
        try:
            if not self._stopping and not self._stopped():
                connection = await carrier.connect(old)
        except UnreachedError as unreached:
            await surely(self._database, _book(one).record_reply, self._keys, one, unreached.reply)
        else:
            if connection is None or self._stopping or self._stopped():
                await surely(self._database, _book(one).put_back, one)
                return connection  # nothing has become of it, so there is no hurry to claim it again
            await self._carry(carrier, connection, one)
        if self._more and lane.waiting <= lane.width // 2:
            self._bell.set()
        return connection

    async def _break_off(self, connection: Connection | None, one: Claimed, problem: Exception) -> None:
        """A fault of our own with a delivery in hand: whether it left is what its mark says."""
        if connection is not None:
            connection.abandon()
        try:
            await surely(self._database, _book(one).record_fault, one, f"A fault of our own: {type(problem).__name__}")
        except Exception as again:  # its lease ends with this process, and the next one judges it
            log.error("what became of a letter could not be written down", exc_info=again)
        await self._trip(problem)

    async def _carry(self, carrier: Carrier, connection: Connection, one: Claimed) -> None:
        """One delivery to its end, whatever that is."""
        try:
            path, raw = await self._read(one)
            if self._signing is not None:
                raw = await self._signing.sign(raw)
            raw = connection.head + raw
            utf8 = not raw.partition(b"\r\n\r\n")[0].isascii()
            reply = await connection.offer(path, one.recipient, len(raw), utf8=utf8)
            if reply.code == 354:
                if not await self._mark(one):
                    connection.abandon()
                    return
                reply = await connection.hand_over(raw)
                self.letters += 1
            if reply.code == 421:  # it asks everybody to go, whatever it thinks of this letter
                await carrier.sent_away(reply.text)
            else:
                await carrier.answered(reply)
                if reply.code < 300 and self._tripped:
                    self._fault, self._tripped = None, 0
            await surely(self._database, _book(one).record_reply, self._keys, one, reply)
        except CutError as cut:
            await surely(self._database, _book(one).record_cut, one, handed=cut.handed, why=str(cut))
        except NotFound as missing:
            await surely(self._database, _book(one).record_reply, self._keys, one, Reply("data", 554, "", str(missing)))
        except Unavailable as problem:  # its bytes or its keys: others may leave meanwhile
            log.warning("a letter waits", reason=str(problem))
            await surely(self._database, _book(one).put_back, one, clock.MINUTE)

    async def _mark(self, one: Claimed) -> bool:
        """Commit the mark; False when the letter must not leave now. A stop that came meanwhile still counts."""
        if self._stopped():
            await surely(self._database, _book(one).put_back, one)
            return False
        try:
            return await self._database.work(_book(one).hand, self._keys, one)
        except Unavailable as problem:
            log.warning("a letter could not be marked and waits", reason=str(problem))
            await surely(self._database, _book(one).put_back, one)
            return False

    async def _read(self, one: Claimed) -> tuple[str, bytes]:
        """The return path of a letter and its bytes."""
        if one.mailing_id:
            if self._mailings is None:
                raise Unavailable("Letters of mailings are not written here.")
            return await self._mailings.write(one)
        content, sha256 = await self._database.read(find_content, one.blob_id)
        raw = bytes(content) if content is not None else await asyncio.to_thread(self._files.read, sha256)
        return one.return_path, raw


def _book(one: Claimed) -> Book:
    """Where it stands what became of it."""
    return recipient_rows if one.mailing_id else handing
