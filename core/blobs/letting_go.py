"""Bytes that nothing refers to any more: found, looked at once more, and gone with their file.

What stops referring to a blob puts it in *doubt*; a slow walk over all blobs finds what nobody told of (a draft that
was thrown away, a unit that failed). A blob goes when it was in doubt for an hour and nothing refers to it then. Its
file is first set aside, then the unit that deletes its row is committed, and only then is the file deleted: whoever
wants the same bytes meanwhile either has touched the file, and it is put back, or finds none and writes it anew. After
a kill in between the file is still read where it was set aside, and ``settle_aside`` decides about it.

A file that no row names at all is a *stray*: its unit failed after it was written. Strays go after a month
(``drop_strays``), unless they are so many that the database rather than the files must be the wrong one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Column, Select, bindparam, delete, exists, select, update

from core import clock
from core.blobs import BlobFiles, blob, blob_doubt
from core.columns import metadata
from core.database import Database, ReadTx, WriteTx
from core.errors import Conflict

AT_REST = clock.HOUR
"""How long nothing may have wanted the bytes."""
STRAY = 30 * clock.DAY
MOST_STRAYS = 0.5
"""Of the files of a folder: where more are strays, this is another database than theirs, and none goes."""
FEW = 8
"""So few strays are no sign of that."""
WALKED = 2000
ASKED = 500


def doubt(tx: WriteTx, blob_ids: Iterable[int]) -> None:
    """Say that something let go of these blobs."""
    wanted = sorted(set(blob_ids))
    known = set(tx.values(select(blob_doubt.c.blob_id).where(blob_doubt.c.blob_id.in_(wanted))))
    now = clock.now()
    tx.insert_many(blob_doubt, [{"blob_id": one, "at": now} for one in wanted if one not in known])


def walk_blobs(tx: WriteTx, after: int) -> int:
    """Put those of the next blobs in doubt that nothing refers to. Returns behind which to go on, 0 at the end."""
    ids = tx.values(select(blob.c.id).where(blob.c.id > after).order_by(blob.c.id).limit(WALKED))
    if not ids:
        return 0
    old = blob.c.created_at < clock.now() - clock.DAY
    doubt(tx, tx.values(_unreferenced().where(blob.c.id.between(ids[0], ids[-1]), old)))
    return int(ids[-1])


async def let_go(database: Database, files: BlobFiles, most: int = 50) -> int:
    """Delete blobs that were in doubt for long enough and that nothing refers to, with their files. Returns how many
    were looked at; 0 while somebody holds the files (a backup)."""
    with files.holding(alone=True) as alone:
        if not alone:
            return 0
        due = await database.work(_clear_doubts, most)
        for blob_id, sha256 in due.unreferenced:
            if not await asyncio.to_thread(files.set_aside, sha256, AT_REST // clock.SECOND):
                continue  # somebody has just brought the same bytes: looked at again
            try:
                gone = await database.work(_delete, blob_id)
            except BaseException:
                files.put_back(sha256)
                raise
            await asyncio.to_thread(files.drop if gone else files.put_back, sha256)
        return due.looked


async def settle_aside(database: Database, files: BlobFiles) -> None:
    """What a process that was killed has set aside is put back, or deleted where its row is gone."""
    with files.holding(alone=True) as alone:
        aside = await asyncio.to_thread(files.list_aside) if alone else []
        named = await database.read(_list_named, aside)
        for sha256 in aside:
            if sha256 in named:
                files.put_back(sha256)
            else:
                files.drop(sha256)


async def drop_strays(database: Database, files: BlobFiles, folder: int) -> int:
    """Delete the strays in one of the 256 folders, returns how many; 0 while somebody holds the files.

    Raises Conflict, and deletes none, where most of the files are strays.
    """
    with files.holding(alone=True) as alone:
        if not alone:
            return 0
        idle = await asyncio.to_thread(files.list_idle, folder, STRAY // clock.SECOND)
        strays = await _list_strays(database, idle)
        if len(strays) > max(FEW, MOST_STRAYS * len(idle)):
            raise Conflict(
                "The database does not know %(strays)s of %(files)s files of letters. None was deleted: check that "
                "it is the one that belongs to this data folder.",
                strays=len(strays),
                files=len(idle),
            )
        dropped = 0
        for sha256 in strays:
            if not await asyncio.to_thread(files.set_aside, sha256, STRAY // clock.SECOND):
                continue  # somebody has just brought the same bytes
            known = await database.read(_list_named, [sha256])
            await asyncio.to_thread(files.put_back if known else files.drop, sha256)
            dropped += not known
        return dropped


async def _list_strays(database: Database, hashes: Sequence[bytes]) -> list[bytes]:
    found: list[bytes] = []
    for at in range(0, len(hashes), ASKED):
        some = hashes[at : at + ASKED]
        named = await database.read(_list_named, some)
        found += [one for one in some if one not in named]
    return found


@dataclass(frozen=True, slots=True)
class _Due:
    looked: int
    unreferenced: list[tuple[int, bytes]]


def _clear_doubts(tx: WriteTx, most: int) -> _Due:
    """The next doubts that are old enough: those about blobs that are needed end; the others' ids and hashes."""
    due = blob_doubt.c.at < clock.now() - AT_REST
    ids = tx.values(select(blob_doubt.c.blob_id).where(due).order_by(blob_doubt.c.at).limit(most))
    free = tx.rows(_unreferenced().add_columns(blob.c.sha256).where(blob.c.id.in_(ids), blob.c.content.is_(None)))
    found = {int(row.id): row.sha256 for row in free}
    _end_doubts(tx, [one for one in ids if one not in found])
    _doubt_anew(tx, list(found))
    return _Due(len(ids), list(found.items()))


