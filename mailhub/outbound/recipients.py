"""Addresses as a person types them into a form, or a program into a body."""

from __future__ import annotations

from core.errors import Invalid
from mailhub.letters.addresses import parse_addr_spec, parse_addresses
from mailhub.letters.values import Address


def parse_recipients(text: str, field: str) -> tuple[Address, ...]:
    """``Anna <anna@client.example>, boris@client.example``, separated by commas or semicolons. Raises Invalid naming
    the first that is no address, and ``field``."""
    found = parse_addresses(" ".join(text.replace(";", ",").split()).encode())
    for one in found:
        if parse_addr_spec(one.address) is None or ("@" in one.name and "<" not in text):
            raise Invalid("“%(address)s” is not an e-mail address.", address=one.address or one.name, field=field)
    return tuple(found)


def format_recipients(people: tuple[Address, ...]) -> str:
    """How ``parse_recipients`` reads them back."""
    return ", ".join(f"{_quoted(one.name)} <{one.address}>" if one.name else one.address for one in people)


def _quoted(name: str) -> str:
    if not any(sign in name for sign in '()<>@,;:\\".[]'):
        return name
    escaped = name.replace("\\", "\\\\").replace('"', '\\"').replace(";", " ")
    return f'"{escaped}"'
