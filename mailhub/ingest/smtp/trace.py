"""The ``Received:`` line of a letter that came in (RFC 5321 4.4); it stands beside the bytes, never before."""

from __future__ import annotations

from email.utils import format_datetime

from core.clock import to_datetime
from mailhub.ingest.smtp.contract import UNIX, Transaction


def received_header(transaction: Transaction, hostname: str, id: str) -> bytes:  # noqa: A002
    """One folded header field with its final CR LF.

    UTF-8 only where the recipient's address has it, and that is in letters by SMTPUTF8 only (RFC 6532). The recipient
    is named only when there is one: ``for`` must not tell a reader of other recipients.
    """
    tls = f" ({transaction.tls})" if transaction.tls else ""
    lines = [
        f"Received: from {transaction.helo or 'unknown'} ({_where(transaction.peer)})",
        f"\tby {hostname} with {transaction.protocol}{tls} id {id}",
    ]
    if len(transaction.recipients) == 1:
        lines.append(f"\tfor <{transaction.recipients[0].address}>")
    lines[-1] += ";"
    lines.append(f"\t{format_datetime(to_datetime(transaction.received_at))}")
    return "".join(f"{line}\r\n" for line in lines).encode()


def count_received(raw: bytes) -> int:
    """How many ``Received`` fields stand in the header, looked for in its first 256 KiB."""
    end = raw.find(b"\r\n\r\n", 0, 1 << 18)
    header = b"\r\n" + raw[: end if end >= 0 else 1 << 18].lower()
    return header.count(b"\r\nreceived:")


def _where(peer: str) -> str:
    """An address literal; a Unix socket is named as what it is, in a comment."""
    if peer == UNIX:
        return "unix socket"
    return f"[IPv6:{peer}]" if ":" in peer else f"[{peer}]"
