"""Letters inside ``winmail.dat`` (application/ms-tnef), the form that Outlook writes: their files and their text.

[MS-OXTNEF]. One level is opened: a letter within such a letter is one file, a letter that carries the inner stream.
"""

from __future__ import annotations

import base64
import mimetypes
import re
from dataclasses import dataclass, field
from typing import NamedTuple

from mailhub.letters import limits
from mailhub.letters.charsets import decode, find_meta_charset
from mailhub.letters.clean import body_text, one_line
from mailhub.letters.filenames import safe_file_name
from mailhub.letters.lzfu import decompress
from mailhub.letters.mapi import UNICODE, VALUES, Properties, find_label, parse_properties, string
from mailhub.letters.rtf import read_rtf

SIGNATURE = b"\x78\x9f\x3e\x22"
TYPES = {"application/ms-tnef", "application/vnd.ms-tnef"}

_ATTRIBUTES = 10_000
#: Values in the properties of all files together.
_FILE_VALUES = 30_000
_MESSAGE, _FILE = 1, 2
_BODY, _FILE_DATA, _TITLE = 0x800C, 0x800F, 0x8010
_FILE_PATH, _FILE_BEGINS, _PROPERTIES, _FILE_PROPERTIES, _CODE_PAGE = 0x9001, 0x9002, 0x9003, 0x9005, 0x9007
_P_TEXT, _P_RTF, _P_HTML, _P_HTML_CODE_PAGE = 0x1000, 0x1009, 0x1013, 0x3FDE
_P_SHOWN_NAME, _P_DATA, _P_SHORT_NAME, _P_METHOD, _P_LONG_NAME = 0x3001, 0x3701, 0x3704, 0x3705, 0x3707
_P_TYPE, _P_CONTENT_ID, _P_FLAGS, _P_HIDDEN = 0x370E, 0x3712, 0x3714, 0x7FFE
_IN_TEXT = 4
_TEXT_BYTES = limits.TEXT_BYTES
_ANY = "application/octet-stream"
_EMBEDDED = bytes.fromhex("0703020000000000c000000000000046")
_NONE = Properties({}, True)
_TYPE = re.compile(r"[\w.+-]{1,60}/[\w.+-]{1,60}", re.ASCII)
_TYPES = mimetypes.MimeTypes()


@dataclass(slots=True)
class _Entry:
    """A file as the stream gives it: old attributes, and the properties of the newer ones."""

    data: memoryview | None = None
    title: memoryview | None = None
    path: memoryview | None = None
    properties: memoryview | None = None


class InnerFile(NamedTuple):
    """A file in a stream. ``name`` is safe to show and to save; ``inline`` says that the text shows it."""

    name: str | None
    content_type: str
    content_id: str | None
    inline: bool
    content: memoryview


class Said(NamedTuple):
    """What a stream says, in the forms it has, and whether they could be read to their end."""

    text: str | None
    html: str | None
    is_whole: bool


@dataclass(slots=True)
class Opened:
    """What stands in a stream. ``is_whole`` is false where it is broken, cut or over a limit."""

    files: list[InnerFile] = field(default_factory=list)
    properties: Properties = _NONE
    old_text: memoryview | None = None
    label: str | None = None
    is_whole: bool = True


def open_tnef(data: bytes) -> Opened:
    """Open a stream as far as it can be read. Never raises; linear, nothing is copied but letters within."""
    opened = Opened(is_whole=data.startswith(SIGNATURE))
    entries: list[_Entry] = []
    at, view = 6, memoryview(data) if opened.is_whole else memoryview(b"")
    for _ in range(_ATTRIBUTES):
        if at >= len(view) or view[at] not in {_MESSAGE, _FILE}:
            break
        name, length = int.from_bytes(view[at + 1 : at + 3], "little"), int.from_bytes(view[at + 5 : at + 9], "little")
        value, check = view[at + 9 : at + 9 + length], view[at + 9 + length : at + 11 + length]
        is_whole = len(check) == 2 and sum(value) & 0xFFFF == int.from_bytes(check, "little")
        opened.is_whole = opened.is_whole and is_whole
        if view[at] == _MESSAGE:
            _add(opened, name, value)
        elif len(entries) < limits.ATTACHMENTS or (name != _FILE_BEGINS and entries):
            _add_to_files(entries, name, value)
        else:
            opened.is_whole = False
        at += 11 + length
    opened.is_whole = opened.is_whole and at > 6 and not bytes(view[at:]).strip(b"\0\r\n")
    left = _FILE_VALUES
    for entry in entries:
        properties = _NONE if entry.properties is None else parse_properties(entry.properties, min(left, VALUES))
        left -= properties.values
        opened.is_whole = opened.is_whole and properties.is_whole
        file = _file(entry, properties, opened.label)
        if file is not None:
            opened.files.append(file)
    return opened


