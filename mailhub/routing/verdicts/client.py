"""Which host on the internet handed this letter to us, or to the relay in front of us."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

from core.fetch.guard import is_public
from mailhub.letters.proof import Trace

Network = IPv4Network | IPv6Network
_FROM = re.compile(r"\s*from\s+(?P<helo>\S{1,255})\s(?P<rest>.{0,600})", re.IGNORECASE)
_FROM_ADDRESS = re.compile(r"\s*from\s+\[(?:IPv6:)?(?P<ip>[0-9A-Fa-f:.]{3,45})\]", re.IGNORECASE)
# In brackets as most write it, or alone in a comment as Microsoft and qmail do.
_ADDRESS = re.compile(
    r"\[(?:IPv6:)?(?P<ip>[0-9A-Fa-f:.]{3,45})\]|\((?:\S{1,64}@)?(?P<bare>[0-9A-Fa-f:.]{3,45})\)", re.IGNORECASE
)
_HELO = re.compile(r"\bhelo[= ](?P<helo>[^\s()]{1,255})", re.IGNORECASE)
_LOOKED_UP = re.compile(r"\(\s*(?P<name>[A-Za-z0-9._-]{1,253}?)\.?\s+\[")
_BY = re.compile(r"(?:\A|\s)by\s", re.IGNORECASE)
_BY_HOST = re.compile(r"\s*\[?(?P<host>[^\s;()\[\]]{1,255})")
_WITH = re.compile(r"\swith\s+(?P<word>[A-Za-z0-9]+)", re.IGNORECASE)
_SIGNED_IN = re.compile(r"(?:UTF8)?(?:E?SMTP|LMTP)S?A", re.IGNORECASE)  # RFC 3848, RFC 6531 §4.3


@dataclass(frozen=True, slots=True)
class Client:
    """The host, by its public address, and what it called itself."""

    ip: IPv4Address | IPv6Address
    helo: str


@dataclass(frozen=True, slots=True)
class Hop:
    """What a ``Received`` line says. ``client`` None: it names no address; ``told`` is False where it names nobody at
    all. ``names`` are what the client is called there, by itself or by the DNS. ``protocol`` is the word behind
    ``with``, in capitals."""

    by: str
    client: Client | None
    told: bool
    names: tuple[str, ...]
    protocol: str

    @property
    def is_signed_in(self) -> bool:
        """Did the server let somebody in by a password? Then it is one of its own people's, from wherever."""
        return _SIGNED_IN.fullmatch(self.protocol) is not None


def is_trusted(trace: dict[str, Any], trusted: Sequence[Network]) -> bool:
    """Did a relay of our own hand the letter over? Whoever speaks LMTP with us is one."""
    if str(trace.get("protocol") or "").startswith("LMTP"):
        return True
    peer = _address(str(trace.get("peer") or ""))
    return peer is not None and any(peer in network for network in trusted)


def is_public_peer(trace: dict[str, Any]) -> bool:
    """Did a host on the open internet hand the letter over?"""
    peer = _address(str(trace.get("peer") or ""))
    return peer is not None and is_public(peer)


def find_client(trace: dict[str, Any], traces: Sequence[Trace], trusted: Sequence[Network]) -> Client | None:
    """The first host on the way in that is none of ours; None where it has no public address or is not told.

    Of a relay of ours the ``Received`` line it wrote is believed: the topmost one, and the next as long as they name
    relays of ours.
    """
    if not is_trusted(trace, trusted):
        peer = _address(str(trace.get("peer") or ""))
        return None if peer is None or not is_public(peer) else Client(peer, str(trace.get("helo") or ""))
    for line in traces:
        if line.name != "received":
            continue
        hop = parse_hop(line.value)
        if hop.client is None or hop.is_signed_in:
            return None
        if not any(hop.client.ip in network for network in trusted):
            return hop.client if is_public(hop.client.ip) else None
    return None


def cut_to_ours(trace: dict[str, Any], traces: Sequence[Trace], trusted: Sequence[Network]) -> Sequence[Trace]:
    """The lines that a relay of ours may have written: down to its ``Received`` line that names a stranger, and what
    stands directly below that one (where filters put their results). Nothing without such a relay."""
    if not is_trusted(trace, trusted):
        return ()
    for place, line in enumerate(traces):
        if line.name == "received":
            client = parse_hop(line.value).client
            if client is None or not any(client.ip in network for network in trusted):
                return traces[: find_next(traces, place)]
    return traces


def find_next(traces: Sequence[Trace], place: int) -> int:
    """The place of the next ``Received`` line below this one."""
    later = range(place + 1, len(traces))
    return next((at for at in later if traces[at].name == "received"), len(traces))


def parse_received(value: str) -> Client | None:
    """Who handed over, by a ``Received`` line as Postfix, Exim, Sendmail, qmail and Exchange write it."""
    return parse_hop(value).client


def parse_hop(value: str) -> Hop:
    """A ``Received`` line, as far as it can be read. RFC 5321 §4.4.

    What the client calls itself is the client's own word, and may look like an address: only what the server wrote
    beside it counts.
    """
    said, *rest = _BY.split(value, maxsplit=1)
    by = _BY_HOST.match(rest[0]) if rest else None
    protocol = _WITH.search(rest[0]) if rest else None
    client, names = _read_client(said + " ")
    return Hop(
        by["host"].lower().rstrip(".") if by else "",
        client,
        _FROM.match(said + " ") is not None,
        names,
        protocol["word"].upper() if protocol else "",
    )


def _read_client(said: str) -> tuple[Client | None, tuple[str, ...]]:
    named = _FROM.match(said)
    if named is None:
        return None, ()
    called = _HELO.search(named["rest"])
    written = _HELO.sub(" ", named["rest"])
    found = _ADDRESS.search(written)
    ip = None
    if found is not None:
        ip = _address(found["ip"] or found["bare"])
    elif (alone := _FROM_ADDRESS.match(said)) is not None and (called is not None or not written.strip()):
        ip = _address(alone["ip"])
    helo = called["helo"] if called else named["helo"].strip("[]")
    looked_up = _LOOKED_UP.search(written)
    names = (*([looked_up["name"]] if looked_up else []), named["helo"], helo)
    return None if ip is None else Client(ip, helo), tuple(dict.fromkeys(name.lower() for name in names))


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address
