"""The loop in which older letters follow the addresses that contacts learn and lose."""

from __future__ import annotations

import asyncio

from core import jobs
from core.database import Database
from core.errors import Conflict, HouseError
from core.log import get_log
from crm.parties import ADDRESSES_MOVED
from mailhub.mailboxes.refiling import refile_part

SWEEP_SECONDS = 5.0
log = get_log(__name__)


class Refiling:
    """Runs until it is cancelled; ``wake`` makes it look at once."""

    def __init__(self, database: Database, boot: str) -> None:
        self._database = database
        self._boot = boot
        self._bell = asyncio.Event()

    def wake(self) -> None:
        """There may be something to do."""
        self._bell.set()

    async def run(self) -> None:
        """Do what waits, then sleep until woken or for a sweep."""
        while True:
            self._bell.clear()
            try:
                while await self.once():
                    pass
            except HouseError as problem:
                log.warning("letters wait to follow an address", reason=str(problem))
            try:
                async with asyncio.timeout(SWEEP_SECONDS):
                    await self._bell.wait()
            except TimeoutError:
                continue

    async def once(self) -> bool:
        """One part of one job. False when nothing waits."""
        claimed = await self._database.work(jobs.claim, ADDRESSES_MOVED, self._boot, 1)
        for job in claimed:
            try:
                await self._database.work(refile_part, job)
            except Conflict as problem:
                await self._database.work(jobs.give_up, job, str(problem))
        return bool(claimed)
