"""Packed archives, read without unpacking them anywhere: ``.gz``, and ``.zip`` of letters, a Maildir or mbox files.

Names inside are words to show, never paths. What comes out is bounded: a letter by its size, the whole by how much
letters can shrink, the list of a ``.zip`` by what it takes to remember it.
"""

from __future__ import annotations

import gzip
import struct
from collections.abc import Iterator, Sequence
from functools import partial
from io import BufferedIOBase
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, cast
from zipfile import BadZipFile, ZipFile, ZipInfo

from core.errors import Invalid
from mailhub.ingest.archive.forward import DAMAGE, Forward
from mailhub.ingest.archive.mbox import begins_mbox
from mailhub.ingest.archive.pieces import (
    LARGEST,
    Archive,
    Piece,
    begin_at,
    dated,
    flags_of,
    is_dropped,
    is_left_out,
    places,
    slices,
    told_by_name,
    too_large,
)

TIMES = 200
ALWAYS = 1 << 30
LARGEST_LIST = 32 << 20
_TAIL = 65557 + 20
_MAILDIR = ("cur", "new")


def open_gzip(path: Path, named: str) -> Archive:
    """An mbox file or one letter in a ``.gz``; ``position`` counts packed bytes. Raises Invalid."""
    size = path.stat().st_size
    try:
        with gzip.open(path) as file:
            head = file.read(512)
    except DAMAGE as problem:
        raise Invalid("%(path)s is damaged and cannot be unpacked. Pack it again.", path=named) from problem
    if head[257:262] == b"ustar":
        raise Invalid("%(path)s is a tar archive. Pack its folder as .zip.", path=named)
    kind = "mbox" if begins_mbox(head) else "letter"
    return Archive(kind, path, size, partial(_read_gzip, path, named, kind, _most(size)))


def open_zip(path: Path, named: str) -> Archive:
    """Letters, Maildir folders and mbox files in a ``.zip``, in the order of their names. Raises Invalid."""
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            if _list_size(file, size) > LARGEST_LIST:
                raise Invalid("%(path)s holds too many files. Pack them in several parts.", path=named)
        with ZipFile(path) as packed:
            found, left_out = _choose(packed)
    except (*DAMAGE, ValueError, struct.error) as problem:
        raise Invalid("%(path)s is damaged and cannot be unpacked. Pack it again.", path=named) from problem
    if not found:
        raise Invalid("%(path)s holds no letters: neither .eml files nor a Maildir nor mbox files.", path=named)
    if any(info.flag_bits & 1 for info, _ in found):
        raise Invalid("%(path)s is locked with a password. Pack it without one.", path=named)
    unpacked = sum(info.file_size for info, _ in found)
    if unpacked > _most(size):
        raise Invalid("%(path)s unpacks to far more than letters ever do. It is left alone.", path=named)
    return Archive("zip", path, unpacked, partial(_read_zip, path, found), left_out)


def _most(size: int) -> int:
    return max(ALWAYS, TIMES * size)


def _list_size(file: BinaryIO, size: int) -> int:
    """How large the list of files is, by the end of the file (APPNOTE 4.3.14 to 4.3.16), before it is read."""
    file.seek(max(0, size - _TAIL))
    tail = file.read()
    end = tail.rfind(b"PK\5\6")
    if end < 0:
        raise BadZipFile("it has no end")
    (length,) = struct.unpack_from("<L", tail, end + 12)
    locator = end - 20
    if length == 0xFFFFFFFF and locator >= 0 and tail[locator : locator + 4] == b"PK\6\7":
        (place,) = struct.unpack_from("<Q", tail, locator + 8)
        file.seek(place)
        (length,) = struct.unpack_from("<Q", file.read(48), 40)
    return int(length)


