"""Streams as Outlook writes them, made by hand. [MS-OXTNEF], [MS-OXRTFCP]."""

from __future__ import annotations

import base64
import struct

SIGNATURE = b"\x78\x9f\x3e\x22\x01\x00"
MESSAGE, FILE = 1, 2
LETTER_INSIDE = bytes.fromhex("0703020000000000c000000000000046")


def attribute(level: int, name: int, data: bytes) -> bytes:
    """One attribute with its checksum."""
    return struct.pack("<BHHI", level, name, 6, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def value(tag: int, data: bytes | str, kind: int = 0x102) -> bytes:
    """One property of any length; text is written in Unicode."""
    if isinstance(data, str):
        data, kind = data.encode("utf-16-le") + b"\0\0", 0x1F
    return struct.pack("<HHII", kind, tag, 1, len(data)) + data + b"\0" * (-len(data) % 4)


def number(tag: int, data: int) -> bytes:
    """One property of 32 bits."""
    return struct.pack("<HHI", 3, tag, data)


def named(data: bytes) -> bytes:
    """A property with a name of its own and two values."""
    name = "Keywords\0".encode("utf-16-le")
    head = struct.pack("<HH16sII", 0x101E, 0x8001, b"g" * 16, 1, len(name)) + name + b"\0" * (-len(name) % 4)
    return head + struct.pack("<I", 2) + (struct.pack("<I", len(data)) + data + b"\0" * (-len(data) % 4)) * 2


def properties(*all_of: bytes) -> bytes:
    """A list of properties."""
    return struct.pack("<I", len(all_of)) + b"".join(all_of)


def file(content: bytes | None, title: bytes, *more: bytes) -> bytes:
    """A file: old attributes, and properties where there are some."""
    out = attribute(FILE, 0x9002, b"\x01\x00" + bytes(12)) + attribute(FILE, 0x8010, title + b"\0")
    if content is not None:
        out += attribute(FILE, 0x800F, content)
    return out + (attribute(FILE, 0x9005, properties(*more)) if more else b"")


def stream(*files: bytes, said: tuple[bytes, ...] = (), code_page: int = 1251) -> bytes:
    """A whole stream; ``said`` are the properties of the message."""
    head = attribute(MESSAGE, 0x9006, b"\0\0\1\0") + attribute(MESSAGE, 0x9007, struct.pack("<II", code_page, 0))
    return SIGNATURE + head + attribute(MESSAGE, 0x9003, properties(*said)) + b"".join(files)


def packed(rtf: bytes) -> bytes:
    """RTF in the compressed form, all of it literal."""
    body = b"".join(b"\0" + rtf[at : at + 8] for at in range(0, len(rtf), 8))
    return struct.pack("<II4sI", len(body) + 12, len(rtf), b"LZFu", 0) + body


def letter(winmail: bytes, text: str | None = None, subject: str = "s") -> bytes:
    """A letter that carries the stream, with a text of its own or without."""
    own = f"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n" if text is not None else ""
    head = (
        f"From: Anna <anna@client.example>\r\nTo: us@firm.example\r\nSubject: {subject}\r\n"
        f"Message-ID: <{subject}@client.example>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{own}"
        '--b\r\nContent-Type: application/ms-tnef; name="winmail.dat"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    )
    return head.encode() + base64.encodebytes(winmail).replace(b"\n", b"\r\n") + b"--b--\r\n"