def _delete(tx: WriteTx, blob_id: int) -> bool:
    """Delete the row of a blob, and the doubt with it; False when something refers to it by now. FOR UPDATE: whoever
    refers to it holds its key, and is waited for."""
    here = select(blob.c.id).where(blob.c.id == blob_id)
    if tx.value(here if tx.is_sqlite else here.with_for_update()) is None:
        _end_doubts(tx, [blob_id])
        return True
    free = tx.value(_unreferenced().where(blob.c.id == blob_id, blob.c.content.is_(None))) is not None
    _end_doubts(tx, [blob_id])
    if free:
        tx.execute(delete(blob).where(blob.c.id == blob_id))
    return free


def _end_doubts(tx: WriteTx, blob_ids: list[int]) -> None:
    if blob_ids:
        tx.execute(delete(blob_doubt).where(blob_doubt.c.blob_id.in_(blob_ids)))


def _doubt_anew(tx: WriteTx, blob_ids: list[int]) -> None:
    """Behind all others, so that one that cannot go now keeps none from going."""
    if blob_ids:
        tx.execute(update(blob_doubt).where(blob_doubt.c.blob_id.in_(blob_ids)).values(at=clock.now()))


def _list_named(tx: ReadTx, hashes: Sequence[bytes]) -> set[bytes]:
    return {bytes(one) for one in tx.values(select(blob.c.sha256).where(blob.c.sha256.in_(hashes)))}


def is_referred(tx: ReadTx, blob_id: int) -> bool:
    """Whether anything still needs these bytes."""
    return tx.value(_unreferenced().where(blob.c.id == bindparam("id")), {"id": blob_id}) is None


def _unreferenced() -> Select[Any]:
    return select(blob.c.id).where(*(~exists().where(one == blob.c.id) for one in _referring()))


@cache
def _referring() -> tuple[Column[Any], ...]:
    """The columns of all rooms that refer to a blob."""
    columns = (column for one in metadata.sorted_tables for column in one.c)
    return tuple(one for one in columns if any(key.column is blob.c.id for key in one.foreign_keys))
