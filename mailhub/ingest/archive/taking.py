"""Pieces of an archive in batches, and as letters at the door."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import func, select

from core import clock
from core.database import ReadTx
from mailhub.ingest.archive.pieces import Piece
from mailhub.ingest.intake import Arrival
from mailhub.mailboxes.tables import incoming

BATCH = 64
BATCH_BYTES = 8 << 20


def batches(pieces: Iterator[Piece], most: int = BATCH) -> Iterator[list[Piece]]:
    """Up to ``most`` pieces or a little over ``BATCH_BYTES`` at a time."""
    batch: list[Piece] = []
    size = 0
    for piece in pieces:
        batch.append(piece)
        size += len(piece.raw)
        if len(batch) >= most or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def newest_row(tx: ReadTx) -> int:
    """The number of the newest row at the door: higher ones came later."""
    return int(tx.value(select(func.max(incoming.c.id))) or 0)


def arrival_of(piece: Piece, mailbox_id: int, settled: bytes | None = None, import_id: int | None = None) -> Arrival:
    """A piece as a letter at the door. ``settled`` is the hash of its bytes when their file is durable,
    ``import_id`` the import that brings it."""
    now = clock.now()
    trace: dict[str, Any] = {"archive": piece.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")}
    if piece.flags:
        trace["flags"] = piece.flags
    if import_id is not None:
        trace["import"] = import_id
    return Arrival(
        raw=piece.raw,
        source="import",
        received_at=now if piece.dated_at is None else min(piece.dated_at, now),
        mailbox_ids=[mailbox_id],
        trace=trace,
        envelope=("import", str(mailbox_id)),
        quiet=True,
        settled=settled,
    )