def _choose(packed: ZipFile) -> tuple[list[tuple[ZipInfo, str]], tuple[str, ...]]:
    """The files with letters, each with what it is (``letter`` or ``mbox``), and the folders that are left out."""
    found: list[tuple[ZipInfo, str]] = []
    left_out: set[str] = set()
    for info in sorted(packed.infolist(), key=lambda one: one.filename):
        path = PurePosixPath(info.filename.replace("\\", "/"))
        if info.is_dir() or "__MACOSX" in path.parts or path.name.startswith("."):
            continue
        folders = path.parts[:-1]
        if folders and folders[-1] in _MAILDIR:
            if len(folders) > 1 and is_left_out(folders[-2]):
                left_out.add(folders[-2])
            elif not is_dropped(path.name):
                found.append((info, "letter"))
        elif path.suffix.lower() == ".eml":
            found.append((info, "letter"))
        elif info.flag_bits & 1 or _begins_mbox(packed, info):
            found.append((info, "mbox"))
    return found, tuple(sorted(left_out))


def _begins_mbox(packed: ZipFile, info: ZipInfo) -> bool:
    try:
        with packed.open(info) as file:
            return begins_mbox(file.read(5))
    except DAMAGE:
        return PurePosixPath(info.filename).suffix.lower() == ".mbox"  # its letters are missing, and that is said


def _read_gzip(path: Path, named: str, kind: str, most: int, place: str) -> Iterator[Piece]:
    with path.open("rb") as packed, gzip.GzipFile(fileobj=packed) as unpacked:
        file = Forward(unpacked, most)
        if kind == "letter":
            raw = file.read(LARGEST + 1)
            if place == "":
                yield _letter(named, "1", packed.tell(), raw, file.damage)
            return
        last = place
        for piece in _slices(named, file, place):
            last = piece.place
            yield _at(piece, piece.place, packed.tell())
        if file.damage:
            yield Piece(named, last, packed.tell(), fault=file.damage)


def _slices(name: str, file: Forward, place: str) -> Iterator[Piece]:
    if place.isdecimal():
        file.skip(int(place))
    yield from slices(name, file, begin_at(file, place) if place else 0)


def _read_zip(path: Path, found: Sequence[tuple[ZipInfo, str]], place: str) -> Iterator[Piece]:
    """A place is the digest of the names that are done, and how far one is in the file behind them."""
    ends = places([info.filename for info, _ in found])
    done, _, inner = place.partition(":")
    begin = ends.index(done) + 1 if done in ends else 0
    position = sum(info.file_size for info, _ in found[:begin])
    with ZipFile(path) as packed:
        for number, (info, kind) in enumerate(found[begin:], begin):
            before, name = ends[number - 1] if number else "", info.filename
            inner, within = "", inner
            try:
                with packed.open(info) as unpacked:
                    for piece in _read_entry(name, unpacked, info, kind, within):
                        there = f"{before}:{piece.place}" if kind == "mbox" else f"{ends[number]}:"
                        yield _at(piece, there, position + piece.position)
            except DAMAGE as problem:
                yield Piece(name, f"{ends[number]}:", position, fault=f"It cannot be unpacked: {problem}.")
            position += info.file_size


def _read_entry(name: str, unpacked: IO[bytes], info: ZipInfo, kind: str, place: str) -> Iterator[Piece]:
    file = Forward(cast("BufferedIOBase", unpacked), info.file_size)
    if kind == "letter":
        raw = file.read(LARGEST + 1)
        yield _letter(name, "", info.file_size, raw, file.damage)
        return
    yield from _slices(name, file, place)
    if file.damage:
        yield Piece(name, str(file.tell()), info.file_size, fault=file.damage)


def _letter(name: str, place: str, position: int, raw: bytes, damage: str) -> Piece:
    if len(raw) > LARGEST:
        return Piece(name, place, position, fault=too_large())
    if damage or not raw:
        return Piece(name, place, position, fault=damage or "The file is empty.")
    base = PurePosixPath(name.replace("\\", "/")).name
    return Piece(name, place, position, raw, dated(raw, told_by_name(base)), flags=flags_of(base))


def _at(piece: Piece, place: str, position: int) -> Piece:
    return Piece(piece.name, place, position, piece.raw, piece.dated_at, piece.fault, piece.flags)
