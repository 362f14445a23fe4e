"""A header block as a list of names and raw values. RFC 5322 §2.2, and what real letters make of it."""

from __future__ import annotations

import re

from mailhub.letters import limits

# One field with its folded lines; no two branches can match the same byte, so it is linear.
_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)(?:\n|\Z)")
_FOLD = re.compile(rb"\r?\n[ \t]+")
_BLANK = re.compile(rb"\n\r?\n")
_KNOWN = re.compile(
    rb"(?:content-[a-z-]+|mime-version|subject|from|to|cc|date|message-id|received|reply-to|references|in-reply-to|"
    rb"x-[a-z-]+|return-path|sender|list-[a-z-]+|dkim-signature|delivered-to|importance|user-agent)[ \t]*:",
    re.IGNORECASE,
)


class Headers:
    """The fields of one block in their order. Names are asked for in lower case; values are unfolded bytes."""

    __slots__ = ("fields",)

    def __init__(self, fields: list[tuple[str, bytes]]) -> None:
        self.fields = fields

    def find(self, name: str) -> bytes | None:
        """The first value of that name, None where there is none."""
        for known, value in self.fields:
            if known == name:
                return value
        return None

    def all(self, name: str) -> list[bytes]:
        """Every value of that name, in order."""
        return [value for known, value in self.fields if known == name]


def find_block_end(raw: bytes, start: int, stop: int) -> tuple[int, int]:
    """Where the block that begins at ``start`` ends and where the body begins, as far as blank lines tell."""
    if raw.startswith(b"\n", start):
        return start, start + 1
    if raw.startswith(b"\r\n", start):
        return start, start + 2
    found = _BLANK.search(raw, start, stop)
    if found is None:
        return stop, stop
    return found.start() + 1, found.end()


def read_headers(raw: bytes, start: int, stop: int, defects: list[str]) -> tuple[Headers, int]:
    """The header block at ``start`` and the offset where its body begins; never looks past ``stop``.

    A line that is no field ends the block, unless a well-known field follows it. Over the limits of size the rest of
    the block is left out and a defect named.
    """
    end, body = find_block_end(raw, start, stop)
    cut = min(end, start + limits.HEADER_BYTES)
    block = raw[start:cut]
    if cut < end or block.count(b"\n") > limits.HEADER_LINES:
        defects.append("the header block is too large; its end was left out")
        block = b"\n".join(block.split(b"\n", limits.HEADER_LINES)[: limits.HEADER_LINES]) + b"\n"
        return Headers(_fields(block, [])[0]), body
    fields, broken_at = _fields(block, defects)
    return Headers(fields), body if broken_at is None else start + broken_at


def _fields(block: bytes, defects: list[str]) -> tuple[list[tuple[str, bytes]], int | None]:
    """The fields, and the offset of the line that ended the block early, if one did."""
    fields: list[tuple[str, bytes]] = []
    position, size = 0, len(block)
    if block.startswith((b"From ", b">From ")):
        position = block.find(b"\n") + 1 or size
    while position < size:
        match = _FIELD.match(block, position)
        if match is not None:
            value = match[2]
            if b"\n" in value:
                value = _FOLD.sub(b" ", value)
            fields.append((match[1].decode("ascii").lower(), value.strip()))
            position = match.end()
            continue
        line_end = block.find(b"\n", position) + 1 or size
        if block[position:line_end].strip():
            defects.append("a line among the headers is no header")
            if not _KNOWN.match(block, line_end):
                return fields, position
        position = line_end
    return fields, None
