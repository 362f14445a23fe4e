"""Transfer encodings undone, tolerantly: whatever can be read is read, and the fault is named. RFC 2045 §6."""

from __future__ import annotations

import binascii
import re
from typing import NamedTuple

_PAD_INSIDE = re.compile(rb"=+(?=[^=\s])")
_BLANK_BEFORE_END = re.compile(rb"=[ \t]{1,80}(?=\r?\n)")
_TRAILING_BLANK = re.compile(rb"(?<![ \t])[ \t]{1,998}(?=\r?\n)")
_NAMES = {
    "": "7bit", "7bit": "7bit", "7-bit": "7bit", "8bit": "7bit", "8-bit": "7bit", "binary": "7bit", "none": "7bit",
    "base64": "base64", "base-64": "base64", "quoted-printable": "quoted-printable", "quotedprintable": "quoted-printable",
    "x-uuencode": "uuencode", "x-uue": "uuencode", "uuencode": "uuencode", "uue": "uuencode",
}  # fmt: skip


class Plain(NamedTuple):
    """The bytes behind an encoding, and what was wrong with it (None: nothing)."""

    data: bytes
    defect: str | None


def find_encoding(values: list[bytes], defects: list[str]) -> str:
    """The one encoding that Content-Transfer-Encoding headers name: ``7bit``, ``base64``, ``quoted-printable``, ``uuencode``.

    ``7bit`` stands for every encoding that changes nothing. Contradicting or unknown ones are ``7bit`` and a defect.
    """
    if not values:
        return "7bit"
    found = {_NAMES.get(value.decode("latin-1").partition(";")[0].strip().strip('"').lower()) for value in values[:10]}
    if len(found) == 1 and None not in found:
        return found.pop() or "7bit"
    defects.append("the transfer encoding is unknown" if found == {None} else "there are several transfer encodings")
    return "7bit"


def decode_transfer(data: bytes, encoding: str) -> Plain:
    """The bytes behind ``encoding`` as named by ``find_encoding``. Never raises."""
    if encoding == "base64":
        return _base64(data)
    if encoding == "quoted-printable":
        return Plain(_quoted_printable(data), None)
    if encoding == "uuencode":
        return decode_uu(data)
    return Plain(data, None)


def _base64(data: bytes) -> Plain:
    defect = None
    if b"=" in data[:-4] and _PAD_INSIDE.search(data):
        # Several pieces, each with padding of its own: the C function would stop at the first.
        pieces = [_base64_piece(piece) for piece in _PAD_INSIDE.split(data)]
        return Plain(b"".join(piece.data for piece in pieces), "base64 with padding inside")
    piece = _base64_piece(data)
    return Plain(piece.data, defect or piece.defect)


def _base64_piece(data: bytes) -> Plain:
    try:
        return Plain(binascii.a2b_base64(data), None)
    except binascii.Error:
        letters = len(data.translate(None, _NOT_BASE64))
        whole = letters - (letters % 4 == 1)
        tail = b"=" * (-whole % 4)
        if whole == letters:
            return Plain(binascii.a2b_base64(data.rstrip(b"=\r\n\t ") + tail), "base64 without its padding")
        clean = data.translate(None, _NOT_BASE64)[:whole]
        return Plain(binascii.a2b_base64(clean + tail), "base64 that is cut")


_NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"))


def _quoted_printable(data: bytes) -> bytes:
    if b"= " in data or b"=\t" in data:
        data = _BLANK_BEFORE_END.sub(b"=", data)
    if b" \r\n" in data or b"\t\r\n" in data or b" \n" in data or b"\t\n" in data:
        # RFC 2045 §6.7 (3): blanks at the end of a line were put there on the way.
        data = _TRAILING_BLANK.sub(b"", data)
    return binascii.a2b_qp(data)


def decode_uu(data: bytes) -> Plain:
    """Uuencoded lines, with or without ``begin`` and ``end``; a line that cannot be read ends the file."""
    out = bytearray()
    defect: str | None = "a uuencoded file has no end"
    for line in data.splitlines():
        if line.startswith(b"begin ") or not line.strip():
            continue
        if line == b"end":
            defect = None
            break
        try:
            out += binascii.a2b_uu(line)
        except binascii.Error:
            # Some writers pad the last group: read as many signs as the length calls for.
            count = (((line[0] - 32) & 63) * 4 + 5) // 3
            try:
                out += binascii.a2b_uu(line[:count])
            except binascii.Error:
                defect = "a uuencoded file is broken"
                break
    return Plain(bytes(out), defect)
