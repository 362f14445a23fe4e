"""The files of a document."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, delete, select

from core import clock
from core.blobs import keep_settled
from core.blobs.letting_go import doubt
from core.database import ReadTx, WriteTx
from core.errors import Invalid, NotFound, TooMuch
from crm.documents.shapes import File
from crm.documents.tables import document, document_file
from crm.staff.readable import Viewer, demand_somewhere

MOST_FILES = 50
_LONGEST = 200
_OF = select(document_file).where(document_file.c.document_id == bindparam("id")).order_by(document_file.c.id)


def add_file(
    tx: WriteTx, viewer: Viewer, document_id: int, name: str, content_type: str, content: tuple[bytes, int]
) -> File:
    """Lay a file beside a document; ``name`` is safe already, ``content`` the hash and size of bytes that are durable.
    Raises NotFound, Forbidden, Invalid, TooMuch."""
    demand_somewhere(viewer, "answer")
    tx.lock(document, document_id)
    tx.get(document, document_id)
    sha256, size = content
    if not size:
        raise Invalid("The file %(name)s is empty.", name=name[:_LONGEST], field="file")
    if len(list_files(tx, document_id)) >= MOST_FILES:
        raise TooMuch("A document has at most %(most)s files.", most=MOST_FILES)
    made = tx.insert(
        document_file,
        document_id=document_id,
        blob_id=keep_settled(tx, sha256, size),
        name=name,
        content_type=content_type,
        size=size,
        by_id=viewer.user_id,
        created_at=clock.now(),
    )
    return get_file(tx, document_id, made)


def list_files(tx: ReadTx, document_id: int) -> list[File]:
    """Those of a document, the first one first."""
    return [_file(row) for row in tx.rows(_OF, {"id": document_id})]


def get_file(tx: ReadTx, document_id: int, file_id: int) -> File:
    """Raises NotFound."""
    for one in list_files(tx, document_id):
        if one.id == file_id:
            return one
    raise NotFound("This document has no such file.")


def remove_file(tx: WriteTx, viewer: Viewer, document_id: int, file_id: int) -> None:
    """Take a file away again. Raises NotFound, Forbidden."""
    demand_somewhere(viewer, "answer")
    found = get_file(tx, document_id, file_id)
    tx.execute(delete(document_file).where(document_file.c.id == file_id))
    doubt(tx, [found.blob_id])


def _file(row: Any) -> File:
    return File(row.id, row.name, row.content_type, row.size, row.blob_id)
