"""A text in base64 with values put in: each piece that is the same for everybody is encoded beforehand three times, for
no, one or two bytes of it that were needed to fill up the three of what stands before it. Values are encoded on lines
of their own, padding stands at the very end alone, no line is longer than 76 (RFC 2045 §6.8).
"""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Sequence
from dataclasses import dataclass

from pybase64 import encodebytes

_LINE = 57  # bytes that make a line of 76
_SHORT = 2 * _LINE
"""Pieces up to here are cheaper to encode again with the values around them."""


@dataclass(frozen=True, slots=True)
class _Static:
    """``phases[n]``: the piece without its first ``n`` bytes in base64, and the bytes at its end that were too few."""

    raw: bytes
    phases: tuple[tuple[bytes, bytes], ...]


class Base64Text:
    """A text with holes, given as bytes and numbers of holes."""

    def __init__(self, pieces: Sequence[bytes | int]) -> None:
        self._pieces = [one if isinstance(one, int) or len(one) <= _SHORT else _prepare(one) for one in pieces]

    def fill(self, values: Sequence[bytes], out: list[bytes]) -> None:
        """Add the whole text to ``out``, lines ended by CRLF."""
        owed = b""
        for piece in self._pieces:
            if type(piece) is int:
                owed += values[piece]
            elif type(piece) is bytes:
                owed += piece
            else:
                assert isinstance(piece, _Static)
                taken = -len(owed) % 3
                if owed:
                    out.append(encode(owed + piece.raw[:taken]))
                coded, owed = piece.phases[taken]
                out.append(coded)
        if owed:
            out.append(encode(owed))


def encode(raw: bytes) -> bytes:
    """Base64 in lines of 76 with CRLF."""
    if len(raw) <= _LINE:
        return b2a_base64(raw, newline=False) + b"\r\n"
    return encodebytes(raw).replace(b"\n", b"\r\n")


def _prepare(raw: bytes) -> _Static:
    phases = []
    for taken in range(3):
        end = len(raw) - (len(raw) - taken) % 3
        phases.append((encode(raw[taken:end]), raw[end:]))
    return _Static(raw, tuple(phases))
