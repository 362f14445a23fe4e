"""Which parts of a letter are its text, which its HTML and which its files. RFC 2046 §5.1, RFC 8621 §4.1.4."""

from __future__ import annotations

import hashlib
import html as entities
import re

import msgspec

from mailhub.letters import limits
from mailhub.letters.attachments import describe, find_disposition, list_inner, read_attachment, split_uuencoded
from mailhub.letters.charsets import decode, find_meta_charset, is_wide
from mailhub.letters.clean import body_text, plain_lines
from mailhub.letters.flowed import unflow
from mailhub.letters.plain import html_to_text
from mailhub.letters.scanner import Part, Scan
from mailhub.letters.tnef import SIGNATURE, TYPES, Opened, open_tnef, read_said
from mailhub.letters.transfer import decode_text, decode_transfer, find_encoding
from mailhub.letters.values import Attachment
from mailhub.letters.yenc import split_yenc


class Body(msgspec.Struct):
    """What a letter says and carries. ``digests`` are of the decoded leaves in order, for the fingerprint.

    ``others`` holds the small decoded parts that machines wrote (reports, calendars) by media type.
    """

    text: str | None = None
    html: str | None = None
    attachments: list[Attachment] = []
    digests: list[str] = []
    others: list[tuple[str, bytes]] = []


class _Piece(msgspec.Struct):
    """One stretch of the letter in up to two forms of the same words."""

    text: str | None = None
    html: str | None = None


_KEPT_TYPES = {
    "message/delivery-status", "message/global-delivery-status", "message/feedback-report", "message/rfc822",
    "message/global", "text/rfc822-headers", "message/global-headers", "text/calendar", "application/ics",
    "message/disposition-notification",
}  # fmt: skip
_KEPT_BYTES = 500_000
# To look for a line end takes half as long as to look for a word.
_FILE_BEGINS = re.compile(rb"\n(?:=y)?begin ")
#: Outlook sends one; each may be dear to read.
_WINMAILS = 2


def read_body(raw: bytes, scan: Scan) -> Body:
    """Sort the leaves of a letter into text, HTML and attachments, and decode them. Pieces of text are joined in
    order."""
    return _Sorter(raw, scan).run()


