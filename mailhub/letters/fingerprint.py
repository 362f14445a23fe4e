"""What makes two messages the same letter: ids, addresses, subject and decoded parts, without the headers of
transport."""

from __future__ import annotations

import hashlib

from mailhub.letters.headers import Headers

_VERSION = b"1"
_NAMES = ("message-id", "date", "from", "to", "cc", "subject")


def fingerprint(headers: Headers, digests: list[str]) -> str:
    """sha256 (hex) over Message-ID, Date, From, To, Cc and Subject with blanks folded, and over the leaves in order.

    The same letter that came by two ways has one; a letter with a forged id of another has its own.
    """
    lines = [b"%s:%s\n" % (name.encode(), b" ".join(value.split())) for name in _NAMES for value in headers.all(name)]
    lines += [digest.encode() + b"\n" for digest in digests]
    return hashlib.sha256(_VERSION + b"".join(lines)).hexdigest()
