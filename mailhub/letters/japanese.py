"""ISO-2022-JP as Japanese programs write it: with the half-width kana and the circled numbers that its standard lacks.

RFC 1468; JIS X 0213 holds the circled numbers at the place where they are written.
"""

from __future__ import annotations

import re

_ESCAPE = re.compile(rb"\x1b(\$[@B]|\([BJI])")
_HIGH = bytes(byte | 0x80 if byte > 0x20 else byte for byte in range(256))
_CODECS = {b"$B": "euc_jis_2004", b"$@": "euc_jis_2004", b"(I": "cp932"}


def decode_iso_2022_jp(data: bytes) -> str | None:
    """The text, None where an escape or a sign is unknown. Linear."""
    pieces = _ESCAPE.split(data)
    try:
        text = [pieces[0].decode("ascii")]
        for escape, piece in zip(pieces[1::2], pieces[2::2], strict=True):
            codec = _CODECS.get(escape)
            text.append(piece.decode("ascii") if codec is None else piece.translate(_HIGH).decode(codec))
    except UnicodeDecodeError:
        return None
    return "".join(text)
