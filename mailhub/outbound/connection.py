"""One connection to the relay, used for many letters: aiosmtplib for greeting, TLS and login; the letter itself in two
steps of ours, so that the mark can be committed between them.

``offer`` says MAIL, RCPT and DATA; after it the relay waits for the letter and has nothing yet. ``hand_over`` writes
the letter with its dot; from then on a cut leaves its fate unknown.
"""

from __future__ import annotations

import _ssl
import asyncio
import re
import socket
import ssl
import sys
from typing import cast

from aiosmtplib import SMTP, SMTPAuthenticationError, SMTPException, SMTPResponseException

from mailhub.outbound.relay import Relay
from mailhub.outbound.replies import Reply, Stage, read_reply

CONNECT_SECONDS = 30.0
COMMAND_SECONDS = 120.0
ANSWER_SECONDS = 600.0  # RFC 5321 §4.5.3.2.6
MOST_LETTERS = 100
NO_UTF8 = "The next mail server does not take addresses with letters other than a to z before the @."
_DOT = re.compile(rb"(?m)^\.")


class CutError(Exception):
    """The connection ended without an answer to what was said last. ``handed`` is True when that was a letter with its
    dot: then nobody knows whether it was taken."""

    def __init__(self, why: str, *, handed: bool = False) -> None:
        super().__init__(why)
        self.handed = handed


class RelayError(Exception):
    """The relay cannot be used at all: not reached, not trusted, not let in. The sentence is for people; ``refused``:
    it does not take the password."""

    def __init__(self, why: str, *, refused: bool = False) -> None:
        super().__init__(why)
        self.refused = refused


class Connection:
    """Opened by ``open``; ``is_open`` turns False by itself when the relay goes."""

    def __init__(
        self,
        relay: Relay,
        hostname: str,
        *,
        connected: socket.socket | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        """``connected`` leads to the relay already; ``context`` says whose certificates are believed."""
        self._relay = relay
        self._client = SMTP(
            hostname=relay.host,
            port=relay.port if connected is None else None,
            sock=connected,
            tls_context=context,
            local_hostname=hostname,
            timeout=CONNECT_SECONDS,
            use_tls=relay.privacy == "tls",
            start_tls={"tls": False, "starttls": True, "offered": None, "open": False}[relay.privacy],
            validate_certs=relay.verifies,
        )
        self.letters = 0

    @property
    def head(self) -> bytes:
        """What this relay wants before each letter."""
        return self._relay.head

    @property
    def is_open(self) -> bool:
        """True while letters can be offered."""
        return self._client.is_connected and self.letters < MOST_LETTERS

    async def open(self) -> None:
        """Connect, make the way private, log in. Raises RelayError with a sentence."""
        relay = self._relay
        try:
            await self._client.connect()
            if not self._client.last_ehlo_response:
                await self._client.ehlo()
            if relay.user:
                sign_in = self._client.auth_xoauth2 if relay.auth == "xoauth2" else self._client.login
                await sign_in(relay.user, relay.password)
        except SMTPAuthenticationError as problem:
            self._client.close()
            raise RelayError(f"{relay} refused the password of send.relay: {problem.code}", refused=True) from problem
        except (SMTPException, OSError, ValueError) as problem:
            self._client.close()
            # What is said to a password may repeat it: its code is enough.
            why = str(problem.code) if isinstance(problem, SMTPResponseException) else _one_line(problem)
            raise RelayError(f"{relay} cannot be used: {why}") from problem

    def certificates(self) -> list[bytes]:
        """What the server showed, its own first, each as DER; none on an open connection."""
        secured: ssl.SSLObject | None = self._client.get_transport_info("ssl_object")
        if secured is None:
            return []
        if sys.version_info >= (3, 13):
            return list(secured.get_unverified_chain())
        # Python 3.11 and 3.12 have it in the object behind alone.
        chain = secured._sslobj.get_unverified_chain() or []  # type: ignore[attr-defined]
        return [one.public_bytes(_ssl.ENCODING_DER) for one in chain]

    def offers(self, extension: str) -> bool:
        """True for what the server named in its EHLO, ``pipelining`` say."""
        return self._client.supports_extension(extension)

    def give_over(self, protocol: asyncio.Protocol) -> asyncio.Transport:
        """Let somebody else talk on this connection from now on; it is not used here any more. Raises CutError."""
        transport = cast("asyncio.Transport | None", self._client.transport)
        if transport is None or transport.is_closing():
            raise CutError("the connection was lost")
        transport.set_protocol(protocol)
        return transport

    async def offer(self, return_path: str, recipient: str, size: int, *, utf8: bool = False) -> Reply:
        """MAIL, RCPT, DATA; ``utf8`` for a letter whose header holds addresses in other letters than ASCII (RFC 6531).
        The last answer: 354 when the relay waits for the letter, else what refused it, after which the next letter may
        be offered. Raises CutError."""
        sized = b" SIZE=%d" % size if self._client.supports_extension("size") else b""
        if utf8 or not (return_path.isascii() and recipient.isascii()):
            if not self._client.supports_extension("smtputf8"):
                return Reply("mail", 553, "5.6.7", NO_UTF8)
            sized += b" BODY=8BITMIME SMTPUTF8"
        steps: tuple[tuple[Stage, bytes], ...] = (
            ("mail", b"MAIL FROM:<%s>%s" % (return_path.encode("utf-8"), sized)),
            ("rcpt", b"RCPT TO:<%s>" % recipient.encode("utf-8")),
            ("data", b"DATA"),
        )
        self.letters += 1
        for stage, line in steps:
            reply = await self._say(stage, line)
            if not 200 <= reply.code < 400 or (stage == "data" and reply.code != 354):
                if reply.code == 421:
                    self._client.close()
                elif stage != "data" or 400 <= reply.code < 600:
                    await self._say("data", b"RSET")
                return reply
        return reply

    async def hand_over(self, raw: bytes) -> Reply:
        """The letter with its dot, and the relay's answer to it. Raises CutError."""
        protocol, handed = self._client.protocol, False
        if protocol is None:
            raise CutError("the connection was lost")
        end = b".\r\n" if raw.endswith(b"\r\n") else b"\r\n.\r\n"
        try:
            protocol.write(_DOT.sub(b"..", raw) + end)
            handed = True
            answer = await protocol.read_response(timeout=ANSWER_SECONDS)
        except (SMTPException, OSError) as problem:
            self._client.close()
            raise CutError(_one_line(problem), handed=handed) from problem
        if answer.code == 421:
            self._client.close()
        return read_reply("dot", answer.code, answer.message)

    async def close(self) -> None:
        """Say goodbye, where there is somebody to say it to."""
        try:
            if self._client.is_connected:
                await self._client.quit(timeout=2.0)
        except (SMTPException, OSError):
            pass  # it is gone, which is what was wanted
        self.abandon()

    def abandon(self) -> None:
        """End it at once: what was begun is not taken."""
        self._client.close()

    async def _say(self, stage: Stage, line: bytes) -> Reply:
        try:
            answer = await self._client.execute_command(line, timeout=COMMAND_SECONDS)
        except SMTPResponseException as problem:
            self._client.close()
            return read_reply(stage, problem.code, problem.message)
        except (SMTPException, OSError) as problem:
            self._client.close()
            raise CutError(_one_line(problem)) from problem
        return read_reply(stage, answer.code, answer.message)


def _one_line(problem: Exception) -> str:
    return " ".join(str(problem).split())[:200] or type(problem).__name__
