"""The conversation under the commands: tags, literals, continuations, deadlines, and what a server says unasked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from mailhub.ingest.imap.answers import Status, parse_status
from mailhub.ingest.imap.bounds import Bounds
from mailhub.ingest.imap.trouble import Lie, Lost, Refused, clean, refusal
from mailhub.ingest.imap.wire import Wire

MOST_PIECES = 100
Heard = Callable[[bytes, list[bytes]], None]


class Literal(bytes):
    """Bytes that go onto the wire counted."""


class Conversation:
    """One connection, one command at a time. ``changed`` is True when the server told, unasked, that the open folder
    has changed; ``exists`` is how many letters it said to be there."""

    def __init__(self, wire: Wire, bounds: Bounds) -> None:
        self.bounds = bounds
        self.wire = wire
        self.changed = False
        self.exists = 0
        self._tag = 0

    async def say(
        self,
        *words: str | bytes | Literal,
        heard: Heard | None = None,
        at_log_in: bool = False,
        seconds: float | None = None,
    ) -> Status:
        """Say a command: ``str`` words are ours and go as they are, ``bytes`` are somebody else's and go spelt."""
        tag = self.next_tag()
        async with self.deadline(seconds or self.bounds.command):
            line = bytearray(tag.encode())
            for word in words:
                line += b" "
                if isinstance(word, str):
                    line += word.encode("ascii")
                    continue
                spelt = word if isinstance(word, Literal) else spell(word)
                if isinstance(spelt, Literal):
                    self.wire.send(bytes(line) + b"{%d}\r\n" % len(spelt))
                    await self.continuation(tag, at_log_in=at_log_in)
                    line = bytearray(spelt)
                else:
                    line += spelt
            self.wire.send(bytes(line) + b"\r\n")
            return await self.finish(tag, heard, at_log_in=at_log_in)

    async def continuation(self, tag: str, *, at_log_in: bool) -> None:
        """Wait until the server wants the rest of a command. Raises what a NO or BAD means."""
        for _ in range(self.bounds.lines):
            pieces = await self._pieces()
            if pieces[0].startswith(b"+"):
                return
            done = self.hear(tag, pieces, None)
            if done is not None:
                raise refusal(done.code, done.said, at_log_in=at_log_in, answered=done.word)
        raise Lie("an answer without end")

    async def finish(
        self, tag: str, heard: Heard | None, *, at_log_in: bool, on_question: bytes | None = None
    ) -> Status:
        """Hear everything up to the end of a command. Raises what a NO or BAD means, Lie, Lost."""
        began = self.wire.received
        for _ in range(self.bounds.lines):
            if self.wire.received - began > self.bounds.answer:
                break
            pieces = await self._pieces()
            if pieces[0].startswith(b"+") and on_question is not None:
                self.wire.send(on_question)
                continue
            done = self.hear(tag, pieces, heard)
            if done is None:
                continue
            if done.word != "OK":
                raise refusal(done.code, done.said, at_log_in=at_log_in, answered=done.word)
            return done
        raise Lie("an answer without end")

    async def _pieces(self) -> list[bytes]:
        """One answer: text, and between it the literals. Raises Lie for a literal beyond the bounds."""
        pieces, held = [await self.wire.line()], 0
        while pieces[-1].endswith(b"}"):
            text, brace, size = pieces[-1][:-1].rpartition(b"{")
            if not (brace and size.isdigit()):
                break
            held += int(size) if len(size) < 12 else self.bounds.literal + 1
            if held > self.bounds.literal or len(pieces) > MOST_PIECES:
                raise Lie("a literal that is too large")
            pieces[-1] = text
            pieces += [await self.wire.exactly(int(size)), await self.wire.line()]
        return pieces

    def hear(self, tag: str, pieces: list[bytes], heard: Heard | None) -> Status | None:
        """Take in one answer; the status when it is the end of the command ``tag``."""
        text = pieces[0]
        star, _, rest = text.partition(b" ")
        if star == tag.encode():
            done = parse_status(rest)
            if done is None or done.word not in ("OK", "NO", "BAD"):
                raise Lie("a command that ends with nothing")
            return done
        if star != b"*":
            raise Lie("an answer to a command that nobody gave")
        name, _, behind = rest.partition(b" ")
        if name.isdigit():
            count, (name, _, behind) = name, behind.partition(b" ")
            self._news(name.upper(), count)
        elif name.upper() == b"BYE":
            raise Lost("The server ended the session: %(said)s", said=clean(behind.decode("utf-8", "replace")))
        if heard is not None:
            heard(name.upper(), [behind, *pieces[1:]])
        return None

    def _news(self, name: bytes, count: bytes) -> None:
        if name == b"EXISTS":
            self.exists = int(count) if len(count) < 11 else 0
        if name in (b"EXISTS", b"EXPUNGE", b"FETCH"):
            self.changed = True

    @asynccontextmanager
    async def deadline(self, seconds: float) -> AsyncIterator[None]:
        """All of it within so many seconds, else Lost."""
        try:
            async with asyncio.timeout(seconds):
                yield
        except TimeoutError as error:
            raise Lost("The server was silent or too slow. It is tried again.") from error

    def next_tag(self) -> str:
        """A tag that was not used yet."""
        self._tag += 1
        return f"M{self._tag}"


def spell(word: bytes) -> bytes:
    """A word of somebody else's as a quoted string, or as a counted literal where it holds more than printable ASCII.
    Raises Refused for what no server could take."""
    if b"\0" in word or b"\r" in word or b"\n" in word:
        raise Refused("NUL CR LF")
    if all(0x20 <= sign < 0x7F for sign in word):
        return b'"' + word.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
    return Literal(word)
