"""The compression of RTF texts in letters of Outlook. [MS-OXRTFCP]."""

from __future__ import annotations

MOST_BYTES = 1_000_000
_WINDOW = 4096
_COMPRESSED, _PLAIN = b"LZFu", b"MELA"
#: What the window holds before the first byte; a reference before it gives blanks.
_BEFORE = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans Serif"
    rb"SymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0" + b"\r\n" + rb"\par \pard\plain\f0\fs20\b\i\u"
    rb"\tab\tx"
).rjust(_WINDOW)


def decompress(data: bytes) -> tuple[bytes, bool]:
    """The text and whether it is whole by its own account. Never raises; at most ``MOST_BYTES`` come out."""
    size = int.from_bytes(data[4:8], "little")
    kind, packed = data[8:12], data[16:]
    if kind == _PLAIN:
        return packed[: min(size, MOST_BYTES)], len(packed) >= size <= MOST_BYTES
    if kind != _COMPRESSED:
        return b"", False
    text = _unpack(packed, _WINDOW + min(size, MOST_BYTES))
    # Some writers count the NUL behind the text.
    return text[:size], size - 1 <= len(text) and size <= MOST_BYTES


def _unpack(packed: bytes, most: int) -> bytes:
    out, at, end = bytearray(_BEFORE), 0, len(packed)
    # Where offset 0 of the window stands: the first _BEFORE fills it up to the place of the next byte.
    first = len(_BEFORE.lstrip(b" "))
    while at < end and len(out) < most:
        flags = packed[at]
        at += 1
        if not flags:
            out += packed[at : at + 8]
            at += 8
            continue
        for bit in range(8):
            if not flags >> bit & 1:
                out += packed[at : at + 1]
                at += 1
                continue
            if at + 2 > end:
                return bytes(out[_WINDOW:])
            pair = packed[at] << 8 | packed[at + 1]
            at += 2
            back = (first + len(out) - _WINDOW - (pair >> 4)) % _WINDOW
            if not back:
                return bytes(out[_WINDOW:])
            length = (pair & 15) + 2
            piece = out[-back:][:length] if back >= length else out[-back:] * (length // back + 1)
            out += piece[:length]
    return bytes(out[_WINDOW:])
