"""The loop that turns durable bytes into letters in their threads.

Claim a batch of jobs → read the bytes → understand them in worker processes → one transaction, in which the journeys
run and the jobs end; when a letter fails there, one transaction for each. Two batches are under way at a time, so that
one is understood on another core while the other is stored. Letters about which the network is asked (who wrote them,
are they junk) wait aside for the answer and are stored each by itself.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Row, bindparam, select

from core import jobs
from core.blobs import BlobFiles, blob
from core.database import Database, ReadTx, WriteTx
from core.errors import Conflict, NotFound, Unavailable
from core.log import get_log
from core.rounds import rings
from mailhub.ingest.intake import PROCESS_JOB
from mailhub.letters.worker import Understood as Answer
from mailhub.mailboxes.continuing import NEW_AFTER
from mailhub.mailboxes.letters import Understood
from mailhub.mailboxes.tables import incoming
from mailhub.mailboxes.trust import Trust, find_trust
from mailhub.outbound.identity import Stamp
from mailhub.routing.aside import Aside
from mailhub.routing.quarantine import hold
from mailhub.routing.taking import StepFailed, as_understood, incoming_id, process_all
from mailhub.routing.verdicts import Examiner
from mailhub.routing.workers import WorkerFailed, Workers

BATCH = 32
BATCHES = 2
UNIT = 16  # letters in one transaction: people's writes wait for it
TURN_BYTES = 32 << 20
SWEEP_SECONDS = 5.0
ROUND_SECONDS = 30.0
SUSPICIOUS_DEATHS = 3  # in hand with others
DEADLY_DEATHS = 3  # in hand alone
_NOTHING = b"\r\n"
log = get_log(__name__)


@dataclass(frozen=True, slots=True)
class InHand:
    """A letter under way: its job, its bytes, and how it came."""

    job: jobs.Job
    raw: bytes
    source: str
    trace: dict[str, Any]
    asked: bool
    """False for what nobody is asked about: archives, and letters of our own."""
    trust: Trust
    """Whose word about its sender the account takes that brought it; nobody's for letters that came otherwise."""


