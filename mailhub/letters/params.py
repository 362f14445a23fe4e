"""Content-Type and Content-Disposition with their parameters: RFC 2045 §5.1, RFC 2231, and RFC 2047 where Outlook put
it."""

from __future__ import annotations

import re
from functools import cached_property, lru_cache
from urllib.parse import unquote_to_bytes

from mailhub.letters import limits
from mailhub.letters.charsets import decode
from mailhub.letters.clean import one_line
from mailhub.letters.encoded_words import decode_header

# name = "quoted" | token up to the next semicolon. An unclosed quote runs to the end, so that each byte is seen once.
_PARAM = re.compile(rb'([^\s=;"]{1,100})\s*=\s*(?:"((?:[^"\\]|\\.)*+)(?:"[^;]*|\\?\Z)|([^;]*))', re.DOTALL)
_SEPARATORS = re.compile(rb"[;\s]*")
_TYPE = re.compile(rb"\s*([\w!#$&^.+-]{1,127}/[\w!#$&^.+-]{1,127})")
_TOKEN = re.compile(rb"\s*([\w!#$&^.+-]{1,127})")
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)
_USUAL_LENGTH = 40
_PIECE = re.compile(r"^(.+?)(?:\*(\d{1,4}))?(\*)?$")


class ContentType:
    """A media type in lower case (``text/plain`` where it is unreadable) and its parameters as raw bytes."""

    def __init__(self, type_: str, raw_params: dict[str, bytes]) -> None:
        self.type = type_
        self.raw_params = raw_params

    @property
    def raw_boundary(self) -> bytes:
        """The boundary as it stands in delimiter lines, empty where none is named."""
        return self.raw_params.get("boundary", b"").rstrip()

    @cached_property
    def charset(self) -> str | None:
        """The charset that the part claims, as written."""
        value = self.raw_params.get("charset") or self.raw_params.get("charset*")
        if value is None:
            return None
        return value.decode("latin-1").rpartition("'")[2].removeprefix("charset=").strip("\"' \t\r\n") or None

    @cached_property
    def file_name(self) -> str | None:
        """The name that the part gives its file here, decoded to one line, None where there is none."""
        return param_text(self.raw_params, "name") if self.raw_params else None


def parse_content_type(value: bytes) -> ContentType:
    """The media type of an unfolded header value with its parameters."""
    return _known_content_type(value) if len(value) <= _USUAL_LENGTH else _read_content_type(value)


@lru_cache(maxsize=512)
def _known_content_type(value: bytes) -> ContentType:
    """Short values are the same few in all letters: ``text/plain; charset=utf-8``."""
    return _read_content_type(value)


def _read_content_type(value: bytes) -> ContentType:
    """Read a Content-Type value. What has no ``type/subtype`` is ``text/plain`` (RFC 2045 §5.2), but keeps its
    parameters."""
    match = _TYPE.match(value)
    if match is not None:
        return ContentType(match[1].decode("latin-1").lower(), parse_params(value))
    bare = _TOKEN.match(value)
    word = bare[1].decode("latin-1").lower() if bare else ""
    fallback = {"text": "text/plain", "html": "text/html", "multipart": "multipart/mixed"}.get(word)
    if fallback is None:
        fallback = "text/plain" if word in {"", "plain"} else "application/octet-stream"
    return ContentType(fallback, parse_params(value))


def parse_disposition(value: bytes) -> tuple[str, dict[str, bytes]]:
    """The disposition in lower case (empty where unreadable) and its raw parameters."""
    match = _TOKEN.match(value)
    return (match[1].decode("latin-1").lower() if match else ""), parse_params(value)


def parse_params(value: bytes) -> dict[str, bytes]:
    """The parameters behind the first semicolon, names in lower case with their RFC 2231 stars; the first of a name
    wins."""
    params: dict[str, bytes] = {}
    at = value.find(b";")
    while at >= 0 and len(params) < limits.PARAMS:
        separators = _SEPARATORS.match(value, at)
        at = separators.end() if separators else at
        match = _PARAM.match(value, at)
        if match is None:
            at = value.find(b";", at)
            continue
        if match[2] is not None:
            found = _ESCAPE.sub(rb"\1", match[2]) if b"\\" in match[2] else match[2]
        else:
            found = match[3].strip()
        params.setdefault(match[1].decode("latin-1").lower(), found)
        at = value.find(b";", match.end())
    return params


def param_text(params: dict[str, bytes], name: str) -> str | None:
    """One parameter decoded: RFC 2231 pieces win over the plain value, which may hold encoded words or raw 8-bit
    text."""
    extended = _joined_pieces(params, name)
    if extended is not None:
        return one_line(extended)
    plain = params.get(name)
    return None if plain is None else decode_header(plain)


def _joined_pieces(params: dict[str, bytes], name: str) -> str | None:
    """``name*``, or ``name*0*``, ``name*1`` … joined by their numbers; missing numbers are passed over."""
    pieces: list[tuple[int, bytes, bool]] = []
    starred = name + "*"
    for key, value in params.items():
        if not key.startswith(starred):
            continue
        match = _PIECE.match(key)
        if match is not None and match[1] == name:
            pieces.append((int(match[2] or 0), value, match[3] is not None))
    if not pieces:
        return None
    pieces.sort(key=lambda piece: piece[0])
    charset: str | None = None
    joined = bytearray()
    for place, (_, value, is_encoded) in enumerate(pieces):
        if is_encoded and place == 0 and value.count(b"'") >= 2:
            label, _language, value = value.split(b"'", 2)  # noqa: PLW2901 - the rest of the first piece is the value
            charset = label.decode("latin-1") or None
        joined += unquote_to_bytes(value) if is_encoded else value
    if b"=?" in joined and (charset is None or b"?=" in joined):
        return decode_header(bytes(joined))
    return decode(bytes(joined), charset or "utf-8").text
