"""Subject and To, the two fields of a letter that hold words of other people, written quickly: each read back is what
``headers.text_field`` and ``address_field`` would have said. Words of RFC 2047 are cut before bytes that begin a
character and hold 42 bytes at most, so that one fits a line behind any of the two names.
"""

from __future__ import annotations

import re
from binascii import b2a_base64

from mailhub.letters.clean import one_line
from mailhub.letters.values import Address
from mailhub.outbound.headers import wire_address

_ROOM = 42
_PLAIN = re.compile(r"[!-~]{1,60}(?: [!-~]{1,60})*")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_COMMON = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_WIDTH = 78


def subject_field(text: str) -> bytes:
    """``Subject`` with its CRLF; read back it is exactly ``one_line(text)``."""
    line = one_line(text)
    if len(line) <= _WIDTH - 9 and _PLAIN.fullmatch(line) and "=?" not in line:
        return b"Subject: " + line.encode("ascii") + b"\r\n"
    return b"Subject: " + encoded_words(line) + b"\r\n"


def to_field(to: Address) -> bytes:
    """``To`` with its CRLF. Raises Invalid for what is no address."""
    written = to.address if _COMMON.fullmatch(to.address) else wire_address(to.address)
    address = written.encode("utf-8")
    name = " ".join(one_line(to.name).split())
    if not name:
        return b"To: " + address + b"\r\n"
    plain = len(name) <= 60 and _ATOMS.fullmatch(name) and "=?" not in name
    phrase = name.encode("ascii") if plain else encoded_words(name)
    last = len(phrase) - phrase.rfind(b"\r\n") if b"\r\n" in phrase else len(phrase) + 4
    fold = b"\r\n <" if last + len(address) + 3 > _WIDTH else b" <"
    return b"To: " + phrase + fold + address + b">\r\n"


def encoded_words(text: str) -> bytes:
    """The text as words of RFC 2047, each but the first on a line of its own; b'' for ''."""
    raw = text.encode("utf-8")
    words = []
    at = 0
    while at < len(raw):
        end = at + _ROOM
        if end < len(raw):
            while raw[end] & 0xC0 == 0x80:
                end -= 1
        words.append(b"=?utf-8?B?" + b2a_base64(raw[at:end], newline=False) + b"?=")
        at = end
    return b"\r\n ".join(words)
