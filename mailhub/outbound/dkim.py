"""Our signature below our letters: DKIM (RFC 6376) with RSA of 2048 bits and Ed25519 (RFC 8463), relaxed/relaxed.

A letter is signed when it leaves, by every key in use of the domain in its From. Every field that says who wrote what
to whom is signed, and once more than it stands there, so that nobody adds another; there is no ``l=``.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from core import clock

Algorithm = Literal["rsa", "ed25519"]
ALGORITHMS: tuple[Algorithm, ...] = ("rsa", "ed25519")
RSA_BITS = 2048
SIGNED = (
    "from", "sender", "reply-to", "to", "cc", "subject", "date", "message-id", "in-reply-to", "references",
    "mime-version", "content-type", "content-transfer-encoding", "auto-submitted",
    "list-unsubscribe", "list-unsubscribe-post", "list-id", "feedback-id",
)  # fmt: skip
OVERSIGNED = frozenset({"from", "sender", "reply-to", "to", "cc", "subject", "date", "message-id", "in-reply-to"})
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:((?:[^\r\n]|\r\n[ \t])*)\r\n")
_BLANKS = re.compile(rb"[ \t]+")
_ADDRESS = re.compile(rb"@([A-Za-z0-9.-]+)>?\s*\Z")
_WIDTH = 70


@dataclass(frozen=True, slots=True)
class Signer:
    """A key in use. ``private`` is PKCS#8 in DER."""

    domain: str
    selector: str
    algorithm: Algorithm
    private: bytes


def make_key(algorithm: Algorithm) -> tuple[bytes, str]:
    """A new key: its private half in DER, and the value of the TXT record that says its public half."""
    private: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
    if algorithm == "rsa":
        private = rsa.generate_private_key(65537, RSA_BITS)
        public = private.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    else:
        private = ed25519.Ed25519PrivateKey.generate()
        public = private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    der = private.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return der, f"v=DKIM1; k={algorithm}; p={base64.b64encode(public).decode('ascii')}"


def from_domain(raw: bytes) -> str:
    """The domain of the author of a letter of our own making; '' where it names none."""
    for name, value in _fields(raw):
        if name == "from":
            found = _ADDRESS.search(_BLANKS.sub(b" ", value.replace(b"\r\n", b"")).strip())
            return found[1].decode("ascii").lower() if found else ""
    return ""


def sign(raw: bytes, signers: Sequence[Signer], now: int) -> bytes:
    """The letter with a DKIM-Signature of each above it. ``raw`` has CRLF and is 7-bit, as ``compose`` makes it."""
    fields = _fields(raw)
    body = base64.b64encode(hashlib.sha256(_canonical_body(raw)).digest())
    return b"".join(_signature(one, fields, body, now) for one in signers) + raw


def _signature(signer: Signer, fields: list[tuple[str, bytes]], body: bytes, now: int) -> bytes:
    names, data = _select(fields)
    tags = (
        f"v=1; a={signer.algorithm}-sha256; c=relaxed/relaxed; d={signer.domain}; s={signer.selector};",
        f"t={now // clock.SECOND};",
        *_folded_names(names),
        f"bh={body.decode('ascii')};",
    )
    value = " " + "\r\n\t".join(tags) + "\r\n\tb="
    digest = hashlib.sha256(data + _canonical("dkim-signature", value.encode("ascii"))).digest()
    signed = base64.b64encode(_sign(signer, digest)).decode("ascii")
    lines = [signed[at : at + _WIDTH] for at in range(0, len(signed), _WIDTH)]
    return f"DKIM-Signature:{value}".encode("ascii") + "\r\n\t".join(lines).encode("ascii") + b"\r\n"


def _select(fields: list[tuple[str, bytes]]) -> tuple[list[str], bytes]:
    """The names that are signed, each as often as it stands there and once more where a second would deceive; and the
    data, from below (RFC 6376 §5.4.2)."""
    names: list[str] = []
    data = bytearray()
    for name in SIGNED:
        values = [value for one, value in fields if one == name]
        for value in reversed(values):
            names.append(name)
            data += _canonical(name, value) + b"\r\n"
        if name in OVERSIGNED:
            names.append(name)
    return names, bytes(data)


def _folded_names(names: list[str]) -> list[str]:
    lines = ["h="]
    for place, name in enumerate(names):
        piece = name + (";" if place + 1 == len(names) else ":")
        if len(lines[-1]) + len(piece) > _WIDTH:
            lines.append("")
        lines[-1] += piece
    return lines


def _sign(signer: Signer, digest: bytes) -> bytes:
    key = serialization.load_der_private_key(signer.private, None)
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(digest)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key.sign(digest, padding.PKCS1v15(), Prehashed(hashes.SHA256()))


def _fields(raw: bytes) -> list[tuple[str, bytes]]:
    """Names in lower case with their values as they stand, from above."""
    head = raw.partition(b"\r\n\r\n")[0] + b"\r\n"
    return [(found[1].decode("ascii").lower(), found[2]) for found in _FIELD.finditer(head)]


def _canonical(name: str, value: bytes) -> bytes:
    """A field in relaxed form, without its line end. RFC 6376 §3.4.2."""
    return name.encode("ascii") + b":" + _BLANKS.sub(b" ", value.replace(b"\r\n", b"")).strip(b" \t")


def _canonical_body(raw: bytes) -> bytes:
    """The body in relaxed form. RFC 6376 §3.4.4."""
    body = raw.partition(b"\r\n\r\n")[2]
    lines = [_BLANKS.sub(b" ", line).rstrip(b" ") for line in body.split(b"\r\n")]
    while lines and not lines[-1]:
        lines.pop()
    return b"\r\n".join([*lines, b""]) if lines else b""
