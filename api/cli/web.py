"""The web server inside the house's own loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.app import create_app
from core.errors import Conflict, Unavailable
from core.settings import Settings
from mailhub.runtime import House

DRAIN_SECONDS = 3
BACKLOG = 512
MOST_CONNECTIONS = 1000
KEEP_ALIVE_SECONDS = 20
REQUEST_SECONDS = 30.0
MOST_FROM_ONE_PLACE = 500


class Web:
    """Binds its port at once, so that its real number is known before anything is built from the settings."""

    def __init__(self, settings: Settings, make_app: Callable[[House], Any] = create_app) -> None:
        """Raises Conflict when the port is taken."""
        self._make_app = make_app  # of an ASGI application; Litestar and uvicorn spell its type differently
        self._socket = _bind(settings.web.host, settings.web.port)
        self.port: int = self._socket.getsockname()[1]
        web = settings.web
        base_url = web.base_url.removesuffix(":0") + f":{self.port}" if web.base_url.endswith(":0") else web.base_url
        self.settings = replace(settings, web=replace(web, port=self.port, base_url=base_url))
        self._app: Any = None
        self._server: uvicorn.Server | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self, house: House) -> None:
        """Answer requests from now on. Raises Unavailable when the pages cannot start."""
        self._app = self._make_app(house)
        config = uvicorn.Config(
            self._app, http=Connection, ws="none", loop="none", lifespan="on", log_config=None,
            log_level="warning", access_log=False, proxy_headers=False, server_header=False, date_header=True,
            backlog=BACKLOG, limit_concurrency=MOST_CONNECTIONS, timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )  # fmt: skip
        self._server = _Server(config)
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]), name="web")
        while not self._server.started:
            if self._task.done():
                await self._task
                raise Unavailable("The pages could not be started; the log says why.")
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """Take no more requests and let those under way finish."""
        if self._server is not None and self._task is not None:
            await self._app.state.live.stop()  # streams are never done by themselves, and would be waited for
            self._server.should_exit = True
            await asyncio.gather(self._task, return_exceptions=True)
        self._socket.close()


class Connection(HttpToolsProtocol):
    """Says a request whole, head and body, within ``REQUEST_SECONDS`` or is closed; of those from one place there are
    ``MOST_FROM_ONE_PLACE`` at most. Without both, one stranger who sends slowly takes every place there is.

    How long an answer takes is not limited: live streams are answers too. A proxy on this machine speaks for many.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Takes a place, or gives it back at once."""
        super().connection_made(transport)
        self._deadline = self.loop.call_later(REQUEST_SECONDS, transport.close)
        place = self._place()
        if place is not None and sum(one._place() == place for one in self._others()) > MOST_FROM_ONE_PLACE:
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """The place is free."""
        self._deadline.cancel()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """The next request on a connection that was kept."""
        super().on_message_begin()
        self._deadline.cancel()
        self._deadline = self.loop.call_later(REQUEST_SECONDS, self.transport.close)

    def on_message_complete(self) -> None:
        """All of it is here."""
        self._deadline.cancel()
        super().on_message_complete()

    def _place(self) -> str | None:
        host = self.client[0] if self.client else ""
        return None if host in ("", "127.0.0.1", "::1") else host

    def _others(self) -> Iterator[Connection]:
        return (one for one in self.connections if isinstance(one, Connection))


class _Server(uvicorn.Server):
    """Leaves signals to the house, which has more to close than the web."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _bind(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, kind, protocol)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError as problem:
        why = problem.strerror or problem
        raise Conflict("Port %(port)s cannot be opened: %(why)s.", port=port, why=why) from problem
    return bound
