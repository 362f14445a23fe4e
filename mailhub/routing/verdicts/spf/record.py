"""A policy as it is published: terms, checked to the end before the first is asked. RFC 7208 §4.6, §5, §6, §12."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from mailhub.routing.verdicts.spf.macros import is_domain_spec, is_macro_string

RESULTS = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}
LONGEST = 16_384
_TERM = re.compile(r"(?P<sign>[+?~-]?)(?P<name>[a-z][a-z0-9_.-]*)(?P<rest>[:/].*)?", re.IGNORECASE)
_MODIFIER = re.compile(r"(?P<name>[a-z][a-z0-9_.-]*)=(?P<value>.*)", re.IGNORECASE)
_NUMBER = r"(?:0|[1-9][0-9]{0,2})"
_PREFIXES = re.compile(rf"(?P<domain>.*?)(?:/(?P<v4>{_NUMBER}))?(?://(?P<v6>{_NUMBER}))?")


class PolicyError(Exception):
    """The policy is not well formed, or asks for too much: ``permerror``."""


@dataclass(frozen=True, slots=True)
class Mechanism:
    """One test and its outcome when it holds. ``domain`` is still with macros, '' for the domain itself."""

    name: str
    result: str
    domain: str = ""
    v4: int = 32
    v6: int = 128
    network: IPv4Network | IPv6Network | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """The mechanisms in their order, and the domain whose policy goes on after them ('' for none)."""

    mechanisms: tuple[Mechanism, ...]
    redirect: str = ""


def is_policy(record: bytes) -> bool:
    """Does a TXT record hold a policy? §4.5."""
    return record[:6].lower() == b"v=spf1" and record[6:7] in (b"", b" ")


def parse_policy(record: bytes) -> Policy:
    """Read a record that ``is_policy``. Raises PolicyError for the least mistake: §4.6."""
    if not record.isascii() or len(record) > LONGEST:
        raise PolicyError
    mechanisms: list[Mechanism] = []
    modifiers: dict[str, str] = {}
    for term in record.decode("ascii")[6:].split(" "):
        if not term:
            continue
        modifier = _MODIFIER.fullmatch(term)
        if modifier is None:
            mechanisms.append(_parse_mechanism(term))
            continue
        name, value = modifier["name"].lower(), modifier["value"]
        if name in {"redirect", "exp"}:
            if name in modifiers or not is_domain_spec(value, explains=False):
                raise PolicyError
            modifiers[name] = value
        elif not is_macro_string(value, explains=False):
            raise PolicyError
    return Policy(tuple(mechanisms), modifiers.get("redirect", ""))


def _parse_mechanism(term: str) -> Mechanism:
    match = _TERM.fullmatch(term)
    if match is None:
        raise PolicyError
    name, rest, result = match["name"].lower(), match["rest"] or "", RESULTS[match["sign"] or "+"]
    if name == "all" and not rest:
        return Mechanism(name, result)
    if name in {"ip4", "ip6"} and rest.startswith(":"):
        return Mechanism(name, result, network=_network(name, rest[1:]))
    if name in {"include", "exists"} and rest.startswith(":") and is_domain_spec(rest[1:], explains=False):
        return Mechanism(name, result, rest[1:])
    if name == "ptr" and (not rest or (rest.startswith(":") and is_domain_spec(rest[1:], explains=False))):
        return Mechanism(name, result, rest[1:])
    if name in {"a", "mx"}:
        return _with_prefixes(name, result, rest)
    raise PolicyError


def _with_prefixes(name: str, result: str, rest: str) -> Mechanism:
    match = _PREFIXES.fullmatch(rest)
    assert match is not None, "every part is optional"
    domain = match["domain"]
    v4, v6 = int(match["v4"] or 32), int(match["v6"] or 128)
    if match["v4"] == "0":
        v4 = 0
    if match["v6"] == "0":
        v6 = 0
    if v4 > 32 or v6 > 128 or (domain and not (domain.startswith(":") and is_domain_spec(domain[1:], explains=False))):
        raise PolicyError
    return Mechanism(name, result, domain[1:], v4, v6)


_DOTTED = re.compile(rf"{_NUMBER}(?:\.{_NUMBER}){{3}}(?:/{_NUMBER})?")


def _network(name: str, text: str) -> IPv4Network | IPv6Network:
    try:
        if name == "ip4":
            if _DOTTED.fullmatch(text) is None:
                raise PolicyError
            return IPv4Network(text, strict=False)
        address, slash, prefix = text.partition("/")
        if "%" in address or (slash and re.fullmatch(_NUMBER, prefix) is None):
            raise PolicyError
        return IPv6Network(text, strict=False)
    except ValueError as error:
        raise PolicyError from error
