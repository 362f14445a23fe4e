"""The loop of segments: who is in one follows within a second of what happened."""

from __future__ import annotations

import asyncio
import time

from core import changes, clock
from core.database import Database, WriteTx
from crm.interactions import record_letter
from crm.parties import add_counterparty
from crm.segments import add_segment, get_segment
from mailhub.routing.grouping import Grouping
from tests.crm.test_segments import make_viewer

PROMISED_SECONDS = 1.0


def test_segments_follow_within_a_second(database: Database) -> None:
    def lay(tx: WriteTx) -> tuple[int, int, int]:
        viewer = make_viewer(tx)
        wrote = {"field": "letters.last_in", "op": "within_days", "value": 30}
        segment_id = add_segment(tx, viewer, "Write to us", "counterparties", rule=wrote)
        (scope_id,) = viewer.full
        return add_counterparty(tx, "Client"), scope_id, segment_id

    asyncio.run(_follow(database, *database.write_now(lay)))


async def _follow(database: Database, client: int, scope_id: int, segment_id: int) -> None:
    loop, grouping = asyncio.get_running_loop(), Grouping(database)
    database.listen(lambda topics: changes.TOPIC in topics and loop.call_soon_threadsafe(grouping.wake))
    task = asyncio.create_task(grouping.run())
    try:
        await _until(database, segment_id, size=0, busy=False)

        def write(tx: WriteTx) -> None:
            record_letter(
                tx, client, scope_id, contact_id=None, direction="in", happened_at=clock.now(), subject="s",
                thread_id=1, message_id=1, executor_id=None, counts=True,
            )  # fmt: skip

        await database.write(write)
        began = time.monotonic()
        await _until(database, segment_id, size=1, busy=False)
        assert time.monotonic() - began < PROMISED_SECONDS
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _until(database: Database, segment_id: int, *, size: int, busy: bool) -> None:
    async with asyncio.timeout(10):
        while True:
            found = await database.read(get_segment, segment_id)
            if (found.size, found.busy) == (size, busy):
                return
            await asyncio.sleep(0.02)
