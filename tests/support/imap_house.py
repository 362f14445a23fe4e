"""A house that looks after its accounts every moment, for tests that kill it: ``python -m tests.support.imap_house``.

Its settings come from the environment. It says ``ready`` and runs until it is killed.
"""

from __future__ import annotations

import asyncio
import dataclasses
import os
import sys

from core.settings import load_settings
from mailhub.ingest.imap.bounds import Bounds
from mailhub.runtime import House

HASTY = dataclasses.replace(
    Bounds(), command=10, poll=0.5, compare=5, grace=2, names=2, first_pause=0.1, longest_pause=1, resets=50
)


async def live() -> None:
    """Open, start, stay."""
    house = House(load_settings(None, os.environ))
    house.bounds = HASTY
    await house.open()
    await house.start(["ingest"])
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await house.failed()


if __name__ == "__main__":
    asyncio.run(live())
