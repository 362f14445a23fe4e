"""The only way in: bytes, a row and a job, durable together.

Whoever takes a letter from a socket, a server or a file calls ``accept`` and says ``250``, moves its cursor or its
progress bar only after the transaction is committed. Understanding comes later.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import bindparam, select

from core import clock
from core.blobs import keep, keep_settled
from core.database import WriteTx
from core.jobs import enqueue
from mailhub.mailboxes.boxes import get_mailbox
from mailhub.mailboxes.messages import Direction
from mailhub.mailboxes.tables import incoming

PROCESS_JOB = "letter.process"
RESEND_WINDOW = 5 * clock.DAY
Source = Literal["smtp", "import", "imap"]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A letter at the door.

    ``trace`` is what stands beside the bytes: envelope, peer, the Received line. ``mailbox_ids`` are where it goes,
    each once. ``quiet`` letters (imports) cause no notices, no waiting and no automation. ``envelope`` makes resends
    of the same letter by the same client recognisable; None means that equal bytes are another letter. ``direction``
    is ``out`` for a letter of ours that was written elsewhere and found among the sent ones. ``settled`` is the SHA-256
    of bytes whose file is durable already (``BlobFiles.write_all``): they need no room in the database.
    """

    raw: bytes
    source: Source
    received_at: int
    mailbox_ids: Sequence[int]
    trace: dict[str, Any]
    envelope: tuple[str, ...] | None = None
    quiet: bool = False
    direction: Direction = "in"
    settled: bytes | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """The row of a letter at the door of one mailbox."""

    id: int
    mailbox_id: int
    blob_id: int
    arrival: Arrival


_RESENT = (
    select(incoming.c.id)
    .where(incoming.c.resend_key == bindparam("key"), incoming.c.received_at > bindparam("since"))
    .order_by(incoming.c.id)
)


def accept(tx: WriteTx, arrival: Arrival) -> int:
    """Take a letter in; after the commit it can be lost no more. Returns the number of its first row.

    A client that never saw our 250 sends again: the same envelope with the same bytes to the same mailboxes within five
    days is the same letter, answered alike and stored once (RFC 1047, RFC 5321 4.5.3.2.6).
    """
    key = _resend_key(arrival)
    resent = _find_resent(tx, key, arrival.received_at)
    if resent is not None:
        return resent
    entries = _enter(tx, arrival, key)
    for entry in entries:
        enqueue(tx, PROCESS_JOB, {"incoming_id": entry.id})
    return entries[0].id if entries else 0


def enter(tx: WriteTx, arrival: Arrival) -> list[Entry]:
    """``accept`` without jobs, for a caller who takes the letter on its journey in the same unit. Nothing is returned
    for a letter that is here already."""
    key = _resend_key(arrival)
    return _enter(tx, arrival, key) if _find_resent(tx, key, arrival.received_at) is None else []


def _enter(tx: WriteTx, arrival: Arrival, key: bytes | None) -> list[Entry]:
    settled = arrival.settled
    blob_id = keep(tx, arrival.raw) if settled is None else keep_settled(tx, settled, len(arrival.raw))
    entries = []
    for mailbox_id in arrival.mailbox_ids:
        box = get_mailbox(tx, mailbox_id)
        entry_id = tx.insert(
            incoming,
            blob_id=blob_id,
            mailbox_id=mailbox_id,
            scope_id=box.scope_id,
            source=arrival.source,
            direction=arrival.direction,
            trace=arrival.trace,
            received_at=arrival.received_at,
            resend_key=key,
            quiet=int(arrival.quiet),
        )
        entries.append(Entry(entry_id, mailbox_id, blob_id, arrival))
    return entries


def _find_resent(tx: WriteTx, key: bytes | None, received_at: int) -> int | None:
    if key is None:
        return None
    tx.lock_key("accept", key)
    found = tx.value(_RESENT, {"key": key, "since": received_at - RESEND_WINDOW})
    return None if found is None else int(found)


def _resend_key(arrival: Arrival) -> bytes | None:
    if arrival.envelope is None:
        return None
    digest = hashlib.sha256(arrival.settled or hashlib.sha256(arrival.raw).digest())
    for part in (*map(str, arrival.mailbox_ids), *arrival.envelope):
        digest.update(part.encode("utf-8", "surrogateescape") + b"\0")
    return digest.digest()
