"""Who has the connections of a lane: each kind of way gets them, and remembers its trouble, in its own manner."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from core import clock
from core.database import Database, WriteTx
from core.errors import HouseError, NotFound, Unavailable
from core.fetch import Guard, open_socket
from core.log import get_log
from core.secrets import Keys
from mailhub.outbound import ways
from mailhub.outbound.account_ways import SENT_AWAY, UNREACHED, AccountWays, WayError
from mailhub.outbound.connection import CONNECT_SECONDS, Connection, RelayError
from mailhub.outbound.direct import Direct, UnreachedError
from mailhub.outbound.lane_troubles import end_lane_trouble, find_lane_trouble, record_lane_trouble
from mailhub.outbound.lanes import Lane
from mailhub.outbound.mailbox_ways import open_relay
from mailhub.outbound.relay import Relay
from mailhub.outbound.replies import Reply

FIRST_PAUSE, LONGEST_PAUSE = 2.0, 300.0
GONE = "There is no relay for this mailbox any more."
P = ParamSpec("P")
T = TypeVar("T")
log = get_log(__name__)


async def surely(
    database: Database, verb: Callable[Concatenate[WriteTx, P], T], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Write this, at the latest when the database can again."""
    while True:
        try:
            return await database.work(verb, *args, **kwargs)
        except Unavailable as problem:
            log.warning("what became of a letter is not written down yet", reason=str(problem))
            await asyncio.sleep(1)


async def let_go(connection: Connection | None) -> None:
    """Say goodbye, where there is a connection."""
    if connection is not None:
        await connection.close()


class Carrier(ABC):
    """For one lane."""

    @abstractmethod
    async def connect(self, old: Connection | None) -> Connection | None:
        """The connection while it works, else a new one. None, and the letter waits without blame, when there can be
        none; raises UnreachedError when the letter is judged by that."""

    @abstractmethod
    async def sent_away(self, why: str) -> None:
        """The server wants no letters for a while."""

    @abstractmethod
    async def answered(self, reply: Reply) -> None:
        """What it said to a letter."""


class HouseCarrier(Carrier):
    """The relay of the house: left alone for a while that doubles until it takes a letter again."""

    def __init__(self, relay: Relay, hostname: str) -> None:
        self._relay = relay
        self._hostname = hostname
        self._pause = 0.0
        self._until = 0.0
        self.fault: Unavailable | None = None

    @property
    def may_go(self) -> bool:
        """False while the relay is left alone."""
        return asyncio.get_running_loop().time() >= self._until

    async def connect(self, old: Connection | None) -> Connection | None:
        if not self.may_go:
            return None
        if old is not None and old.is_open:
            return old
        await let_go(old)
        connection = Connection(self._relay, self._hostname)
        try:
            await connection.open()
        except RelayError as problem:
            self.fault = Unavailable("Letters wait: %(why)s.", why=str(problem))
            await self.sent_away(str(problem))
            return None
        self.fault = None
        return connection

    async def sent_away(self, why: str) -> None:
        self._pause = min(max(self._pause * 2, FIRST_PAUSE), LONGEST_PAUSE)
        self._until = asyncio.get_running_loop().time() + self._pause
        log.warning("the relay is left alone", reason=why, seconds=self._pause)

    async def answered(self, reply: Reply) -> None:
        if reply.code < 300:
            self._pause = 0.0


class AccountCarrier(Carrier):
    """The server of one account."""

    def __init__(self, database: Database, accounts: AccountWays | None, account_id: int) -> None:
        self._database = database
        self._accounts = accounts
        self._account_id = account_id

    async def connect(self, old: Connection | None) -> Connection | None:
        if old is not None and old.is_open:
            return old
        await let_go(old)
        trouble = await self._database.read(ways.find_trouble, self._account_id)
        if self._accounts is None or (trouble is not None and trouble.next_at > clock.now()):
            return None
        try:
            connection = await self._accounts.connect(self._account_id)
        except (WayError, HouseError) as problem:
            refused = isinstance(problem, WayError) and problem.refused
            log.warning("the server of an account is left alone", account=self._account_id, reason=str(problem))
            if not isinstance(problem, NotFound):
                said = dict(problem.fields)
                await surely(
                    self._database, ways.record_trouble, self._account_id, problem.sentence, said, refused=refused
                )
            return None
        if trouble is not None:
            await surely(self._database, ways.end_trouble, self._account_id)
        return connection

    async def sent_away(self, why: str) -> None:
        await surely(self._database, ways.record_trouble, self._account_id, SENT_AWAY, {"why": why})

    async def answered(self, reply: Reply) -> None:
        """Nothing to learn for a single connection."""


