"""Parts of letters as many mail programs write them: headers, encodings, multiparts."""

from __future__ import annotations

import base64
import quopri
import unicodedata
from dataclasses import dataclass
from email.header import Header
from hashlib import sha256

_PLAIN = str.maketrans({"—": "-", "–": "-", "№": "N", "«": '"', "»": '"', "€": "EUR "})
_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")


@dataclass(frozen=True, slots=True)
class Part:
    """A MIME part: its header lines and its body, both as they go over the wire."""

    headers: tuple[str, ...]
    body: bytes


def header(name: str, text: str, charset: str = "utf-8") -> str:
    """A header field with the text in encoded words where it needs them (RFC 2047), folded."""
    if text.isascii():
        return f"{name}: {text}"
    charset = choose_charset(text, charset)
    encoded = Header(fit(text, charset), charset, header_name=name, maxlinelen=76).encode(linesep="\r\n")
    return f"{name}: {encoded}"


def mailbox(name: str, address: str, charset: str = "utf-8") -> str:
    """A name and an address as they stand in From or To."""
    if not name.isascii():
        charset = choose_charset(name, charset)
        return f"{Header(fit(name, charset), charset).encode(linesep=chr(13) + chr(10))} <{address}>"
    return f'"{name}" <{address}>' if any(sign in name for sign in '.,@<>()"') else f"{name} <{address}>"


def choose_charset(text: str, charset: str) -> str:
    """The charset if it can hold the text, else UTF-8, as mail programs do."""
    try:
        fit(text, charset).encode(charset)
    except UnicodeEncodeError:
        return "utf-8"
    return charset


def fit(text: str, charset: str) -> str:
    """The text as people of that charset write it: tones behind their vowels in windows-1258, plain signs in KOI8."""
    if charset.startswith("koi8"):
        return text.translate(_PLAIN)
    if charset != "windows-1258":
        return text
    fitted = []
    for letter in unicodedata.normalize("NFC", text):
        pieces = unicodedata.normalize("NFD", letter)
        tone = "".join(piece for piece in pieces if piece in _TONES)
        rest = "".join(piece for piece in pieces if piece not in _TONES)
        fitted.append(unicodedata.normalize("NFC", rest) + tone)
    return "".join(fitted)


def text_part(text: str, subtype: str = "plain", charset: str = "utf-8", encoding: str = "base64") -> Part:
    """Text in a charset, if that can hold it, and a transfer encoding."""
    charset = choose_charset(text, charset)
    content = fit(text, charset).replace("\n", "\r\n").encode(charset)
    headers = (f"Content-Type: text/{subtype}; charset={charset}", f"Content-Transfer-Encoding: {encoding}")
    return Part(headers, _encode(content, encoding))


def file_part(content: bytes, content_type: str, filename: str, content_id: str = "") -> Part:
    """An attachment, or a picture inside the text when it has a ``content_id``."""
    named = f'filename="{filename}"' if filename.isascii() else f"filename*=utf-8''{_percent(filename)}"
    place = "inline" if content_id else "attachment"
    headers = [f"Content-Type: {content_type}", "Content-Transfer-Encoding: base64"]
    headers.append(f"Content-Disposition: {place}; {named}")
    if content_id:
        headers.append(f"Content-ID: <{content_id}>")
    return Part(tuple(headers), _encode(content, "base64"))


def multipart(subtype: str, parts: list[Part], extra: str = "") -> Part:
    """Several parts as one; ``extra`` are further parameters of the content type."""
    boundary = "=_" + sha256(b"".join(part.body for part in parts)).hexdigest()[:24]
    blocks = []
    for part in parts:
        lines = "\r\n".join(part.headers).encode()
        blocks.append(b"--" + boundary.encode() + b"\r\n" + lines + b"\r\n\r\n" + part.body + b"\r\n")
    body = b"".join(blocks) + b"--" + boundary.encode() + b"--\r\n"
    return Part((f'Content-Type: multipart/{subtype}; boundary="{boundary}"{extra}',), body)


def join(headers: list[str], content: Part) -> bytes:
    """A whole letter."""
    lines = [*headers, "MIME-Version: 1.0", *content.headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content.body


def _encode(content: bytes, encoding: str) -> bytes:
    if encoding == "base64":
        return base64.encodebytes(content).replace(b"\n", b"\r\n")
    if encoding == "quoted-printable":
        return quopri.encodestring(content.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n") + b"\r\n"
    return content + b"\r\n"


def _percent(text: str) -> str:
    return "".join(chr(byte) if chr(byte).isalnum() and byte < 128 else f"%{byte:02X}" for byte in text.encode())
