"""Pages over a slow line: each answer comes late, and not in the order in which it was asked for.

``TEST_LATENCY=0.6 python run.py test tests/browser`` finds the tests (and the scripts) that only hold while answers
come at once: every request waits up to that many seconds before the house sees it.
"""

from __future__ import annotations

import asyncio
import os
import random
from typing import Any

LATENCY_SECONDS = float(os.environ.get("TEST_LATENCY", "0"))


class Late:
    """An ASGI application behind a slow line."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.state = app.state

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await asyncio.sleep(random.uniform(0, LATENCY_SECONDS))
        await self._app(scope, receive, send)


def over_the_line(app: Any) -> Any:
    """The application, as far away as ``TEST_LATENCY`` says."""
    return Late(app) if LATENCY_SECONDS else app
