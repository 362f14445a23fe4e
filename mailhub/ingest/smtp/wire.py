"""The bytes of one connection: a bounded inbox, command lines, replies sent together, TLS, and a decent end.

aiosmtpd gives the life of the connection, the session and the envelope; its reader is left aside, because it starts a
timer for each command, copies each line three times and has no bound in DATA.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import TYPE_CHECKING

from aiosmtpd.smtp import SMTP

from mailhub.ingest.smtp.contract import UNIX

if TYPE_CHECKING:
    from mailhub.ingest.smtp.listener import Listener

_HIGH_WATER = 1 << 16
_ENDLESS_LINE = 1 << 16
_TLS_RECORD = b"\x16\x03"
_LINGER_SECONDS = 2.0
_LINGER_BYTES = 1 << 24


class Wire(SMTP):
    """What a session reads from and speaks into. Nothing here knows a command.

    ``since`` and ``begun`` are moments of the loop's clock: of the last progress and of the connection. ``phase`` says
    what is waited for: a ``command``, ``data``, the office (``busy``), or the end (``closing``).
    """

    listener: Listener
    transport: asyncio.Transport | None

    def open(self, listener: Listener) -> None:
        """Makes a bare copy of a session one of its own."""
        asyncio.StreamReaderProtocol.__init__(self, None, loop=self.loop)  # type: ignore[arg-type]
        self.listener = listener
        self.peer = ""
        self.tls: str | None = None
        self.phase = "command"
        self.begun = self.since = self.loop.time()
        self.lost = self.finished = False
        self._ended = False
        self._paused_reading = False
        self._inbox = bytearray()
        self._outbox: list[bytes] = []
        self._waiter: asyncio.Future[None] | None = None
        self._writable: asyncio.Future[None] | None = None

    # The transport speaks.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begins the session, in aiosmtpd's way."""
        name = transport.get_extra_info("peername")
        self.peer = str(name[0]) if isinstance(name, tuple) else UNIX
        super().connection_made(transport)
        self._note_tls()

    def connection_lost(self, error: Exception | None) -> None:
        """Wakes the session up to find itself alone. It is never cancelled: a letter being filed is filed."""
        asyncio.StreamReaderProtocol.connection_lost(self, error)
        self.transport = None
        self.lost = self._ended = True
        self._wake()
        self.resume_writing()
        self.listener.dismiss(self)

    def data_received(self, data: bytes) -> None:
        """Puts bytes into the inbox; a full one makes the peer wait."""
        self._inbox += data
        if len(self._inbox) > _HIGH_WATER and not self._paused_reading and self.transport is not None:
            self.transport.pause_reading()
            self._paused_reading = True
        self._wake()

    def eof_received(self) -> bool:
        """Lets what was sent before the end be answered (a peer may close its half early)."""
        self._ended = True
        self._wake()
        return self.tls is None

    def pause_writing(self) -> None:
        """Stops the session until its replies are read."""
        self._writable = self.loop.create_future()

    def resume_writing(self) -> None:
        """Lets it go on."""
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)
        self._writable = None

    def _reset_timeout(self, duration: float | None = None) -> None:
        """The listener watches all sessions by one timer."""

    # The session reads.

    async def read_line(self) -> bytes | None:
        """The next command line without CR LF, or with what stands in its place when it does not end so.

        ``None`` at the end of the connection. An over-long line is read to its end and returned cut at the limit plus
        one byte; one without end ends the connection.
        """
        if self.phase == "closing":
            return None
        self.phase, self.since = "command", self.loop.time()
        limit = self.listener.limits.command_line
        overlong, skipped = b"", 0
        while True:
            at = self._inbox.find(b"\n") + 1
            if at:
                line = bytes(self._inbox[:at])
                del self._inbox[:at]
                if skipped or at > limit:
                    return (overlong or line)[: limit + 1]
                return line[:-2] if line.endswith(b"\r\n") else line
            if self._inbox.startswith(_TLS_RECORD):
                return self.take()
            if skipped or len(self._inbox) > limit:
                overlong = overlong or bytes(self._inbox[: limit + 1])
                skipped += len(self._inbox)
                self._inbox.clear()
            if skipped > _ENDLESS_LINE or not await self.wait():
                return None

    def take(self) -> bytes:
        """All that has come in."""
        block = bytes(self._inbox)
        self._inbox.clear()
        return block

    def put_back(self, rest: bytes) -> None:
        """Returns what ``take`` took too much."""
        self._inbox[:0] = rest

    async def wait(self) -> bool:
        """Sends the replies, then waits for more bytes; ``False`` when there will be none."""
        self.flush()
        if self._writable is not None:
            await self._writable
        if self._ended:
            return False
        if self._paused_reading and self.transport is not None:
            self._paused_reading = False
            self.transport.resume_reading()
        self._waiter = self.loop.create_future()
        await self._waiter
        return not self._ended or bool(self._inbox)

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    # The session speaks.

    def say(self, reply: bytes) -> None:
        """A reply, without its last CR LF; it leaves together with others before the next wait."""
        self._outbox.append(reply)

    def flush(self) -> None:
        """Sends what was said."""
        if self._outbox:
            self._outbox.append(b"")
            if self.transport is not None:
                self.transport.write(b"\r\n".join(self._outbox))
            self._outbox.clear()

    async def upgrade(self, context: ssl.SSLContext) -> bool:
        """TLS from here on (RFC 3207 4.2). Plain bytes that came in already are dropped, whoever put them there."""
        self.flush()
        transport = self.transport
        if transport is None:
            return False
        self.phase = "busy"
        self._paused_reading = False
        self._inbox.clear()
        try:
            self.transport = await self.loop.start_tls(
                transport,
                self,
                context,
                server_side=True,
                ssl_handshake_timeout=self.listener.limits.handshake_seconds,
            )
        except OSError as error:  # ssl.SSLError, ConnectionError and TimeoutError are OSErrors
            transport.abort()
            self.connection_lost(error)  # asyncio does not tell when a handshake fails, uvloop does
            return False
        self._note_tls()
        return self.tls is not None

    def _note_tls(self) -> None:
        session = self.transport.get_extra_info("ssl_object") if self.transport is not None else None
        if session is not None and (cipher := session.cipher()):
            self.tls = f"{session.version()} {cipher[0]}"

    # The end.

    def hang_up(self, reply: bytes = b"") -> None:
        """Says a last word and closes, from whichever side; what is still coming in is dropped."""
        if reply:
            self.say(reply)
        self.flush()
        self.phase, self.since = "closing", self.loop.time()
        self._ended = True
        self._wake()
        self.resume_writing()
        if self.transport is not None:
            self.transport.close()

    async def linger(self, reply: bytes) -> None:
        """Says a last word, then reads on for a moment without looking, so that no reset connection swallows it."""
        self.say(reply)
        self.flush()
        self.phase, self.since = "closing", self.loop.time()
        if self.transport is not None and not self.transport.is_closing() and self.transport.can_write_eof():
            with contextlib.suppress(OSError):  # the peer has reset the connection
                self.transport.write_eof()
        dropped = len(self.take())
        try:
            async with asyncio.timeout(_LINGER_SECONDS):
                while dropped < _LINGER_BYTES and await self.wait():
                    dropped += len(self.take())
        except TimeoutError:
            pass
        self.hang_up()
