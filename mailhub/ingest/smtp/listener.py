"""The listener: opens the port, lets clients in, watches the time, and closes without losing a letter."""

from __future__ import annotations

import asyncio
import logging
import ssl
from pathlib import Path

from mailhub.ingest.smtp.contract import PostOffice
from mailhub.ingest.smtp.limits import Limits
from mailhub.ingest.smtp.quotas import Budget, Peers
from mailhub.ingest.smtp.session import Session
from mailhub.ingest.smtp.unix import bind_path
from mailhub.ingest.smtp.wire import Wire

log = logging.getLogger(__name__)

_COUNTERS = (
    "connections",
    "refused_connections",
    "letters",
    "bytes",
    "refused_commands",
    "unknown_recipients",
    "too_big",
    "no_room",
    "deferred",
    "rate_limited",
    "smuggled",
    "loops",
    "strangers",
    "junk",
    "timeouts",
    "tls_sessions",
    "tls_failures",
)


class Listener:
    """Accepts letters over SMTP in the caller's event loop and gives them to ``office``.

    ``tls`` switches STARTTLS on; with ``tls_at_once`` the port speaks TLS from the first byte (RFC 8314). Port 0 is
    any free one; ``port`` names it after ``start``. With ``path`` it is a Unix socket, open to whoever may enter its
    folder. ``conversation`` is what is spoken: SMTP, or LMTP by ``LmtpSession``. ``counters`` only grow.
    """

    def __init__(
        self,
        office: PostOffice,
        hostname: str,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        path: Path | None = None,
        limits: Limits | None = None,
        tls: ssl.SSLContext | None = None,
        tls_at_once: bool = False,
        conversation: type[Session] = Session,
    ) -> None:
        self.office = office
        self.hostname = hostname
        self.name = hostname.encode()
        self.host = host
        self.port = port
        self.path = path
        self.limits = limits or Limits()
        self.tls = tls
        self.tls_at_once = tls_at_once
        self.conversation = conversation
        self.draining = False
        self.counters = dict.fromkeys(_COUNTERS, 0)
        self.budget = Budget(self.limits.memory)
        self.peers = Peers(self.limits)
        self.sessions: set[Session] = set()
        extensions = [b"PIPELINING", b"SIZE %d" % self.limits.max_size, b"8BITMIME", b"SMTPUTF8"]
        self.ehlo = _ehlo(self.name, [*extensions, b"ENHANCEDSTATUSCODES"])
        offered = [b"STARTTLS"] if tls is not None else []
        self.ehlo_with_starttls = _ehlo(self.name, [*extensions, *offered, b"ENHANCEDSTATUSCODES"])

    async def start(self) -> None:
        """Opens the port. Raises ``OSError`` when it is taken."""
        logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd writes addresses and peers below that
        self._loop = asyncio.get_running_loop()
        self._pattern = self.conversation(self, hostname=self.hostname, loop=self._loop, tls_context=self.tls)
        self._empty = asyncio.Event()
        context = self.tls if self.tls_at_once else None
        if self.path is None:
            self._server = await self._loop.create_server(
                self._make_session, self.host, self.port, backlog=1024, ssl=context
            )
            self.port = self._server.sockets[0].getsockname()[1]
        else:
            bound = await asyncio.to_thread(bind_path, self.path)
            self._server = await self._loop.create_unix_server(self._make_session, sock=bound, backlog=1024)
        self._watchman = self._loop.create_task(self._watch())

    async def stop(self) -> None:
        """Closes the port, says 421 to who waits for nothing, and lets letters under way finish, for a while."""
        self.draining = True
        self._server.close()
        if self.path is not None:
            self.path.unlink(missing_ok=True)
        for session in tuple(self.sessions):
            if session.phase == "command":
                session.hang_up(b"421 4.3.2 %b is going down" % self.name)
        try:
            async with asyncio.timeout(self.limits.drain_seconds):
                while self.sessions:
                    self._empty.clear()
                    await self._empty.wait()
        except TimeoutError:
            log.warning("%d sessions were cut off", len(self.sessions))
            for session in tuple(self.sessions):
                session.hang_up(b"421 4.3.2 %b is going down" % self.name)
                if session.transport is not None:
                    session.transport.abort()
        self._watchman.cancel()
        await asyncio.gather(self._watchman, return_exceptions=True)

    def admit(self, session: Session) -> bytes | None:
        """Takes a new session in; otherwise the reply to turn it away with."""
        self.counters["connections"] += 1
        refusal = None
        if self.draining:
            refusal = b"421 4.3.2 %b is going down" % self.name
        elif len(self.sessions) >= self.limits.connections:
            refusal = b"421 4.7.0 %b has too many guests, come later" % self.name
        elif not self.peers.connect(session.peer, self._loop.time()):
            refusal = b"421 4.7.0 You come too often, come later"
        else:
            self.sessions.add(session)
        self.counters["refused_connections"] += refusal is not None
        return refusal

    def dismiss(self, session: Wire) -> None:
        """Forgets a session that has finished and whose connection is gone."""
        if session.finished and session.lost and session in self.sessions:
            self.sessions.remove(session)
            self.peers.leave(session.peer)
            if not self.sessions:
                self._empty.set()

    def _make_session(self) -> Session:
        # aiosmtpd's constructor looks through all its methods by name each time; one of its making is copied instead.
        session = self.conversation.__new__(self.conversation)
        session.__dict__.update(self._pattern.__dict__)
        session.open(self)
        return session

    async def _watch(self) -> None:
        """One timer for all sessions."""
        interval = min(1.0, self.limits.shortest() / 4)
        while True:
            await asyncio.sleep(interval)
            now = self._loop.time()
            for session in tuple(self.sessions):
                session.watch(now)
            self.peers.forget(now)


def _ehlo(name: bytes, extensions: list[bytes]) -> bytes:
    lines = [name, *extensions]
    return b"\r\n".join([*(b"250-" + line for line in lines[:-1]), b"250 " + lines[-1]])
