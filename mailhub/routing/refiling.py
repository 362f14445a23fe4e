"""The loop in which older letters follow the addresses that contacts learn and lose."""

from __future__ import annotations

from core import jobs
from core.database import Database
from core.errors import Conflict
from core.rounds import Rounds
from crm.parties import ADDRESSES_MOVED
from mailhub.mailboxes.refiling import refile_part

SWEEP_SECONDS = 5.0


class Refiling(Rounds):
    """Refiles what waits."""

    def __init__(self, database: Database, boot: str) -> None:
        super().__init__("letters that follow an address", SWEEP_SECONDS)
        self._database = database
        self._boot = boot

    async def look(self) -> None:
        """All that waits."""
        while await self.once():
            pass

    async def once(self) -> bool:
        """One part of one job. False when nothing waits."""
        claimed = await self._database.work(jobs.claim, ADDRESSES_MOVED, self._boot, 1)
        for job in claimed:
            try:
                await self._database.work(refile_part, job)
            except Conflict as problem:
                await self._database.work(jobs.give_up, job, str(problem))
        return bool(claimed)
