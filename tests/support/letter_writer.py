"""A process that accepts letters till its end: ``python -m tests.support.letter_writer <url> <FULL|NORMAL> <log>``.

Four threads with five callers each. The number of a letter goes to the log only after ``accept`` was committed, with
O_DSYNC: what stands there is what senders were told.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from itertools import count

from core.database import Database
from mailhub.ingest.intake import accept
from tests.support.mail import arrive, write_letter

THREADS = 4
CALLERS = 5


def main(url: str, synchronous: str, log: str) -> None:
    """Accept for ever."""
    database = Database(url, synchronous=synchronous)
    database.start()
    numbers = count()
    acknowledged = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_DSYNC, 0o600)

    async def caller() -> None:
        while True:
            incoming_id = await database.write(accept, arrive(write_letter(next(numbers)), 1))
            os.write(acknowledged, f"{incoming_id}\n".encode())

    async def callers() -> None:
        await asyncio.gather(*(caller() for _ in range(CALLERS)))

    threads = [threading.Thread(target=lambda: asyncio.run(callers())) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(*sys.argv[1:4])
