"""One SMTP conversation (RFC 5321): the commands, what they need before them, and what they answer."""

# ruff: noqa: N802, ARG002 — names and arguments are aiosmtpd's

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from typing import ClassVar

from core.errors import Unavailable
from mailhub.ingest.smtp.paths import parse_path, parse_recipient, parse_sender
from mailhub.ingest.smtp.reception import Reception
from mailhub.ingest.smtp.refusal import NO_ROOM, NOT_NOW, TOO_BIG, FarewellError, RefusedError

log = logging.getLogger(__name__)

_JUNK = frozenset({b"NOOP", b"RSET", b"VRFY", b"EXPN", b"HELP", b"HELO", b"EHLO"})
_STRANGERS = re.compile(rb"[^A-Za-z]|(?:GET|POST|PUT|HEAD|DELETE|OPTIONS|CONNECT|PATCH|TRACE|PRI) ", re.IGNORECASE)
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_NOT_IN_HELO = re.compile(r"[^A-Za-z0-9.:_\[\]-]")


class Session(Reception):
    """A conversation with one client. Commands are methods ``smtp_…`` as in aiosmtpd; errors of ``refusal`` say no."""

    commands: ClassVar[dict[bytes, Callable[[Session, str], Awaitable[None]]]]

    def __init_subclass__(cls) -> None:
        cls.learn_commands()

    @classmethod
    def learn_commands(cls) -> None:
        """Lists the class's commands by their names on the wire, once instead of for each connection."""
        names = [name for name in dir(cls) if name.startswith("smtp_")]
        cls.commands = {name.removeprefix("smtp_").encode(): getattr(cls, name) for name in names}

    async def _handle_client(self) -> None:
        self.errors = self.junk = 0
        refusal = self.listener.admit(self)
        try:
            if refusal is None:
                await self._converse()
        except Exception:
            log.exception("a conversation broke off")
            refusal = b"421 4.3.0 Something is broken here, come later"
        finally:
            self.hang_up(refusal or b"")
            self.finished = True
            self.listener.dismiss(self)

    async def _converse(self) -> None:
        self.say(b"220 %b %b" % (self.listener.name, self.extended_kind.encode()))
        while (line := await self.read_line()) is not None:
            try:
                await self._obey(line)
            except FarewellError as farewell:
                await self.linger(farewell.reply)
            except RefusedError as refusal:
                await self._refuse(refusal.reply)
            if self.phase == "closing":
                return
            if self.listener.draining:
                await self.linger(b"421 4.3.2 %b is going down" % self.listener.name)

    async def _obey(self, line: bytes) -> None:
        if len(line) > self.listener.limits.command_line:
            raise RefusedError("500 5.5.6 The line is too long")
        verb, _, rest = line.partition(b" ")
        verb = verb.upper()
        if _STRANGERS.match(line):
            self.listener.counters["strangers"] += 1
            raise FarewellError("554 5.5.0 This is a mail server")
        if _CONTROL.search(line):
            raise RefusedError("501 5.5.2 A command has no control characters and ends with CR LF")
        if verb in _JUNK:
            self.junk += 1
            if self.junk > self.listener.limits.junk_commands:
                self.listener.counters["junk"] += 1
                raise FarewellError("421 4.7.0 Too many commands that lead to nothing")
        command = self.commands.get(verb)
        if command is None:
            raise RefusedError("500 5.5.1 There is no such command")
        try:
            argument = rest.decode()
        except UnicodeDecodeError:
            raise RefusedError("501 5.5.2 This is not UTF-8") from None
        await command(self, argument.rstrip(" "))

    async def _refuse(self, reply: bytes) -> None:
        """Says no, the slower and the firmer the more often it was said."""
        limits = self.listener.limits
        self.listener.counters["refused_commands"] += 1
        self.errors += 1
        if self.errors > limits.soft_errors:
            self.flush()
            self.phase = "busy"
            await asyncio.sleep(limits.error_delay)
        self.say(reply)
        if self.errors >= limits.hard_errors:
            await self.linger(b"421 4.7.0 Too many errors")

    # The commands of RFC 5321 4.1.1 and their extensions.

    async def smtp_HELO(self, hostname: str) -> None:
        """RFC 5321 4.1.1.1."""
        self._greet(hostname)
        self.session.extended_smtp = False
        self.say(b"250 %b" % self.listener.name)

    async def smtp_EHLO(self, hostname: str) -> None:
        """RFC 5321 4.1.1.1; the list has no AUTH: clients hand in letters elsewhere."""
        self._greet(hostname)
        self.session.extended_smtp = True
        self.say(self.listener.ehlo_with_starttls if self.tls is None else self.listener.ehlo)

    def _greet(self, hostname: str) -> None:
        if not hostname:
            raise RefusedError("501 5.5.4 Say your name")
        self.reset()
        self.session.host_name = _NOT_IN_HELO.sub("?", hostname[:255])

    async def smtp_STARTTLS(self, arg: str) -> None:
        """RFC 3207. Afterwards nothing is known of what was said in the clear."""
        context = self.listener.tls
        if context is None:
            raise RefusedError("502 5.5.1 There is no TLS here")
        if self.tls is not None:
            raise RefusedError("503 5.5.1 This is TLS already")
        if arg:
            raise RefusedError("501 5.5.4 STARTTLS takes nothing")
        self.say(b"220 2.0.0 Begin TLS")
        if not await self.upgrade(context):
            self.listener.counters["tls_failures"] += 1
            self.hang_up()
            return
        self.listener.counters["tls_sessions"] += 1
        self.session = self._create_session()
        self.reset()

    async def smtp_MAIL(self, arg: str | None) -> None:
        """RFC 5321 4.1.1.2, with SIZE (RFC 1870), BODY (RFC 6152) and SMTPUTF8 (RFC 6531)."""
        listener = self.listener
        if self.session.host_name is None:
            raise RefusedError("503 5.5.1 Say EHLO first")
        if self.envelope.mail_from is not None:
            raise RefusedError("503 5.5.1 A letter is begun already")
        path, parameters = parse_path(arg or "", "FROM:")
        if parameters and not self.session.extended_smtp:
            raise RefusedError("555 5.5.4 Parameters need EHLO")
        size = parameters.pop("SIZE", "0")
        body = parameters.pop("BODY", "7BIT").upper()
        utf8 = parameters.pop("SMTPUTF8", None)
        if parameters:
            raise RefusedError("555 5.5.4 There is no such parameter")
        if not (size.isascii() and size.isdigit() and len(size) <= 20) or body not in ("7BIT", "8BITMIME") or utf8:
            raise RefusedError("501 5.5.4 A parameter cannot have this value")
        sender = parse_sender(path, utf8 is not None)
        if int(size) > listener.limits.max_size:
            listener.counters["too_big"] += 1
            raise RefusedError(TOO_BIG)
        if not listener.budget.has(int(size)) or not listener.office.has_room(int(size)):
            listener.counters["no_room"] += 1
            raise RefusedError(NO_ROOM)
        if not listener.peers.letter(self.peer, self.loop.time()):
            listener.counters["rate_limited"] += 1
            raise RefusedError("451 4.7.1 Too many letters a minute, go on later")
        self.envelope.mail_from = sender
        self.envelope.smtp_utf8 = utf8 is not None
        self.say(b"250 2.1.0 The sender is noted")

    async def smtp_RCPT(self, arg: str | None) -> None:
        """RFC 5321 4.1.1.3: only mailboxes of ours, found before 250, so that nothing has to be bounced later."""
        envelope, listener = self.envelope, self.listener
        if envelope.mail_from is None:
            raise RefusedError("503 5.5.1 Say MAIL first")
        path, parameters = parse_path(arg or "", "TO:")
        if parameters:
            raise RefusedError("555 5.5.4 There is no such parameter")
        address = parse_recipient(path, envelope.smtp_utf8, listener.hostname)
        if len(envelope.recipients) >= listener.limits.recipients:
            # Not an error of the client's: what is over goes into its next letter (RFC 5321 4.5.3.1.10).
            self.say(b"452 4.5.3 That is as many recipients as one letter may have")
            return
        self.phase = "busy"
        try:
            recipient = await listener.office.find_recipient(address, envelope.mail_from)
        except Unavailable:
            raise RefusedError(NOT_NOW) from None
        except Exception:
            log.exception("looking for a recipient failed")
            raise RefusedError(NOT_NOW) from None
        if recipient is None:
            listener.counters["unknown_recipients"] += 1
            raise RefusedError("550 5.1.1 There is no such mailbox here")
        envelope.recipients.append(recipient)
        self.say(b"250 2.1.5 The recipient is known")

    async def smtp_DATA(self, arg: str) -> None:
        """RFC 5321 4.1.1.4. 250 is said when the office has made the letter durable, never before."""
        if self.envelope.mail_from is None:
            raise RefusedError("503 5.5.1 Say MAIL first")
        if not self.envelope.recipients:
            raise RefusedError("554 5.5.1 There is no recipient")
        if arg:
            raise RefusedError("501 5.5.4 DATA takes nothing")
        self.say(b"354 Send the letter, end it with CR LF . CR LF")
        await self.receive_letter()

    async def smtp_RSET(self, arg: str) -> None:
        """RFC 5321 4.1.1.5."""
        if arg:
            raise RefusedError("501 5.5.4 RSET takes nothing")
        self.reset()
        self.say(b"250 2.0.0 Forgotten")

    async def smtp_NOOP(self, arg: str) -> None:
        """RFC 5321 4.1.1.9."""
        self.say(b"250 2.0.0 Here")

    async def smtp_VRFY(self, arg: str) -> None:
        """RFC 5321 3.5.3: the same for everybody, so that nobody can count our mailboxes."""
        self.say(b"252 2.1.5 Send a letter and see")

    async def smtp_EXPN(self, arg: str) -> None:
        """RFC 5321 3.5.2."""
        raise RefusedError("502 5.5.1 Lists are not shown")

    async def smtp_AUTH(self, arg: str) -> None:
        """RFC 4954: never offered."""
        raise RefusedError("502 5.5.1 Nobody logs in here")

    async def smtp_HELP(self, arg: str) -> None:
        """RFC 5321 4.1.1.8, without a word on what runs here."""
        self.say(b"214 2.0.0 See RFC 5321")

    async def smtp_QUIT(self, arg: str) -> None:
        """RFC 5321 4.1.1.10."""
        self.hang_up(b"221 2.0.0 Goodbye")


Session.learn_commands()
