"""The loop of what takes long with a mailing (freezing its list, trying its letters, leaving many out): one piece of
one job at a time, read and worked out outside of the unit that writes it, so that nobody who works beside it waits."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from time import monotonic
from typing import Any

from core import jobs
from core.database import Database, WriteTx
from core.errors import Conflict, HouseError
from core.log import get_log
from core.rounds import Rounds
from core.secrets import Keys
from mailhub.campaigns import again, checking, differing, omitting, recipients
from mailhub.campaigns.composing import compose_sample
from mailhub.campaigns.letters import Ready
from mailhub.campaigns.tables import mailing
from mailhub.outbound.identity import Stamp
from mailhub.routing.verdicts.rspamd import Rspamd, Weighed

LOOK_SECONDS = 20.0
JOBS = "mailing."
"""How the names of these jobs begin."""
log = get_log(__name__)


class Preparing(Rounds):
    """Works off jobs of mailings."""

    def __init__(
        self, database: Database, keys: Keys, stamp: Stamp, boot: str, *, explicit: bool, inside: bool, rspamd: str = ""
    ) -> None:
        """``explicit``: only people of whom a yes is on record may be written to; ``inside``: nothing that is sent
        leaves this machine; ``rspamd`` is the address of one that is asked about letters, '' for none."""
        super().__init__("mailings that are prepared", LOOK_SECONDS)
        self._database = database
        self._keys = keys
        self._stamp = stamp
        self._boot = boot
        self._explicit = explicit
        self._inside = inside
        self._rspamd = Rspamd(rspamd) if rspamd else None

    async def look(self) -> None:
        """All that waits, one job after the other."""
        while True:
            claimed: list[jobs.Job] = []
            for kind in (recipients.FREEZE_JOB, checking.CHECK_JOB, omitting.OMIT_JOB, again.RETRY_JOB):
                claimed = claimed or list(await self._database.work(jobs.claim, kind, self._boot, 1))
            if not claimed:
                return
            await self._do(claimed[0])

    async def _do(self, job: jobs.Job) -> None:
        try:
            if job.kind == recipients.FREEZE_JOB:
                await self._freeze(job)
            elif job.kind == checking.CHECK_JOB:
                await self._check(job)
            elif job.kind == omitting.OMIT_JOB:
                while await self._database.work(omitting.omit_part, job):
                    pass
            else:
                held: jobs.Job | None = job
                while held is not None:
                    held = await self._database.work(again.retry_part, held)
        except Conflict as problem:  # its lease was given to another
            log.warning("a mailing is prepared elsewhere", reason=str(problem))
        except HouseError as problem:
            await self._database.work(jobs.give_up, job, str(problem))

    async def _freeze(self, job: jobs.Job) -> None:
        """The next piece is found while the one before is written, and is so large as its writing may take."""
        held: jobs.Job | None = job
        while held is not None and held.payload["phase"] == "clear":
            job, held = held, await self._database.work(recipients.clear_part, held)
        if held is not None:
            pieces = Pieces(*(ALONE if self._database.is_sqlite else BESIDE))
            piece = await self._find(recipients.begin_piece(held), pieces.size)
            while held is not None and piece is not None:
                job = held
                (held, took), coming = await asyncio.gather(
                    self._database.work(_lay, held, piece), self._find(piece, pieces.size)
                )
                pieces.took(took, len(piece.rows))
                piece = coming
        await self._database.work(_end, held or job)

    async def _find(self, before: recipients.Piece, most: int) -> recipients.Piece | None:
        """The piece behind another; None behind the last."""
        if before.then.phase == "end":
            return None
        return await self._database.search(
            recipients.find_part, self._keys, before, most, self._explicit, self._stamp.epoch
        )

    async def _check(self, job: jobs.Job) -> None:
        held: jobs.Job | None = job
        first: Any = None
        ready, box = await self._database.read(checking.read_letters, job.payload["mailing_id"])
        while held is not None:
            job = held
            rows, met = await self._database.search(checking.read_part, held)
            if not rows:
                break
            first = first or rows[0]
            tried = await asyncio.to_thread(checking.try_part, ready, rows, box)
            held = await self._database.work(checking.record_part, held, tried, met)
        left, after = differing.Left([], 0, more=differing.has_lost(job.payload)), 0
        some: list[int] = []
        while left.more and len(some) < differing.SAMPLE:
            left = await self._database.search(differing.find_left, job.payload, after)
            some, after = [*some, *left.ids], left.after
        weighed = await self._weigh(ready, box, first) if first is not None else []
        await self._database.work(
            checking.end_check, job, some[: differing.SAMPLE], inside=self._inside, weighed=weighed
        )

    async def _weigh(self, ready: Mapping[str, Ready], box: Mapping[str, str], row: Any) -> list[Weighed | None]:
        """What the junk filter says of the letter in each language, as one of the list gets it; nothing without one."""
        if self._rspamd is None:
            return []
        return [await self._rspamd.weigh(compose_sample(one, box, row)) for one in ready.values()]


def _lay(tx: WriteTx, held: jobs.Job, piece: recipients.Piece) -> tuple[jobs.Job | None, float]:
    """Lay a piece, and how long others waited for it."""
    began = monotonic()
    return recipients.lay_part(tx, held, piece), monotonic() - began


ALONE, BESIDE = (0.015, 1000), (0.06, 1000)
"""Seconds and rows of a piece where everybody waits for the one writer, and where many write beside each other."""


class Pieces:
    """How large the pieces of a long work may be: as many rows as are written in so many seconds, a bit more each
    time."""

    LEAST, FIRST = 50, 200

    def __init__(self, seconds: float, most: int) -> None:
        self.size = self.FIRST
        self._seconds = seconds
        self._most = most

    def took(self, seconds: float, rows: int) -> None:
        """So many rows took so long."""
        if rows:
            fits = int(rows * self._seconds / max(seconds, 1e-6))
            self.size = max(self.LEAST, min(fits, self.size * 2, self._most))


def _end(tx: WriteTx, held: jobs.Job) -> None:
    if recipients.end_list(tx, held):
        checking.begin_check(tx, tx.get(mailing, held.payload["mailing_id"]))
