"""Letters signed by another implementation than ours (dkimpy), and the keys to check them."""

from __future__ import annotations

import base64
from functools import cache

import dkim
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

DOMAIN, SELECTOR = "client.example", "s1"
KEY_NAME = f"{SELECTOR}._domainkey.{DOMAIN}"
LETTER = (
    b"From: Anna <anna@client.example>\r\nTo: sales@firm.example\r\nSubject: Pumps\r\n"
    b"Date: Wed, 18 Nov 2026 10:00:00 +0200\r\nMessage-ID: <1@client.example>\r\n\r\nWe need  pumps. \r\n\r\n\r\n"
)


@cache
def make_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    """The same key each time it is asked for."""
    return rsa.generate_private_key(65537, bits)


def key_record(bits: int = 2048, more: str = "") -> str:
    """What its domain publishes."""
    der = make_key(bits).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"v=DKIM1; k=rsa; {more}p={base64.b64encode(der).decode()}"


def sign(raw: bytes = LETTER, bits: int = 2048, domain: str = DOMAIN, **options: object) -> bytes:
    """The letter with a DKIM-Signature on top."""
    pem = make_key(bits).private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    options.setdefault("canonicalize", (b"relaxed", b"relaxed"))
    options.setdefault("include_headers", [b"from", b"to", b"subject", b"date", b"message-id"])
    line = dkim.sign(raw, SELECTOR.encode(), domain.encode(), pem, **options)  # type: ignore[arg-type]
    return bytes(line) + raw
