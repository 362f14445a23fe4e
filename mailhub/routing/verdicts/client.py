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
_ADDRESS = re.compile(r"\[(?:IPv6:)?(?P<ip>[0-9A-Fa-f:.]{3,45})\]", re.IGNORECASE)
_HELO = re.compile(r"\bhelo[= ](?P<helo>[^\s()]{1,255})", re.IGNORECASE)
_BY = re.compile(r"\sby\s", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Client:
    """The host, by its public address, and what it called itself."""

    ip: IPv4Address | IPv6Address
    helo: str


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
        found = parse_received(line.value)
        if found is None:
            return None
        if not any(found.ip in network for network in trusted):
            return found if is_public(found.ip) else None
    return None


def parse_received(value: str) -> Client | None:
    """Who handed over, by a ``Received`` line as Postfix, Exim, Sendmail, qmail and Exchange write it."""
    said = _BY.split(value, maxsplit=1)[0] + " "
    named = _FROM.match(said)
    if named is None:
        return None
    found = _ADDRESS.search(named["rest"]) or _FROM_ADDRESS.match(said)
    ip = None if found is None else _address(found["ip"])
    if ip is None:
        return None
    helo = _HELO.search(named["rest"])
    return Client(ip, helo["helo"] if helo else named["helo"].strip("[]"))


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address
