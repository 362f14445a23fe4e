"""Bytes: taken in by the database, at home in files.

``keep`` puts bytes into a row, so that one commit makes a letter and its bytes durable together. A job then *settles*
them: written under the name of their SHA-256, file and directory fsynced, and only afterwards is the row emptied. Equal
bytes are one blob. The database stays small and a backup copies only new files.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import accumulate
from pathlib import Path

from sqlalchemy import Column, Index, LargeBinary, bindparam, select, update
from sqlalchemy import text as sql

from core import clock
from core.columns import Id, id_column, instant, number, optional_instant, table
from core.database import Database, ReadTx, WriteTx
from core.disk import can_sync_all, opened, sync_all, sync_folder
from core.errors import NotFound, Unavailable

MOST_BYTES = 32 << 20
GONE = ".gone-"
MANY = 4  # files from which on the whole file system is synced instead of each

blob = table(
    "blob",
    id_column(),
    Column("sha256", LargeBinary, nullable=False, unique=True),
    number("size"),
    Column("content", LargeBinary),
    instant("created_at"),
    optional_instant("settled_at"),
)

# Blobs that something referred to which is gone: maybe nothing does any more.
blob_doubt = table("blob_doubt", Column("blob_id", Id, primary_key=True, autoincrement=False), instant("at"))
Index(None, blob_doubt.c.at)

_in_its_row = sql("content IS NOT NULL")
Index("ix_blob_unsettled", blob.c.id, sqlite_where=_in_its_row, postgresql_where=_in_its_row)

_BY_HASH = select(blob.c.id, blob.c.content.is_(None).label("settled")).where(blob.c.sha256 == bindparam("sha256"))
_BY_HASHES = select(blob.c.id, blob.c.sha256).where(blob.c.sha256.in_(bindparam("hashes", expanding=True)))

# Held until the end of the unit, as a row that refers to it holds it: nobody lets it go meanwhile. One that is just
# being let go is waited for, and is not found then.
_BY_HASH_HELD = _BY_HASH.with_for_update(read=True, key_share=True)
_BY_HASHES_HELD = _BY_HASHES.order_by(blob.c.id).with_for_update(read=True, key_share=True)


class BlobFiles:
    """A folder of content-addressed files, in 256 folders of their first two hex digits."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._mine = secrets.token_hex(8)

    def path(self, sha256: bytes) -> Path:
        """Where the bytes with this hash live."""
        name = sha256.hex()
        return self.folder / name[:2] / name

    def write(self, sha256: bytes, content: bytes) -> None:
        """Write durably: after the return neither a crash nor a power cut loses the bytes. Existing ones stay.

        Raises Unavailable when the disk is full or failing.
        """
        self.write_all([(sha256, content)])

    def write_all(self, contents: Iterable[tuple[bytes, bytes]]) -> None:
        """``write`` for several (hash, bytes), which are in memory together.

        A file of another size is what a copy that was cut short has left: it is written anew.
        """
        # The names on the way down are durable only when each directory is synced, up to the one that was there; also
        # for a file that is here already, since who wrote it may have been killed between name and sync.
        given = [(self.path(sha256), content) for sha256, content in contents]
        folders = dict.fromkeys(path.parent for path, _ in given)
        try:
            for folder in folders:
                folder.mkdir(parents=True, exist_ok=True)
            new = [(path, content) for path, content in given if not _is_there(path, len(content))]
            if len(given) >= MANY and can_sync_all():
                self._write_together(new)
            else:
                for path, content in new:
                    self._write_alone(path, content)
                for folder in (*folders, self.folder, self.folder.parent):
                    sync_folder(folder)
        except OSError as problem:
            raise Unavailable("The disk could not keep the bytes of a letter. Free some space.") from problem

    def _write_alone(self, path: Path, content: bytes) -> None:
        """A file that has its name only when its bytes are durable."""
        temporary = self._aside(path)
        try:
            _write(temporary, content, sync=True)
            temporary.replace(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise

    def _write_together(self, new: Sequence[tuple[Path, bytes]]) -> None:
        """Files that have their names only when the bytes of all are durable: two turns of the disk, however many."""
        temporaries = [self._aside(path, number) for number, (path, _) in enumerate(new)]
        with opened(self.folder) as handle:
            try:
                for temporary, (_, content) in zip(temporaries, new, strict=True):
                    _write(temporary, content, sync=False)
                sync_all(handle)
                for temporary, (path, _) in zip(temporaries, new, strict=True):
                    temporary.replace(path)
                sync_all(handle)
            except OSError:
                for temporary in temporaries:
                    temporary.unlink(missing_ok=True)
                raise

    def _aside(self, path: Path, number: int = 0) -> Path:
        """Where a file is written before it gets its name; a thread writes its files one call after another."""
        return path.with_name(f".new-{self._mine}-{threading.get_native_id()}-{number}")

    @contextmanager
    def holding(self, *, alone: bool = False) -> Iterator[bool]:
        """Hold all files: nothing is let go while anybody does. ``alone``, for whoever lets go, is False within when
        somebody holds them already. Ends with the process at the latest."""
        self.folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.folder / ".hold", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            held = True
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB if alone else fcntl.LOCK_SH)
            except BlockingIOError:
                held = False
            yield held
        finally:
            os.close(handle)

    def set_aside(self, sha256: bytes, idle: float) -> bool:
        """Take the file of bytes that nothing seems to refer to out of the way, until ``drop`` or ``put_back``: whoever
        wants the bytes meanwhile finds no file and writes one. False, and it stays, for one that was wanted in the last
        ``idle`` seconds."""
        path, aside = self.path(sha256), self._gone(sha256)
        try:
            path.rename(aside)
            young = aside.stat().st_mtime > time.time() - idle
        except FileNotFoundError:
            return not path.exists()  # there was none, or somebody has put it back
        if young:
            self.put_back(sha256)
        return not young

    def drop(self, sha256: bytes) -> None:
        """Delete what was set aside."""
        self._gone(sha256).unlink(missing_ok=True)

    def put_back(self, sha256: bytes) -> None:
        """What was set aside is wanted after all. A file that was written meanwhile is the same."""
        with suppress(FileNotFoundError):  # somebody else has put it back
            self._gone(sha256).rename(self.path(sha256))

    def list_aside(self) -> list[bytes]:
        """The hashes of what was set aside by somebody who was killed."""
        return [bytes.fromhex(path.name.removeprefix(GONE)) for path in self.folder.glob(f"[0-9a-f][0-9a-f]/{GONE}*")]

    def list_idle(self, folder: int, idle: float) -> list[bytes]:
        """The hashes of the files in one of the 256 folders that nobody has wanted for ``idle`` seconds."""
        last, found = time.time() - idle, []
        for path in self.folder.glob(f"{folder:02x}/{'[0-9a-f]' * 64}"):
            with suppress(FileNotFoundError):  # it has just gone
                if path.stat().st_mtime < last:
                    found.append(bytes.fromhex(path.name))
        return found

    def sweep(self, idle: float = 86400.0) -> int:
        """Delete what writers that were killed have left. Returns how many there were."""
        swept = 0
        for path in self.folder.glob("[0-9a-f][0-9a-f]/.new-*"):
            with suppress(FileNotFoundError):  # it got its name, or somebody else sweeps too
                if path.stat().st_mtime < time.time() - idle:
                    path.unlink()
                    swept += 1
        return swept

    def _gone(self, sha256: bytes) -> Path:
        path = self.path(sha256)
        return path.with_name(f"{GONE}{path.name}")

    def read(self, sha256: bytes) -> bytes:
        """The bytes. Raises NotFound when the file is missing: an alarm, never normal."""
        for path in (self.path(sha256), self._gone(sha256), self.path(sha256)):
            with suppress(FileNotFoundError):
                return path.read_bytes()
        raise NotFound("The bytes of this letter are missing on the disk. Restore them from a backup.")


