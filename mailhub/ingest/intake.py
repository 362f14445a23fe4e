"""The only way in: bytes, a row and a job, durable together.

Whoever takes a letter from a socket, a server or a file calls ``accept`` and says ``250``, moves its cursor or its
progress bar only after the transaction is committed. Understanding comes later.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from sqlalchemy import bindparam, delete, select

from core import clock
from core.blobs import blob, keep, keep_all_settled, keep_settled
from core.database import WriteTx
from core.jobs import enqueue
from mailhub.mailboxes.boxes import Mailbox, get_mailbox
from mailhub.mailboxes.messages import Direction
from mailhub.mailboxes.tables import incoming

PROCESS_JOB = "letter.process"
RESEND_WINDOW = 5 * clock.DAY
MOST_SWEPT = 500
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
_ALL_RESENT = select(incoming.c.resend_key, incoming.c.received_at).where(
    incoming.c.resend_key.in_(bindparam("keys", expanding=True))
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
    settled = arrival.settled
    blob_id = keep(tx, arrival.raw) if settled is None else keep_settled(tx, settled, len(arrival.raw))
    entries = _enter(tx, arrival, key, blob_id, partial(get_mailbox, tx))
    for entry in entries:
        enqueue(tx, PROCESS_JOB, {"incoming_id": entry.id})
    return entries[0].id if entries else 0


def enter_all(tx: WriteTx, arrivals: Sequence[Arrival], get_box: Callable[[int], Mailbox]) -> list[list[Entry]]:
    """``accept`` without jobs, for a caller who takes letters on their journeys in the same unit: for each, in their
    order, its rows, none for one that is here already. Their bytes are files (``Arrival.settled``)."""
    keys = [_resend_key(arrival) for arrival in arrivals]
    asked = [key for key in keys if key is not None]
    tx.lock_keys(("accept", key) for key in asked)
    times: dict[bytes, list[int]] = defaultdict(list)
    for row in tx.rows(_ALL_RESENT, {"keys": asked}) if asked else ():
        times[row.resend_key].append(row.received_at)
    new: list[tuple[Arrival, bytes | None] | None] = []
    for arrival, key in zip(arrivals, keys, strict=True):
        known = key is not None and any(at > arrival.received_at - RESEND_WINDOW for at in times[key])
        new.append(None if known else (arrival, key))
        if key is not None and not known:
            times[key].append(arrival.received_at)
    blobs = keep_all_settled(tx, {one.settled: len(one.raw) for one, _ in filter(None, new) if one.settled})
    return [_enter(tx, *one, blobs[one[0].settled or b""], get_box) if one else [] for one in new]


def _enter(
    tx: WriteTx, arrival: Arrival, key: bytes | None, blob_id: int, get_box: Callable[[int], Mailbox]
) -> list[Entry]:
    entries = []
    for mailbox_id in arrival.mailbox_ids:
        entry_id = tx.insert(
            incoming,
            blob_id=blob_id,
            mailbox_id=mailbox_id,
            scope_id=get_box(mailbox_id).scope_id,
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


def sweep_arrivals(tx: WriteTx, days: int) -> int:
    """Forget how letters came that are in their threads for so many days; some of them at a time. Returns how many.

    What waits and what is in quarantine stays, and so do the letters and their bytes."""
    first = select(incoming.c.id, incoming.c.blob_id).where(incoming.c.state == "done").order_by(incoming.c.id)
    oldest = first.limit(MOST_SWEPT).subquery()
    # The date of an arrival is that of its letter where it came out of an archive: the bytes know when they came.
    over = select(oldest.c.id).join(blob, blob.c.id == oldest.c.blob_id)
    ids = tx.values(over.where(blob.c.created_at < clock.now() - days * clock.DAY))
    return tx.execute(delete(incoming).where(incoming.c.id.in_(ids))) if ids else 0
