"""The least a client of HTTP/1.1 can be: one lasting connection, so that what is measured is the server."""

from __future__ import annotations

import asyncio

PART = "\r\nHX-Request: true\r\nHX-Target: list"


class Connection:
    """One connection that asks one thing at a time."""

    def __init__(self, port: int, cookie: str = "", token: str = "") -> None:
        self._port = port
        said = ["Host: 127.0.0.1"]
        said += ["Accept-Encoding: br", f"Cookie: mailhub={cookie}"] if cookie else []
        said += [f"Authorization: Bearer {token}"] if token else []
        self._head = "\r\n".join(said)
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def open(self) -> asyncio.StreamReader:
        """Connect, unless it is."""
        if self._reader is None or self._reader.at_eof():  # a server ends what rests for seconds
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 20)
        return self._reader

    async def ask(self, method: str, path: str, body: bytes = b"", *, part: bool = False) -> tuple[int, bytes]:
        """Status and body as it came over the wire; ``part``: as a page asks for a part of itself. Raises OSError,
        IncompleteReadError."""
        reader = await self.open()
        assert self._writer is not None
        about = f"\r\nContent-Type: application/json\r\nContent-Length: {len(body)}" if body else ""
        self._writer.write(
            f"{method} {path} HTTP/1.1\r\n{self._head}{PART if part else ''}{about}\r\n\r\n".encode() + body
        )
        status, headers = await self._read_head(reader)
        if "content-length" in headers:
            return status, await reader.readexactly(int(headers["content-length"]))
        if headers.get("transfer-encoding") != "chunked":
            return status, b""
        pieces = []
        while size := int(await reader.readline(), 16):
            pieces.append(await reader.readexactly(size))
            await reader.readexactly(2)
        await reader.readexactly(2)
        return status, b"".join(pieces)

    async def stream(self, path: str) -> asyncio.StreamReader:
        """Begin to listen; what follows the head is read by the caller."""
        reader = await self.open()
        assert self._writer is not None
        self._writer.write(f"GET {path} HTTP/1.1\r\n{self._head}\r\nAccept: text/event-stream\r\n\r\n".encode())
        status, _ = await self._read_head(reader)
        assert status == 200, (path, status)
        return reader

    async def _read_head(self, reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
        return int(lines[0].split(" ")[1]), headers

    def close(self) -> None:
        """End the connection."""
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None
