"""Decoded text made fit for a header value, a database column and a page: no NUL, no surrogate, no hidden line end."""

from __future__ import annotations

import re

_LINE_ENDS = re.compile("[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+")
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_BODY_CONTROLS = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff]")
_MANY_LINES = re.compile(r"\n\n\n+")
_CONTROL_BYTES = bytes((*range(9), 11, *range(13, 32), 127))
_LONE_CR = re.compile(rb"\r(?!\n)")


def one_line(text: str) -> str:
    """The text as one line: every kind of line end becomes a space, other controls but TAB go (CVE-2024-6923)."""
    if text.isprintable():
        return text
    return _CONTROLS.sub("", _LINE_ENDS.sub(" ", text))


def body_text(text: str) -> str:
    """The text with ``\\n`` as the only line end and without NUL, surrogates and controls; TAB and form feed stay."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _BODY_CONTROLS.sub("", text)


def plain_lines(data: bytes) -> bytes | None:
    """The bytes with LF for each CRLF; None where they hold a CR alone or another control, TAB and form feed apart.

    ``body_text`` changes nothing in the text of what comes back, whatever the charset: none makes a control, a CR or a
    surrogate of bytes that are none. Bytes are several times as cheap to look through as text.
    """
    lines = data.replace(b"\r", b"")
    if len(lines.translate(None, _CONTROL_BYTES)) < len(lines):
        return None
    return None if len(lines) < len(data) and _LONE_CR.search(data) else lines


def fold_lines(text: str) -> str:
    """The text with at most one empty line at a time."""
    return _MANY_LINES.sub("\n\n", text)