def keep(tx: WriteTx, content: bytes) -> int:
    """Make bytes part of this transaction; returns the blob's id, an old one for bytes that are already here.

    They are put into its row again even so: its file may have been lost, and what is promised here holds for these.
    """
    sha256 = hashlib.sha256(content).digest()
    found = tx.row(_BY_HASH if tx.is_sqlite else _BY_HASH_HELD, {"sha256": sha256})
    if found is not None:
        if found.settled:
            tx.change(blob, found.id, content=content, settled_at=None)
        return int(found.id)
    return tx.insert(blob, sha256=sha256, size=len(content), content=content, created_at=clock.now())


def keep_settled(tx: WriteTx, sha256: bytes, size: int) -> int:
    """Refer to bytes whose file is durable already (``BlobFiles.write_all``); returns the blob's id."""
    return keep_all_settled(tx, {sha256: size})[sha256]


def keep_all_settled(tx: WriteTx, sizes: Mapping[bytes, int]) -> dict[bytes, int]:
    """``keep_settled`` for several hashes and the sizes of their bytes; returns the blobs' ids."""
    rows = tx.rows(_BY_HASHES if tx.is_sqlite else _BY_HASHES_HELD, {"hashes": list(sizes)}) if sizes else ()
    ids = {row.sha256: int(row.id) for row in rows}
    now = clock.now()
    for sha256, size in sizes.items():
        if sha256 not in ids:
            ids[sha256] = tx.insert(blob, sha256=sha256, size=size, created_at=now, settled_at=now)
    return ids


