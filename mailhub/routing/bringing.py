"""Letters of an archive on their way in: kept as files, understood, taken on their journeys, a batch at a time.

The archive itself is durable, so its letters need neither a room for their bytes in the database nor a job: what an
interrupted run did not commit is read from the archive again. Batches are prepared side by side (files in a thread,
understanding in the workers) and stored one after the other, each in one transaction in the lane of work, where people
and live mail go first.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.blobs import BlobFiles
from core.database import Database, WriteTx
from core.errors import Unavailable
from core.log import get_log
from mailhub.ingest.archive import Piece, arrival_of
from mailhub.ingest.intake import Arrival
from mailhub.mailboxes.letters import Understood
from mailhub.routing.taking import Fault, StepFailed, as_understood, bring_in
from mailhub.routing.workers import WorkerFailed, Workers

FRESH_SECONDS = 600.0
log = get_log(__name__)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A batch whose bytes are durable and understood; ``pieces`` are all of it, faulty ones too."""

    pieces: Sequence[Piece]
    letters: Sequence[tuple[Arrival, Understood | Fault]]
    at: float
    """When its files were written or seen last, by the monotonic clock."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of a batch: how many letters were not here yet, and how many were held in quarantine."""

    new: int
    held: int


Note = Callable[[WriteTx, Stored], None]


class Bringing:
    """The way of an archive into one mailbox."""

    def __init__(
        self, database: Database, files: BlobFiles, workers: Workers, mailbox_id: int, import_id: int | None = None
    ) -> None:
        self._database = database
        self._files = files
        self._workers = workers
        self._mailbox_id = mailbox_id
        self._import_id = import_id

    async def prepare(self, pieces: Sequence[Piece]) -> Prepared:
        """Keep the bytes and understand them. Raises Unavailable when the disk is full."""
        began = time.monotonic()
        good = [piece for piece in pieces if not piece.fault]
        raws = [piece.raw for piece in good]
        hashes, answers = await asyncio.gather(asyncio.to_thread(self._keep, raws), self._workers.understand(raws))
        letters = [
            (
                arrival_of(piece, self._mailbox_id, settled, self._import_id),
                Fault("parse", str(answer)) if isinstance(answer, WorkerFailed) else as_understood(answer),
            )
            for piece, settled, answer in zip(good, hashes, answers, strict=True)
        ]
        return Prepared(pieces, letters, began)

    async def store(self, prepared: Prepared, note: Note | None = None) -> Stored:
        """Take the letters on their journeys; one that fails there goes to quarantine. ``note`` writes down what became
        of them in the transaction that ends the batch. Raises Unavailable when the database cannot write: nothing of
        the batch counts as taken then."""
        if time.monotonic() - prepared.at > FRESH_SECONDS:  # files that nothing referred to since may have gone
            await asyncio.to_thread(self._keep, [arrival.raw for arrival, _ in prepared.letters])
        try:
            return await self._database.work(_bring, prepared.letters, note)
        except Unavailable:
            raise
        except Exception as problem:  # noqa: BLE001 - whose it is will be seen when each goes alone
            log.info("letters are taken one by one", letters=len(prepared.letters), reason=str(problem))
        alone = [await self._store_alone(arrival, found) for arrival, found in prepared.letters]
        stored = Stored(sum(one.new for one in alone), sum(one.held for one in alone))
        if note is not None:
            await self._database.work(note, stored)
        return stored

    async def _store_alone(self, arrival: Arrival, found: Understood | Fault) -> Stored:
        try:
            return await self._database.work(_bring, [(arrival, found)], None)
        except Unavailable:
            raise
        except Exception as problem:
            log.error("a letter of an archive could not be stored", trace=arrival.trace, exc_info=problem)
            failed = problem if isinstance(problem, StepFailed) else None
            fault = Fault(failed.step if failed else "store", str(failed or f"{type(problem).__name__}: {problem}"))
        return await self._database.work(_bring, [(arrival, fault)], None)

    def _keep(self, raws: Sequence[bytes]) -> list[bytes]:
        hashes = [hashlib.sha256(raw).digest() for raw in raws]
        self._files.write_all(zip(hashes, raws, strict=True))
        return hashes


def _bring(tx: WriteTx, letters: Sequence[tuple[Arrival, Understood | Fault]], note: Note | None) -> Stored:
    stored = Stored(bring_in(tx, letters), sum(isinstance(found, Fault) for _, found in letters))
    if note is not None:
        note(tx, stored)
    return stored
