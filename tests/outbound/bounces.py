"""Reports as other servers write them, about a letter of ours."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """What a server says of an address, and what has to follow from it."""

    status: str
    words: str
    suppressed: bool


CASES = (
    Case("5.1.1", "550 5.1.1 <{to}>: Recipient address rejected: User unknown in virtual mailbox table", True),
    Case("5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient {to} not found by SMTP address lookup", True),
    Case("5.2.1", "550 5.2.1 The email account that you tried to reach is disabled", True),
    Case("5.2.2", "552 5.2.2 The recipient's inbox is out of storage space", False),
    Case("5.7.1", "554 5.7.1 Service unavailable; client host blocked using a DNSBL", False),
    Case("5.7.26", "550 5.7.26 Unauthenticated email is not accepted due to the domain's DMARC policy", False),
    Case("4.4.7", "451 4.4.7 Delivery time expired, message too old", False),
)


def header_of(raw: bytes, name: str) -> str:
    """A header of our letter, as it stands."""
    found = re.search(rb"^%s: (.*)\r\n" % name.encode(), raw, re.MULTILINE)
    assert found is not None
    return found[1].decode()


def standard(raw: bytes, recipient: str, case: Case, to: str, number: int) -> bytes:
    """RFC 3464 with the whole letter, as Postfix writes it."""
    words = case.words.format(to=recipient)
    return _report(to, number, "MAILER-DAEMON@mx.client.example", (
        f"--b\r\nContent-Type: text/plain\r\n\r\nThis is the mail system at host mx.client.example.\r\n\r\n"
        f"<{recipient}>: host mx.client.example said: {words}\r\n\r\n"
        f"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.client.example\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\nAction: failed\r\nStatus: {case.status}\r\n"
        f"Diagnostic-Code: smtp; {words}\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
    ).encode() + raw + b"\r\n--b--\r\n")  # fmt: skip


def headers_only(raw: bytes, recipient: str, case: Case, to: str, number: int) -> bytes:
    """RFC 3464 with the headers of the letter alone."""
    head = raw.partition(b"\r\n\r\n")[0]
    return _report(to, number, "postmaster@client.example", (
        f"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nYour message could not be delivered.\r\n\r\n"
        f"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns;EX.client.example\r\n\r\n"
        f"Final-recipient: RFC822;{recipient.upper()}\r\nAction: failed\r\nStatus: {case.status}\r\n"
        f"Diagnostic-Code: smtp;{case.words.format(to=recipient)}\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\n"
    ).encode() + head + b"\r\n\r\n--b--\r\n")  # fmt: skip


def in_words(raw: bytes, recipient: str, case: Case, to: str, number: int) -> bytes:
    """No report for machines: words, and a copy below them, as qmail and Exim write."""
    head = raw.partition(b"\r\n\r\n")[0].decode()
    return (
        f"From: MAILER-DAEMON@client.example\r\nTo: {to}\r\nSubject: failure notice\r\n"
        f"Message-ID: <w{number}@client.example>\r\nDate: Wed, 18 Nov 2026 12:00:00 +0200\r\n\r\n"
        f"Hi. This is the qmail-send program at client.example.\r\n"
        f"I'm afraid I wasn't able to deliver your message to the following addresses.\r\n\r\n"
        f"<{recipient}>:\r\n{case.words.format(to=recipient)}\r\n\r\n"
        f"--- Below this line is a copy of the message.\r\n\r\n{head}\r\n\r\n"
    ).encode()


MANNERS: tuple[Callable[[bytes, str, Case, str, int], bytes], ...] = (standard, headers_only, in_words)


def complaint(raw: bytes, to: str, number: int) -> bytes:
    """RFC 5965."""
    return (
        f"From: fbl@provider.example\r\nTo: {to}\r\nSubject: complaint\r\nMessage-ID: <c{number}@provider.example>\r\n"
        f"Date: Wed, 18 Nov 2026 12:00:00 +0200\r\nMIME-Version: 1.0\r\n"
        f'Content-Type: multipart/report; report-type=feedback-report; boundary="b"\r\n\r\n'
        f"--b\r\nContent-Type: text/plain\r\n\r\nThis is an email abuse report.\r\n"
        f"--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nVersion: 1\r\n"
        f"User-Agent: Provider/1\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
    ).encode() + raw + b"\r\n--b--\r\n"  # fmt: skip


def _report(to: str, number: int, sender: str, parts: bytes) -> bytes:
    return (
        f"From: Mail Delivery System <{sender}>\r\nTo: {to}\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        f"Message-ID: <b{number}@mx.client.example>\r\nDate: Wed, 18 Nov 2026 12:00:00 +0200\r\n"
        f"Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        f'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
    ).encode() + parts  # fmt: skip