def find_content(tx: ReadTx, blob_id: int) -> tuple[bytes | None, bytes]:
    """The bytes if they are still in the row, and their SHA-256 for ``BlobFiles.read``. Raises NotFound."""
    row = tx.row(select(blob.c.content, blob.c.sha256).where(blob.c.id == blob_id))
    if row is None:
        raise NotFound("There is no blob with the number %(id)s.", id=blob_id)
    return row.content, row.sha256


def list_unsettled(tx: ReadTx, most: int, before: int) -> list[tuple[int, bytes, bytes]]:
    """Blobs still in their rows that came before the instant, oldest first: id, hash, bytes.

    Not more than ``MOST_BYTES`` together, or one that is larger.
    """
    statement = (
        select(blob.c.id, blob.c.size)
        .where(blob.c.content.is_not(None), blob.c.created_at < before)
        .order_by(blob.c.id)
        .limit(most)
    )
    found = tx.rows(statement)
    held = accumulate(row.size for row in found)
    ids = [
        row.id for number, (row, size) in enumerate(zip(found, held, strict=True)) if not number or size <= MOST_BYTES
    ]
    bodies = select(blob.c.id, blob.c.sha256, blob.c.content).where(blob.c.id.in_(ids)).order_by(blob.c.id)
    return [(row.id, row.sha256, row.content) for row in tx.rows(bodies)] if ids else []


def record_settled(tx: WriteTx, blob_ids: list[int]) -> None:
    """Empty the rows of blobs whose files are durable."""
    tx.execute(update(blob).where(blob.c.id.in_(blob_ids)).values(content=None, settled_at=clock.now()))


def read_blob(database: Database, files: BlobFiles, blob_id: int) -> bytes:
    """The bytes, wherever they are now, for a caller without an event loop."""
    content, sha256 = database.read_now(find_content, blob_id)
    return files.read(sha256) if content is None else content


def _is_there(path: Path, size: int) -> bool:
    """Whether the whole file is there; it is touched, so that nobody lets it go now."""
    try:
        os.utime(path)
        return path.stat().st_size == size
    except FileNotFoundError:
        return False


def _write(path: Path, content: bytes, *, sync: bool) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(handle, rest) :]
        if sync:
            os.fsync(handle)
    finally:
        os.close(handle)
