"""Strangers who take places at the web's door and say nothing, or very slowly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from api.cli import web

HEAD = b"POST /login HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 4\r\n\r\n"


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "REQUEST_SECONDS", 0.3)


async def slow_answer(_scope: Any, receive: Any, send: Any) -> None:
    while (await receive()).get("more_body"):
        pass
    await asyncio.sleep(0.8)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@asynccontextmanager
async def door() -> AsyncIterator[int]:
    config = uvicorn.Config(slow_answer, http=web.Connection, ws="none", lifespan="off", log_config=None)
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: web.Connection(config, state, {}), "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def say(port: int, *pieces: bytes) -> bytes:
    """What comes back until the connection is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(0.05)
        return await asyncio.wait_for(reader.read(), 5)
    except ConnectionError:
        return b""
    finally:
        writer.close()


def test_a_request_that_does_not_end_is_closed_and_a_slow_answer_is_not() -> None:
    async def go() -> None:
        async with door() as port:
            silent, half_head, half_body, dripping, whole = await asyncio.gather(
                say(port),
                say(port, HEAD[:20]),
                say(port, HEAD + b"ab"),
                say(port, *(HEAD[at : at + 1] for at in range(12))),
                say(port, HEAD + b"abcd"),
            )
        assert (silent, half_head, half_body, dripping) == (b"", b"", b"", b"")
        assert whole.startswith(b"HTTP/1.1 200 OK")

    asyncio.run(go())


def test_one_place_does_not_take_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "MOST_FROM_ONE_PLACE", 3)
    monkeypatch.setattr(web.Connection, "_place", lambda _self: "192.0.2.1")

    async def go() -> list[bytes]:
        async with door() as port:
            return await asyncio.gather(*(say(port, HEAD + b"abcd") for _ in range(5)))

    answers = asyncio.run(go())
    assert sum(answer.startswith(b"HTTP/1.1 200 OK") for answer in answers) == 3
