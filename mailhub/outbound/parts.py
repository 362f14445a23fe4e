"""The body of a letter: its text, its HTML with the pictures that stand in it, its files.

``text/plain`` alone; with HTML ``multipart/alternative``; pictures stand with their HTML in ``multipart/related`` (RFC
2387, 2392); files around all of it in ``multipart/mixed``. Every part is 7-bit with CRLF.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass

from pybase64 import encodebytes

from mailhub.letters.clean import body_text
from mailhub.letters.filenames import safe_file_name
from mailhub.outbound.headers import file_name_parameter, is_plain_id

_EASY_LINE = 76
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,62}/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}")


@dataclass(frozen=True, slots=True)
class File:
    """A file to go with a letter. ``content_type`` that cannot stand becomes ``application/octet-stream``. With a
    ``content_id`` (without brackets) that the HTML names as ``cid:`` it is a picture inside the text."""

    name: str
    content_type: str
    content: bytes
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class Calendar:
    """A calendar object that is a form of what the letter says (RFC 6047): ``method`` as it stands in ``content``."""

    method: str
    content: bytes


def body_of(text: str, html: str, files: tuple[File, ...], boundary: str, calendar: Calendar | None = None) -> bytes:
    """The body with its own header fields. ``boundary`` is a word that stands nowhere in it."""
    plain, shown = _text_part("plain", text), _text_part("html", html) if html else b""
    if calendar is not None:
        return frame_of(_with_calendar(plain, shown, calendar, boundary), b"", html, files, boundary)
    return frame_of(plain, shown, html, files, boundary)


def _with_calendar(plain: bytes, shown: bytes, calendar: Calendar, boundary: str) -> bytes:
    """Text, HTML and calendar object beside each other, the richest last. RFC 6047 §2.4 and §2.5."""
    head = b"Content-Type: text/calendar; charset=utf-8; method=%s\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    part = head % calendar.method.encode("ascii") + _base64(calendar.content)
    return _multipart("alternative", f"=_a{boundary}", [one for one in (plain, shown, part) if one])


def frame_of(plain: bytes, shown: bytes, html: str, files: tuple[File, ...], boundary: str) -> bytes:
    """The same around parts that are made already; ``shown`` is b'' for a letter of text alone, ``html`` says which
    files are its pictures."""
    body = plain
    pictures = [one for one in files if _is_inside(one, html)]
    if shown:
        if pictures:
            shown = _multipart("related", f"=_r{boundary}", [shown, *(_file_part(one, "inline") for one in pictures)])
        body = _multipart("alternative", f"=_a{boundary}", [body, shown])
    others = [_file_part(one, "attachment") for one in files if not _is_inside(one, html)]
    return _multipart("mixed", f"=_m{boundary}", [body, *others]) if others else body


def _is_inside(file: File, html: str) -> bool:
    return is_plain_id(file.content_id) and f'"cid:{file.content_id}"' in html


def _text_part(subtype: str, text: str) -> bytes:
    """A text part in the encoding that a person could best read raw: as it is, quoted-printable or base64."""
    plain = body_text(text)
    if plain and not plain.endswith("\n"):
        plain += "\n"
    raw = plain.replace("\n", "\r\n").encode("utf-8")
    encoding, body = _encoded_text(raw)
    head = b"Content-Type: text/%s; charset=utf-8\r\nContent-Transfer-Encoding: %s\r\n\r\n"
    return head % (subtype.encode("ascii"), encoding) + body


def _encoded_text(raw: bytes) -> tuple[bytes, bytes]:
    lines = raw.split(b"\r\n")
    easy = raw.isascii() and all(len(line) <= _EASY_LINE for line in lines)
    # "From " at the head of a line is changed by mailbox files, blanks at an end by gateways.
    if easy and not any(line.startswith(b"From ") or line.endswith((b" ", b"\t")) for line in lines):
        return (b"7bit", raw) if b"\x0c" not in raw else (b"base64", _base64(raw))
    quoted = b"\r\n".join(map(_quoted_line, lines))
    coded = _base64(raw)
    return (b"quoted-printable", quoted) if len(quoted) <= len(coded) else (b"base64", coded)


def _quoted_line(line: bytes) -> bytes:
    """One line in quoted-printable, with soft breaks. RFC 2045 §6.7."""
    out = binascii.b2a_qp(line, quotetabs=False, istext=True).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return b"=46" + out[1:] if out.startswith(b"From ") else out


def _base64(raw: bytes) -> bytes:
    return encodebytes(raw).replace(b"\n", b"\r\n")


def _file_part(file: File, place: str) -> bytes:
    kind = file.content_type.partition(";")[0].strip().lower()
    if not _TYPE.fullmatch(kind) or kind.startswith(("message/", "multipart/")):
        kind = "application/octet-stream"
    name = file_name_parameter(safe_file_name(file.name) or "file")
    identity = b"Content-ID: <%s>\r\n" % file.content_id.encode("ascii") if place == "inline" else b""
    head = b"Content-Type: %s\r\nContent-Transfer-Encoding: base64\r\n%sContent-Disposition: %s%s\r\n\r\n"
    return head % (kind.encode("ascii"), identity, place.encode("ascii"), name) + _base64(file.content)


def _multipart(subtype: str, boundary: str, parts: list[bytes]) -> bytes:
    line = b"--" + boundary.encode("ascii")
    inner = b"".join(line + b"\r\n" + part + b"\r\n" for part in parts)  # that line end is the boundary's
    kind = subtype.encode("ascii")
    if subtype == "related":
        kind += b'; type="text/html"'
    head = b'Content-Type: multipart/%s;\r\n boundary="%s"\r\n\r\n' % (kind, boundary.encode("ascii"))
    return head + inner + line + b"--\r\n"
