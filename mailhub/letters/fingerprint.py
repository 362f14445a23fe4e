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
    total = hashlib.sha256(_VERSION)
    for name in _NAMES:
        for value in headers.all(name):
            total.update(b"%s:%s\n" % (name.encode("ascii"), b" ".join(value.split())))
    for digest in digests:
        total.update(digest.encode("ascii") + b"\n")
    return total.hexdigest()