class Processing:
    """Runs until it is cancelled; ``wake`` makes it look at once."""

    def __init__(
        self,
        database: Database,
        files: BlobFiles,
        workers: Workers,
        boot: str,
        stamp: Stamp | None = None,
        examiner: Examiner | None = None,
        new_after: int = NEW_AFTER,
    ) -> None:
        """``stamp`` is how this house signs what leaves it, so that what comes back is known; without an ``examiner``
        nobody is asked who wrote a letter; ``new_after`` is how long after its closing a thread is gone on with in a
        new one."""
        self._database = database
        self._files = files
        self._workers = workers
        self._boot = boot
        self._stamp = stamp
        self._examiner = examiner
        self._new_after = new_after
        self._bell = asyncio.Event()
        self._aside = Aside(self.wake)
        self.letters = 0

    def wake(self) -> None:
        """There may be something to do."""
        self._bell.set()

    async def run(self) -> None:
        """Process what waits, then sleep until woken or for a sweep."""
        try:
            # Nothing is in hand, and to blame for anything, while the readers come up.
            await self._workers.understand([_NOTHING] * self._workers.count)
            await self._run()
        finally:
            await self._aside.stop()

    async def _run(self) -> None:
        left_in_hand = False
        while True:
            self._bell.clear()
            try:
                self._aside.raise_problem()
                if left_in_hand:
                    await self._aside.finish()
                    await self._database.work(jobs.give_back, PROCESS_JOB, self._boot)
                    left_in_hand = False
                await self._database.work(_hold_the_dead)
                while await self._suspect():
                    pass
                async with asyncio.TaskGroup() as group:
                    for _ in range(BATCHES):
                        group.create_task(self._until_empty())
            except* Unavailable as problems:
                # What was claimed when the disk was full or the database away could not even be given up.
                left_in_hand = True
                log.warning("processing waits", reason=str(problems.exceptions[0]))
                await asyncio.sleep(1)
            await rings(self._bell, SWEEP_SECONDS)

    async def _until_empty(self) -> None:
        until = time.monotonic() + ROUND_SECONDS
        while await self.once():
            if time.monotonic() > until:
                self.wake()  # a suspect may wait that another process left behind
                return

    async def _suspect(self) -> int:
        """A letter that was in hand at several deaths of a server goes alone, with no other under way: so only the one
        that does it is ever held to blame."""
        suspects = await self._database.work(
            lambda tx: jobs.claim(tx, PROCESS_JOB, self._boot, 1, least_deaths=SUSPICIOUS_DEATHS)
        )
        if suspects:
            await self._aside.finish()
            await self._process(suspects)
            await self._aside.finish()
        return len(suspects)

    async def once(self) -> int:
        """Process one batch and say how many letters it had; ``finish`` waits for those that wait aside."""
        batch = await self._database.work(
            lambda tx: jobs.claim(tx, PROCESS_JOB, self._boot, BATCH, most_deaths=SUSPICIOUS_DEATHS - 1)
        )
        await self._process(batch)
        return len(batch)

    async def _process(self, batch: list[jobs.Job]) -> None:
        sizes = await self._database.read(_find_sizes, [incoming_id(job) for job in batch])
        for turn in _turns(batch, sizes):
            read = await self._read(turn)
            answers = await self._workers.understand([one.raw for one in read])
            at_once: list[tuple[jobs.Job, Understood]] = []
            for one, answer in zip(read, answers, strict=True):
                if isinstance(answer, WorkerFailed):
                    await self._hold(one.job, "parse", str(answer))
                elif self._wants(one):
                    await self._aside.put(self._examine(one, answer), len(one.raw))
                else:
                    at_once.append((one.job, self._understood(one, answer)))
            await self._store(at_once)
        self.letters += len(batch)

    async def finish(self) -> None:
        """Wait until no letter waits aside."""
        await self._aside.finish()
        self._aside.raise_problem()

    def _wants(self, one: InHand) -> bool:
        return (
            self._examiner is not None and one.asked and self._examiner.wants(one.source, one.trace, one.raw, one.trust)
        )

    def _understood(self, one: InHand, answer: Answer) -> Understood:
        if self._examiner is None or not one.asked:
            return as_understood(answer)
        junk = self._examiner.is_called_junk(one.source, one.trace, answer.parsed)
        return replace(as_understood(answer), junk=junk)

    async def _examine(self, one: InHand, answer: Answer) -> None:
        assert self._examiner is not None
        found = await self._examiner.examine(one.raw, answer.parsed, one.source, one.trace, one.trust)
        await self._store_alone(one.job, replace(as_understood(answer), verdicts=found.verdicts, junk=found.junk))

    async def _read(self, turn: list[jobs.Job]) -> list[InHand]:
        """The bytes of a turn, in one go: from the rows that still have them, else from the files.

        A letter whose file is missing goes to quarantine.
        """
        found, trusts = await self._database.read(_find_bytes, [incoming_id(job) for job in turn])
        settled = [row.sha256 for row in found.values() if row.content is None]
        files = await asyncio.to_thread(self._read_files, settled) if settled else {}
        read: list[InHand] = []
        for job in turn:
            row = found[incoming_id(job)]
            raw = files[row.sha256] if row.content is None else row.content
            if isinstance(raw, NotFound):
                await self._hold(job, "read", str(raw))
            else:
                asked = not row.quiet and row.direction == "in"
                trust = trusts.get(row.trace.get("account"), Trust()) if asked else Trust()
                read.append(InHand(job, raw, row.source, row.trace, asked, trust))
        return read

    def _read_files(self, hashes: list[bytes]) -> dict[bytes, bytes | NotFound]:
        files: dict[bytes, bytes | NotFound] = {}
        for sha256 in hashes:
            try:
                files[sha256] = self._files.read(sha256)
            except NotFound as missing:
                files[sha256] = missing
        return files

    async def _store(self, understood: Sequence[tuple[jobs.Job, Understood]]) -> None:
        """In units of a few; when something fails in one, one by one, so that it stops nobody else."""
        units = [understood[begin : begin + UNIT] for begin in range(0, len(understood), UNIT)]
        if self._database.is_sqlite:
            await asyncio.gather(*(self._store_together(unit) for unit in units))  # one writer, and one commit for all
        else:
            for unit in units:  # side by side they would only wait for each other, and lose their order
                await self._store_together(unit)

    async def _store_together(self, understood: Sequence[tuple[jobs.Job, Understood]]) -> None:
        if len(understood) > 1:
            try:
                await self._database.work(process_all, understood, self._stamp, self._new_after)
            except Exception as problem:  # noqa: BLE001 - whose it is will be seen when each goes alone
                log.info("letters are taken one by one", letters=len(understood), reason=str(problem))
            else:
                return
        await asyncio.gather(*(self._store_alone(job, one) for job, one in understood))

    async def _store_alone(self, job: jobs.Job, understood: Understood) -> None:
        try:
            await self._database.work(process_all, [(job, understood)], self._stamp, self._new_after)
        except StepFailed as problem:
            log.error("a step of the journey failed", step=problem.step, incoming=incoming_id(job), exc_info=problem)
            await self._hold(job, problem.step, str(problem))
        except (Unavailable, Conflict) as problem:
            await self._database.work(jobs.give_up, job, str(problem))
        except Exception as problem:
            log.error("a letter could not be stored", incoming=incoming_id(job), exc_info=problem)
            await self._hold(job, "store", f"{type(problem).__name__}: {problem}")

    async def _hold(self, job: jobs.Job, step: str, error: str) -> None:
        await self._database.work(_hold_and_finish, job, step, error)


