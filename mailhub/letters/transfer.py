"""Transfer encodings undone, tolerantly: whatever can be read is read, and the fault is named. RFC 2045 §6."""

from __future__ import annotations

import binascii
import re

import msgspec
import pybase64

_PAD_INSIDE = re.compile(rb"(?<!=)=++(?=\s*+[^=\s])")
_BLANK_BEFORE_END = re.compile(rb"=[ \t]{1,80}(?=\r?\n)")
_TRAILING_BLANK = re.compile(rb"(?<![ \t])[ \t]{1,998}(?=\r?\n)")
_LINE = re.compile(rb"[^\r\n]+")
_BASE64_LINE = re.compile(rb"[A-Za-z0-9+/]+={0,2}")
_LONG_BASE64_LINE = re.compile(rb"^[A-Za-z0-9+/]{40,}+={0,2}[ \t\r]*+$", re.MULTILINE)
_WORDS = re.compile(rb"[A-Za-z\x80-\xff]{2,40}+[,.:;]? [A-Za-z\x80-\xff]{2}")
_PIECES = 1_000
_UU_LINES = 600_000
_NAMES = {
    "": "7bit", "7bit": "7bit", "7-bit": "7bit", "8bit": "7bit", "8-bit": "7bit", "binary": "7bit", "none": "7bit",
    "base64": "base64", "base-64": "base64",
    "quoted-printable": "quoted-printable", "quotedprintable": "quoted-printable",
    "x-uuencode": "uuencode", "x-uue": "uuencode", "uuencode": "uuencode", "uue": "uuencode",
}  # fmt: skip

_USUAL = {spelled(name).encode(): kind for name, kind in _NAMES.items() for spelled in (str.lower, str.upper)}


class Plain(msgspec.Struct, frozen=True, gc=False):
    """The bytes behind an encoding, and what was wrong with it (None: nothing)."""

    data: bytes
    defect: str | None


def find_encoding(values: list[bytes], defects: list[str]) -> str:
    """The one encoding that Content-Transfer-Encoding headers name: ``7bit``, ``base64``, ``quoted-printable``,
    ``uuencode``.

    ``7bit`` stands for every encoding that changes nothing. Contradicting or unknown ones are ``7bit`` and a defect.
    """
    if not values:
        return "7bit"
    if len(values) == 1 and (usual := _USUAL.get(values[0])) is not None:
        return usual
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


def decode_text(data: bytes, encoding: str) -> Plain:
    """Like ``decode_transfer``, for texts in charsets of bytes: each line end that is written as such in
    quoted-printable comes out as LF, which takes half the time."""
    if encoding == "base64" and b" " in data:
        return _base64_and_words(data)
    if encoding != "quoted-printable":
        return decode_transfer(data, encoding)
    # RFC 2045 §6.7 (3): blanks at the end of a line were put there on the way.
    lines = list(map(bytes.rstrip, data.splitlines()))
    if data.endswith((b"\n", b"\r")):
        lines.append(b"")
    return Plain(binascii.a2b_qp(b"\n".join(lines)), None)


def _base64_and_words(data: bytes) -> Plain:
    """Base64 below which a list or a scanner has written words, or words that only claim to be base64: these are read
    as they stand."""
    at = len(data)
    for match in _LINE.finditer(data):
        if _BASE64_LINE.fullmatch(match[0].strip()) is None:
            at = match.start()
            break
    if at == len(data) or _WORDS.search(data, at) is None or _LONG_BASE64_LINE.search(data, at):
        return decode_transfer(data, "base64")  # stray signs among the lines
    if not data[:at].strip():
        return Plain(data, "what claims to be base64 is none")
    encoded = _base64(data[:at])
    return Plain(encoded.data + b"\n" + data[at:], encoded.defect or "there are words below the base64")


def _base64(data: bytes) -> Plain:
    first_pad = data.find(b"=")
    if first_pad < 0 or not data[first_pad:].strip(b"= \t\r\n"):
        try:
            # Seven times as fast as binascii, and alike as long as no padding stands inside.
            return Plain(pybase64.b64decode(data), None)
        except binascii.Error:
            return _base64_piece(data)
    if first_pad < len(data) - 4 and _PAD_INSIDE.search(data, first_pad):
        # Several pieces, each with padding of its own: the C function would stop at the first.
        pieces = [_base64_piece(piece).data for piece in _PAD_INSIDE.split(data, _PIECES)]
        return Plain(b"".join(pieces), "base64 with padding inside")
    return _base64_piece(data)


def _base64_piece(data: bytes) -> Plain:
    try:
        return Plain(binascii.a2b_base64(data), None)
    except binascii.Error:
        letters = data.translate(None, _NOT_BASE64)
        is_cut = len(letters) % 4 == 1
        whole = letters[:-1] if is_cut else letters
        defect = "base64 that is cut" if is_cut else "base64 without its padding"
        return Plain(binascii.a2b_base64(whole + b"=" * (-len(whole) % 4)), defect)


_NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"))


def _quoted_printable(data: bytes) -> bytes:
    # The C function skips from "=" and CR to the next LF: where lines end with CR alone that is all of the text.
    data = data.replace(b"=\r\n", b"").replace(b"=\r", b"")
    if b" \r\n" in data or b" \n" in data or b"\t" in data:
        # RFC 2045 §6.7 (3): blanks at the end of a line were put there on the way.
        data = _TRAILING_BLANK.sub(b"", _BLANK_BEFORE_END.sub(b"=", data))
    return binascii.a2b_qp(data)


def decode_uu(data: bytes | memoryview) -> Plain:
    """Uuencoded lines, with or without ``begin`` and ``end``; a line that cannot be read ends the file."""
    out = bytearray()
    for count, match in enumerate(_LINE.finditer(data)):
        line = match[0]
        if line == b"end":
            return Plain(bytes(out), None)
        if line.startswith(b"begin ") or not line.strip():
            continue
        piece = _uu_line(line)
        if piece is None or count > _UU_LINES:
            return Plain(bytes(out), "a uuencoded file is broken")
        out += piece
    return Plain(bytes(out), "a uuencoded file has no end")


def _uu_line(line: bytes) -> bytes | None:
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        pass
    # Some writers pad the last group: read as many signs as the length calls for.
    wanted = (((line[0] - 32) & 63) * 4 + 5) // 3
    if len(line) <= wanted:
        return None
    try:
        return binascii.a2b_uu(line[:wanted])
    except binascii.Error:
        return None
