"""Does what was proved fit the From? RFC 7489 §3.1, §6.6."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from core.suffixes import find_registered


@dataclass(frozen=True, slots=True)
class Policy:
    """What a domain publishes about letters that carry its name. ``wish`` is what it asks for: none, quarantine or
    reject; strict alignment asks for the very domain, not for one of its organisation."""

    wish: str = "none"
    strict_spf: bool = False
    strict_dkim: bool = False


def organisation(domain: str) -> str:
    """The domain that somebody registered: ``mail.shop.example.co.uk`` → ``example.co.uk``."""
    bare = domain.lower().removesuffix(".")
    return find_registered(bare) or bare


def is_aligned(proved: str, domain: str, *, strict: bool = False) -> bool:
    """Does a proved domain stand behind the domain of From?"""
    proved, domain = proved.lower().removesuffix("."), domain.lower().removesuffix(".")
    if not proved or not domain:
        return False
    return proved == domain or (not strict and organisation(proved) == organisation(domain))


def find_aligned(domain: str, by_spf: str, by_dkim: Iterable[str], policy: Policy | None = None) -> str:
    """The proved domain that fits the ``domain`` of From, '' for none. ``by_spf`` is the one whose SPF passed."""
    asked = policy or Policy()
    for proved in by_dkim:
        if is_aligned(proved, domain, strict=asked.strict_dkim):
            return proved.lower()
    return by_spf.lower() if is_aligned(by_spf, domain, strict=asked.strict_spf) else ""


def judge_dmarc(domain: str, aligned: str, policy: Policy | None, *, certain: bool) -> str:
    """A word of RFC 8601 for DMARC. ``certain`` is False where SPF or a signature could not be checked in time: then
    nothing is held against the letter."""
    if not domain or policy is None:
        return "none"
    if aligned:
        return "pass"
    return "fail" if certain else "temperror"


def parse_policy(record: bytes) -> Policy | None:
    """A policy as published, None for a record that is none. RFC 7489 §6.3."""
    text = record.decode("latin-1")
    tags: dict[str, str] = {}
    for number, spec in enumerate(text.split(";")):
        name, equals, value = (piece.strip().lower() for piece in spec.partition("="))
        if number == 0 and (name, value) != ("v", "dmarc1"):
            return None
        if equals:
            tags.setdefault(name, value)
    wish = tags.get("p", "")
    if wish not in {"none", "quarantine", "reject"}:
        if "rua" not in tags:
            return None
        wish = "none"
    return Policy(wish, tags.get("aspf") == "s", tags.get("adkim") == "s")
