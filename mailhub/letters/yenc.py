"""Files written into a text by yEnc: each byte 42 higher, a few signs escaped, between ``=ybegin`` and ``=yend``."""

from __future__ import annotations

import hashlib
import re
import zlib
from itertools import islice

from mailhub.letters.clean import one_line
from mailhub.letters.filenames import safe_file_name
from mailhub.letters.transfer import Plain
from mailhub.letters.values import Attachment

_FILES = 20

#: A file with its first and last line; of several parts each is a file.
_FILE = re.compile(
    rb"^=ybegin [^\r\n]{0,300}?\bname=([^\r\n]{1,300})\r?\n(?:=ypart [^\r\n]{0,300}\r?\n)?"
    rb"((?:(?!=yend )(?:[^\n]+\n?|\n))*+)(?:=yend ([^\r\n]{0,300})(?:\r?\n|\Z)|\Z)",
    re.MULTILINE,
)
_ESCAPE = re.compile(rb"=([^=])", re.DOTALL)
_DOWN = bytes((byte - 42) % 256 for byte in range(256))
_UNESCAPED = [bytes([(byte - 64) % 256]) for byte in range(256)]
_SIZE = re.compile(rb"\bsize=(\d{1,12})")
_CRC = re.compile(rb"\bp?crc32=([0-9a-fA-F]{8})")


def decode_yenc(data: bytes) -> Plain:
    """The first file in ``data``, and what is wrong with it by its own size and checksum. Never raises; linear."""
    match = _FILE.search(data)
    if match is None:
        return Plain(b"", "a yEnc file is broken")
    body = match[2].translate(None, b"\r\n")
    content = _ESCAPE.sub(lambda found: _UNESCAPED[found[1][0]], body).translate(_DOWN)
    if match[3] is None:
        return Plain(content, "a yEnc file has no end")
    size, crc = _SIZE.search(match[3]), _CRC.search(match[3])
    is_whole = (size is None or int(size[1]) == len(content)) and (
        crc is None or int(crc[1], 16) == zlib.crc32(content)
    )
    return Plain(content, None if is_whole else "a yEnc file is broken")


def split_yenc(data: bytes, offset: int, defects: list[str]) -> tuple[bytes, list[Attachment]]:
    """The text without such files, and what they are. ``offset`` is where ``data`` stands in the raw letter."""
    found: list[Attachment] = []
    kept: list[bytes] = []
    position = 0
    for match in islice(_FILE.finditer(data), _FILES):
        start, end = match.span()
        decoded = decode_yenc(match[0])
        content = decoded.data
        if decoded.defect is not None:
            defects.append(decoded.defect)
        name = safe_file_name(one_line(match[1].decode("utf-8", "replace")).strip(' "'))
        digest = hashlib.sha256(content).hexdigest()
        found.append(
            Attachment(
                name, "application/octet-stream", len(content), digest, False, None, offset + start, end - start, "yenc"
            )
        )
        kept.append(data[position:start])
        position = end
    return b"".join([*kept, data[position:]]), found
