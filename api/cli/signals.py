"""The wish to end, from a terminal or from whoever supervises the process."""

from __future__ import annotations

import asyncio
import signal

SIGNALS = (signal.SIGTERM, signal.SIGINT)


def hear_signals() -> asyncio.Event:
    """An event that the first signal sets; from then on signals do what they do by nature, so a second one ends the
    process at once. To be called inside the loop."""
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()

    def heard() -> None:
        asked.set()
        for one in SIGNALS:
            loop.remove_signal_handler(one)
            signal.signal(one, signal.SIG_DFL)

    for one in SIGNALS:
        loop.add_signal_handler(one, heard)
    return asked
