"""What the listener hands over, and what it asks of the office behind it: the border between protocol and meaning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

UNIX = "unix"
"""The peer of a letter that came over a Unix socket."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """A mailbox of ours that an address leads to."""

    address: str
    mailbox_id: int


@dataclass(frozen=True, slots=True)
class Transaction:
    """One letter with its envelope, as it came over the wire."""

    sender: str
    """MAIL FROM without its brackets; empty for the null sender."""
    recipients: tuple[Recipient, ...]
    """As resolved at RCPT, each mailbox and address once."""
    raw: bytes
    """After DATA's own decoding: dots unstuffed, every line end CR LF, NUL kept."""
    defects: tuple[str, ...]
    """What the decoding had to mend or noticed: ``bare-newline``, ``nul``."""
    peer: str
    """The client's IP address, or ``UNIX``."""
    helo: str
    """What the client calls itself: printable ASCII without spaces or brackets that could break a header."""
    tls: str | None
    """Version and cipher, as ``TLSv1.3 TLS_AES_256_GCM_SHA384``."""
    protocol: str
    """SMTP, ESMTP, ESMTPS, UTF8SMTP, UTF8SMTPS or LMTP (the IANA registry of mail transmission types)."""
    received_at: int
    """When the last byte was read, in microseconds of ``core.clock``."""


class PostOffice(Protocol):
    """Whoever knows mailboxes and makes letters durable."""

    async def find_recipient(self, address: str, sender: str) -> Recipient | None:
        """The mailbox behind an address; ``None`` is answered with 550 5.1.1.

        The address has one ``@``, its local part as typed in NFC, its domain in lower case and A-labels.
        ``postmaster`` comes in lower case; without a domain it comes ``@`` the listener's host name.
        Raises ``Unavailable`` for 451.
        """

    async def accept(self, transaction: Transaction) -> str:
        """Returns the id for ``250 … queued as <id>``, and only after the bytes are durable.

        Never cancelled because the client is gone. Raises ``Unavailable`` for 451 (nothing kept, the client tries
        again) and ``TooMuch`` for 452 when it names ``retry_after``, else 552. Anything else is a bug: 451.
        """

    def has_room(self, size: int) -> bool:
        """Whether a letter of ``size`` bytes (0: not announced) may be begun; ``False`` is 452 4.3.1."""