def _add(opened: Opened, name: int, value: memoryview) -> None:
    if name == _PROPERTIES and opened.properties is _NONE:
        opened.properties = parse_properties(value)
        opened.is_whole = opened.is_whole and opened.properties.is_whole
    elif name == _CODE_PAGE:
        opened.label = find_label(int.from_bytes(value[:4], "little"))
    elif name == _BODY:
        opened.old_text = value


def _add_to_files(entries: list[_Entry], name: int, value: memoryview) -> None:
    if name == _FILE_BEGINS or not entries:
        entries.append(_Entry())
    entry = entries[-1]
    if name == _FILE_DATA:
        entry.data = value
    elif name == _TITLE:
        entry.title = value
    elif name == _FILE_PATH:
        entry.path = value
    elif name == _FILE_PROPERTIES:
        entry.properties = value


def _file(entry: _Entry, properties: Properties, label: str | None) -> InnerFile | None:
    """The file, None where the stream only names it (a link, for example)."""
    content = properties.data(_P_DATA)
    is_letter = False
    if content is not None and properties.is_object(_P_DATA):
        is_letter = bytes(content[:16]) == _EMBEDDED
        content = content[16:]
    if content is None or (entry.data and not content):
        content = entry.data
    if content is None:
        return None
    name = _name(entry, properties, label)
    if is_letter:
        # Outlook gives every letter the same title; what it shows is the subject.
        subject = safe_file_name(one_line(properties.text(_P_SHOWN_NAME, label) or "")) or name
        return InnerFile(_as_letter_name(subject), "message/rfc822", None, False, memoryview(_as_letter(content)))
    claimed = one_line(properties.text(_P_TYPE, label) or "").strip().lower()
    content_type = claimed if _TYPE.fullmatch(claimed) and claimed != _ANY else _TYPES.guess_type(name or "")[0] or _ANY
    content_id = one_line(properties.text(_P_CONTENT_ID, label) or "").strip("<> \t") or None
    is_shown = bool(properties.number(_P_FLAGS) & _IN_TEXT or properties.number(_P_HIDDEN))
    return InnerFile(name, content_type, content_id, is_shown and content_id is not None, content)


def _name(entry: _Entry, properties: Properties, label: str | None) -> str | None:
    """The best of the names that a file has; programs fill in one or another."""
    names = (
        properties.text(_P_LONG_NAME, label),
        entry.title and string(entry.title[:1_000], label),
        properties.text(_P_SHORT_NAME, label),
        entry.path and string(entry.path[:1_000], label),
        properties.text(_P_SHOWN_NAME, label),
    )
    return next((safe for name in names if name and (safe := safe_file_name(one_line(name)))), None)


def _as_letter_name(name: str | None) -> str | None:
    return name if name is None or name.lower().endswith((".eml", ".msg")) else safe_file_name(f"{name}.eml")


def _as_letter(stream: memoryview) -> bytes:
    """A letter whose only part is the stream, so that programs that read letters can open it."""
    head = b'MIME-Version: 1.0\r\nContent-Type: application/ms-tnef; name="winmail.dat"\r\n'
    return head + b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(stream).replace(b"\n", b"\r\n")


def read_said(opened: Opened) -> Said:
    """The text and the HTML of the letter itself, None where it has none in that form."""
    properties = opened.properties
    label = find_label(properties.number(_P_HTML_CODE_PAGE)) or opened.label
    html, text, is_whole = _read_html(properties, label), properties.text(_P_TEXT, opened.label, _TEXT_BYTES), True
    if not text and opened.old_text:
        text = string(opened.old_text[:_TEXT_BYTES], opened.label)
    rtf = properties.data(_P_RTF)
    if rtf and not html:
        plain, is_unpacked = decompress(bytes(rtf))
        rich = read_rtf(plain)
        text, html, is_whole = text or rich.text, rich.html, is_unpacked and rich.is_whole
    return Said(body_text(text) if text else None, body_text(html) if html else None, is_whole)


def _read_html(properties: Properties, label: str | None) -> str | None:
    data = properties.data(_P_HTML)
    if not data:
        return None
    if properties.found[_P_HTML].type == UNICODE:
        return properties.text(_P_HTML, label, _TEXT_BYTES)
    start = bytes(data[:_TEXT_BYTES])
    return decode(start.rstrip(b"\0"), label or find_meta_charset(start)).text
