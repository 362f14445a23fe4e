"""An HTTPS server on loopback that answers by a script, and a fetcher that reaches it and believes its certificate."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from core.fetch import Fetcher, Guard
from mailhub.ingest.smtp import self_signed, server_context


@dataclass(frozen=True)
class Request:
    """What was asked: header fields by their names in lower case, and the body."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Response:
    """What is answered."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


Answer = Callable[[Request], Awaitable[Response]]


@asynccontextmanager
async def https_server(folder: Path, host: str, answer: Answer) -> AsyncIterator[tuple[Fetcher, str]]:
    """A fetcher for the running server and the address of the server."""
    certificate, key = self_signed(host, folder)
    trust = ssl.create_default_context(cafile=str(certificate))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[:-2]
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        said = await answer(Request(first.split()[1], headers, body))
        fields = (*said.headers, ("Content-Length", str(len(said.body))))
        head = f"HTTP/1.1 {said.status} X\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields)
        writer.write(head.encode() + b"\r\n" + said.body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=server_context(certificate, key))
    port = server.sockets[0].getsockname()[1]

    async def resolve(_host: str) -> list[str]:
        return ["127.0.0.1"]

    fetcher = Fetcher(Guard(resolve, allowed=["127.0.0.0/8"], ports={"web": frozenset({port})}), tls=trust)
    try:
        yield fetcher, f"https://{host}:{port}"
    finally:
        server.close()
        await fetcher.close()
