"""The parts of a letter by byte offsets, found in one pass with a list for a stack: no recursion, bounded, linear.

RFC 2046 §5.1. A ``message/rfc822`` is a leaf here: it is an attachment and its inside is another letter.
"""

from __future__ import annotations

from itertools import pairwise

import msgspec

from mailhub.letters import limits
from mailhub.letters.headers import Headers, read_headers
from mailhub.letters.params import ContentType, parse_content_type

_BEHIND_DELIMITER = (b"", b"\n", b"\r", b" ", b"\t")
_PLAIN = ContentType("text/plain", {})
_MESSAGE = ContentType("message/rfc822", {})


class Part(msgspec.Struct):
    """One part: its headers and ``raw[body:end]``, still in transfer encoding. ``parent`` is an index, -1 for none."""

    headers: Headers
    content_type: ContentType
    start: int
    body: int
    end: int
    parent: int
    depth: int
    #: Position among the parts of the same parent, from 0.
    nth: int = 0
    children: int = 0
    is_multipart: bool = False


class _Open(msgspec.Struct, gc=False):
    """A multipart whose end has not come: its delimiter and where that stands next (-1: nowhere)."""

    part: int
    delimiter: bytes
    next_at: int = -1


class Scan(msgspec.Struct):
    """The parts in the order of the letter, the first being the letter itself; ``defects`` say what was odd."""

    parts: list[Part] = []
    defects: list[str] = []


def scan(raw: bytes) -> Scan:
    """Find the parts of ``raw``. Never raises; what is over a limit stays in the raw bytes and is named in the defects.

    Where a letter holds no LF at all, CR is taken for the line end (offsets stay the same).
    """
    if b"\n" not in raw and b"\r" in raw:
        raw = raw.replace(b"\r", b"\n")
    return _Scanner(raw).run()


class _Scanner:
    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.size = len(raw)
        self.scan = Scan()
        self.stack: list[_Open] = []
        #: From where to look on: behind the headers of the newest part, or behind the last delimiter used.
        self.position = 0
        self.false_starts = 0

    def run(self) -> Scan:
        found = self.open_part(0, -1, 0)
        while self.stack:
            found = found or self.nearest_delimiter(self.position)
            if found is None:
                self.scan.defects.append("the last boundary is missing")
                break
            level, at = found
            found = None
            self.close_above(level, at)
            opened = self.stack[-1]
            after = at + len(opened.delimiter)
            if self.raw.startswith(b"--", after):
                self.stack.pop()
                continue
            if len(self.scan.parts) >= limits.PARTS:
                self.scan.defects.append(f"more than {limits.PARTS} parts; the rest was left out")
                break
            line_end = self.raw.find(b"\n", after)
            start = self.size if line_end < 0 else line_end + 1
            found = self.open_part(start, opened.part, self.scan.parts[opened.part].depth + 1)
        return self.scan

    def open_part(self, start: int, parent: int, depth: int) -> tuple[int, int] | None:
        """Add the part whose headers begin at ``start`` and, if it is a multipart, wait for its delimiters. Returns the
        delimiter that ends it, if that is known."""
        scan, raw = self.scan, self.raw
        found = self.nearest_delimiter(start) if self.stack else None
        stop = self.size if found is None else found[1]
        headers, body = read_headers(raw, start, max(start, stop), scan.defects)
        # Bodies end before the line end that belongs to the delimiter.
        end = max(body, stop if found is None else self.before_line_end(stop))
        declared = headers.find("content-type")
        if declared is not None:
            content_type = parse_content_type(declared)
        else:
            digest = parent >= 0 and scan.parts[parent].content_type.type == "multipart/digest"
            content_type = _MESSAGE if digest else _PLAIN
        part = Part(headers, content_type, start, body, end, parent, depth)
        if parent >= 0:
            part.nth = scan.parts[parent].children
            scan.parts[parent].children += 1
        scan.parts.append(part)
        self.position = max(self.position, body)
        if content_type.type.startswith("multipart/"):
            self.open_multipart(part)
            return None
        return found if body <= stop else None

    def open_multipart(self, part: Part) -> None:
        defects = self.scan.defects
        boundary = part.content_type.raw_boundary
        declared = part.content_type.raw_params.get("boundary", boundary)
        if declared != boundary and self.raw.find(b"--" + declared, part.body, part.end) >= 0:
            boundary = declared  # blanks at its end are against RFC 2046 §5.1.1, yet these delimiters have them
        if not boundary:
            boundary = self.guess_boundary(part)
            defects.append("a multipart names no boundary")
        if not boundary:
            return
        if part.depth >= limits.DEPTH:
            defects.append(f"parts are nested deeper than {limits.DEPTH}; the inner ones were left out")
            return
        opened = _Open(len(self.scan.parts) - 1, b"--" + boundary)
        self.stack.append(opened)
        at = self.find_next(opened, max(part.body - 1, 0))
        if at < 0 or at >= part.end + 2:
            self.stack.pop()
            if part.body < part.end:
                defects.append("the boundary of a multipart is found nowhere")
            return
        part.is_multipart = True
        part.end = self.size

    def guess_boundary(self, part: Part) -> bytes:
        """The first line that begins with two dashes and is followed by a header, as a boundary of last resort."""
        head = self.raw[part.body : min(part.end, part.body + 4096)]
        lines = head.splitlines()
        for line, following in pairwise(lines):
            if line.startswith(b"--") and len(line) > 2 and following.lower().startswith(b"content-"):
                return line[2:].rstrip()
        return b""

    def nearest_delimiter(self, position: int) -> tuple[int, int] | None:
        """The next delimiter of any open multipart: its level and offset. The innermost wins where several name the
        same boundary."""
        nearest, nearest_at = -1, self.size
        for level, opened in enumerate(self.stack):
            at = opened.next_at
            if 0 <= at < position:
                at = self.find_next(opened, position)
            if 0 <= at <= nearest_at:
                nearest, nearest_at = level, at
        return None if nearest < 0 else (nearest, nearest_at)

    def find_next(self, opened: _Open, position: int) -> int:
        """The next delimiter line at or after ``position``; remembered in ``opened``."""
        raw, delimiter = self.raw, opened.delimiter
        at = raw.find(delimiter, position)
        while at >= 0:
            if at == 0 or raw[at - 1] in b"\r\n":
                after = at + len(delimiter)
                if raw.startswith(b"--", after):
                    after += 2
                # RFC 2046 §5.1.1: the beginning of the line counts; "--b" is still not "--bb".
                if raw[after : after + 1] in _BEHIND_DELIMITER:
                    break
            self.false_starts += 1
            if self.false_starts > limits.FALSE_BOUNDARIES:
                self.scan.defects.append("too many lines look like boundaries; the rest was left out")
                at = -1
                break
            at = raw.find(delimiter, at + 1)
        opened.next_at = at
        return at

    def close_above(self, level: int, at: int) -> None:
        """End the multiparts inside ``level``, whose closing delimiters never came, and go behind this delimiter."""
        while len(self.stack) - 1 > level:
            inner = self.stack.pop()
            self.scan.parts[inner.part].end = self.before_line_end(at)
            self.scan.defects.append("the closing boundary of a multipart is missing")
        self.scan.parts[self.stack[-1].part].end = at
        self.position = at + 1

    def before_line_end(self, at: int) -> int:
        raw = self.raw
        if at > 0 and raw[at - 1] == 10:
            at -= 1
            if at > 0 and raw[at - 1] == 13:
                at -= 1
        elif at > 0 and raw[at - 1] == 13:
            at -= 1
        return at
