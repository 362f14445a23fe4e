"""The loop in which indexes over values follow what rules ask for."""

from __future__ import annotations

from core import jobs
from core.database import Database
from core.rounds import Rounds
from crm.attributes.indexes import INDEX_JOB, list_wanted_indexes

SWEEP_SECONDS = 60.0


class Laying(Rounds):
    """Makes and drops them, one at a time. A process that ends in the middle leaves the job to the next one."""

    def __init__(self, database: Database, boot: str) -> None:
        super().__init__("indexes over fields", SWEEP_SECONDS)
        self._database = database
        self._boot = boot

    async def look(self) -> None:
        """All that waits."""
        for job in await self._database.work(jobs.claim, INDEX_JOB, self._boot, 1):
            try:
                for index in await self._database.read(list_wanted_indexes):
                    await self._database.lay_index(index)
                await self._database.work(jobs.finish, job)
            except Exception as problem:
                await self._database.work(jobs.give_up, job, str(problem))
                raise
