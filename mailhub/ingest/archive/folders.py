"""Letters in files of their own: a Maildir, a folder of ``.eml`` files, one letter."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from core.clock import SECOND
from core.errors import Invalid
from mailhub.ingest.archive.pieces import (
    LARGEST,
    Archive,
    Piece,
    dated,
    flags_of,
    is_dropped,
    is_left_out,
    places,
    told_by_name,
    too_large,
)


def open_folder(path: Path) -> Archive:
    """A Maildir or a folder of ``.eml`` files. Raises Invalid when it is neither."""
    if _is_maildir(path):
        return _open_maildir(path)
    files = [one for one in _files(path) if one.suffix.lower() == ".eml"]
    if not files:
        raise Invalid("%(path)s holds no letters: neither .eml files nor a Maildir.", path=path.name)
    return Archive("folder", path, _size(files), partial(read_letters, path, files))


def _is_maildir(path: Path) -> bool:
    return (path / "cur").is_dir() or (path / "new").is_dir()


def _open_maildir(path: Path) -> Archive:
    """A Maildir with the folders inside it (Maildir++), without what nobody keeps: drafts, junk, what was deleted."""
    inside = sorted(one for one in path.iterdir() if one.is_dir() and _is_maildir(one))
    left_out = [one for one in inside if is_left_out(one.name)]
    boxes = [path, *(one for one in inside if one not in left_out)]
    parts = [box / part for box in boxes for part in ("cur", "new") if (box / part).is_dir()]
    files = [one for part in parts for one in _files(part) if not is_dropped(one.name)]
    return Archive(
        "Maildir", path, _size(files), partial(read_letters, path, files), tuple(one.name for one in left_out)
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


def _size(files: Sequence[Path]) -> int:
    return sum(one.stat().st_size for one in files)


def read_letters(root: Path, files: Sequence[Path], place: str) -> Iterator[Piece]:
    """The order is the list's. A place stands for all names up to it: when those have changed, as in a Maildir that
    somebody reads, everything is gone through again, and the door knows what it has."""
    names = [str(one.relative_to(root)) for one in files]
    ends = places(names)
    begin = ends.index(place) + 1 if place in ends else 0
    position = _size(files[:begin])
    for path, name, here in zip(files[begin:], names[begin:], ends[begin:], strict=True):
        try:
            about = path.stat()
            if path.is_symlink() and not path.resolve().is_relative_to(root.resolve()):
                yield Piece(name, here, position, fault="The file is a link to somewhere else.")
                continue
            if about.st_size > LARGEST or not stat.S_ISREG(about.st_mode):
                yield Piece(name, here, position, fault=too_large())
                continue
            raw = path.read_bytes()
        except OSError as problem:
            yield Piece(name, here, position, fault=f"The file cannot be read: {problem.strerror}.")
            continue
        position += len(raw)
        told = told_by_name(path.name) or int(about.st_mtime) * SECOND
        fault = "" if raw else "The file is empty."
        yield Piece(name, here, position, raw, dated(raw, told), fault, flags_of(path.name))
