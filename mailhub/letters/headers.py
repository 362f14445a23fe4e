"""A header block as a list of names and raw values. RFC 5322 §2.2, and what real letters make of it."""

from __future__ import annotations

import re

from mailhub.letters import limits

# One field with its folded lines; no two branches can match the same byte, so it is linear.
_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)(?:\n|\Z)")
_FIELDS = re.compile(rb"^([!-9;-~]{1,200}):(.*+(?:\n[ \t].*+)*+)\n?", re.MULTILINE)
_MBOX_LINE = re.compile(rb">?From (?![ \t]*:)")
#: What continues a line, whatever that line is; and a field whose name is not of ASCII.
_CONTINUED = re.compile(rb"(?:[ \t][^\n]*(?:\n|\Z))*")
_ODD_FIELD = re.compile(rb"[!-9;-~\x80-\xff]{1,200}:")
_BLANK = re.compile(rb"\n\r?\n")
_KNOWN = re.compile(
    rb"(?:content-[a-z-]+|mime-version|subject|from|to|cc|date|message-id|received|reply-to|references|in-reply-to|"
    rb"x-[a-z-]+|return-path|sender|list-[a-z-]+|dkim-signature|delivered-to|importance|user-agent)[ \t]*:",
    re.IGNORECASE,
)


class Headers:
    """The fields of one block: names in lower case, the values of each in their order. What is asked for comes
    unfolded."""

    __slots__ = ("_by_name",)

    def __init__(self, by_name: dict[str, list[bytes]]) -> None:
        self._by_name = by_name

    def __bool__(self) -> bool:
        return bool(self._by_name)

    def find(self, name: str) -> bytes | None:
        """The first value of that name, None where there is none."""
        values = self._by_name.get(name)
        if values is None:
            return None
        value = values[0]
        return unfold(value) if b"\n" in value else value.strip()

    def all(self, name: str) -> list[bytes]:
        """Every value of that name, in order."""
        values = self._by_name.get(name)
        return [] if values is None else [unfold(value) for value in values]

    def count(self, name: str) -> int:
        """How many fields have that name."""
        return len(self._by_name.get(name, ()))

    def names(self) -> list[str]:
        """The name of every field."""
        return [name for name, values in self._by_name.items() for _ in values]

    def doubles(self) -> list[str]:
        """The names that stand more than once."""
        return [name for name, values in self._by_name.items() if len(values) > 1]

    def any_of(self, names: frozenset[str]) -> frozenset[str]:
        """Those of ``names`` that stand in the block."""
        return names & self._by_name.keys()


def unfold(value: bytes) -> bytes:
    """The value on one line, without blanks around it; a fold counts as one space. RFC 5322 §2.2.3."""
    return b" ".join(map(bytes.strip, value.split(b"\n"))).strip()


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
        return Headers(_fields_and_others(block, [])[0]), body
    by_name = _fields(block)
    if by_name is not None:
        return Headers(by_name), body
    by_name, broken_at = _fields_and_others(block, defects)
    return Headers(by_name), body if broken_at is None else start + broken_at


def _fields(block: bytes) -> dict[str, list[bytes]] | None:
    """The fields of a block that consists of fields; None for any other."""
    block = block.removesuffix(b"\n")
    by_name: dict[str, list[bytes]] = {}
    size = -1
    for name, value in _FIELDS.findall(block):
        size += len(name) + len(value) + 2
        key = name.decode("ascii").lower()
        if key in by_name:
            by_name[key].append(value)
        else:
            by_name[key] = [value]
    # With a colon in each and a line end between two, that is the whole block unless the pattern passed something over.
    return by_name if size == len(block) else None


def _fields_and_others(block: bytes, defects: list[str]) -> tuple[dict[str, list[bytes]], int | None]:
    """The fields among other lines, and the offset of the line that ended the block early, if one did."""
    by_name: dict[str, list[bytes]] = {}
    position, size = 0, len(block)
    if _MBOX_LINE.match(block):
        position = block.find(b"\n") + 1 or size
    while position < size:
        match = _FIELD.match(block, position)
        if match is not None:
            by_name.setdefault(match[1].decode("ascii").lower(), []).append(match[2])
            position = match.end()
            continue
        line_end = block.find(b"\n", position) + 1 or size
        if block[position:line_end].strip():
            defects.append("a line among the headers is no header")
            continued = _CONTINUED.match(block, line_end)
            behind = continued.end() if continued else line_end
            if not _KNOWN.match(block, behind) and not _ODD_FIELD.match(block, position):
                return by_name, position
            line_end = behind
        position = line_end
    return by_name, None
