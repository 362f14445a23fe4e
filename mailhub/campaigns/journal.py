"""What a sender of mailings had out when it was killed: one word of eight bytes in a file that is mapped into memory
for each letter that is handed over, written just before the dot and again when the answer is read. Nothing is synced:
the pages of the file outlive the process, and what a power cut loses is known by the id that Linux gives each start of
the machine. The ledger's mark alone would call every letter of a window unknown; with the word none is whose dot never
left.

    free 0 · handed ``row << 16 | 1`` · answered ``row << 16 | code``

The file belongs to one incarnation of one process (``boot``), who holds it locked as long as it lives. Nobody else
reads it before: a process that only slept may still send what it has in hand.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

SLOTS = 4096
_HEAD = struct.Struct("=8s36s20x")
_WORD = struct.Struct("@Q")
_MAGIC = b"mailhub1"
_CODES = 0xFFFF
HANDED = 1
MACHINE = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Fates:
    """What a journal tells of the rows that were marked: their answer's code, HANDED where none was read. A row that is
    not among them had not left."""

    codes: dict[int, int]


class Journal:
    """Of this process. ``close`` when nothing is in hand any more."""

    def __init__(self, folder: Path, boot: str) -> None:
        """Make the file and lock it. Raises OSError."""
        folder.mkdir(parents=True, exist_ok=True)
        self._path = place(folder, boot)
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        size = _HEAD.size + SLOTS * _WORD.size
        os.posix_fallocate(self._file, 0, size)  # a full disk says so now, not as a signal in the middle of a letter
        self._map = mmap.mmap(self._file, size)
        _HEAD.pack_into(self._map, 0, _MAGIC, machine().encode("ascii"))
        self._words = memoryview(self._map)[_HEAD.size :].cast("Q")  # a word is written by one instruction
        self._free = list(range(SLOTS))
        self._slots: dict[int, int] = {}

    @property
    def room(self) -> int:
        """How many more letters may be handed over."""
        return len(self._free)

    def hand(self, row_id: int) -> None:
        """The next thing that happens is that the dot of this row's letter is written."""
        slot = self._slots[row_id] = self._free.pop()
        self._words[slot] = row_id << 16 | HANDED

    def answer(self, row_id: int, code: int) -> None:
        """The answer to it was read."""
        self._words[self._slots[row_id]] = row_id << 16 | (code & _CODES)

    def forget(self, row_id: int) -> None:
        """The ledger knows what became of it. Nothing happens for a row that was not handed."""
        slot = self._slots.pop(row_id, None)
        if slot is not None:
            self._words[slot] = 0
            self._free.append(slot)

    def close(self) -> None:
        """Nothing is in hand: take the file away. With something in hand it stays, for whoever recovers."""
        self._words.release()
        self._map.close()
        if not self._slots:
            with suppress(FileNotFoundError):
                self._path.unlink()
        os.close(self._file)


def read_fates(folder: Path, boot: str) -> Fates | None:
    """What the journal of a process that is gone tells. None where there is none to be believed: it is of another host
    or of another start of this machine, is damaged, or its process still lives."""
    path = place(folder, boot)
    try:
        file = os.open(path, os.O_RDWR)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        raw = os.read(file, _HEAD.size + SLOTS * _WORD.size + 1)
    except OSError:
        return None
    finally:
        os.close(file)
    if len(raw) != _HEAD.size + SLOTS * _WORD.size:
        return None
    magic, of_machine = _HEAD.unpack_from(raw)
    if magic != _MAGIC or not machine() or of_machine.rstrip(b"\0").decode("ascii", "replace") != machine():
        return None
    words = (word for (word,) in _WORD.iter_unpack(raw[_HEAD.size :]) if word)
    return Fates({word >> 16: word & _CODES for word in words})


def remove_journal(folder: Path, boot: str) -> None:
    """All that it told is in the ledger."""
    with suppress(FileNotFoundError):
        place(folder, boot).unlink()


def list_journals(folder: Path) -> list[str]:
    """The boots whose journals lie there."""
    return [path.stem for path in folder.glob("*.handing")]


def place(folder: Path, boot: str) -> Path:
    """Where the journal of a process lies."""
    return folder / f"{boot}.handing"


def machine() -> str:
    """The id of this start of this machine; '' where the system gives none, and then no journal is believed."""
    try:
        return MACHINE.read_text(encoding="ascii").strip()[:36]
    except OSError:
        return ""
