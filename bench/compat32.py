"""Full extraction with the standard library: ``email`` with the policy compat32, and what a careful program adds.

It does what ``mailhub.letters`` does up to the text of a letter: every header that we read, names and subject decoded,
addresses, ids, the date; each leaf decoded and hashed; texts and HTML in their charsets with one kind of line end; HTML
made text where there is no text beside it; names, types, sizes and hashes of files. It guesses no charset, repairs
nothing and is not bounded; own words, kind, language and bounces are ours alone.
"""

from __future__ import annotations

import email
import hashlib
import re
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from html.parser import HTMLParser
from typing import NamedTuple

PEOPLE = ("from", "sender", "reply-to", "to", "cc", "bcc")
_PLAIN = ("auto-submitted", "precedence", "return-path", "x-spam-flag", "x-spam-status", "x-spam")
_DECODED = ("list-id", "list-unsubscribe")
_ID = re.compile(r"<([^<>\s]+)>")
_LINE = frozenset(["p", "div", "tr", "br", "li", "table", "h1", "h2", "h3", "blockquote", "ul", "ol", "hr"])


class Extraction(NamedTuple):
    """What both sides say of a letter. ``people`` are the pairs of the six headers in their order."""

    subject: str
    ids: list[list[str]]
    people: list[list[tuple[str, str]]]
    date: float | None
    text: str | None
    html: str | None
    files: list[tuple[str | None, str, int, str]]
    others: list[object]


def extract(raw: bytes) -> Extraction:
    """Take a letter apart."""
    message: Message = email.message_from_bytes(raw)
    texts: list[str] = []
    htmls: list[str] = []
    files: list[tuple[str | None, str, int, str]] = []
    hashes: list[str] = []
    for part in message.walk():
        if part.is_multipart():
            continue
        data = part.get_payload(decode=True) or b""
        assert isinstance(data, bytes)
        hashes.append(hashlib.sha256(data).hexdigest())
        name, kind = part.get_filename(), part.get_content_type()
        if name is None and kind in {"text/plain", "text/html"}:
            words = data.decode(part.get_content_charset() or "utf-8", "replace").replace("\r\n", "\n")
            (htmls if kind == "text/html" else texts).append(words)
        else:
            files.append((_decoded(name) if name else None, kind, len(data), hashes[-1]))
    html = "\n".join(htmls) if htmls else None
    text = "\n".join(texts) if texts else None
    date = message["date"]
    return Extraction(
        subject=_decoded(message["subject"]),
        ids=[_ID.findall(str(message.get(name, ""))) for name in ("message-id", "in-reply-to", "references")],
        people=[
            [(_decoded(name), address) for name, address in getaddresses(message.get_all(header, []))]
            for header in PEOPLE
        ],
        date=parsedate_to_datetime(date).timestamp() if date else None,
        text=_text_of(html) if text is None and html is not None else text,
        html=html,
        files=files,
        others=[
            *(message.get(name) for name in _PLAIN),
            *(_decoded(message.get(name)) for name in _DECODED),
            len(message.get_all("received", [])),
            hashes,
        ],
    )


def _decoded(value: str | None) -> str:
    return str(make_header(decode_header(value))) if value else ""


def _text_of(html: str) -> str:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return "\n".join(" ".join(line.split()) for line in "".join(reader.pieces).split("\n"))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - as the library calls it
        if tag in {"style", "script", "title"}:
            self.hidden += 1
        elif tag in _LINE:
            self.pieces.append("\n")
        elif tag in {"td", "th"}:
            self.pieces.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in {"style", "script", "title"}:
            self.hidden -= 1
        elif tag in _LINE:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.pieces.append(data.replace("\n", " "))
