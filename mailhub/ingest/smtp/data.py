"""What follows DATA, decoded as it comes in (RFC 5321 4.1.1.4, 4.5.2).

Only CR LF . CR LF ends a letter; the CR LF of the DATA line counts as the first. A line that is nothing but a dot and
has a bare CR or LF on either side is what smugglers send (CVE-2023-51764): it is refused. Any other bare CR or LF
becomes CR LF. The cost is a few passes of C over each block, whatever the block holds.
"""

from __future__ import annotations

import re

_END = b"\r\n.\r\n"
_SMUGGLED = re.compile(rb"(?:(?<!\r)\n|\r(?!\n))\.(?=[\r\n])|\n\.(?:\n|\r(?!\n))")


class SmuggledError(Exception):
    """A lone dot next to a bare CR or LF: two readers would disagree where this letter ends."""


class DataDecoder:
    """Collects one letter from blocks cut anywhere.

    Between blocks it holds back at most two bytes that only the next block can explain (``.``, CR or ``.`` CR), behind
    the line end that stood before them.
    """

    __slots__ = ("_bare", "_context", "_held", "_keeping", "_nul", "_raw", "size")

    def __init__(self) -> None:
        self.size = 0
        """Bytes decoded so far, kept or not."""
        self._raw = bytearray()
        self._context = b"\r\n"
        self._held = b""
        self._keeping = True
        self._bare = False
        self._nul = False

    def feed(self, block: bytes) -> bytes | None:
        """Takes the next bytes. Returns what stands behind the end of the letter, or ``None`` while there is no end.

        Raises ``SmuggledError``; the decoder is of no more use then.
        """
        data = self._context + self._held + block
        end = data.find(_END)
        if end < 0:
            held = 2 if data.endswith(b".\r") else 1 if data.endswith((b".", b"\r")) else 0
            cut = len(data) - held
            text, self._held = data[:cut], data[cut:]
        else:
            text = data[: end + len(_END)]
        clean = text.count(b"\n") == text.count(b"\r\n") == text.count(b"\r")
        if not clean and _SMUGGLED.search(text):
            raise SmuggledError
        if end >= 0:
            text = text[: end + 2]
        self._keep(text, clean)
        if end >= 0:
            return data[end + len(_END) :]
        self._context = b"\r\n" if text.endswith(b"\r\n") else b"\n" if text.endswith(b"\n") else b""
        return None

    def discard(self) -> None:
        """Forgets the letter and keeps nothing more of it; ``feed`` goes on looking for its end."""
        self._keeping = False
        self._raw = bytearray()

    def raw(self) -> bytes:
        """The letter; the decoder lets go of it."""
        raw, self._raw = bytes(self._raw), bytearray()
        return raw

    def defects(self) -> tuple[str, ...]:
        """``bare-newline`` and ``nul``, where they were seen."""
        return ("bare-newline",) * self._bare + ("nul",) * self._nul

    def _keep(self, text: bytes, clean: bool) -> None:
        text = text.replace(b"\r\n.", b"\r\n")
        if not clean:
            self._bare = True
            text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
        known = 2 if self._context else 0
        self.size += len(text) - known
        if self._keeping:
            self._raw += memoryview(text)[known:]
            self._nul = self._nul or b"\0" in text
