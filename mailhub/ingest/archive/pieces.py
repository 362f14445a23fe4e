"""What an archive gives: pieces, one letter each, with the place to go on from."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from core.clock import SECOND, from_datetime
from mailhub.ingest.archive.forward import Forward
from mailhub.ingest.archive.mbox import is_border, read_mbox

LARGEST = 128 << 20
_DATE = re.compile(rb"^date:", re.IGNORECASE | re.MULTILINE)
_LEFT_OUT = {"drafts", "trash", "junk", "spam", "deleted items", "deleted messages"}
_FLAGS = re.compile(r"[:;!]2,([A-Za-z]*)$")  # of a letter in a Maildir, also as systems without colons write it
_SECONDS = re.compile(r"\d{9,10}(?=\.)")


@dataclass(frozen=True, slots=True)
class Piece:
    """One letter of an archive, or the reason why it could not be taken from there.

    ``place`` is where to go on after it; ``position`` the bytes of the archive up to its end. ``dated_at`` is what the
    archive says of its time, only for a letter without a ``Date`` of its own; ``flags`` what a Maildir says of it:
    S seen, R answered, F flagged, P passed on.
    """

    name: str
    place: str
    position: int
    raw: bytes = b""
    dated_at: int | None = None
    fault: str = ""
    flags: str = ""


@dataclass(frozen=True, slots=True)
class Archive:
    """``size`` in bytes. ``read(place)`` gives the pieces behind a place, all of them for an empty one or one that is
    no border (any more). ``left_out`` are folders inside that are not part of it."""

    kind: str
    path: Path
    size: int
    read: Callable[[str], Iterator[Piece]]
    left_out: tuple[str, ...] = ()


def slices(name: str, file: BinaryIO | Forward, begin: int) -> Iterator[Piece]:
    """The letters of an mbox file from ``begin`` on, which is a border or the beginning; places are offsets in it."""
    for one in read_mbox(file, begin, LARGEST):
        said = f"{name} at {one.start}"
        if one.raw is None:
            yield Piece(said, str(one.end), one.end, fault=too_large())
        elif not one.raw.strip():
            yield Piece(said, str(one.end), one.end, fault="There is no letter, only its separator.")
        else:
            yield Piece(said, str(one.end), one.end, one.raw, dated(one.raw, _separator_date(one.separator)))


def begin_at(file: BinaryIO | Forward, place: str) -> int:
    """The offset that a place stands for, 0 when no letter begins there."""
    return int(place) if place.isdecimal() and is_border(file, int(place)) else 0


def places(names: Sequence[str]) -> list[str]:
    """For each name a digest of all names up to it: a place stands for the letters gone through, in their order."""
    digest = hashlib.sha256()
    found = []
    for name in names:
        digest.update(os.fsencode(name) + b"\0")
        found.append(digest.hexdigest())
    return found


def is_left_out(folder: str) -> bool:
    """Whether a folder of a Maildir holds what nobody keeps: drafts, junk, what was deleted."""
    return bool(_LEFT_OUT & set(folder.lower().split(".")))


def flags_of(name: str) -> str:
    """The flags in the name of a file in a Maildir."""
    found = _FLAGS.search(name)
    return found[1] if found else ""


def is_dropped(name: str) -> bool:
    """Whether a file in a Maildir is no letter, or one that was a draft or deleted."""
    return PurePosixPath(name).name.startswith(".") or bool({"D", "T"} & set(flags_of(name)))


def dated(raw: bytes, told: int | None) -> int | None:
    """What the archive told of a letter's time, for a letter that has no ``Date``."""
    head, _, _ = raw[:65536].replace(b"\r\n", b"\n").partition(b"\n\n")
    return None if _DATE.search(head) else told


def told_by_name(name: str) -> int | None:
    """When a letter was delivered, by the name of its file in a Maildir."""
    found = _SECONDS.match(name)
    return int(found[0]) * SECOND if found else None


def too_large() -> str:
    """Why a letter was not taken."""
    return f"The letter is larger than {LARGEST >> 20} MB."


def _separator_date(separator: bytes) -> int | None:
    """``From anna@client.example Fri Nov 20 10:00:00 2026`` → the instant; UTC, since the line names no zone."""
    words = separator.decode("ascii", "replace").split()
    try:
        month, day, time, year = words[-4], words[-3], words[-2], words[-1]
        moment = datetime.strptime(f"{month} {day} {time} {year}", "%b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    except (ValueError, IndexError):
        return None
    return from_datetime(moment)
