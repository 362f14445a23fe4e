"""Backups: consistent while the server runs, checked as they are written, and restored so that nothing is sent twice.

A backup is a folder: ``manifest.json``, one copy of the database, ``blobs/`` with the files it names, a list of them,
and the key file only when it was asked for (with it, whoever finds the backup reads every sealed password). The
database is copied first: files are written before rows name them, so every file that the copy names is there already,
and none is let go until they are copied (``BlobFiles.holding``).
The same folder may be used again and again; only new files are copied then.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from core import clock
from core.blobs import BlobFiles
from core.errors import Conflict, Invalid, NotFound
from core.settings import Settings
from mailhub import __version__
from mailhub.migrations import newest, present
from mailhub.upkeep.copies import open_copy
from mailhub.upkeep.manifest import Manifest, hash_file, read_manifest

KEY = "secret.key"
Told = Callable[[int, int], None]


def make_backup(
    settings: Settings, folder: Path, *, settings_file: Path | None, with_key: bool, told: Told
) -> Manifest:
    """Write a backup into the folder. Raises Unavailable when something cannot be written; the backup that was there
    before stays whole then. Files that are missing or changed at their source are named in the manifest."""
    url = settings.database.url
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    made_at = clock.iso(clock.now())
    stamp = datetime.fromisoformat(made_at).strftime("%Y%m%dT%H%M%S%f")
    files = folder / f"files-{stamp}.txt"
    with _files(settings).holding(), open_copy(url) as way:
        database = folder / f"database-{stamp}.{way.suffix}"
        try:
            way.make(database)
            counts = way.counts(database)
            copied = _copy_files(list(way.named(database)), settings, folder, told)
            files.write_text("".join(f"{name}\n" for name in copied.names), encoding="ascii")
        except BaseException:
            database.unlink(missing_ok=True)
            files.unlink(missing_ok=True)
            raise
    if with_key:
        _copy_private(settings.secret.key_file, folder / KEY)
    manifest = Manifest(
        made_at=made_at,
        version=__version__,
        revision=present(url) or "",
        engine=url.partition(":")[0],
        database=database.name,
        database_size=database.stat().st_size,
        database_sha256=hash_file(database),
        counts=counts,
        files=files.name,
        files_sha256=hash_file(files),
        blobs=len(copied.names),
        blob_bytes=copied.size,
        copied=copied.new,
        missing=copied.missing,
        settings_file=None if settings_file is None else str(settings_file.resolve()),
        key_file=str(settings.secret.key_file),
        has_key=(folder / KEY).exists(),
    )
    os.sync()
    manifest.save(folder)
    for old in (*folder.glob("database-*"), *folder.glob("files-*")):
        if old not in (database, files):
            old.unlink()
    return manifest


def restore_backup(settings: Settings, folder: Path, *, told: Told) -> Manifest:
    """Put a backup into an empty place. Everything is checked before anything is written; the restored copy has a new
    epoch and holds all sending.

    Raises NotFound or Invalid for what is no whole backup, Conflict for a place that is not empty.
    """
    manifest = read_manifest(folder)
    _check_place(settings, manifest)
    copy = _checked(folder, manifest.database, manifest.database_sha256)
    names = _checked(folder, manifest.files, manifest.files_sha256).read_text(encoding="ascii").split()
    source, target = BlobFiles(folder / "blobs"), _files(settings)
    for done, name in enumerate(names, 1):
        _check_file(source.path(bytes.fromhex(name)))
        told(done, len(names))
    for name in names:
        path = target.path(bytes.fromhex(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source.path(bytes.fromhex(name)), path)
    if manifest.has_key and not settings.secret.key_file.exists():
        settings.secret.key_file.parent.mkdir(parents=True, exist_ok=True)
        _copy_private(folder / KEY, settings.secret.key_file)
    os.sync()
    with open_copy(settings.database.url) as way:
        way.put_back(copy)
    return manifest


@dataclass(slots=True)
class _Copied:
    names: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    size: int = 0
    new: int = 0


def _copy_files(named: list[tuple[bytes, int]], settings: Settings, folder: Path, told: Told) -> _Copied:
    source, target = _files(settings), BlobFiles(folder / "blobs")
    target.folder.mkdir(exist_ok=True, mode=0o700)
    copied = _Copied()
    for done, (sha256, size) in enumerate(named, 1):
        new = _copy_blob(source, target, sha256, size)
        if new is None:
            copied.missing.append(sha256.hex())
        else:
            copied.names.append(sha256.hex())
            copied.size += size
            copied.new += new
        told(done, len(named))
    return copied


def _copy_blob(source: BlobFiles, target: BlobFiles, sha256: bytes, size: int) -> bool | None:
    """True when the file was copied, False when it was there, None when the source has not got its bytes."""
    path = target.path(sha256)
    if path.exists() and path.stat().st_size == size:
        return False
    try:
        content = source.read(sha256)
    except NotFound:
        return None
    if hashlib.sha256(content).digest() != sha256:
        return None
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".new-{path.name}")
    aside.write_bytes(content)
    os.replace(aside, path)  # noqa: PTH105 - the atomic one; all are synced at once before the manifest
    return True


def _check_place(settings: Settings, manifest: Manifest) -> None:
    url = settings.database.url
    engine = url.partition(":")[0]
    if engine != manifest.engine:
        raise Conflict(
            "The backup is of a %(theirs)s database and the settings name a %(ours)s one.",
            theirs=manifest.engine, ours=engine,
        )  # fmt: skip
    if manifest.revision > newest():
        raise Conflict("The backup was made by a newer mailhub (%(version)s). Install it.", version=manifest.version)
    if _is_taken(url):
        raise Conflict("There is a database already. A backup is restored into an empty place only.")


def _is_taken(url: str) -> bool:
    """Also by what a deleted SQLite file left: its write-ahead log would be played into the restored one."""
    if not url.startswith("sqlite:///"):
        return present(url) is not None
    path = Path(url.removeprefix("sqlite:///"))
    return any(path.with_name(path.name + end).exists() for end in ("", "-wal", "-journal"))


def _checked(folder: Path, name: str, sha256: str) -> Path:
    """A file of the backup. Raises Invalid when it is not what the manifest says."""
    path = folder / name
    if path.parent != folder or not path.is_file() or hash_file(path) != sha256:
        raise Invalid("The file %(path)s of the backup is missing or was changed.", path=str(path))
    return path


def _check_file(path: Path) -> None:
    """A blob file is named by the hash of its bytes."""
    if not path.is_file():
        raise Invalid("The backup has lost a file: %(path)s", path=str(path))
    if hash_file(path) != path.name:
        raise Invalid("The file %(path)s of the backup is missing or was changed.", path=str(path))


def _files(settings: Settings) -> BlobFiles:
    return BlobFiles(Path(settings.blobs.url.removeprefix("file://")))


def _copy_private(source: Path, target: Path) -> None:
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(source.read_bytes())
