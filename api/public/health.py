"""``/health/live`` and ``/health/ready``: for those who watch over processes. They say nothing about letters."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from litestar import Request, Response, get

from core.errors import HouseError
from core.marks import get_identity
from mailhub.migrations import check_current
from mailhub.runtime import House

LOOK_AT_TABLES_SECONDS = 30.0


@get("/health/live", include_in_schema=False)
async def live() -> dict[str, str]:
    """This process answers."""
    return {"status": "ok"}


@get("/health/ready", include_in_schema=False)
async def ready(request: Request[Any, Any, Any]) -> Response[dict[str, str]]:
    """Database reachable, tables current, the roles of this process running: 200, else 503 with what is broken."""
    faults = await request.app.state.readiness.faults()
    return Response(faults or {"status": "ok"}, status_code=503 if faults else 200)


class Readiness:
    """Looks whether this process can work; at the tables, which only an upgrade changes, now and then."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._tables_seen = -LOOK_AT_TABLES_SECONDS

    async def faults(self) -> dict[str, str]:
        """What is broken and the sentence that says why; empty when all is well."""
        found: dict[str, str] = {}
        try:
            await self._house.database.read(get_identity)
            await self._look_at_tables()
        except HouseError as problem:
            found["database"] = str(problem)
        if "ingest" in self._house.roles and (self._house.listener is None or self._house.processing is None):
            found["ingest"] = "The listener or the processing of letters is not running."
        return found

    async def _look_at_tables(self) -> None:
        if time.monotonic() - self._tables_seen >= LOOK_AT_TABLES_SECONDS:
            await asyncio.to_thread(check_current, self._house.settings.database.url)
            self._tables_seen = time.monotonic()


ROUTES = [live, ready]
