"""The loop that turns durable bytes into letters in their threads.

Claim a batch of jobs → read the bytes → understand them in worker processes → one transaction a letter, in which the
journey runs and the job ends. The transactions of a batch share one commit on SQLite.
"""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from core import jobs
from core.blobs import BlobFiles, find_content
from core.database import Database, ReadTx, WriteTx
from core.errors import Conflict, Unavailable
from core.fulltext.index import Words
from core.log import get_log
from mailhub.ingest.intake import PROCESS_JOB
from mailhub.letters.values import ParsedLetter
from mailhub.mailboxes.boxes import get_mailbox
from mailhub.mailboxes.handling import file_thread
from mailhub.mailboxes.letters import Understood
from mailhub.mailboxes.tables import incoming
from mailhub.routing.journey import Passage, travel
from mailhub.routing.quarantine import hold
from mailhub.routing.workers import WorkerFailed, Workers

BATCH = 64
BATCH_BYTES = 32 << 20
SWEEP_SECONDS = 5.0
DEADLY_TRIES = 3
log = get_log(__name__)


class StepFailed(Exception):
    """A step of the journey failed in a way nobody foresaw."""

    def __init__(self, step: str, problem: Exception) -> None:
        super().__init__(f"{type(problem).__name__}: {problem}")
        self.step = step


class Processing:
    """Runs until it is cancelled; ``wake`` makes it look at once."""

    def __init__(self, database: Database, files: BlobFiles, workers: Workers, boot: str) -> None:
        self._database = database
        self._files = files
        self._workers = workers
        self._boot = boot
        self._bell = asyncio.Event()
        self.letters = 0

    def wake(self) -> None:
        """There may be something to do."""
        self._bell.set()

    async def run(self) -> None:
        """Process what waits, then sleep until woken or for a sweep."""
        while True:
            self._bell.clear()
            try:
                while await self.once():
                    pass
            except Unavailable as problem:
                log.warning("processing waits", reason=problem.sentence)
                await asyncio.sleep(1)
            try:
                await asyncio.wait_for(self._bell.wait(), SWEEP_SECONDS)
            except TimeoutError:
                continue

    async def once(self) -> int:
        """Process one batch and say how many letters it had."""
        batch = await self._database.work(jobs.claim, PROCESS_JOB, self._boot, BATCH)
        await asyncio.gather(*(self._one(job) for job in batch))
        self.letters += len(batch)
        return len(batch)

    async def _one(self, job: jobs.Job) -> None:
        incoming_id = int(job.payload["incoming_id"])
        try:
            if job.tries > DEADLY_TRIES:
                raise WorkerFailed("The server ended several times while it worked on this letter.")
            raw = await self._read(incoming_id)
            answer = await self._workers.understand(raw)
            words = Words(answer.subject, answer.people, answer.body)
            await self._database.work(process, job, answer.parsed, words)
        except WorkerFailed as problem:
            await self._hold(job, incoming_id, "parse", str(problem))
        except StepFailed as problem:
            log.error("a step of the journey failed", step=problem.step, incoming=incoming_id, exc_info=problem)
            await self._hold(job, incoming_id, problem.step, str(problem))
        except (Unavailable, Conflict) as problem:
            if await self._database.work(jobs.give_up, job, str(problem)):
                await self._database.work(hold, incoming_id, "store", str(problem))
        except Exception as problem:
            log.error("a letter could not be stored", incoming=incoming_id, exc_info=problem)
            await self._hold(job, incoming_id, "store", f"{type(problem).__name__}: {problem}")

    async def _hold(self, job: jobs.Job, incoming_id: int, step: str, error: str) -> None:
        await self._database.work(_hold_and_finish, job, incoming_id, step, error)

    async def _read(self, incoming_id: int) -> bytes:
        content, sha256 = await self._database.read(_find_bytes, incoming_id)
        return await asyncio.to_thread(self._files.read, sha256) if content is None else content


def process(tx: WriteTx, job: jobs.Job, parsed: ParsedLetter, words: Words) -> None:
    """One letter through its journey, and its job done, in one transaction. Raises StepFailed."""
    row = tx.get(incoming, int(job.payload["incoming_id"]))
    if row.state == "waiting":
        passage = Passage(
            incoming_id=row.id,
            blob_id=row.blob_id,
            box=get_mailbox(tx, row.mailbox_id),
            understood=Understood(parsed, words),
            trace=row.trace,
            received_at=row.received_at,
            quiet=bool(row.quiet),
        )
        try:
            message_id = travel(tx, passage)
            _file_by_hand(tx, passage.thread_id, job.payload.get("by_hand"))
        except (Unavailable, Conflict, SQLAlchemyError):
            raise  # the database's business: run again, now or later
        except Exception as problem:
            raise StepFailed(passage.step, problem) from problem
        tx.change(incoming, row.id, state="done", message_id=message_id, error="", step="")
    jobs.finish(tx, job)


def _file_by_hand(tx: WriteTx, thread_id: int, by_hand: dict[str, Any] | None) -> None:
    """What a person decided when they filed the letter out of quarantine."""
    if by_hand and thread_id:
        file_thread(tx, thread_id, int(by_hand["counterparty_id"]), None)


def _hold_and_finish(tx: WriteTx, job: jobs.Job, incoming_id: int, step: str, error: str) -> None:
    hold(tx, incoming_id, step, error)
    jobs.finish(tx, job)


def _find_bytes(tx: ReadTx, incoming_id: int) -> tuple[bytes | None, bytes]:
    blob_id = tx.value(select(incoming.c.blob_id).where(incoming.c.id == incoming_id))
    return find_content(tx, int(blob_id))