class _Sorter:
    def __init__(self, raw: bytes, scan: Scan) -> None:
        self.raw = raw
        self.parts = scan.parts
        self.defects = scan.defects
        self.body = Body()
        self.pieces: list[_Piece] = []
        #: The piece that belongs to each multipart/alternative, by the index of that part.
        self.alternatives: dict[int, _Piece] = {}
        self.winmails: list[tuple[Attachment, Opened]] = []

    def run(self) -> Body:
        for part in self.parts:
            if part.is_multipart:
                continue
            if self.is_text(part):
                self.add_text(part)
            elif part.body < part.end or part.headers:
                self.add_attachment(part)
        for winmail, opened in self.winmails:
            self.add_words_of(winmail, opened)
        self.join()
        return self.body

    def is_text(self, part: Part) -> bool:
        """RFC 8621: not sent as a file, text or HTML, and either the first of its siblings or without a name."""
        kind = part.content_type.type
        if kind.startswith("multipart/"):
            return True
        if kind not in {"text/plain", "text/html"}:
            return False
        if not part.headers:
            return True
        disposition, name = find_disposition(part)
        if disposition == "attachment":
            return False
        if self.inside(part, "multipart/related") and part.nth > 0 and part.headers.find("content-id"):
            return False
        return name is None or part.nth == 0

    def inside(self, part: Part, kind: str) -> bool:
        return part.parent >= 0 and self.parts[part.parent].content_type.type == kind

    def add_text(self, part: Part) -> None:
        content_type = part.content_type
        label = content_type.charset
        is_wide_text = is_wide(label)
        data = self.transferred(part, is_wide_text)
        lines = None if is_wide_text else plain_lines(data)
        with_lf = data.replace(b"\r\n", b"\n") if lines is None else lines
        self.body.digests.append(hashlib.sha256(with_lf.rstrip()).hexdigest())
        if lines is not None:
            data = lines
        if len(data) > limits.TEXT_BYTES:
            self.defects.append("a text is too long; its end was left out")
            data = data[: limits.TEXT_BYTES]
        is_html = content_type.type == "text/html"
        if is_html and (label is None or label.lower() == "us-ascii"):
            label = find_meta_charset(data) or label
        decoded = decode(data, label)
        if decoded.defect is not None:
            self.defects.append(decoded.defect)
        text = decoded.text if lines is not None else body_text(decoded.text)
        if not is_html and "format" in content_type.raw_params:
            text = _unflowed(text, content_type.raw_params)
        self.place(part, text, is_html)

    def transferred(self, part: Part, is_wide_text: bool) -> bytes:
        """The bytes of a text without its transfer encoding, and without the files that were written into it."""
        encoding = find_encoding(part.headers.all("content-transfer-encoding"), self.defects)
        read = decode_transfer if is_wide_text else decode_text
        plain = read(self.raw[part.body : part.end], encoding)
        if plain.defect is not None:
            self.defects.append(plain.defect)
        if encoding != "7bit" or not _may_hold_files(plain.data):
            return plain.data
        split = split_yenc if b"=ybegin " in plain.data else split_uuencoded
        data, files = split(plain.data, part.body, self.defects)
        for file in files:
            self.add_file(file, read_attachment(self.raw, file) if file.filename == "winmail.dat" else b"")
        return data

    def place(self, part: Part, text: str, is_html: bool) -> None:
        """Put the text beside its other form when both stand in one multipart/alternative, else behind what came
        before."""
        owner = self.alternative_of(part)
        piece = self.alternatives.get(owner) if owner >= 0 else None
        if piece is None or (piece.html if is_html else piece.text) is not None:
            piece = _Piece()
            self.pieces.append(piece)
            if owner >= 0:
                self.alternatives.setdefault(owner, piece)
        if is_html:
            piece.html = text
        else:
            piece.text = text

    def alternative_of(self, part: Part) -> int:
        """The index of the multipart/alternative that holds the part, directly or through other multiparts; else -1."""
        parent = part.parent
        while parent >= 0:
            if self.parts[parent].content_type.type == "multipart/alternative":
                return parent
            parent = self.parts[parent].parent
        return -1

    def add_attachment(self, part: Part) -> None:
        inline = self.inside(part, "multipart/related") or self.alternative_of(part) >= 0
        disposition, name = find_disposition(part)
        if disposition:
            inline = disposition == "inline" or (inline and disposition != "attachment")
        attachment, data = describe(self.raw, part, self.defects, name, inline)
        self.body.digests.append(attachment.sha256)
        kind = attachment.content_type
        if kind not in _KEPT_TYPES and (attachment.filename or "").lower().endswith(".ics"):
            kind = "text/calendar"  # as some programs send it, under a type that says nothing
        if kind in _KEPT_TYPES:
            self.body.others.append((kind, _with_lf(data[:_KEPT_BYTES])))
        self.add_file(attachment, data)

    def add_file(self, file: Attachment, data: bytes) -> None:
        """List the file, or in place of a ``winmail.dat`` what is in it."""
        if (data.startswith(SIGNATURE) or file.content_type in TYPES) and len(self.winmails) < _WINMAILS:
            opened = open_tnef(data)
            self.winmails.append((file, opened))
            self.body.attachments += list_inner(file, opened)
        else:
            self.body.attachments.append(file)

    def add_words_of(self, winmail: Attachment, opened: Opened) -> None:
        """What a ``winmail.dat`` says, where the letter says nothing else; one of which nothing could be read stays a
        file."""
        is_silent = not any(_says(piece.text or piece.html) for piece in self.pieces)
        is_whole = opened.is_whole
        if is_silent or not opened.files:
            said = read_said(opened)
            is_whole = is_whole and said.is_whole
            if is_silent and (said.text or said.html):
                self.pieces.append(_Piece(said.text, said.html))
            if not (opened.files or said.text or said.html or is_whole):
                self.body.attachments.append(winmail)
        if not is_whole:
            self.defects.append("a winmail.dat is broken")

    def join(self) -> None:
        """The pieces that say something, one behind the other; of a silent letter the first."""
        pieces = self.pieces
        if len(pieces) > 1:
            pieces = [piece for piece in pieces if _says(piece.text or piece.html)] or pieces[:1]
        if pieces:
            texts = [_text_of(piece) for piece in pieces]
            self.body.text = "\n\n".join(text.strip("\n") for text in texts) if len(texts) > 1 else texts[0]
            if any(piece.html is not None for piece in pieces):
                self.body.html = "\n".join(map(_html_of, pieces))


def _text_of(piece: _Piece) -> str:
    return piece.text if piece.text and _says(piece.text) else html_to_text(piece.html or "")


def _html_of(piece: _Piece) -> str:
    return _as_html(piece.text or "") if piece.html is None else piece.html


def _may_hold_files(data: bytes) -> bool:
    return data.startswith((b"begin ", b"=ybegin ")) or _FILE_BEGINS.search(data) is not None


def _unflowed(text: str, params: dict[str, bytes]) -> str:
    if params["format"].strip().lower() != b"flowed":
        return text
    return unflow(text, params.get("delsp", b"").strip().lower() == b"yes")


def _says(text: str | None) -> bool:
    """Whether there is more than blanks; looks no further than the first word."""
    return bool(text) and not str.isspace(text or "")


def _with_lf(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in data else data


def _as_html(text: str) -> str:
    """Plain text between HTML pieces, escaped, its lines kept."""
    return f'<pre style="white-space: pre-wrap">{entities.escape(text)}</pre>' if _says(text) else ""
