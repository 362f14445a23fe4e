"""A header block as a list of names and raw values. RFC 5322 §2.2, and what real letters make of it."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from functools import lru_cache

from mailhub.letters import limits

# One field with its folded lines; no two branches can match the same byte, so it is linear.
_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)(?:\n|\Z)")
_FIELDS = re.compile(r"^([!-9;-~]{1,200}):(.*+(?:\n[ \t].*+)*+)\n?", re.MULTILINE)
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


#: The blocks of parts are the same few in all letters, as long as they name neither a file nor a boundary.
_USUAL_LENGTH = 128


class Headers:
    """The fields of one block: names in lower case, the values of each in their order. What is asked for comes
    unfolded."""

    __slots__ = ("_first", "_repeated")

    def __init__(self, fields: Iterable[tuple[str, str]]) -> None:
        """Names in lower case and values as they stand in the block, their bytes as Latin-1."""
        self._first: dict[str, str] = {}
        self._repeated: dict[str, list[str]] = {}
        for name, value in fields:
            if name not in self._first:
                self._first[name] = value
            elif name in self._repeated:
                self._repeated[name].append(value)
            else:
                self._repeated[name] = [self._first[name], value]

    def __bool__(self) -> bool:
        return bool(self._first)

    def find(self, name: str) -> bytes | None:
        """The first value of that name, None where there is none."""
        value = self._first.get(name)
        return None if value is None else unfold(value.encode("latin-1"))

    def all(self, name: str) -> list[bytes]:
        """Every value of that name, in order."""
        if name in self._repeated:
            return [unfold(value.encode("latin-1")) for value in self._repeated[name]]
        value = self.find(name)
        return [] if value is None else [value]

    def count(self, name: str) -> int:
        """How many fields have that name."""
        return len(self._repeated.get(name, ())) or int(name in self._first)

    def names(self) -> list[str]:
        """The name of every field."""
        return [name for name in self._first for _ in range(self.count(name))]

    def doubles(self) -> list[str]:
        """The names that stand more than once."""
        return list(self._repeated)

    def any_of(self, names: frozenset[str]) -> frozenset[str]:
        """Those of ``names`` that stand in the block."""
        return names & self._first.keys()


def unfold(value: bytes) -> bytes:
    """The value on one line, without blanks around it; a fold counts as one space. RFC 5322 §2.2.3."""
    if b"\n" not in value:
        return value.strip()
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
        return _fields_and_others(block, [])[0], body
    headers = _known_fields(block) if len(block) <= _USUAL_LENGTH else _fields(block)
    if headers is not None:
        return headers, body
    headers, broken_at = _fields_and_others(block, defects)
    return headers, body if broken_at is None else start + broken_at


def _fields(block: bytes) -> Headers | None:
    """The fields of a block that consists of fields; None for any other."""
    text = block.decode("latin-1").removesuffix("\n")
    fields = _FIELDS.findall(text)
    if not fields:
        return None if text else Headers(())
    names, values = zip(*fields, strict=True)
    # With a colon in each and a line end between two, that is the whole block unless the pattern passed something over.
    if len("".join(names)) + len("".join(values)) + 2 * len(names) - 1 != len(text):
        return None
    return Headers(zip(map(str.lower, names), values, strict=True))


_known_fields = lru_cache(maxsize=256)(_fields)


def _fields_and_others(block: bytes, defects: list[str]) -> tuple[Headers, int | None]:
    """The fields among other lines, and the offset of the line that ended the block early, if one did."""
    fields: list[tuple[str, str]] = []
    position, size = (3 if block.startswith(codecs.BOM_UTF8) else 0), len(block)
    if _MBOX_LINE.match(block):
        position = block.find(b"\n") + 1 or size
    while position < size:
        match = _FIELD.match(block, position)
        if match is not None:
            fields.append((match[1].decode("ascii").lower(), match[2].decode("latin-1")))
            position = match.end()
            continue
        line_end = block.find(b"\n", position) + 1 or size
        if block[position:line_end].strip():
            defects.append("a line among the headers is no header")
            continued = _CONTINUED.match(block, line_end)
            behind = continued.end() if continued else line_end
            if not _KNOWN.match(block, behind) and not _ODD_FIELD.match(block, position):
                return Headers(fields), position
            line_end = behind
        position = line_end
    return Headers(fields), None
