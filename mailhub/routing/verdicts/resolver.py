"""The DNS over the network, with a memory that is bounded in time and in size."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, OrderedDict
from collections.abc import Sequence

import dns.asyncresolver
import dns.exception
import dns.rdatatype
import dns.resolver
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.TXT import TXT

from core.log import get_log
from mailhub.letters.alignment import organisation
from mailhub.routing.verdicts.dns import Kind, NoAnswerError, is_name

ONE_TRY_SECONDS = 1.5
ALL_TRIES_SECONDS = 4.0
SHORTEST_TTL, LONGEST_TTL = 30, 3600
EMPTY_TTL = 300
FAILED_TTL = 30
MOST_BYTES = 8 << 20
ENTRY_BYTES = 200  # about what a name and its place in the memory take
AT_A_TIME = 128
SILENT_IN_A_ROW = 24  # so many questions without any answer, and the servers themselves are away
AWAY_SECONDS = 30.0
OF_ONE_OWNER = 16  # whoever lets questions about their names hang takes no more places than this

log = get_log(__name__)

Answer = tuple[bytes, ...] | NoAnswerError


class Resolver:
    """Asks name servers, each question once however many letters wait for its answer. One per event loop."""

    def __init__(self, servers: Sequence[str] = (), *, port: int = 53, seconds: float = ALL_TRIES_SECONDS) -> None:
        """``servers`` are addresses of recursive resolvers; without any those of the machine are asked. A question
        takes ``seconds`` at most.

        Raises ``dns.resolver.NoResolverConfiguration`` when the machine names none.
        """
        self._network = dns.asyncresolver.Resolver(configure=not servers)
        if servers:
            self._network.nameservers = list(servers)
        self._network.port = port
        self._network.timeout = min(ONE_TRY_SECONDS, seconds)
        self._network.lifetime = seconds
        self._memory = Memory(MOST_BYTES)
        self._asked: dict[tuple[str, Kind], asyncio.Task[Answer]] = {}
        self._turn = asyncio.Semaphore(AT_A_TIME)
        self._by_owner: Counter[str] = Counter()
        self._silent = 0
        self._away_until = 0.0

    async def ask(self, name: str, kind: Kind) -> tuple[bytes, ...]:
        """See ``dns.Ask``. While the servers themselves are away nobody waits for them."""
        key = (name.lower().removesuffix("."), kind)
        if not is_name(name):
            return ()
        known = self._memory.find(key)
        if known is None:
            task = self._asked.get(key) or self._begin(key)
            known = await asyncio.shield(task)  # who asked first may give up before the others
        if isinstance(known, NoAnswerError):
            raise known
        return known

    def _begin(self, key: tuple[str, Kind]) -> asyncio.Task[Answer]:
        if self._are_away():
            raise NoAnswerError("the name servers are away")
        owner = organisation(key[0])
        if self._by_owner[owner] >= OF_ONE_OWNER:
            raise NoAnswerError(f"too many questions about {owner} hang")
        self._by_owner[owner] += 1
        task = self._asked[key] = asyncio.create_task(self._ask(key))

        def ended(_: object) -> None:
            del self._asked[key]
            self._by_owner[owner] -= 1
            if not self._by_owner[owner]:
                del self._by_owner[owner]

        task.add_done_callback(ended)
        return task

    async def _ask(self, key: tuple[str, Kind]) -> Answer:
        async with self._turn:
            if self._are_away():
                return NoAnswerError("the name servers are away")
            answer, ttl = await self._ask_network(*key)
        self._memory.keep(key, answer, ttl)
        return answer

    async def _ask_network(self, name: str, kind: Kind) -> tuple[Answer, int]:
        try:
            found = await self._network.resolve(f"{name}.", kind, raise_on_no_answer=False, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.YXDOMAIN):
            self._silent = 0
            return (), EMPTY_TTL
        except (dns.exception.DNSException, OSError, ValueError) as problem:
            self._note_silence(problem)
            return NoAnswerError(f"{kind} {name}: {type(problem).__name__}"), FAILED_TTL
        self._silent = 0
        if found.rrset is None:
            return (), EMPTY_TTL
        ttl = min(max(found.rrset.ttl, SHORTEST_TTL), LONGEST_TTL)
        records = sorted(found.rrset, key=lambda one: one.preference) if kind == "MX" else list(found.rrset)
        return tuple(_as_bytes(record) for record in records), ttl

    def _note_silence(self, problem: Exception) -> None:
        """A server that says that it cannot now is there; one that says nothing may be away."""
        errors = problem.kwargs.get("errors", ()) if isinstance(problem, dns.exception.DNSException) else ()
        if any(error[4] is not None for error in errors):
            self._silent = 0
            return
        self._silent += 1
        if self._silent >= SILENT_IN_A_ROW:
            self._silent = SILENT_IN_A_ROW - 1  # one question afterwards says whether they are there again
            if not self._are_away():
                log.warning("the name servers do not answer: for a moment nobody is asked who wrote a letter")
            self._away_until = time.monotonic() + AWAY_SECONDS

    def _are_away(self) -> bool:
        return time.monotonic() < self._away_until

    async def close(self) -> None:
        """Give up what is still asked."""
        for task in self._asked.values():
            task.cancel()
        await asyncio.gather(*self._asked.values(), return_exceptions=True)


def _as_bytes(record: object) -> bytes:
    if isinstance(record, TXT):
        return b"".join(record.strings)
    return str(record.exchange if isinstance(record, MX) else record).encode("ascii", "replace")


class Memory:
    """Answers until their time is over or the room is used up; the longest unused goes first."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._entries: OrderedDict[tuple[str, Kind], tuple[float, Answer, int]] = OrderedDict()
        self.bytes = 0

    def find(self, key: tuple[str, Kind]) -> Answer | None:
        """The answer, or None."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry[0] < time.monotonic():
            self._forget(key)
            return None
        self._entries.move_to_end(key)
        return entry[1]

    def keep(self, key: tuple[str, Kind], answer: Answer, ttl: int) -> None:
        """Remember for ``ttl`` seconds."""
        self._forget(key)
        size = ENTRY_BYTES + len(key[0]) + (0 if isinstance(answer, NoAnswerError) else sum(map(len, answer)))
        self._entries[key] = (time.monotonic() + ttl, answer, size)
        self.bytes += size
        while self.bytes > self._most:
            self._forget(next(iter(self._entries)))

    def _forget(self, key: tuple[str, Kind]) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self.bytes -= entry[2]