class RelayCarrier(Carrier):
    """The relay of one mailbox, reached under the guard as whoever manages a mailbox may name any."""

    def __init__(self, database: Database, keys: Keys, guard: Guard, hostname: str, way: ways.Way) -> None:
        self._database = database
        self._keys = keys
        self._guard = guard
        self._hostname = hostname
        self._way = way

    async def connect(self, old: Connection | None) -> Connection | None:
        if old is not None and old.is_open:
            return old
        await let_go(old)
        trouble = await self._database.read(find_lane_trouble, self._way.lane)
        if trouble is not None and trouble.is_resting(clock.now()):
            return None
        refused = False
        try:
            found = await self._database.read(open_relay, self._keys, self._way.number)
            if found is None:
                return None  # somebody chose another way meanwhile
            relay, inside = found
            guard = self._guard if inside else self._guard.without_own()
            connected = await open_socket(guard, relay.host, relay.port, "smtp", CONNECT_SECONDS)
            connection = Connection(relay, self._hostname, connected=connected)
            await connection.open()
        except (RelayError, HouseError, OSError) as problem:
            refused = isinstance(problem, RelayError) and problem.refused
            why = str(problem) or type(problem).__name__
            log.warning("the relay of a mailbox is left alone", mailbox=self._way.number, reason=why)
            host = await self._database.read(ways.name_server, self._way)
            fields = {"host": host, "why": why}
            await surely(self._database, record_lane_trouble, self._way.lane, UNREACHED, fields, refused=refused)
            return None
        if trouble is not None:
            await surely(self._database, end_lane_trouble, self._way.lane)
        return connection

    async def sent_away(self, why: str) -> None:
        await surely(self._database, record_lane_trouble, self._way.lane, SENT_AWAY, {"why": why})

    async def answered(self, reply: Reply) -> None:
        """Nothing to learn for a single connection."""


class DirectCarrier(Carrier):
    """The servers of one domain. While the domain rests its letters are put off, each until its own next time, so that
    one that is dead costs a look at a row and no connection."""

    def __init__(self, database: Database, direct: Direct | None, lane: Lane) -> None:
        self._database = database
        self._direct = direct
        self._lane = lane
        self._troubled = True

    async def connect(self, old: Connection | None) -> Connection | None:
        way = self._lane.way
        trouble = await self._database.read(find_lane_trouble, way.lane) if self._troubled else None
        self._troubled = trouble is not None
        if trouble is not None and trouble.is_resting(clock.now()):
            raise UnreachedError(Reply("connect", 0, "4.4.1", trouble.sentence % trouble.fields))
        if old is not None and old.is_open:
            return old
        await let_go(old)
        if self._direct is None:
            return None
        try:
            return await self._direct.connect(way.domain)
        except UnreachedError as unreached:
            if not unreached.is_final:
                await self._rest(unreached.reply.text)
            raise

    async def sent_away(self, why: str) -> None:
        await self._rest(why)

    async def answered(self, reply: Reply) -> None:
        if reply.code < 300:
            self._lane.widen()
            if self._troubled:
                await surely(self._database, end_lane_trouble, self._lane.way.lane)
        elif reply.code < 500:
            self._lane.narrow()

    async def _rest(self, why: str) -> None:
        self._troubled = True
        self._lane.narrow()
        log.warning("a domain is left alone", domain=self._lane.way.domain, reason=why)
        await surely(self._database, record_lane_trouble, self._lane.way.lane, "%(why)s", {"why": why})
