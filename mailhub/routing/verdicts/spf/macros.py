"""Macros inside a policy: what stands for the sender, the host and the domain. RFC 7208 §7."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import quote

_MACRO = re.compile(r"%(?:\{([a-zA-Z])([0-9]*)(r?)([.+,/_=-]*)\}|([%_-]))", re.IGNORECASE)
_LETTERS, _EXPLAINING = frozenset("slodiphv"), frozenset("crt")
_PLAIN = {"%": "%", "_": " ", "-": "%20"}
_TOPLABEL = re.compile(r"(?=.*[a-z-])[a-z0-9](?:[a-z0-9-]*[a-z0-9])?", re.IGNORECASE)
LONGEST_NAME = 253


@dataclass(frozen=True, slots=True)
class Facts:
    """What the macros speak of: §2.4. ``validated`` finds the name of the host (``%{p}``)."""

    ip: IPv4Address | IPv6Address
    sender: str
    helo: str
    validated: Callable[[str], Awaitable[str]]


def is_macro_string(text: str, *, explains: bool) -> bool:
    """Is every macro in it well formed? ``explains`` allows those that only explanations may have."""
    position = 0
    while position < len(text):
        character = text[position]
        if character != "%":
            if not "\x21" <= character <= "\x7e":
                return False
            position += 1
            continue
        match = _MACRO.match(text, position)
        if match is None or (match[1] is not None and not _is_known(match, explains=explains)):
            return False
        position = match.end()
    return True


def _is_known(match: re.Match[str], *, explains: bool) -> bool:
    letter = match[1].lower()
    known = letter in _LETTERS or (explains and letter in _EXPLAINING)
    return known and (match[2] == "" or int(match[2][:9]) > 0)


def is_domain_spec(text: str, *, explains: bool) -> bool:
    """A macro string that ends like a domain: with a macro or a top label. §7.1."""
    if not text or not is_macro_string(text, explains=explains):
        return False
    if text.endswith("}") and any(match.end() == len(text) and match[1] for match in _MACRO.finditer(text)):
        return True
    head, dot, label = text.removesuffix(".").rpartition(".")
    return bool(dot) and bool(head) and _TOPLABEL.fullmatch(label) is not None


async def expand(text: str, domain: str, facts: Facts) -> str:
    """The domain that a domain-spec names; cut from the left to what can be a name. §7.3."""
    pieces: list[str] = []
    position = 0
    for match in _MACRO.finditer(text):
        pieces.append(text[position : match.start()])
        pieces.append(_PLAIN[match[5]] if match[5] else await _value(match, domain, facts))
        position = match.end()
    name = ("".join(pieces) + text[position:]).removesuffix(".")
    while len(name) > LONGEST_NAME and "." in name:
        name = name.partition(".")[2]
    return name


async def _value(match: re.Match[str], domain: str, facts: Facts) -> str:
    letter = match[1].lower()
    local, _, sender_domain = facts.sender.rpartition("@")
    if letter == "p":
        value = await facts.validated(domain)
    else:
        value = {
            "s": facts.sender,
            "l": local,
            "o": sender_domain,
            "d": domain,
            "i": _dotted(facts.ip),
            "h": facts.helo,
            "v": "in-addr" if facts.ip.version == 4 else "ip6",
        }[letter]
    parts = re.split("[" + re.escape(match[4] or ".") + "]", value)
    if match[3]:
        parts.reverse()
    if match[2]:
        parts = parts[-int(match[2][:4]) :]
    joined = ".".join(parts)
    return quote(joined, safe="-._~") if match[1].isupper() else joined


def _dotted(ip: IPv4Address | IPv6Address) -> str:
    return str(ip) if ip.version == 4 else ".".join(ip.exploded.replace(":", "")).lower()
