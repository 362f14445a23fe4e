"""What a signature of DKIM signs (RFC 6376), made quickly: the fields that are the same for everybody are hashed once
and each letter goes on from a copy of that; only digests of 32 bytes go to whoever signs them.

The body is ours and 7-bit, and no relay has a reason to touch it: its bytes are its canonical form (``simple``).
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from dataclasses import dataclass
from typing import Any

from mailhub.campaigns.compiled.letter import FilledLetter

SIGNED = (
    "from", "reply-to", "list-id", "feedback-id", "mime-version", "content-type", "content-transfer-encoding",
    "to", "subject", "date", "message-id", "list-unsubscribe", "list-unsubscribe-post",
)  # fmt: skip
OVERSIGNED = ("from", "sender", "reply-to", "to", "cc", "subject", "date", "message-id", "in-reply-to")
_BLANKS = re.compile(rb"[ \t]+")
_WIDTH = 70


@dataclass(frozen=True, slots=True)
class _Head:
    """The part of the signature's field before its body hash, as it stands and in canonical form, and the sha256 over
    the static signed fields."""

    written: bytes
    canonical: bytes
    hashed: Any


class Digester:
    """For the letters of one compiled letter under one key."""

    def __init__(self, head: bytes, domain: str, selector: str, algorithm: str) -> None:
        """``head`` is that of the compiled letter."""
        self._static = [one for one in _fields(head) if one[0] in SIGNED]
        self._tags = f"v=1; a={algorithm}-sha256; c=relaxed/simple; d={domain}; s={selector};"
        self._heads: dict[tuple[str, ...], _Head] = {}

    def digest(self, letter: FilledLetter, seconds: int) -> tuple[bytes, bytes]:
        """The digest to be signed at this moment, and the field of the signature up to its value."""
        names = tuple(letter.fields)
        head = self._heads.get(names) or self._make(names)
        body = b64encode(hashlib.sha256(letter.body or b"\r\n").digest())
        hashed = head.hashed.copy()
        hashed.update(
            b"".join([
                *(name.encode("ascii") + b":" + _relaxed(field) + b"\r\n" for name, field in letter.fields.items()),
                head.canonical,
                b" t=%d; bh=%s; b=" % (seconds, body),
            ])
        )  # fmt: skip
        return hashed.digest(), head.written + b"\r\n\tt=%d; bh=%s;\r\n\tb=" % (seconds, body)

    def _make(self, names: tuple[str, ...]) -> _Head:
        signed = [name for name, _ in self._static] + [name for name in names if name in SIGNED]
        assert len(signed) == len(self._static) + len(names), "every field of a letter of our own is signed"
        lines = _folded(signed + list(OVERSIGNED))
        written = "DKIM-Signature: " + "\r\n\t".join([self._tags, *lines])
        canonical = "dkim-signature:" + " ".join([self._tags, *lines])
        hashed = hashlib.sha256()
        for name, value in self._static:
            hashed.update(name.encode("ascii") + b":" + value + b"\r\n")
        self._heads[names] = _Head(written.encode("ascii"), canonical.encode("ascii"), hashed)
        return self._heads[names]


def signature_field(written: bytes, signature: bytes) -> bytes:
    """The whole field; ``written`` is what ``digest`` gave."""
    value = b64encode(signature)
    lines = [value[at : at + _WIDTH] for at in range(0, len(value), _WIDTH)]
    return written + b"\r\n\t".join(lines) + b"\r\n"


def _relaxed(field: bytes) -> bytes:
    """The value of a field of our own making in relaxed form (§3.4.2)."""
    value = field.partition(b":")[2]
    return _BLANKS.sub(b" ", value.replace(b"\r\n", b"")).strip(b" \t")


def _fields(head: bytes) -> list[tuple[str, bytes]]:
    """Names and relaxed values, folded lines put together."""
    found = re.findall(rb"([!-9;-~]+):((?:[^\r\n]|\r\n[ \t])*)\r\n", head)
    return [(name.decode("ascii").lower(), _relaxed(b":" + value)) for name, value in found]


def _folded(names: list[str]) -> list[str]:
    lines = ["h="]
    for place, name in enumerate(names):
        piece = name + (";" if place + 1 == len(names) else ":")
        if len(lines[-1]) + len(piece) > _WIDTH:
            lines.append("")
        lines[-1] += piece
    return lines
