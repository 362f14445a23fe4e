"""The addresses of a person, compared whole: ``an@client.example`` is nobody's part of ``ivan@client.example``."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

from core.errors import Invalid
from crm.parties import normal_address
from mailhub.letters.addresses import parse_addr_spec


def canonical(address: str) -> str:
    """The one form of an address: domain in ASCII, all in small letters. What is none comes out in small letters."""
    plain = unicodedata.normalize("NFC", address.strip())
    return (parse_addr_spec(plain) or plain).lower()


def is_any_of(addresses: Iterable[str], names: Iterable[str]) -> bool:
    """Whether one of the addresses is one of these names, however either is written."""
    return not {canonical(one) for one in names}.isdisjoint(canonical(one) for one in addresses)


def spellings(names: Sequence[str]) -> list[str]:
    """The ways in which tables may hold these addresses: as given, with the domain in ASCII, and in letters."""
    found = set(names) | {canonical(one) for one in names}
    for one in names:
        try:
            found.add(normal_address(one))
        except Invalid:
            continue  # it stands in no table of ours in another form
    return sorted(found)
