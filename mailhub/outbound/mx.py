"""Which servers take the letters of a domain, by the DNS: its MX records in the order of their preference, else the
domain itself (RFC 5321 §5.1); none where the domain says that it takes no letters (null MX, RFC 7505)."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address
from typing import Literal

import dns.asyncresolver
import dns.exception
import dns.flags
import dns.resolver
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.TXT import TXT

Kind = Literal["MX", "A", "AAAA", "TXT", "TLSA", "NS"]
Ask = Callable[[str, Kind], Awaitable[Sequence[str]]]
"""The records of a name as text, an MX as ``10 mx.client.example``; none for a name that has none. Raises
NoAnswerError when nobody knows now."""

AskProved = Callable[[str, Kind], Awaitable[tuple[Sequence[str], bool]]]
"""The same, and whether the DNS proved it (RFC 4033): the records, or that there are none."""
Trust = Literal["unknown", "none", "not validating", "validating"]

MOST_REMEMBERED = 10_000
SECONDS = 10.0
MOST_SERVERS = 8


class NoAnswerError(Exception):
    """The DNS says nothing now; it may later."""


class NowhereError(Exception):
    """The domain takes no letters, whenever one asks. ``status`` is the enhanced code that says so."""

    def __init__(self, why: str, status: str) -> None:
        super().__init__(why)
        self.status = status


class Names:
    """The DNS, with a memory that keeps each answer as long as its TTL says. One per event loop."""

    def __init__(
        self,
        servers: Sequence[str] = (),
        *,
        validating: Sequence[str] = (),
        port: int = 53,
        seconds: float = SECONDS,
    ) -> None:
        """``servers`` are addresses of recursive resolvers; without any those of the machine are asked. A question
        takes ``seconds`` at most. What is proved is believed of those that were named as ``validating``, which are
        asked instead, and of resolvers of this very machine: on the way from others anybody could have said so."""
        self._servers = list(validating or servers)
        self._named = bool(validating)
        self._port = port
        self._seconds = seconds
        self._network: dns.asyncresolver.Resolver | None = None
        self._proves: bool | None = None

    @property
    def trust(self) -> Trust:
        """Whose word is had for what is proved: nobody's, that of a resolver that proves, or that says it does not;
        unknown before the first question."""
        if self._network is None:
            return "unknown"
        if not self._is_believed():
            return "none"
        return "unknown" if self._proves is None else "validating" if self._proves else "not validating"

    async def ask(self, name: str, kind: Kind) -> list[str]:
        """See ``Ask``."""
        return (await self._ask(name, kind))[0]

    async def ask_proved(self, name: str, kind: Kind) -> tuple[list[str], bool]:
        """See ``AskProved``. Nothing is proved by a resolver that is not believed."""
        found, proved = await self._ask(name, kind)
        if self._proves is None and self._is_believed():
            self._proves = proved or (await self._ask("", "NS"))[1]  # the root is signed
        return found, proved and self._is_believed()

    async def _ask(self, name: str, kind: Kind) -> tuple[list[str], bool]:
        try:
            found = await self._resolver().resolve(f"{name}.", kind, raise_on_no_answer=False, search=False)
        except dns.resolver.NXDOMAIN as nothing:
            said = [nothing.response(one) for one in nothing.qnames()]  # type: ignore[no-untyped-call]
            return [], bool(said) and all(one.flags & dns.flags.AD for one in said)
        except (dns.exception.DNSException, OSError, ValueError) as problem:
            raise NoAnswerError(f"The DNS does not answer for {name} now.") from problem
        proved = bool(found.response.flags & dns.flags.AD)
        return ([] if found.rrset is None else [_as_text(record) for record in found.rrset]), proved

    def _is_believed(self) -> bool:
        return self._named or all(_is_loopback(str(one)) for one in self._resolver().nameservers)

    def _resolver(self) -> dns.asyncresolver.Resolver:
        if self._network is None:
            self._network = dns.asyncresolver.Resolver(configure=not self._servers)
            if self._servers:
                self._network.nameservers = list(self._servers)
            self._network.port = self._port
            self._network.lifetime = self._seconds
            self._network.cache = dns.resolver.LRUCache(MOST_REMEMBERED)
            # RFC 6840 5.7: AD in a question asks whether the answer is proved.
            self._network.flags = dns.flags.RD | dns.flags.AD
        return self._network


async def find_servers(ask: Ask, domain: str, own: str = "") -> list[str]:
    """The servers to try, one after the other; those of one preference in any order. ``own`` is what we are called:
    we and those behind us are left out, as a letter must not come back to us.

    Raises NowhereError and NoAnswerError.
    """
    if domain.startswith("["):
        raise NowhereError(f"{domain} is no domain. Letters go to names, not to addresses of machines.", "5.1.2")
    records = sorted(map(_read_mx, await ask(domain, "MX")))
    if not records:
        if not await find_addresses(ask, domain):
            raise NowhereError(f"The DNS names no server that takes letters for {domain}.", "5.1.2")
        return [domain]
    if [host for _, host in records] == [""]:
        raise NowhereError(f"{domain} takes no letters: it says so in the DNS.", "5.1.10")
    ours = min((place for place, host in records if own and host == own.lower()), default=None)
    if ours is not None:
        records = [one for one in records if one[0] < ours]
        if not records:
            raise NowhereError(f"The DNS says that this server itself takes the letters of {domain}.", "5.4.6")
    usable = [(place, random.random(), host) for place, host in records if _is_name(host)]  # noqa: S311 - no secret
    if not usable:
        raise NowhereError(f"The DNS names no server that takes letters for {domain}.", "5.4.4")
    return [host for _, _, host in sorted(usable)][:MOST_SERVERS]


async def find_addresses(ask: Ask, host: str) -> list[str]:
    """The addresses of a host, IPv4 before IPv6. Raises NoAnswerError when there is none and one question failed."""
    found: list[str] = []
    failed: NoAnswerError | None = None
    kinds: tuple[Kind, ...] = ("A", "AAAA")
    for kind in kinds:
        try:
            found += await ask(host, kind)
        except NoAnswerError as problem:
            failed = problem
    if failed is not None and not found:
        raise failed
    return found


def _as_text(record: object) -> str:
    if isinstance(record, TXT):
        return b"".join(record.strings).decode("ascii", "replace")
    return f"{record.preference} {record.exchange}" if isinstance(record, MX) else str(record)


def _read_mx(text: str) -> tuple[int, str]:
    preference, _, host = text.partition(" ")
    return int(preference), host.strip().rstrip(".").lower()


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def _is_name(host: str) -> bool:
    """Is it a name, as it has to be? Some write the address of a machine there."""
    try:
        ip_address(host)
    except ValueError:
        return bool(host)
    return False
