"""A stream that can only be unpacked forwards, as a file that can be looked ahead in and stepped back in a little."""

from __future__ import annotations

import io
import zlib
from io import BufferedIOBase
from zipfile import BadZipFile

BLOCK = 1 << 20
BEHIND = 1 << 18
DAMAGE = (EOFError, zlib.error, BadZipFile, OSError, NotImplementedError, RuntimeError)


class Forward:
    """What ``read_mbox`` needs of a file, over a packed one, in constant memory.

    One may step back 256 kB at any time, and after a step ahead to where one stood before it. Damage ends the stream
    as if it ended there, and stands in ``damage``; so does more than ``most`` unpacked bytes.
    """

    def __init__(self, packed: BufferedIOBase, most: int) -> None:
        self._packed = packed
        self._most = most
        self._kept = b""
        self._base = 0  # where ``_kept`` begins in the stream
        self._at = 0
        self._floor: int | None = None  # where one stood before a step ahead
        self.damage = ""

    def skip(self, place: int) -> None:
        """Go on to a place far ahead, keeping nothing."""
        while self._base + len(self._kept) < place and self._more(keep_from=self._base + len(self._kept)):
            pass
        self._at = min(place, self._base + len(self._kept))

    def tell(self) -> int:
        """Where one stands, in unpacked bytes."""
        return self._at

    def seek(self, place: int, whence: int = io.SEEK_SET) -> int:
        """Raises ValueError for what is not kept any more, and for a place told from the end."""
        if whence != io.SEEK_SET or place < self._base:
            raise ValueError(f"cannot go to {place} by {whence}: unpacked forwards only, kept from {self._base}")
        if place > self._at and self._floor is None:
            self._floor = self._at
        elif self._floor is not None and place <= self._floor:
            self._floor = None
        self._reach(place)
        self._at = place
        return place

    def read(self, size: int = -1, /) -> bytes:
        """Fewer bytes only at the end; ``size`` must be told."""
        if size < 0:
            raise ValueError("say how much")
        self._reach(self._at + size)
        start = self._at - self._base
        data = self._kept[start : start + size]
        self._at += len(data)
        return data

    def readline(self, limit: int) -> bytes:
        """Up to a line end, or ``limit`` bytes."""
        start = self._at - self._base
        end = self._kept.find(b"\n", start, start + limit)
        if end < 0 and len(self._kept) < start + limit:
            self._reach(self._at + limit)
            start = self._at - self._base
            end = self._kept.find(b"\n", start, start + limit)
        line = self._kept[start : start + limit] if end < 0 else self._kept[start : end + 1]
        self._at += len(line)
        return line

    def _reach(self, place: int) -> None:
        have = self._base + len(self._kept)
        if have >= place:
            return
        blocks = [self._kept]
        keep_from = max(self._base, min(self._at, self._at if self._floor is None else self._floor) - BEHIND)
        while have < place:
            block = self._unpack()
            if not block:
                break
            blocks.append(block)
            have += len(block)
        self._kept = b"".join(blocks)[keep_from - self._base :]
        self._base = keep_from

    def _more(self, keep_from: int) -> bool:
        block = self._unpack()
        if block:
            self._kept, self._base = block, keep_from
        return bool(block)

    def _unpack(self) -> bytes:
        """The next block; shorter, and the last one, where damage begins: what stands before it is not lost."""
        block = b""
        while len(block) < BLOCK and not self.damage:
            try:
                part = self._packed.read1(BLOCK - len(block))
            except DAMAGE as problem:
                self.damage = f"It is damaged from here on: {problem}."
                break
            if not part:
                break
            block += part
        self._most -= len(block)
        if self._most < 0:
            self.damage = "It unpacks to more than letters ever do."
            return b""
        return block
