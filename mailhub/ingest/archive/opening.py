"""What lies at a path."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from core.errors import Invalid, NotFound
from mailhub.ingest.archive.folders import open_folder, read_letters
from mailhub.ingest.archive.mbox import begins_mbox
from mailhub.ingest.archive.packed import open_gzip, open_zip
from mailhub.ingest.archive.pieces import Archive, Piece, begin_at, slices

_HEADER = re.compile(rb"[!-9;-~]+[ \t]*:")
# Other kinds of files by how they begin, and what to do with them.
NOT_LETTERS = (
    (b"!BDN", "%(path)s is a data file of Outlook (.pst). Export its folders as mbox or .eml first."),
    (b"\xd0\xcf\x11\xe0", "%(path)s is a file of Outlook (.msg) or Office. Save the letter as .eml."),
    (b"7z\xbc\xaf\x27\x1c", "%(path)s is a 7z archive. Pack its folder as .zip."),
    (b"Rar!", "%(path)s is a RAR archive. Pack its folder as .zip."),
    (b"BZh", "%(path)s is packed as .bz2. Pack it as .gz or .zip."),
    (b"\xfd7zXZ", "%(path)s is packed as .xz. Pack it as .gz or .zip."),
)


def open_archive(path: Path, *, named: str = "") -> Archive:
    """Look what lies there; ``named`` is what people call it, if not by its path. Raises NotFound when there is
    nothing, Invalid when it holds no letters."""
    named = named or path.name
    if not path.exists():
        raise NotFound("There is nothing at %(path)s.", path=str(path))
    if path.is_dir():
        return open_folder(path)
    if not path.is_file():
        raise Invalid("%(path)s is neither a file nor a folder.", path=str(path))
    with path.open("rb") as file:
        head = file.read(4096)
    if head.startswith(b"\x1f\x8b"):
        return open_gzip(path, named)
    if head.startswith((b"PK\3\4", b"PK\5\6")):
        return open_zip(path, named)
    size = path.stat().st_size
    if begins_mbox(head):
        return Archive("mbox", path, size, partial(_read_file, path, named))
    for mark, sentence in NOT_LETTERS:
        if head.startswith(mark):
            raise Invalid(sentence, path=named)
    if head[257:262] == b"ustar":
        raise Invalid("%(path)s is a tar archive. Pack its folder as .zip.", path=named)
    if not named.lower().endswith(".eml") and not _HEADER.match(head.lstrip()):
        raise Invalid("%(path)s holds no letters: it is neither an mbox file nor a letter.", path=named)
    return Archive("letter", path, size, partial(_read_letter, path, named))


def _read_letter(path: Path, named: str, place: str) -> Iterator[Piece]:
    for piece in read_letters(path.parent, [path], place):
        yield replace(piece, name=named)


def _read_file(path: Path, named: str, place: str) -> Iterator[Piece]:
    with path.open("rb") as file:
        yield from slices(named, file, begin_at(file, place))
