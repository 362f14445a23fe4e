"""Office files: XML in a zip, of Microsoft (docx, xlsx, pptx) and of OpenDocument.

Each part is unpacked piece by piece and parsed as it comes, so a bomb costs no more than its bounds: files in the zip,
bytes unpacked, depth. What declares a type of document, and with it entities, is not read.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO
from xml.parsers import expat

MOST_FILES = 2000
MOST_UNPACKED = 30 << 20
MOST_PARTS = 200
_PIECE = 1 << 16
_MOST_DEPTH = 100
_PARTS = re.compile(
    r"word/(?:document|footnotes|endnotes|comments|header\d*|footer\d*)\.xml"
    r"|xl/(?:sharedStrings|worksheets/sheet\d+|comments\d+)\.xml|ppt/(?:slides/slide|notesSlides/notesSlide)\d+\.xml"
    r"|content\.xml"
)
# What holds words: runs of text, values of cells, paragraphs. Others hold numbers of styles and the like.
_HOLDS_TEXT = frozenset({"t", "v", "p", "h", "span", "a"})
_BREAKS = frozenset({"p", "c", "si", "h", "row", "br", "tab", "table-cell"})


class _Words:
    """Gathers the words of a part; ``room`` is how many characters may still come."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.parts: list[str] = []
        self._open: list[bool] = []
        self._in_table = False
        self._parser = expat.ParserCreate(namespace_separator="}")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._data
        self._parser.StartDoctypeDeclHandler = self._refuse

    def feed(self, piece: bytes) -> None:
        """Read on. Raises ExpatError, _Refused."""
        self._parser.Parse(piece, False)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if len(self._open) >= _MOST_DEPTH:
            raise _Refused
        name = tag.rpartition("}")[2]
        if name == "c":  # the value of such a cell is a place in the table of strings, and no word
            self._in_table = attributes.get("t") == "s"
        self._open.append(name in _HOLDS_TEXT and not (name == "v" and self._in_table))
        if name in _BREAKS:
            self.parts.append(" ")

    def _end(self, tag: str) -> None:
        self._open.pop()
        if tag.rpartition("}")[2] in _BREAKS:
            self.parts.append(" ")

    def _data(self, text: str) -> None:
        if self._open and self._open[-1] and self.room > 0:
            self.parts.append(text[: self.room])
            self.room -= len(text)

    def _refuse(self, *_declared: object) -> None:
        raise _Refused


class _Refused(Exception):
    """It nests too deep, or declares what no office file needs."""


def read_office(data: bytes, most: int) -> str:
    """The words of the document; as far as they could be read where something is broken."""
    texts: list[str] = []
    room, unpacked = most, MOST_UNPACKED
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [one for one in archive.infolist()[:MOST_FILES] if _PARTS.fullmatch(one.filename)]
            for one in sorted(names, key=lambda part: (len(part.filename), part.filename))[:MOST_PARTS]:
                if room <= 0 or unpacked <= 0 or one.flag_bits & 1:
                    break
                text, used = _read_part(archive, one, room, unpacked)
                texts.append(text)
                room, unpacked = room - len(text), unpacked - used
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, ValueError, OSError, RuntimeError):
        pass  # a broken file says as much as it said so far
    return " ".join(texts)[:most]


def _read_part(archive: zipfile.ZipFile, one: zipfile.ZipInfo, room: int, unpacked: int) -> tuple[str, int]:
    words = _Words(room)
    used = 0
    try:
        with archive.open(one) as part:
            for piece in _pieces(part, unpacked):
                used += len(piece)
                words.feed(piece)
                if words.room <= 0:
                    break
    except (expat.ExpatError, _Refused, NotImplementedError, RuntimeError, zipfile.BadZipFile, zlib.error, EOFError):
        pass  # as far as it could be read
    return "".join(words.parts), used


def _pieces(part: IO[bytes], room: int) -> Iterator[bytes]:
    while room > 0 and (piece := part.read(min(_PIECE, room))):
        room -= len(piece)
        yield piece
