"""What lies at a path, as pieces: one letter each, with the place to go on from."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from core.clock import SECOND, from_datetime
from core.errors import Invalid, NotFound
from mailhub.ingest.archive.mbox import begins_mbox, is_border, read_mbox

LARGEST = 128 << 20
_DATE = re.compile(rb"^date:", re.IGNORECASE | re.MULTILINE)
_LEFT_OUT = {"drafts", "trash", "junk", "spam", "deleted items", "deleted messages"}
_DELETED = re.compile(r"[:;!]2,[A-Za-z]*[DT][A-Za-z]*$")  # flags of a Maildir: a draft, deleted
_SECONDS = re.compile(r"\d{9,10}(?=\.)")


@dataclass(frozen=True, slots=True)
class Piece:
    """One letter of an archive, or the reason why it could not be taken from there.

    ``place`` is where to go on after it; ``position`` the bytes of the archive up to its end. ``dated_at`` is what the
    archive says of its time, only for a letter without a ``Date`` of its own.
    """

    name: str
    place: str
    position: int
    raw: bytes = b""
    dated_at: int | None = None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Archive:
    """``size`` in bytes. ``read(place)`` gives the pieces behind a place, all of them for an empty one or one that is
    no border (any more). ``left_out`` are folders inside that are not part of it."""

    kind: str
    path: Path
    size: int
    read: Callable[[str], Iterator[Piece]]
    left_out: tuple[str, ...] = ()


def open_archive(path: Path) -> Archive:
    """Look what lies there. Raises NotFound when there is nothing, Invalid when it holds no letters."""
    if not path.exists():
        raise NotFound("There is nothing at %(path)s.", path=str(path))
    if path.is_dir():
        return _open_folder(path)
    if not path.is_file():
        raise Invalid("%(path)s is neither a file nor a folder.", path=str(path))
    with path.open("rb") as file:
        head = file.read(5)
    size = path.stat().st_size
    if begins_mbox(head):
        return Archive("mbox", path, size, partial(_read_file, path))
    return Archive("letter", path, size, partial(_read_letters, path.parent, [path]))


def _open_folder(path: Path) -> Archive:
    if _is_maildir(path):
        return _open_maildir(path)
    files = [one for one in _files(path) if one.suffix.lower() == ".eml"]
    if not files:
        raise Invalid("%(path)s holds no letters: neither .eml files nor a Maildir.", path=str(path))
    return Archive("folder", path, _size(files), partial(_read_letters, path, files))


def _is_maildir(path: Path) -> bool:
    return (path / "cur").is_dir() or (path / "new").is_dir()


def _open_maildir(path: Path) -> Archive:
    """A Maildir with the folders inside it (Maildir++), without what nobody keeps: drafts, junk, what was deleted."""
    inside = sorted(one for one in path.iterdir() if one.is_dir() and _is_maildir(one))
    left_out = [one for one in inside if _LEFT_OUT & set(one.name.lower().split("."))]
    places = [path, *(one for one in inside if one not in left_out)]
    parts = [place / part for place in places for part in ("cur", "new") if (place / part).is_dir()]
    found = [one for part in parts for one in _files(part)]
    files = [one for one in found if not (one.name.startswith(".") or _DELETED.search(one.name))]
    return Archive(
        "Maildir", path, _size(files), partial(_read_letters, path, files), tuple(one.name for one in left_out)
    )


def _files(folder: Path) -> list[Path]:
    """All regular files below, in an order that stays. Links to folders are not followed."""
    found: list[Path] = []
    for place, folders, names in os.walk(folder, onerror=_refuse):
        folders.sort()
        found += [Path(place, name) for name in sorted(names)]
    return [one for one in found if one.is_file()]


def _refuse(problem: OSError) -> None:
    raise Invalid("%(path)s cannot be read: %(why)s.", path=problem.filename, why=problem.strerror)


def _size(files: list[Path]) -> int:
    return sum(one.stat().st_size for one in files)


def _read_file(path: Path, place: str) -> Iterator[Piece]:
    with path.open("rb") as file:
        start = int(place) if place.isdecimal() and is_border(file, int(place)) else 0
        for one in read_mbox(file, start, LARGEST):
            name = f"{path.name} at {one.start}"
            if one.raw is None:
                yield Piece(name, str(one.end), one.end, fault=_too_large())
            elif not one.raw.strip():
                yield Piece(name, str(one.end), one.end, fault="There is no letter, only its separator.")
            else:
                yield Piece(name, str(one.end), one.end, one.raw, _date_of(one.raw, _separator_date(one.separator)))


def _read_letters(root: Path, files: list[Path], place: str) -> Iterator[Piece]:
    """The order is the list's. A place stands for all names up to it: when those have changed, as in a Maildir that
    somebody reads, everything is gone through again, and the door knows what it has."""
    names = [str(one.relative_to(root)) for one in files]
    places = _places(names)
    begin = places.index(place) + 1 if place in places else 0
    position = _size(files[:begin])
    for path, name, here in zip(files[begin:], names[begin:], places[begin:], strict=True):
        try:
            about = path.stat()
            if about.st_size > LARGEST or not stat.S_ISREG(about.st_mode):
                yield Piece(name, here, position, fault=_too_large())
                continue
            raw = path.read_bytes()
        except OSError as problem:
            yield Piece(name, here, position, fault=f"The file cannot be read: {problem.strerror}.")
            continue
        position += len(raw)
        found = _SECONDS.match(path.name)
        told = int(found[0]) * SECOND if found else int(about.st_mtime) * SECOND
        yield Piece(name, here, position, raw, _date_of(raw, told), "" if raw else "The file is empty.")


def _places(names: list[str]) -> list[str]:
    digest = hashlib.sha256()
    places = []
    for name in names:
        digest.update(os.fsencode(name) + b"\0")
        places.append(digest.hexdigest())
    return places


def _date_of(raw: bytes, told: int | None) -> int | None:
    head, _, _ = raw[:65536].replace(b"\r\n", b"\n").partition(b"\n\n")
    return None if _DATE.search(head) else told


def _separator_date(separator: bytes) -> int | None:
    """``From anna@client.example Fri Nov 20 10:00:00 2026`` → the instant; UTC, since the line names no zone."""
    words = separator.decode("ascii", "replace").split()
    try:
        month, day, time, year = words[-4], words[-3], words[-2], words[-1]
        moment = datetime.strptime(f"{month} {day} {time} {year}", "%b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    except (ValueError, IndexError):
        return None
    return from_datetime(moment)


def _too_large() -> str:
    return f"The letter is larger than {LARGEST >> 20} MB."
