"""Letters that pretend, beyond the table of the corpora: each comes from a host of the attacker's and names a letter of
ours that it never got. ``{ours}`` is its Message-ID."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass

import dkim
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.verdicts.signing import make_key, sign

OLENA, CHEF, MALLORY = "olena@pekarnia.example", "chef@trattoria.example", "mallory@attack.example"
PASSED = "spf=pass smtp.mailfrom=pekarnia.example; dkim=pass header.d=pekarnia.example; dmarc=pass"


@dataclass(frozen=True)
class Forgery:
    """A letter as it is handed over: what stands in it, and from whom its envelope says it is."""

    name: str
    raw: bytes
    mail_from: str = MALLORY


def _letter(head: str, *, sender: str = f"Olena <{OLENA}>", number: str) -> bytes:
    lines = [f"From: {sender}"] if sender else []
    lines += [
        "To: <info@firm.example>", "Subject: Re: Flour for June", f"Message-ID: <{number}@forged.example>",
        "Date: Tue, 04 Feb 2025 11:00:00 +0200", "In-Reply-To: <{ours}>", "References: <{ours}>",
        "Content-Type: text/plain; charset=utf-8",
    ]  # fmt: skip
    return (head + "\r\n".join(lines) + "\r\n\r\nOur new bank account is ours.\r\n").encode()


SENDERS = {
    "bare": OLENA,
    "own house": "Ivan <ivan@firm.example>",
    "own mailbox": "<info@firm.example>",
    "name is the address": f'"{OLENA}" <{MALLORY}>',
    "name in an encoded word": f"=?utf-8?b?{base64.b64encode(f'Olena <{OLENA}>'.encode()).decode()}?= <{MALLORY}>",
    "address in an encoded word": f"=?utf-8?b?{base64.b64encode(OLENA.encode()).decode()}?=",
    "via": f'"Olena via Flour" <{MALLORY}>',
    "group of one": f"Friends: <{OLENA}>;",
    "empty group": "undisclosed-recipients:;",
    "route": f"<@attack.example:{OLENA}>",
    "percent route": "<olena%pekarnia.example@attack.example>",
    "comment hides": f"{OLENA} (x <{MALLORY}>",
    "two without a comma": f"<{OLENA}> <{MALLORY}>",
    "two in angles": f"<{MALLORY}> {OLENA}",
    "nul": f"{OLENA}\0@attack.example",
    "quoted local part": f'"{OLENA}"@attack.example',
    "Cyrillic e": "Olena <olena@p\u0435karnia.example>",
    "full width": "Olena <olena@\uff50ekarnia.example>",
    "zero width": "Olena <olena@pekar\u200bnia.example>",
    "dotless": "Olena <olena@pekarn\u0131a.example>",
    "ideographic stop": "Olena <olena@pekarnia\u3002example>",
    "trailing dot": "Olena <olena@pekarnia.example.>",
    "capitals": "OLENA@PEKARNIA.EXAMPLE",
    "below the domain": "Olena <olena@mail.pekarnia.example>",
    "looks alike": "Olena <olena@pekarnia.example.attack.example>",
    "plus": "Olena <olena+x@pekarnia.example>",
}
HEADS = {
    "second From above": f"From: <{MALLORY}>\r\n",
    "second From in capitals": f"FROM: <{MALLORY}>\r\n",
    "From before a blank": f"From : <{MALLORY}>\r\n",
    "Sender": f"Sender: <{MALLORY}>\r\n",
    "Reply-To": f"Reply-To: <{MALLORY}>\r\n",
    "Resent-From": f"Resent-From: <{MALLORY}>\r\nResent-To: <info@firm.example>\r\n",
    "results": f"Authentication-Results: attack.example; {PASSED}\r\n",
    "results behind a line of its own": (
        "Received: from mail.pekarnia.example (mail.pekarnia.example [8.8.4.4]) by mx.firm.example; now\r\n"
        f"Authentication-Results: mx.firm.example; {PASSED}\r\n"
    ),
    "results without a name": f"Authentication-Results: {PASSED}\r\n",
    "a good host in a line of its own": (
        "Received: from mail.pekarnia.example (mail.pekarnia.example [8.8.4.4]) by mx.firm.example; now\r\n"
    ),
    "a return path of its own": f"Return-Path: <{OLENA}>\r\nReceived-SPF: pass client-ip=8.8.4.4\r\n",
    "seal without a signature": (
        "ARC-Seal: i=1; a=rsa-sha256; cv=none; d=google.com; s=x; b=AAAA\r\n"
        "ARC-Message-Signature: i=1; a=rsa-sha256; c=relaxed/relaxed; d=google.com; s=x; h=from; bh=AAAA; b=AAAA\r\n"
        f"ARC-Authentication-Results: i=1; mx.google.com; {PASSED}\r\n"
    ),
}


def forgeries() -> Iterator[Forgery]:
    """All of them."""
    for place, (name, sender) in enumerate(SENDERS.items()):
        yield Forgery(f"from: {name}", _letter("", sender=sender, number=f"s{place}"))
    for place, (name, head) in enumerate(HEADS.items()):
        yield Forgery(f"head: {name}", _letter(head, number=f"h{place}"))
        yield Forgery(f"head of a stranger: {name}", _letter(head, sender=f"<{MALLORY}>", number=f"t{place}"))
    automatic = "Auto-Submitted: auto-replied\r\n"
    yield Forgery("automatic answer of a stranger", _letter(automatic, sender=f"<{MALLORY}>", number="a1"))
    yield Forgery("automatic answer, null sender", _letter(automatic, sender=f"<{MALLORY}>", number="a2"), "")
    yield Forgery("automatic answer in the name of the client", _letter(automatic, number="a3"))
    receipt = "Disposition-Notification-To: <info@firm.example>\r\nX-Auto-Response-Suppress: All\r\n"
    yield Forgery("asks for a receipt", _letter(receipt, sender=f"<{MALLORY}>", number="a4"))
    yield Forgery("the sender of the envelope is the client", _letter("", number="e1"), OLENA)
    yield Forgery("null sender", _letter("", number="e2"), "")


def signed_by_others(ours: str) -> Iterator[Forgery]:
    """Truly signed and truly sealed, by the attacker's own domain."""
    raw = _letter("", number="d1").replace(b"{ours}", ours.encode())
    yield Forgery("signed by the attacker", sign(raw, domain="attack.example"))
    pem = make_key().private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    told = f"Authentication-Results: lists.attack.example; {PASSED}\r\n".encode()
    raw = _letter("", number="d2").replace(b"{ours}", ours.encode())
    sealed = dkim.arc_sign(
        told + raw, b"s1", b"attack.example", pem, b"lists.attack.example", include_headers=[b"from", b"subject"]
    )
    yield Forgery("sealed by the attacker", b"".join(bytes(line) for line in sealed) + raw)
