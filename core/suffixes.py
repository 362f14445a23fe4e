"""Which part of a domain somebody registered: the public suffix list, read once."""

from __future__ import annotations

from functools import cache

from publicsuffixlist import PublicSuffixList


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def find_registered(domain: str) -> str | None:
    """``mail.shop.example.co.uk`` → ``example.co.uk``; None for what nobody can register, such as ``co.uk``."""
    found = _suffixes().privatesuffix(domain)
    return None if found is None else str(found)
