"""Rich text of Outlook to plain text, and back to the HTML that it was made of. RTF 1.9.1, [MS-OXRTFEX].

A reader of words, not of looks: fonts matter for their charset alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from mailhub.letters import limits
from mailhub.letters.charsets import decode
from mailhub.letters.mapi import find_label

_DEEPEST = 200
#: Words and signs of the markup that are read.
_TOKENS = 250_000
_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,9})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|[\r\n\0]+|([^\\{}\r\n\0]+)", re.DOTALL
)
_HIDDEN = {
    b"fonttbl", b"colortbl", b"stylesheet", b"info", b"pict", b"object", b"header", b"headerl", b"headerr", b"headerf",
    b"footer", b"footerl", b"footerr", b"footerf", b"fldinst", b"footnote", b"mhtmltag", b"listtable", b"xe", b"tc",
    b"listoverridetable", b"themedata", b"datastore", b"generator", b"nonshppict", b"filetbl", b"revtbl",
}  # fmt: skip
_SIGNS = {
    b"par": "\n", b"line": "\n", b"sect": "\n", b"page": "\n", b"row": "\n", b"tab": "\t", b"cell": "\t",
    b"emdash": "—", b"endash": "–", b"lquote": "‘", b"rquote": "’", b"ldblquote": "“", b"rdblquote": "”",
    b"bullet": "•", b"emspace": "\u2003", b"enspace": "\u2002",
}  # fmt: skip
_ESCAPED = {b"\\": "\\", b"{": "{", b"}": "}", b"~": "\xa0", b"_": "-", b"\n": "\n", b"\r": "\n"}
_CHARSETS = {
    77: 10000, 128: 932, 129: 949, 134: 936, 136: 950, 161: 1253, 162: 1254, 163: 1258, 177: 1255, 178: 1256,
    186: 1257, 204: 1251, 222: 874, 238: 1250, 254: 437,
}  # fmt: skip


class Rich(NamedTuple):
    """The plain text or the HTML of an RTF text, neither where it says nothing, and whether all of it was read."""

    text: str | None
    html: str | None
    is_whole: bool


@dataclass(slots=True)
class _Group:
    """What holds until the group ends. ``html`` is inside an HTML tag, ``hidden`` is shown nowhere."""

    hidden: bool = False
    fonts: bool = False
    html: bool = False
    rtf_only: bool = False
    wide: int = 1
    font: int = -1

    def copy(self) -> _Group:
        return _Group(self.hidden, self.fonts, self.html, self.rtf_only, self.wide, self.font)


def read_rtf(data: bytes) -> Rich:
    """What an RTF text says. Never raises; linear, at most ``_TOKENS`` pieces are looked at."""
    reader = _Reader(is_html=b"\\fromhtml" in data[:2_000])
    tokens = _TOKEN.finditer(data)
    for match in islice(tokens, _TOKENS):
        reader.read(match)
    reader.flush()
    # What lies outside the first plane is written as two halves.
    text = "".join(reader.out).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    is_whole = next(tokens, None) is None and len(text) <= limits.TEXT_BYTES
    said = text[: limits.TEXT_BYTES] if text.strip() else None
    return Rich(None, said, is_whole) if reader.is_html else Rich(said, None, is_whole)


class _Reader:
    def __init__(self, *, is_html: bool) -> None:
        self.is_html = is_html
        self.out: list[str] = []
        self.groups: list[_Group] = []
        self.now = _Group()
        self.depth = 0
        self.code_page = 1252
        self.default_font = 0
        self.fonts: dict[int, int] = {}
        self.pending = bytearray()
        self.pending_page = 1252
        self.skip = 0
        self.is_starred = False

    def read(self, match: re.Match[bytes]) -> None:
        word, number, code, sign, brace, plain = match.groups()
        if word is not None:
            self.word(word, number)
        elif code is not None:
            self.bytes(bytes.fromhex(code.decode()))
        elif plain is not None:
            self.bytes(plain)
        elif brace is not None:
            self.brace(is_open=brace == b"{")
        elif sign == b"*":
            self.is_starred = True
            return
        elif sign is not None and sign in _ESCAPED:
            self.text(_ESCAPED[sign])
        else:
            return
        self.is_starred = False

    def brace(self, *, is_open: bool) -> None:
        self.skip = 0
        if is_open:
            self.depth += 1
            if self.depth <= _DEEPEST:
                self.groups.append(self.now.copy())
        elif self.depth:
            self.depth -= 1
            if self.depth < _DEEPEST and self.groups:
                self.now = self.groups.pop()

    def word(self, word: bytes, number: bytes | None) -> None:
        now, value = self.now, int(number) if number else 0
        if word in _SIGNS:
            self.text(_SIGNS[word])
        elif word == b"u":
            self.unicode(value)
        elif word == b"f":
            now.font = value
        elif word == b"plain":
            now.font = self.default_font
        elif word == b"uc":
            now.wide = max(0, min(value, 10))
        elif word == b"htmlrtf":
            now.rtf_only = number is None or value != 0
        elif word == b"htmltag":
            now.html, now.hidden = True, not self.is_html
        elif word == b"fcharset" and now.fonts:
            self.fonts[now.font] = _CHARSETS.get(value, 0)
        elif word == b"ansicpg":
            self.code_page = value
        elif word == b"deff":
            self.default_font = value
        elif word == b"bin":
            now.hidden = True
        elif word in _HIDDEN or self.is_starred:
            now.hidden, now.fonts = True, word == b"fonttbl"

    def unicode(self, value: int) -> None:
        self.text(chr(value % 0x10000))
        self.skip = self.now.wide

    def is_silent(self) -> bool:
        return self.now.hidden or (self.is_html and self.now.rtf_only)

    def text(self, text: str) -> None:
        if self.skip:
            self.skip -= 1
        elif not self.is_silent():
            self.flush()
            self.out.append(text)

    def bytes(self, data: bytes) -> None:
        if self.skip:
            skipped = min(self.skip, len(data))
            self.skip -= skipped
            data = data[skipped:]
        if not data or self.is_silent():
            return
        # What stands in a tag is in the code page of the whole; text is in that of its font.
        page = self.code_page if self.now.html else self.fonts.get(self.now.font) or self.code_page
        if page != self.pending_page:
            self.flush()
            self.pending_page = page
        self.pending += data

    def flush(self) -> None:
        if self.pending:
            data = bytes(self.pending)
            self.pending.clear()
            self.out.append(_decoded(data, self.pending_page))


def _decoded(data: bytes, page: int) -> str:
    label = find_label(page)
    return data.decode("ascii") if data.isascii() else decode(data, label).text
