"""Telling an account's server what happened here: letters read and answered, and copies of our answers.

Each errand is a connection of its own, with a short SELECT; the one that fetches is left alone. What cannot be told now
is told later; an account that is paused waits with it, and what was switched off meanwhile is let go.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import groupby

from core import jobs
from core.blobs import BlobFiles, find_content
from core.clock import MINUTE, now
from core.database import ReadTx, WriteTx
from core.errors import Conflict, HouseError, NotFound, Unavailable
from core.jobs import Job
from core.log import get_log
from core.rounds import rings
from mailhub.ingest.imap.errand import Errand, begin_errand
from mailhub.ingest.imap.session import Means
from mailhub.ingest.imap.trouble import Refused, Trouble
from mailhub.mailboxes.accounts import Account, get_account
from mailhub.mailboxes.owed_marks import COPY_JOB, MARK_JOB, SEEN, list_places, record_mark
from mailhub.mailboxes.placements import list_folders, list_placements
from mailhub.mailboxes.tables import message

AT_ONCE = 50
UIDS_AT_ONCE = 200
SWEEP_SECONDS = 5.0
LATER = 10 * MINUTE
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 300.0
log = get_log(__name__)


class WriteBack:
    """Runs until it is cancelled; ``wake`` makes it look at once. What nobody foresaw ends it neither: the errand is
    tried again later, and ``trouble`` says so until a round goes well."""

    def __init__(self, means: Means, files: BlobFiles) -> None:
        self._means = means
        self._files = files
        self._bell = asyncio.Event()
        self._faults = 0
        self.trouble: Unavailable | None = None

    def wake(self) -> None:
        """There may be something to tell."""
        self._bell.set()

    async def run(self) -> None:
        """Errands of different accounts go side by side, those of one account over one connection."""
        while True:
            self._bell.clear()
            try:
                busy = await self.work_off()
            except Unavailable as problem:
                log.warning("what is owed to accounts cannot be looked up now", reason=str(problem))
                busy = False
            except Exception as problem:  # noqa: BLE001 - a loop that ends tells no account anything any more
                self._note(problem)
                await asyncio.sleep(min(FIRST_PAUSE * 2 ** min(self._faults, 10), LONGEST_PAUSE))
                continue
            if not busy:
                await rings(self._bell, SWEEP_SECONDS)

    async def work_off(self) -> bool:
        """Do what is ready. False when there was nothing."""
        ready: list[Job] = []
        for kind in (MARK_JOB, COPY_JOB):
            ready += await self._means.database.work(jobs.claim, kind, self._means.boot, AT_ONCE)
        ready.sort(key=_account_of)
        errands = [self._errand(account_id, list(mine)) for account_id, mine in groupby(ready, _account_of)]
        before = self._faults
        ends = await asyncio.gather(*errands, return_exceptions=True)
        for problem in ends:
            if isinstance(problem, BaseException):
                raise problem
        if self._faults == before:
            self._faults, self.trouble = 0, None
        return bool(ready)

    def _note(self, problem: Exception) -> None:
        """A fault of our own: say so."""
        log.error("a fault in telling accounts what happened here", exc_info=problem)
        self._faults += 1
        self.trouble = Unavailable("A fault of our own: %(why)s. We go on trying.", why=type(problem).__name__)

    async def _errand(self, account_id: int, mine: list[Job]) -> None:
        database = self._means.database
        try:
            account = await database.read(get_account, account_id)
        except NotFound:
            await database.work(_finish_all, mine)
            return
        if account.paused:
            await database.work(_put_off, mine)
            return
        wanted = [job for job in mine if _is_wanted(account, job)]
        await database.work(_finish_all, [job for job in mine if job not in wanted])
        if not wanted:
            return
        try:
            errand = await begin_errand(self._means, account)
        except (Trouble, HouseError) as problem:
            await database.work(_give_up_all, wanted, str(problem))
            return
        try:
            for job in wanted:
                await self._do(errand, account, job)
        finally:
            await errand.log_out()

    async def _do(self, errand: Errand, account: Account, job: Job) -> None:
        try:
            if job.kind == MARK_JOB:
                await self._mark(errand, account, job)
            else:
                await self._copy(errand, account, job)
        except Conflict:
            log.info("another process tells this account", account=account.id)
        except (Trouble, HouseError) as problem:
            log.info("an account could not be told", account=account.id, kind=job.kind, reason=type(problem).__name__)
            await self._means.database.work(_give_up_all, [job], str(problem))
        except Exception as problem:  # noqa: BLE001 - one errand's fault is not the others'
            self._note(problem)
            await self._means.database.work(_give_up_all, [job], type(problem).__name__)

    async def _mark(self, errand: Errand, account: Account, job: Job) -> None:
        flag, ids = job.payload["flag"], job.payload["placements"]
        places = await self._means.database.read(list_places, account.id, ids)
        told: list[int] = []
        for wire, here in groupby(places, lambda row: row.wire):
            rows = list(here)
            validity = await errand.select(wire)
            # Under another UIDVALIDITY a UID is another letter: it is marked when the folder has been read anew.
            valid = [row for row in rows if row.uidvalidity == validity]
            for at in range(0, len(valid), UIDS_AT_ONCE):
                part = valid[at : at + UIDS_AT_ONCE]
                await errand.mark([row.uid for row in part], flag)
                told += [row.id for row in part]
        await self._means.database.work(_marked, job, told, flag)

    async def _copy(self, errand: Errand, account: Account, job: Job) -> None:
        message_id = job.payload["message_id"]
        sent, blob_id = await self._means.database.read(_find_sent, account.id, message_id)
        if sent is not None and blob_id is not None:
            try:
                await errand.append(sent, SEEN, await self._read(blob_id))
            except Refused:
                await errand.noop()  # a folder that takes nothing is no reason to lose the connection
                raise
        await self._means.database.work(jobs.finish, job)

    async def _read(self, blob_id: int) -> bytes:
        content, sha256 = await self._means.database.read(find_content, blob_id)
        return content if content is not None else await asyncio.to_thread(self._files.read, sha256)


def _account_of(job: Job) -> int:
    return int(job.payload["account_id"])


def _is_wanted(account: Account, job: Job) -> bool:
    if job.kind == COPY_JOB:
        return account.write_sent
    return account.write_seen if job.payload["flag"] == SEEN else account.write_answered


def _find_sent(tx: ReadTx, account_id: int, message_id: int) -> tuple[str | None, int | None]:
    """The folder for our answers and the bytes of this one; nothing when a copy lies there already, or no such folder
    is known."""
    folders = {one.id: one for one in list_folders(tx, account_id) if one.role == "sent" and one.gone_at is None}
    placed = any(one.folder_id in folders for one in list_placements(tx, message_id))
    if not folders or placed:
        return None, None
    return next(iter(folders.values())).wire, int(tx.get(message, message_id).blob_id)


def _finish_all(tx: WriteTx, done: Sequence[Job]) -> None:
    for job in done:
        jobs.finish(tx, job)


def _give_up_all(tx: WriteTx, failed: Sequence[Job], why: str) -> None:
    for job in failed:
        jobs.give_up(tx, job, why)


def _put_off(tx: WriteTx, waiting: Sequence[Job]) -> None:
    """The account is paused: nothing failed, so no try is counted."""
    for job in waiting:
        jobs.finish(tx, job)
        key = f"{COPY_JOB}:{job.payload['message_id']}" if job.kind == COPY_JOB else None
        jobs.enqueue(tx, job.kind, job.payload, run_at=now() + LATER, dedupe_key=key)


def _marked(tx: WriteTx, job: Job, placement_ids: Sequence[int], flag: str) -> None:
    jobs.finish(tx, job)
    if placement_ids:
        record_mark(tx, placement_ids, flag)
