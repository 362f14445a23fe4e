"""Files written into a text by yEnc."""

from __future__ import annotations

import time
import zlib

import pytest

from mailhub.letters.attachments import read_attachment
from mailhub.letters.letter import parse_letter

HEAD = b"From: a@client.example\r\nSubject: s\r\nContent-Type: text/plain\r\n\r\n"
EVERY = bytes(range(256)) * 3


def encode(content: bytes, name: bytes = b"offer.pdf", size: int | None = None) -> bytes:
    """By the specification: 42 more, NUL, LF, CR and "=" escaped by 64 more, lines of 128."""
    out, line = bytearray(), 0
    for byte in content:
        shifted = (byte + 42) % 256
        written = bytes([61, (shifted + 64) % 256]) if shifted in {0, 10, 13, 61} else bytes([shifted])
        out += written
        line += len(written)
        if line >= 128:
            out += b"\r\n"
            line = 0
    length = len(content) if size is None else size
    first = b"=ybegin line=128 size=%d name=%s\r\n" % (length, name)
    return first + bytes(out) + b"\r\n=yend size=%d crc32=%08x\r\n" % (length, zlib.crc32(content))


def test_a_file_is_taken_out_of_the_text_and_read_back() -> None:
    raw = HEAD + b"Here it is.\r\n" + encode(EVERY) + b"Regards\r\n" + encode(b"x", b"../two.txt")
    letter = parse_letter(raw)
    assert letter.text == "Here it is.\nRegards\n"
    assert [(one.filename, one.size) for one in letter.attachments] == [("offer.pdf", 768), ("two.txt", 1)]
    assert read_attachment(raw, letter.attachments[0]) == EVERY
    assert letter.defects == ()


@pytest.mark.parametrize(
    ("body", "defect"),
    [(encode(EVERY, size=700), "a yEnc file is broken"), (encode(EVERY)[:400], "a yEnc file has no end")],
)
def test_a_broken_file_is_kept_as_far_as_it_goes_and_named(body: bytes, defect: str) -> None:
    letter = parse_letter(HEAD + body)
    assert letter.attachments[0].size > 200
    assert defect in letter.defects


@pytest.mark.parametrize("unit", [b"=ybegin name=a\n", b"=ybegin ", b"=ybegin \n", b"=yend \n", b"=", b"==x", b"=y\n"])
def test_bounded(unit: bytes) -> None:
    raw = HEAD + b"=ybegin line=128 size=1 name=a\n" + unit * (2_000_000 // len(unit))
    started = time.process_time()
    letter = parse_letter(raw)
    assert time.process_time() - started < 2
    assert letter.error is None
