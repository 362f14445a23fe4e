"""A connection in bounds: lines and counted bytes, never more in memory than asked for, never longer than allowed.

The buffer is our own, so that nothing that came in clear before STARTTLS can be read as if it had come after it.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Sequence
from typing import cast

from mailhub.ingest.imap.bounds import Bounds
from mailhub.ingest.imap.trouble import Insecure, Lie, Lost

HIGH_WATER = 65_536


class Wire(asyncio.Protocol):
    """Made by ``connect``; one reader at a time."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self.received = 0
        self.secured = False
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._looked = 0
        self._wanted = HIGH_WATER
        self._paused = False
        self._ended = False
        self._waiter: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Of asyncio."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Of asyncio."""
        self.received += len(data)
        self._buffer += data
        if len(self._buffer) > self._wanted and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        """Of asyncio: a half-closed connection is of no use."""
        self._ended = True
        self._wake()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Of asyncio."""
        del exc
        self._ended = True
        self._wake()

    def has_data(self) -> bool:
        """Has something come that was not read yet, or has the connection ended?"""
        return bool(self._buffer) or self._ended

    async def more(self) -> None:
        """Wait for more bytes. Raises Lost when the connection has ended."""
        if self._ended:
            raise Lost("The server closed the connection. It is tried again.")
        if self._paused and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    async def line(self) -> bytes:
        """The next line without its end. Raises Lie for one that is too long, Lost."""
        while (end := self._buffer.find(b"\n", self._looked)) < 0:
            self._looked = len(self._buffer)
            if self._looked > self.bounds.line:
                raise Lie("a line without end")
            await self.more()
        if end > self.bounds.line:
            raise Lie("a line without end")
        line = bytes(self._buffer[:end]).removesuffix(b"\r")
        del self._buffer[: end + 1]
        self._looked = 0
        return line

    async def exactly(self, size: int) -> bytes:
        """The next ``size`` bytes. Raises Lost when they do not come."""
        self._wanted = max(HIGH_WATER, size)
        try:
            while len(self._buffer) < size:
                await self.more()
        finally:
            self._wanted = HIGH_WATER
        content = bytes(self._buffer[:size])
        del self._buffer[:size]
        self._looked = 0
        return content

    def send(self, data: bytes) -> None:
        """Put bytes onto the wire. Raises Lost."""
        if self._ended or self._transport is None:
            raise Lost("The server closed the connection. It is tried again.")
        self._transport.write(data)

    async def secure(self, context: ssl.SSLContext, host: str) -> None:
        """Go on under TLS. Raises Insecure when bytes lie here that came in clear, or the certificate is not the
        host's."""
        if self._buffer or self._transport is None:
            raise Insecure("The server sends answers in clear where encryption begins. Nothing was sent to it.")
        loop = asyncio.get_running_loop()
        try:
            transport = await loop.start_tls(self._transport, self, context, server_hostname=host)
        except ssl.SSLError as error:
            raise _insecure(error) from error
        except OSError as error:
            raise Lost from error
        if transport is None:
            raise Lost
        self._transport = transport
        self.secured = True

    def close(self) -> None:
        """Away with the connection, at once."""
        self._ended = True
        if self._transport is not None:
            self._transport.abort()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


async def connect(
    addresses: Sequence[str], port: int, host: str, context: ssl.SSLContext | None, bounds: Bounds
) -> Wire:
    """A connection to the first of the addresses that answers; under TLS with the certificate of ``host`` where a
    context is given. The name is not resolved again. Raises Lost, Insecure."""
    loop = asyncio.get_running_loop()
    problem: Exception = Lost()
    for address in addresses:
        wire = Wire(bounds)
        try:
            async with asyncio.timeout(bounds.connect):
                await loop.create_connection(
                    lambda wire=wire: wire,
                    address,
                    port,
                    ssl=context,
                    server_hostname=host if context else None,
                )
        except ssl.SSLError as error:
            raise _insecure(error) from error
        except (OSError, TimeoutError) as error:
            with contextlib.suppress(Exception):
                wire.close()
            problem = error
            continue
        wire.secured = context is not None
        return wire
    raise Lost from problem


def _insecure(error: ssl.SSLError) -> Insecure:
    if isinstance(error, ssl.SSLCertVerificationError):
        return Insecure("The server's certificate is not valid for this host. Nothing was sent to it.")
    return Insecure()