def _hold_and_finish(tx: WriteTx, job: jobs.Job, step: str, error: str) -> None:
    hold(tx, incoming_id(job), step, error)
    jobs.finish(tx, job)


def _hold_the_dead(tx: WriteTx) -> None:
    """Letters whose job failed too often, or was alone in hand whenever a server died, wait in quarantine for a
    person."""
    for dead in jobs.take_dead(tx, PROCESS_JOB, lone_deaths=DEADLY_DEATHS):
        hold(tx, int(dead.payload["incoming_id"]), "store", dead.error)


def _turns(batch: Sequence[jobs.Job], sizes: dict[int, int]) -> Iterator[list[jobs.Job]]:
    """Cut a batch so that at most about ``TURN_BYTES`` of letters are in memory for it at a time."""
    turn: list[jobs.Job] = []
    held = 0
    for job in batch:
        size = sizes[incoming_id(job)]
        if turn and held + size > TURN_BYTES:
            yield turn
            turn, held = [], 0
        turn.append(job)
        held += size
    if turn:
        yield turn


_SIZES = (
    select(incoming.c.id, blob.c.size)
    .join(blob, blob.c.id == incoming.c.blob_id)
    .where(incoming.c.id.in_(bindparam("ids", expanding=True)))
)
_BYTES = (
    select(
        incoming.c.id,
        incoming.c.source,
        incoming.c.direction,
        incoming.c.quiet,
        incoming.c.trace,
        blob.c.content,
        blob.c.sha256,
    )
    .join(blob, blob.c.id == incoming.c.blob_id)
    .where(incoming.c.id.in_(bindparam("ids", expanding=True)))
)


def _find_sizes(tx: ReadTx, incoming_ids: list[int]) -> dict[int, int]:
    return {row.id: row.size for row in tx.rows(_SIZES, {"ids": incoming_ids})}


def _find_bytes(tx: ReadTx, incoming_ids: list[int]) -> tuple[dict[int, Row[Any]], dict[int, Trust]]:
    """The rows, and whom the accounts trust that brought them."""
    rows = {row.id: row for row in tx.rows(_BYTES, {"ids": incoming_ids})}
    accounts = {row.trace["account"] for row in rows.values() if row.source == "imap" and not row.quiet}
    return rows, {account_id: find_trust(tx, account_id) for account_id in sorted(accounts)}
