"""Where an address delivers: the answer to RCPT TO, from a snapshot that is renewed when mailboxes change.

Exact address, then without its plus-tag, then the catch-all of the domain. ``postmaster`` of any own domain always
delivers (RFC 5321 4.5.1): to its own mailbox if there is one, else to the oldest public mailbox. Domains are compared
in letters and in ASCII (IDN); local parts without case, in NFC (RFC 6531).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

import idna
from sqlalchemy import literal_column, select

from core.database import ReadTx
from mailhub.mailboxes.boxes import list_addresses
from mailhub.mailboxes.tables import mailbox


@dataclass(frozen=True, slots=True)
class Directory:
    """A snapshot of all delivering addresses."""

    addresses: Mapping[str, int]
    domains: frozenset[str]
    postmaster_id: int | None

    def find(self, address: str) -> int | None:
        """The mailbox that gets letters to this address, or None when it is none of ours."""
        local, _, domain = unicodedata.normalize("NFC", address).rpartition("@")
        domain = letters_of_domain(domain)
        local = local.lower()
        if not local and domain == "postmaster":
            return self.postmaster_id  # "RCPT TO:<postmaster>" without a domain
        if domain not in self.domains:
            return None
        found = self.addresses.get(f"{local}@{domain}")
        if found is None and "+" in local.lstrip("+"):
            found = self.addresses.get(f"{local.partition('+')[0]}@{domain}")
        if found is None and local == "postmaster":
            found = self.postmaster_id
        return self.addresses.get(f"@{domain}") if found is None else found


def letters_of_domain(domain: str) -> str:
    """A domain in lower case and in letters (xn--… decoded), the form in which addresses are kept."""
    lowered = domain.lower()
    if "xn--" not in lowered:
        return lowered
    try:
        return idna.decode(lowered)
    except (idna.IDNAError, UnicodeError):
        return lowered


_OLDEST = select(mailbox.c.id).where(mailbox.c.kind == "public").order_by(mailbox.c.id).limit(literal_column("1"))


def read_directory(tx: ReadTx) -> Directory:
    """Take the snapshot."""
    addresses = list_addresses(tx)
    domains = frozenset(address.partition("@")[2] for address in addresses)
    return Directory(addresses, domains, tx.value(_OLDEST))
