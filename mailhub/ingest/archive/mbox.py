"""The mbox file: letters one after another, each behind a ``From `` line (RFC 4155, and its older relatives).

A separator is a line that begins with ``From ``, stands at the beginning or behind an empty line, holds a time and a
year and has a header line or nothing behind it, so that a sentence "From here on…" at the start of a paragraph splits
no letter, nor a separator that somebody quoted in one without marking it. Where ``Content-Length`` leads
exactly to the next separator or to the end it is believed (mboxcl, mboxcl2); else the separators decide. Quoted
``>From `` lines lose one ``>`` (mboxrd, which for letters without quotes of quotes is mboxo too), unless the letter
shows by an unquoted ``From `` line of its own that nothing was quoted (mboxcl2).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from mailhub.ingest.archive.forward import Forward

LINE = 1 << 16
_SEPARATOR = re.compile(rb"From .*\d{1,2}:\d{2}.*\b\d{4}\b")
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)
_BARE = re.compile(rb"^From ", re.MULTILINE)
_HEADER = re.compile(rb">?From |[!-9;-~]+[ \t]*:|\r?\n|$")
_LENGTH = re.compile(rb"^content-length:[ \t]*(\d{1,12})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Slice:
    """One letter of the file: where it begins (its separator) and ends, its separator, its bytes with the quoting
    taken back. ``raw`` is None when the letter is larger than was asked for."""

    start: int
    end: int
    separator: bytes
    raw: bytes | None


def begins_mbox(head: bytes) -> bool:
    """True when a file with these first bytes is an mbox file."""
    return head.startswith(b"From ")


def is_border(file: BinaryIO | Forward, place: int) -> bool:
    """True when a letter begins at this place, or the file ends there."""
    file.seek(place)
    return file.read(5) in {b"From ", b""}


def read_mbox(file: BinaryIO | Forward, place: int, largest: int) -> Iterator[Slice]:
    """The letters from ``place`` (a border) on, in constant memory: one letter of at most ``largest`` bytes."""
    file.seek(place)
    separator = file.readline(LINE)
    while separator:
        start, place = place, place + len(separator)
        while not separator.endswith(b"\n") and (rest := file.readline(LINE)):
            place += len(rest)
            separator = separator[:LINE] + rest[-1:]
        letter = _Letter(largest)
        following = _read_letter(file, letter)
        place += letter.length
        yield Slice(start, place, separator.rstrip(), letter.content())
        separator = following


class _Letter:
    """The lines of one letter as they are read."""

    def __init__(self, largest: int) -> None:
        self.largest = largest
        self._lines: list[bytes] | None = []
        self.length = 0

    def add(self, data: bytes) -> None:
        self.length += len(data)
        if self.length > self.largest:
            self._lines = None
        elif self._lines is not None:
            self._lines.append(data)

    def content(self) -> bytes | None:
        """Without the empty line that belongs to the file, and with the quoting taken back."""
        if self._lines is None:
            return None
        if len(self._lines) > 1 and self._lines[-1] in {b"\n", b"\r\n"}:
            self._lines.pop()
        raw = b"".join(self._lines)
        if b">From " not in raw or _BARE.search(raw) is not None:
            return raw
        return _QUOTED.sub(rb"\1", raw)

    def head(self) -> bytes:
        return b"".join(self._lines or ())


def _read_letter(file: BinaryIO | Forward, letter: _Letter) -> bytes:
    """Read up to the next separator and return it; empty at the end of the file."""
    in_head = True
    line_begins, after_empty = True, False
    while line := file.readline(LINE):
        if after_empty and line_begins and _SEPARATOR.match(line) and _letter_follows(file):
            return line
        letter.add(line)
        empty = line_begins and line in {b"\n", b"\r\n"}
        line_begins = line.endswith(b"\n")
        after_empty = empty
        if empty and in_head:
            in_head = False
            if _take_by_length(file, letter):
                line_begins, after_empty = True, True
    return b""


def _letter_follows(file: BinaryIO | Forward) -> bool:
    """Whether what stands behind a separator begins a letter."""
    here = file.tell()
    line = file.readline(LINE)
    file.seek(here)
    return _HEADER.match(line) is not None


def _take_by_length(file: BinaryIO | Forward, letter: _Letter) -> bool:
    """Take the body by its Content-Length if that ends at a border; else leave the file where it stood."""
    found = _LENGTH.findall(letter.head())
    if len(found) != 1 or int(found[0]) > letter.largest:
        return False
    here, length = file.tell(), int(found[0])
    file.seek(here + length)
    tail = file.read(LINE)
    line = next((one for one in (b"\r\n", b"\n") if tail.startswith(one)), b"")
    file.seek(max(here + length - 1, here))
    whole = length == 0 or file.read(1) != b""
    file.seek(here)
    rest = tail[len(line) :]
    if not whole or not (rest == b"" or _SEPARATOR.match(rest)):
        return False
    while length:
        block = file.read(min(length, LINE))
        letter.add(block)
        length -= len(block)
    letter.add(file.read(len(line)))
    return True
