"""A process that works on jobs until it is killed: ``python -m tests.support.job_worker <database url> <silence µs>``.

What a job does is a row in the table ``effect``, written in the transaction that finishes the job. Nothing keeps a
number from being written twice but the fence.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time

from core import jobs
from core.database import Database, WriteTx
from core.errors import Conflict, Unavailable

BATCH = 20
WORK_SECONDS = 0.004


def do(tx: WriteTx, job: jobs.Job, boot: str) -> None:
    """The effect of a job and its end."""
    tx.sql("INSERT INTO effect (number, boot) VALUES (:number, :boot)", number=job.payload["number"], boot=boot)
    jobs.finish(tx, job)


async def work(database: Database) -> None:
    """One life of a boot: until the others have given it up."""
    boot = await database.write(jobs.start_boot)
    beaten = time.monotonic()
    while True:
        if time.monotonic() - beaten > jobs.SILENCE / 5_000_000:
            beaten = time.monotonic()
            if not await database.write(jobs.beat, boot):
                return
        try:
            batch = await database.work(jobs.claim, "test", boot, BATCH)
        except Conflict:
            return
        for job in batch:
            await asyncio.sleep(random.uniform(0, 2 * WORK_SECONDS))
            try:
                await database.work(do, job, boot)
            except Conflict:
                print("refused", job.payload["number"], flush=True)
        if not batch:
            await asyncio.sleep(0.05)


async def main(url: str) -> None:
    """Live, be given up, live again."""
    database = Database(url)
    database.start()
    while True:
        try:
            await work(database)
        except Unavailable:
            await asyncio.sleep(0.1)


if __name__ == "__main__":
    jobs.SILENCE = int(sys.argv[2])
    asyncio.run(main(sys.argv[1]))
