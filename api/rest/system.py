"""``/events`` and ``/health``: listening, and how the server is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

import msgspec
from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Stream

from api.auth import Door
from api.live import Live
from core.changes import Position
from core.database import ReadTx
from core.jobs import count_waiting
from crm.staff.readable import Viewer
from mailhub.mailboxes.lists import count_threads
from mailhub.outbound.lane_troubles import list_resting
from mailhub.routing.quarantine import count_held

Asked = Request[Any, Any, Any]


class HealthView(msgspec.Struct):
    """``status`` is ok or degraded; ``faults`` say in words what is broken. ``ways_resting``: to so many domains, or
    through so many relays of mailboxes, nothing is sent for now."""

    status: str
    faults: dict[str, str]
    quarantine: int
    threads_waiting: int
    letters_to_process: int
    ways_resting: int


def measure(tx: ReadTx, viewer: Viewer) -> tuple[int, int, int, int]:
    """Letters in quarantine and threads that wait, of the viewer's mailboxes; letters to be processed and ways out that
    rest, of all."""
    waiting, resting = count_threads(tx, viewer).waiting, len(list_resting(tx, 500))
    return count_held(tx, viewer), waiting, count_waiting(tx).get("letter.process", 0), resting


@get("/events", tags=["live"], media_type="text/event-stream", opt={"plain": True})
async def events(
    door: NamedDependency[Door],
    request: Asked,
    after: Annotated[str | None, QueryParameter(max_length=50, description="The last id you heard.")] = None,
) -> Stream:
    """What moves, as server-sent events: kinds and ids, never words of a letter. `Last-Event-ID` goes on after it."""
    live: Live = request.app.state.live
    heard = request.headers.get("last-event-id") or after
    stream = await live.join(door.admit, Position.parse(heard) if heard else None, door.credentials)
    told: AsyncIterator[bytes] = live.events(stream)
    return Stream(told, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


@get("/health", tags=["health"])
async def health(door: NamedDependency[Door], request: Asked) -> HealthView:
    """How the server is, for people who are signed in."""
    held, waiting, unread, resting = await door.read(measure)
    faults: dict[str, str] = await request.app.state.readiness.faults()
    return HealthView("degraded" if faults or held else "ok", faults, held, waiting, unread, resting)


ROUTES = [events, health]
