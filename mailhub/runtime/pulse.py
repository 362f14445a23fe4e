"""What every process does as long as it lives: it says that it does, and sweeps away what is old."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from core import changes, jobs, limits, once
from core.database import Database, WriteTx
from core.errors import Conflict, HouseError
from core.log import get_log
from crm.staff import ceremonies, sessions
from crm.transfer.forgetting import sweep_rows
from mailhub.campaigns.joining import sweep_sign_ups
from mailhub.campaigns.pictures import sweep_pictures
from mailhub.campaigns.visits import sweep_visits
from mailhub.ingest.intake import sweep_arrivals
from mailhub.mailboxes.notices import sweep_notices
from mailhub.outbound.drafts import sweep_drafts
from mailhub.outbound.pacing import sweep_paces

BEAT_SECONDS = 5.0
SWEEP_SECONDS = 60.0
SWEEPS: tuple[Callable[[WriteTx], int], ...] = (
    limits.sweep,
    once.sweep,
    sessions.sweep,
    ceremonies.sweep,
    changes.sweep,
    sweep_drafts,
    sweep_notices,
    sweep_rows,
    sweep_sign_ups,
    sweep_pictures,
    sweep_paces,
)
log = get_log(__name__)


async def beat(database: Database, boot: str) -> None:
    """Renew the leases of this process for ever. Raises Conflict when it was silent too long and they are others'."""
    while True:
        await asyncio.sleep(BEAT_SECONDS)
        try:
            alive = await database.write(jobs.beat, boot)
        except HouseError as problem:
            log.warning("the heartbeat could not be written", reason=str(problem))
            continue
        if not alive:
            raise Conflict("This process was silent too long and its work was given to others. Start it again.")


async def sweep(database: Database, keep_arrivals: int, keep_visits: int) -> None:
    """Take away what nobody needs any more, for ever; ``keep_arrivals`` days of how letters came are kept, and
    ``keep_visits`` days of single openings and clicks of mailings."""
    while True:
        await asyncio.sleep(SWEEP_SECONDS)
        try:
            for one in SWEEPS:
                await database.work(one)
            await database.work(sweep_arrivals, keep_arrivals)
            await database.work(sweep_visits, keep_visits)
        except HouseError as problem:
            log.warning("old rows could not be swept away", reason=str(problem))
