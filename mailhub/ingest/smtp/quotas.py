"""What sessions share: memory for unfinished letters, and each peer's fair part of connections and letters."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from functools import lru_cache

from mailhub.ingest.smtp.limits import Limits


class Budget:
    """A number of bytes that all sessions draw from."""

    def __init__(self, size: int) -> None:
        self._free = size

    def has(self, size: int) -> bool:
        """Whether so much is free now."""
        return size <= self._free

    def take(self, size: int) -> bool:
        """Takes all of it or nothing."""
        if size > self._free:
            return False
        self._free -= size
        return True

    def give(self, size: int) -> None:
        """Gives back what was taken."""
        self._free += size


@dataclass(slots=True)
class _Peer:
    connections: int = 0
    connections_due: float = 0.0
    letters_due: float = 0.0


class Peers:
    """Counts and rates by peer. A rate is a GCRA: one moment a peer, pushed on by each event, never ahead a minute."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._peers: dict[str, _Peer] = {}
        self._trusted = tuple(ipaddress.ip_network(network) for network in limits.trusted)
        self._key = lru_cache(4096)(self._find_key)

    def connect(self, address: str, now: float) -> bool:
        """Takes a place for a connection; ``False`` when the peer has too many, or makes too many a minute."""
        key = self._key(address)
        if key is None:
            return True
        peer = self._peers.setdefault(key, _Peer())
        due = max(peer.connections_due, now) + 60.0 / self._limits.connections_per_minute
        if due > now + 60.0 or peer.connections >= self._limits.connections_per_peer:
            return False
        peer.connections_due = due
        peer.connections += 1
        return True

    def leave(self, address: str) -> None:
        """Gives the place back that ``connect`` gave."""
        key = self._key(address)
        if key is not None:
            self._peers[key].connections -= 1

    def letter(self, address: str, now: float) -> bool:
        """Whether a connected peer may begin one more letter now."""
        key = self._key(address)
        if key is None:
            return True
        peer = self._peers[key]
        due = max(peer.letters_due, now) + 60.0 / self._limits.letters_per_minute
        if due > now + 60.0:
            return False
        peer.letters_due = due
        return True

    def forget(self, now: float) -> None:
        """Drops peers that are away and whose rates have recovered."""
        for key in [
            key
            for key, peer in self._peers.items()
            if not peer.connections and max(peer.connections_due, peer.letters_due) <= now
        ]:
            del self._peers[key]

    def _find_key(self, address: str) -> str | None:
        """What is counted as one peer: the IPv4 address or the IPv6 /64; ``None`` for a trusted one."""
        try:
            parsed = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return None  # a Unix socket: a mail server of this machine
        if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
            parsed = parsed.ipv4_mapped
        if any(parsed in network for network in self._trusted):
            return None
        return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else str(parsed)
