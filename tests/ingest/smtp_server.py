"""A listener in a process of its own, so that its memory can be looked at. Prints its port; ends with its stdin."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mailhub.ingest.smtp import Listener
from tests.ingest.smtp_support import MemoryOffice


async def main() -> None:
    listener = Listener(MemoryOffice(), "mx.firm.example")
    await listener.start()
    print(listener.port, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await listener.stop()


asyncio.run(main())
