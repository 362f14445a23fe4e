"""A header block as a list of names and raw values. RFC 5322 §2.2, and what real letters make of it."""

from __future__ import annotations

import re

from mailhub.letters import limits

# One field with its folded lines; no two branches can match the same byte, so it is linear.
_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)(?:\n|\Z)")
# The same for a whole block in one call; the third group holds the lines that are no fields.
_FIELDS = re.compile(_FIELD.pattern + rb"|([^\n]*\n|[^\n]+)")
_FOLD = re.compile(rb"\r?\n[ \t]+")
_BLANK = re.compile(rb"\n\r?\n")
_KNOWN = re.compile(
    rb"(?:content-[a-z-]+|mime-version|subject|from|to|cc|date|message-id|received|reply-to|references|in-reply-to|"
    rb"x-[a-z-]+|return-path|sender|list-[a-z-]+|dkim-signature|delivered-to|importance|user-agent)[ \t]*:",
    re.IGNORECASE,
)


class Headers:
    """The fields of one block in their order: names in lower case, values raw. What is asked for comes unfolded."""

    __slots__ = ("_by_name", "fields")

    def __init__(self, fields: list[tuple[str, bytes]]) -> None:
        self.fields = fields
        by_name: dict[str, list[bytes]] = {}
        for name, value in fields:
            if name in by_name:
                by_name[name].append(value)
            else:
                by_name[name] = [value]
        self._by_name = by_name

    def find(self, name: str) -> bytes | None:
        """The first value of that name, None where there is none."""
        values = self._by_name.get(name)
        return None if values is None else unfold(values[0])

    def all(self, name: str) -> list[bytes]:
        """Every value of that name, in order."""
        values = self._by_name.get(name)
        return [] if values is None else [unfold(value) for value in values]

    def count(self, name: str) -> int:
        """How many fields have that name."""
        return len(self._by_name.get(name, ()))

    def doubles(self) -> list[str]:
        """The names that stand more than once."""
        return [name for name, values in self._by_name.items() if len(values) > 1]

    def any_of(self, names: frozenset[str]) -> frozenset[str]:
        """Those of ``names`` that stand in the block."""
        return names & self._by_name.keys()


def unfold(value: bytes) -> bytes:
    """The value on one line, without blanks around it; a fold counts as one space. RFC 5322 §2.2.3."""
    return (_FOLD.sub(b" ", value) if b"\n" in value else value).strip()


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
    position = block.find(b"\n") + 1 or len(block) if block.startswith((b"From ", b">From ")) else 0
    found = _FIELDS.findall(block, position)
    names = b"\n".join([name for name, _, _ in found]).decode("ascii").lower().split("\n")
    if all(names):
        return [(name, value) for name, (_, value, _) in zip(names, found, strict=True)], None
    return _fields_and_others(block, position, defects)


def _fields_and_others(block: bytes, position: int, defects: list[str]) -> tuple[list[tuple[str, bytes]], int | None]:
    fields: list[tuple[str, bytes]] = []
    size = len(block)
    while position < size:
        match = _FIELD.match(block, position)
        if match is not None:
            fields.append((match[1].decode("ascii").lower(), match[2]))
            position = match.end()
            continue
        line_end = block.find(b"\n", position) + 1 or size
        if block[position:line_end].strip():
            defects.append("a line among the headers is no header")
            if not _KNOWN.match(block, line_end):
                return fields, position
        position = line_end
    return fields, None
