"""Bytes that nothing refers to any more: found, looked at once more, and gone with their file.

What stops referring to a blob puts it in *doubt*; a slow walk over all blobs finds what nobody told of (a draft that
was thrown away, a unit that failed). A blob goes when it was in doubt for an hour and nothing refers to it then, in the
unit that deletes its row. Its file is first taken aside: whoever wants the same bytes at that moment either has touched
the file, and it is put back, or finds none and writes it anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from sqlalchemy import Column, Select, bindparam, delete, exists, select

from core import clock
from core.blobs import BlobFiles, blob, blob_doubt
from core.columns import metadata
from core.database import ReadTx, WriteTx

AT_REST = clock.HOUR
"""How long nothing may have wanted the bytes."""
WALKED = 2000


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


def let_go(tx: WriteTx, files: BlobFiles, most: int = 50) -> int:
    """Delete blobs that were in doubt for long enough and that nothing refers to, with their files. Returns how many
    were looked at."""
    due = blob_doubt.c.at < clock.now() - AT_REST
    ids = tx.values(select(blob_doubt.c.blob_id).where(due).order_by(blob_doubt.c.at).limit(most))
    for blob_id in ids:
        tx.lock(blob, blob_id)
        row = tx.row(_unreferenced().add_columns(blob.c.sha256).where(blob.c.id == blob_id, blob.c.content.is_(None)))
        if row is not None and not files.forget(row.sha256, AT_REST // clock.SECOND):
            continue
        tx.execute(delete(blob_doubt).where(blob_doubt.c.blob_id == blob_id))
        if row is not None:
            tx.execute(delete(blob).where(blob.c.id == blob_id))
    return len(ids)


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
