"""Header values to text: RFC 2047 as it is written in the wild, and raw 8-bit values."""

from __future__ import annotations

import binascii
import re

from mailhub.letters.charsets import decode
from mailhub.letters.clean import one_line
from mailhub.letters.transfer import decode_transfer

# The charset may carry a language (RFC 2231 §5). Blanks and a few question marks inside a word are wrong and usual.
_WORD = re.compile(rb"=\?([^\s?*=]{1,60})(?:\*[^\s?]{0,20})?\?([bBqQ])\?([^?\r\n]*(?:(?<!=)\?(?!=)[^?\r\n]*){0,8})\?=")


def decode_header(value: bytes) -> str:
    """The text of an unfolded header value, on one line. Neighbouring words of one charset are joined before decoding,

    so that a character split between them survives; what is no word is read as UTF-8, else as it is best understood.
    """
    if b"=?" not in value:
        return one_line(value.decode("ascii") if value.isascii() else decode(value, None).text)
    # What stands before the first word, then by turns: charset, encoding, word, what stands behind it.
    pieces = _WORD.split(value)
    texts = [decode(pieces[0], None).text] if pieces[0] else []
    pending, charset, last = b"", b"", len(pieces) - 1
    for place in range(1, last, 4):
        label, encoding, word, behind = pieces[place : place + 4]
        if pending and label.lower() != charset.lower():
            texts.append(decode(pending, charset.decode("latin-1")).text)
            pending = b""
        pending, charset = pending + _payload(encoding, word), label
        if behind and (place + 3 == last or not behind.isspace()):
            texts += decode(pending, charset.decode("latin-1")).text, decode(behind, None).text
            pending = b""
    if pending:
        texts.append(decode(pending, charset.decode("latin-1")).text)
    return one_line("".join(texts))


def _payload(encoding: bytes, text: bytes) -> bytes:
    if encoding in b"qQ":
        return binascii.a2b_qp(text, header=True)
    if b"_" in text or b"-" in text:
        text = text.translate(_URL_SAFE)
    return decode_transfer(text, "base64").data


#: The two signs of base64 for addresses of pages, which some programs write here.
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
