"""Why an address that somebody typed is none, in words that say what to mend."""

from __future__ import annotations

import re
from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email

from mailhub.letters.addresses import parse_addr_spec, parse_addresses

WRONG = {
    r"must have an @-sign|at-sign": "It has no @.",
    r"something before the @-sign": "There is nothing before the @.",
    r"something after the @-sign": "There is nothing behind the @.",
    r"before the @-sign": "A letter or sign before the @ cannot be in an address.",
    r"two periods in a row": "It has two dots in a row.",
    r"(?:start|end) with|immediately (?:after|before)|next to each other": "A dot or a hyphen stands in a wrong place.",
    r"too long": "It is too long.",
    r"should have a period|not valid\. It should": "Behind the @ a dot is missing, as in firm.com.",
    r"after the @-sign|domain": "What stands behind the @ is no domain.",
}
"""What the library says, by a part of it → what is said here."""
NO_ADDRESS = "It is no e-mail address."


@dataclass(frozen=True, slots=True)
class Typed:
    """Somebody as typed into a line of people. ``wrong`` is a message id, empty for an address that letters go to."""

    name: str
    address: str
    wrong: str = ""


def read_person(text: str) -> Typed:
    """Somebody as typed, with the reason where letters cannot go there."""
    found = parse_addresses(" ".join(text.split()).encode())
    if len(found) != 1:
        return Typed("", text, NO_ADDRESS)
    address = found[0].address or found[0].name
    return Typed(found[0].name, address, find_wrong(address))


def find_wrong(address: str) -> str:
    """Why letters cannot go to this address, as a message id; empty when they can."""
    if address.endswith("]") and parse_addr_spec(address) is not None:
        return ""  # a host by its number, which the library does not know
    try:
        validate_email(address, check_deliverability=False, test_environment=True)
    except EmailNotValidError as problem:
        said = str(problem)
        return next((sentence for part, sentence in WRONG.items() if re.search(part, said)), NO_ADDRESS)
    return "" if parse_addr_spec(address) is not None else NO_ADDRESS
