"""Decoded text made fit for a header value, a database column and a page: no NUL, no surrogate, no hidden line end."""

from __future__ import annotations

import re

_LINE_ENDS = re.compile("[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+")
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_BODY_CONTROLS = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff]")
_CONTROL_BYTES = bytes((*range(9), 11, *range(13, 32), 127))


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


def needs_cleaning(data: bytes) -> bool:
    """Whether ``body_text`` may change the text of these bytes, in whatever charset; far cheaper than to ask the text.

    No charset makes a control, a CR or a surrogate of bytes that are none.
    """
    return len(data.translate(None, _CONTROL_BYTES)) != len(data)


def with_lf(data: bytes) -> bytes:
    """The bytes with each CRLF as LF; a CR alone stays."""
    without = data.translate(None, b"\r")  # three times as fast as to replace the pairs
    return without if len(data) - len(without) == data.count(b"\r\n") else data.replace(b"\r\n", b"\n")
