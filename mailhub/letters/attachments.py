"""The files in a letter, as ranges of its raw bytes. Nothing is stored twice: the bytes are decoded when they are
asked for."""

from __future__ import annotations

import hashlib
import re

from mailhub.letters import limits
from mailhub.letters.clean import one_line
from mailhub.letters.filenames import safe_file_name
from mailhub.letters.params import param_text, parse_disposition
from mailhub.letters.scanner import Part
from mailhub.letters.tnef import Opened, open_tnef
from mailhub.letters.transfer import decode_transfer, decode_uu, find_encoding
from mailhub.letters.values import Attachment
from mailhub.letters.yenc import decode_yenc

_UU_FILES = 20
_INNER = "/tnef/"
_BEGIN = re.compile(rb"^begin [0-7]{3,4} ([^\r\n]{1,300})\r?\n(?=[ -`]*[!-`])", re.MULTILINE)
_END = re.compile(rb"^(?:`|[ ])?\r?\n?end[ \t]*(?:\r?\n|\Z)", re.MULTILINE)


def read_attachment(raw: bytes, attachment: Attachment) -> bytes:
    """The decoded bytes of an attachment of the letter ``raw``. Never raises; ``sha256`` of them is in the
    attachment."""
    data = raw[attachment.offset : attachment.offset + attachment.length]
    encoding, _, inner = attachment.encoding.partition(_INNER)
    content = (decode_yenc(data) if encoding == "yenc" else decode_transfer(data, encoding)).data
    if not inner:
        return content
    files = open_tnef(content).files
    return bytes(files[int(inner)].content) if int(inner) < len(files) else b""


def list_inner(winmail: Attachment, opened: Opened) -> list[Attachment]:
    """The files inside a ``winmail.dat``; ``encoding`` also says which of them each is."""
    return [
        Attachment(
            filename=file.name,
            content_type=file.content_type,
            size=len(file.content),
            sha256=hashlib.sha256(file.content).hexdigest(),
            inline=file.inline,
            content_id=file.content_id,
            offset=winmail.offset,
            length=winmail.length,
            encoding=f"{winmail.encoding}{_INNER}{nth}",
        )
        for nth, file in enumerate(opened.files)
    ]


def find_disposition(part: Part) -> tuple[str, str | None]:
    """The disposition of a part in lower case and its decoded, not yet safe, file name. RFC 2183; the name may stand

    in Content-Type only.
    """
    value = part.headers.find("content-disposition")
    disposition, params = parse_disposition(value) if value is not None else ("", {})
    name = param_text(params, "filename") if params else None
    name = name or part.content_type.file_name
    if not name and params:
        name = param_text(params, "name")
    return disposition, name or None


def describe(raw: bytes, part: Part, defects: list[str], name: str | None, inline: bool) -> tuple[Attachment, bytes]:
    """The attachment that a leaf part is, and its decoded bytes. ``name`` is as the part gives it."""
    encoding = find_encoding(part.headers.all("content-transfer-encoding"), defects)
    plain = decode_transfer(raw[part.body : part.end], encoding)
    data = plain.data
    if plain.defect is not None:
        defects.append(plain.defect)
    content_id = part.headers.find("content-id")
    shown_id = one_line(content_id[:998].decode("utf-8", "replace")).strip("<> \t") if content_id else None
    return Attachment(
        filename=safe_file_name(name),
        content_type=part.content_type.type,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        inline=inline,
        content_id=shown_id or None,
        offset=part.body,
        length=part.end - part.body,
        encoding=encoding,
    ), data


def split_uuencoded(data: bytes, offset: int, defects: list[str]) -> tuple[bytes, list[Attachment]]:
    """Files written into a text the old way (``begin 644 name``): the text without them, and what they are.

    ``offset`` is where ``data`` stands in the raw letter; only for text without a transfer encoding.
    """
    found: list[Attachment] = []
    kept: list[bytes] = []
    position = 0
    for _ in range(_UU_FILES):
        begin = _BEGIN.search(data, position)
        if begin is None:
            break
        end = _END.search(data, begin.end())
        stop = len(data) if end is None else end.end()
        decoded = decode_uu(memoryview(data)[begin.start() : stop])
        content = decoded.data
        if decoded.defect is not None:
            defects.append(decoded.defect)
        if not content:
            kept.append(data[position : begin.end()])
            position = begin.end()
            continue
        kept.append(data[position : begin.start()])
        name = safe_file_name(one_line(begin[1].decode("utf-8", "replace")))
        digest = hashlib.sha256(content).hexdigest()
        at, length = offset + begin.start(), stop - begin.start()
        found.append(
            Attachment(name, "application/octet-stream", len(content), digest, False, None, at, length, "uuencode")
        )
        position = stop
    kept.append(data[position:])
    return b"".join(kept)[: 2 * limits.TEXT_BYTES], found
