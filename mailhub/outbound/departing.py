"""The loop of planned letters: those whose moment has come are composed outside of every transaction, and leave."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from zoneinfo import ZoneInfo

from core import clock
from core.blobs import BlobFiles
from core.database import Database
from core.errors import Conflict, HouseError, NotFound, Unavailable
from core.log import get_log
from core.rounds import Rounds
from mailhub.outbound import scheduling
from mailhub.outbound.identity import Stamp
from mailhub.outbound.planning import write_down
from mailhub.outbound.posting import draft_post, draw_post, read_files

WAIT_SECONDS = 60.0
LONGEST_SLEEP = 20.0
"""Seconds: clocks jump, and other processes plan letters too."""
OUR_FAULT = "A fault of our own stopped it. Look at it and send it again."
log = get_log(__name__)


class Departing(Rounds):
    """Lets planned letters leave."""

    def __init__(self, database: Database, files: BlobFiles, stamp: Stamp, zone: ZoneInfo) -> None:
        """``zone`` is in which quoted letters are dated."""
        super().__init__("planned letters", LONGEST_SLEEP)
        self._database = database
        self._files = files
        self._stamp = stamp
        self._zone = zone
        self._waiting: dict[int, float] = {}

    async def look(self) -> float:
        """Let go of what is due; says for how many seconds nothing else is. One that cannot leave now (the disk, the
        keys) waits a minute and keeps none of the others. Raises Unavailable."""
        now = time.monotonic()
        self._waiting = {draft_id: until for draft_id, until in self._waiting.items() if until > now}
        due, coming = await self._database.read(scheduling.list_due, list(self._waiting))
        for draft_id in due:
            await self._let_go(draft_id)
        return LONGEST_SLEEP if coming is None else min(max((coming - clock.now()) / clock.SECOND, 0.05), LONGEST_SLEEP)

    async def _let_go(self, draft_id: int) -> None:
        tried: int | None = None
        try:
            due = await self._database.read(scheduling.find_due, draft_id)
            tried = due.draft.version
            await self._leave(due)
        except Unavailable as problem:
            log.warning("a planned letter waits", draft=draft_id, reason=str(problem))
            self._waiting[draft_id] = time.monotonic() + WAIT_SECONDS
        except Conflict as problem:
            if "version" not in problem.fields:  # else somebody was quicker: it is looked at again
                await self._stop(draft_id, tried, problem)
        except HouseError as problem:
            await self._stop(draft_id, tried, problem)
        except Exception as problem:
            log.error("a fault in a planned letter", draft=draft_id, exc_info=problem)
            await self._stop(draft_id, tried, Unavailable(OUR_FAULT))

    async def _leave(self, due: scheduling.Due) -> None:
        """Raises what ``post`` raises."""
        wanted = await self._database.read(draft_post, due.viewer, self._zone, due.draft)
        files = await asyncio.to_thread(read_files, self._database, self._files, due.draft.html, due.draft.files)
        wanted = replace(wanted, answer=replace(wanted.answer, files=files))
        fields = await self._database.read(draw_post, due.viewer, self._stamp, wanted)
        written = await asyncio.to_thread(write_down, fields, self._files)
        await self._database.work(scheduling.leave, self._stamp, due, wanted, written)

    async def _stop(self, draft_id: int, tried: int | None, problem: HouseError) -> None:
        """Nothing happens when it has left or was changed meanwhile."""
        try:
            stopped = await self._database.work(scheduling.stop, draft_id, scheduling.FAILED, problem, version=tried)
        except NotFound:
            return  # it was thrown away
        except HouseError as again:  # it is looked at again
            log.warning("a planned letter could not be stopped", draft=draft_id, reason=str(again))
            self._waiting[draft_id] = time.monotonic() + WAIT_SECONDS
            return
        if stopped:
            log.warning("a planned letter did not leave", draft=draft_id, reason=problem.code)
        elif not isinstance(problem, NotFound):
            log.info("a planned letter was taken off its moment", draft=draft_id)
