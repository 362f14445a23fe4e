"""The Received line that stands beside a letter."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes, policy

from mailhub.ingest.smtp import Recipient, Transaction, received_header
from mailhub.ingest.smtp.trace import count_received

LETTER = Transaction(
    sender="a@client.example",
    recipients=(Recipient("info@firm.example", 1),),
    raw=b"",
    defects=(),
    peer="192.0.2.7",
    helo="client.example",
    tls="TLSv1.3 TLS_AES_256_GCM_SHA384",
    protocol="ESMTPS",
    received_at=1_795_287_672_681_664,
)


def test_how_it_is_written():
    assert received_header(LETTER, "mx.firm.example", "L7") == (
        b"Received: from client.example ([192.0.2.7])\r\n"
        b"\tby mx.firm.example with ESMTPS (TLSv1.3 TLS_AES_256_GCM_SHA384) id L7\r\n"
        b"\tfor <info@firm.example>;\r\n"
        b"\tSat, 21 Nov 2026 19:01:12 +0000\r\n"
    )


def test_other_recipients_are_not_told():
    boss = Recipient("boss@firm.example", 2)
    two = replace(LETTER, recipients=(*LETTER.recipients, boss), tls=None, peer="2001:db8::1")
    header = received_header(two, "mx.firm.example", "L7")
    assert b"firm.example>" not in header
    assert b"([IPv6:2001:db8::1])" in header
    assert b"id L7;\r\n" in header


def test_it_stands_before_the_letter_as_one_field():
    raw = received_header(LETTER, "mx.firm.example", "L7") + b"Subject: x\r\n\r\ntext\r\n"
    parsed = message_from_bytes(raw, policy=policy.SMTP)
    assert parsed.keys() == ["Received", "Subject"]
    assert not parsed.defects


def test_received_fields_are_counted_in_the_header_only():
    assert count_received(b"Received: a\r\n\tb\r\nRECEIVED: c\r\nX-Received: d\r\n\r\nReceived: e\r\n") == 2
    assert count_received(b"") == 0
