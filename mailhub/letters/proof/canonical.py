"""The forms in which headers and bodies are signed. RFC 6376 §3.4. Linear in what they are given."""

from __future__ import annotations

import re

MOST_HEADER_BYTES = 1 << 18
_NAME = re.compile(rb"([!-9;-~]+)[ \t]*:")
_BLANKS = re.compile(rb"[ \t]+")


class Field:
    """One header field as it stands in the letter, with its last CR LF."""

    __slots__ = ("name", "raw", "value")

    def __init__(self, name: str, raw: bytes, value: bytes) -> None:
        self.name = name
        self.raw = raw
        self.value = value


def split_letter(raw: bytes) -> tuple[list[Field], bytes]:
    """The fields in their order and the body, both with CR LF at every line's end; what is no field is left out."""
    if b"\r\n" not in raw[:MOST_HEADER_BYTES]:
        raw = raw.replace(b"\n", b"\r\n")
    if raw.startswith(b"\r\n"):
        return [], raw[2:]
    end = raw.find(b"\r\n\r\n")
    block, body = (raw, b"") if end < 0 else (raw[: end + 2], raw[end + 4 :])
    fields: list[Field] = []
    lines: list[bytes] = []
    for line in block[:MOST_HEADER_BYTES].split(b"\r\n"):
        if line.startswith((b" ", b"\t")) and lines:
            lines.append(line)
            continue
        _add(fields, lines)
        lines = [line] if line else []
    _add(fields, lines)
    return fields, body


def _add(fields: list[Field], lines: list[bytes]) -> None:
    named = _NAME.match(lines[0]) if lines else None
    if named is not None:
        raw = b"\r\n".join(lines) + b"\r\n"
        fields.append(Field(named[1].decode("ascii").lower(), raw, raw[named.end() : -2]))


def relaxed_field(name: str, value: bytes) -> bytes:
    """``name:value`` with its CR LF, in the relaxed form. RFC 6376 §3.4.2."""
    text = _BLANKS.sub(b" ", value.replace(b"\r\n", b"")).strip(b" \t\r\n")
    return name.encode("ascii") + b":" + text + b"\r\n"


def relaxed_body(body: bytes) -> bytes:
    """RFC 6376 §3.4.4."""
    if not body:
        return b""
    ended = body if body.endswith(b"\r\n") else body + b"\r\n"
    text = _BLANKS.sub(b" ", ended).replace(b" \r\n", b"\r\n")
    kept = _without_empty_end(text)
    return b"" if kept == b"\r\n" else kept


def simple_body(body: bytes) -> bytes:
    """RFC 6376 §3.4.3."""
    return _without_empty_end(body if body.endswith(b"\r\n") else body + b"\r\n")


def _without_empty_end(text: bytes) -> bytes:
    """One CR LF at the end in place of many."""
    end = len(text)
    while text.endswith(b"\r\n\r\n", 0, end):
        end -= 2
    return text[:end]
