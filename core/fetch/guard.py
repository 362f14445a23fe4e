"""Where the server may connect to when somebody else names the place.

A name is resolved once and all its addresses are looked at: one that is not public spoils the name, since the next
question could be answered with it alone. The caller connects to the addresses it gets back and never asks again, so a
name that changes its answer between check and connection (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Literal

import idna

from core.errors import Forbidden, Invalid, Unavailable

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Purpose = Literal["web", "imap", "smtp"]
Resolver = Callable[[str], Awaitable[Sequence[str]]]

PORTS: Mapping[Purpose, frozenset[int]] = {
    "web": frozenset({80, 443}),
    "imap": frozenset({143, 993}),
    "smtp": frozenset({25, 465, 587}),
}

# IANA's registries of special-purpose addresses (RFC 6890 and its successors). They are written out, because what
# ``ipaddress`` calls global has changed between versions of Python.
_CLOSED_V4 = tuple(map(IPv4Network, (
    "0.0.0.0/8",  # this network
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",  # private
    "100.64.0.0/10",  # shared by carriers (RFC 6598)
    "127.0.0.0/8",  # loopback
    "168.63.129.16/32",  # the platform of one cloud, under a public address
    "169.254.0.0/16",  # link-local and metadata
    "192.0.0.0/24",  # protocol assignments
    "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24",  # documentation
    "192.31.196.0/24", "192.52.193.0/24", "192.175.48.0/24",  # AS112, AMT
    "192.88.99.0/24",  # 6to4 relays
    "198.18.0.0/15",  # benchmarks
    "224.0.0.0/4",  # multicast
    "240.0.0.0/4",  # reserved, broadcast
)))  # fmt: skip
# Of IPv6 only this is handed out to the internet. Loopback, mapped and translated IPv4, unique local, link-local and
# multicast addresses all stand outside it.
_OPEN_V6 = IPv6Network("2000::/3")
_CLOSED_V6 = tuple(map(IPv6Network, (
    "2001::/23",  # protocol assignments, Teredo (RFC 4380)
    "2001:db8::/32", "3fff::/20",  # documentation
    "2002::/16",  # 6to4: an IPv4 address in disguise (RFC 3056)
    "2620:4f:8000::/48",  # AS112
)))  # fmt: skip
# A last label like this makes a host a number in the eyes of some libraries (URL Standard, "ends in a number").
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")


async def resolve_by_system(host: str) -> list[str]:
    """Every address of the name, IPv4 and IPv6, as the system's resolver gives them; empty for no such name."""
    loop = asyncio.get_running_loop()
    try:
        answers = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except socket.gaierror:
        return []
    return list(dict.fromkeys(str(answer[4][0]) for answer in answers))


class Guard:
    """Decides where one may connect to. ``allowed`` are networks that the administrator trusts although they are not
    public, an IMAP server in the same rack, say; in those of ``own`` any port will do."""

    def __init__(
        self,
        resolver: Resolver = resolve_by_system,
        allowed: Sequence[str] = (),
        ports: Mapping[Purpose, frozenset[int]] = PORTS,
        own: Sequence[str] = (),
    ) -> None:
        self._resolver = resolver
        self._own = tuple(map(ip_network, own))
        self._allowed = (*map(ip_network, allowed), *self._own)
        self._ports = ports

    async def check_host(self, host: str, port: int, purpose: Purpose) -> list[str]:
        """The addresses to connect to, one after the other until one answers; at least one, and never the name again.

        Raises ``Invalid`` for what is no host, ``Forbidden`` for a port that the purpose has no use for or an address
        that is not public, ``Unavailable`` for a name that has no address now.
        """
        name = parse_host(host)
        usual = port in self._ports[purpose]
        if not usual and not self._own:
            raise self._unusual(port, purpose)
        addresses = [name] if isinstance(name, Address) else await self._resolved(name)
        if not usual and not all(_is_in(address, self._own) for address in addresses):
            raise self._unusual(port, purpose)
        if not all(map(self.may_reach, addresses)):
            raise Forbidden("%(host)s is not on the public internet. Connections inside are not made.", host=str(name))
        return list(map(str, addresses))

    def without_own(self) -> Guard:
        """The same guard for somebody who may reach the public internet alone."""
        return Guard(self._resolver, ports=self._ports)

    def may_reach(self, address: Address) -> bool:
        """Is the address public, or one that the administrator allowed?"""
        return is_public(address) or _is_in(address, self._allowed)

    def _unusual(self, port: int, purpose: Purpose) -> Forbidden:
        ports = ", ".join(map(str, sorted(self._ports[purpose])))
        return Forbidden("Port %(port)s is not used for this. Use one of %(ports)s.", port=port, ports=ports)

    async def _resolved(self, name: str) -> list[Address]:
        answers = await self._resolver(name)
        if not answers:
            raise Unavailable("There is no address for %(host)s now. Check the name.", host=name)
        return [ip_address(answer.partition("%")[0]) for answer in answers]


def _is_in(address: Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)


def is_public(address: Address) -> bool:
    """Does the address belong to one host of the open internet?"""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _CLOSED_V4)
    return address in _OPEN_V6 and not any(address in network for network in _CLOSED_V6)


def parse_host(text: str) -> str | Address:
    """The address that a host spells, or its name in lower-case ASCII without the last dot.

    Other spellings of numbers (``127.1``, ``0x7f000001``, ``0177.0.0.1``) are ``Invalid``: every library reads them
    differently. Full-width and circled digits are read as what they look like (UTS 46), as browsers do.
    """
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if ":" in bare:
        if "%" in bare:
            raise _no_host(text)
        return _address(bare, text)
    try:
        name = idna.encode(bare, uts46=True).decode("ascii").lower().removesuffix(".")
    except UnicodeError as error:  # what idna raises is one
        raise _no_host(text) from error
    return _address(name, text) if _NUMBER.fullmatch(name.rpartition(".")[2]) else name


def _address(spelt: str, text: str) -> Address:
    try:
        return ip_address(spelt)
    except ValueError as error:
        raise _no_host(text) from error


def _no_host(text: str) -> Invalid:
    return Invalid("%(host)s is not the name or address of a server.", host=text[:100], field="host")
