"""What follows DATA, decoded as it comes in (RFC 5321 4.1.1.4, 4.5.2).

Only CR LF . CR LF ends a letter; the CR LF of the DATA line counts as the first. A line that is nothing but a dot and
has a bare CR or LF on either side is what smugglers send (CVE-2023-51764): it is refused. Any other bare CR or LF
becomes CR LF. The cost is a few passes of C over each block, whatever the block holds. In memory there is a mebibyte
at most; what is more waits in a file without a name until the letter has come whole.
"""

from __future__ import annotations

import re
import tempfile
from typing import IO

_IN_MEMORY = 1 << 20
_END = b"\r\n.\r\n"
_SMUGGLED = re.compile(rb"(?:(?<!\r)\n|\r(?!\n))\.(?=[\r\n])|\n\.(?:\n|\r(?!\n))")
_UNCLEAR = re.compile(rb"(?:\r?\.)?\r?\Z")


_REACH = 5  # bytes: the longest of ``_SMUGGLED`` with what it looks at on either side


def _is_clean(text: bytes) -> bool:
    """Every line ends with CR LF, and CR and LF stand nowhere else."""
    return text.count(b"\n") == text.count(b"\r\n") == text.count(b"\r")


class SmuggledError(Exception):
    """A lone dot next to a bare CR or LF: two readers would disagree where this letter ends."""


class DataDecoder:
    """Collects one letter from blocks cut anywhere.

    Between blocks it holds back at most three bytes that only the next block can explain (a dot with the CR around it),
    behind the line end that stood before them, and remembers the few bytes before, of which a lone dot may be part.
    """

    __slots__ = ("_bare", "_before", "_context", "_file", "_held", "_keeping", "_nul", "_raw", "size")

    def __init__(self) -> None:
        self.size = 0
        """Bytes decoded so far, kept or not."""
        self._raw = bytearray()
        self._file: IO[bytes] | None = None
        self._context = b"\r\n"
        self._before = b"\r\n"
        self._held = b""
        self._keeping = True
        self._bare = False
        self._nul = False

    def feed(self, block: bytes) -> bytes | None:
        """Takes the next bytes. Returns what stands behind the end of the letter, or ``None`` while there is no end.

        Raises ``SmuggledError``; the decoder is of no more use then. When the disk is full, ``keeps`` turns false.
        """
        data = self._context + self._held + block
        end = data.find(_END)
        if end < 0:
            self._held = _UNCLEAR.findall(data, max(len(data) - 3, 0))[0]
            text = data[: len(data) - len(self._held)]
        else:
            text = data[: end + len(_END)]
        around = self._before + text[len(self._context) :]
        if not _is_clean(around) and _SMUGGLED.search(around):
            raise SmuggledError
        # A line end whose CR is cut off would look bare; what it belongs to was judged with the block before.
        self._before = around[-_REACH:].removeprefix(b"\n")
        clean = _is_clean(text)
        if end >= 0:
            text = text[: end + 2]
        self._keep(text, clean)
        if end >= 0:
            return data[end + len(_END) :]
        self._context = b"\r\n" if text.endswith(b"\r\n") else b"\n" if text.endswith(b"\n") else b""
        return None

    @property
    def keeps(self) -> bool:
        """Whether the letter is kept; not after ``discard``, and not when there was no room for it."""
        return self._keeping

    def discard(self) -> None:
        """Forgets the letter and keeps nothing more of it; ``feed`` goes on looking for its end."""
        self._keeping = False
        self._raw = bytearray()
        if self._file is not None:
            self._file.close()
            self._file = None

    def raw(self) -> bytes:
        """The whole letter. Raises ``OSError`` when the disk gives no more."""
        if self._file is None:
            return bytes(self._raw)
        self._spill(self._file)
        self._file.seek(0)
        return self._file.read()

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
            if len(self._raw) > _IN_MEMORY:
                try:
                    self._file = self._file or tempfile.TemporaryFile()  # noqa: SIM115 — closed by discard
                    self._spill(self._file)
                except OSError:
                    self.discard()

    def _spill(self, file: IO[bytes]) -> None:
        file.write(self._raw)
        file.flush()
        self._raw.clear()
