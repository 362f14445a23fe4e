"""A mail server that takes letters as a script says and writes down what it took, outside of anybody's database.

In a test it runs in a thread of its own; for kills it is a process: ``python -m tests.support.sink PORT LOG [SEED]``.
Every accepted letter is a JSON line, on disk before its 250 is said, so that the log is what the other side truly has.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import ssl
import sys
import threading
import zlib
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CUT, CUT_AFTER, SILENT = "cut", "cut-after", "silent"
"""Instead of a reply: hang up before taking the letter; take it and hang up; take it and say nothing."""


@dataclass
class Script:
    """What is answered where; a function gets the recipient and how often it was tried. '' is the usual yes."""

    mail: Callable[[str, int], str] = lambda _sender, _tries: ""
    rcpt: Callable[[str, int], str] = lambda _recipient, _tries: ""
    dot: Callable[[str, int], str] = lambda _recipient, _tries: ""
    password: str = ""
    tls: ssl.SSLContext | None = None
    offers_tls: bool = True
    takes_utf8: bool = False
    pipelining: bool = False
    tells_dots: float | None = None
    """Write down each dot as it comes and each answer, and let so many seconds pass between them."""


@dataclass
class Taken:
    """A letter that the sink has: the return path, the recipient, the bytes as they were before dot-stuffing."""

    sender: str
    recipient: str
    raw: bytes


@dataclass
class Sink:
    """Runs from ``start`` to ``stop``; ``taken`` are the letters, ``said`` every line that came."""

    script: Script = field(default_factory=Script)
    log: Path | None = None
    taken: list[Taken] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    host: str = "127.0.0.1"
    port: int = 0
    open_now: int = 0
    open_most: int = 0
    _tries: dict[tuple[str, str], int] = field(default_factory=dict)

    def start(self, port: int = 0) -> Sink:
        """Listen on loopback, in a thread."""
        ready = threading.Event()

        async def serve() -> None:
            self._loop = asyncio.get_running_loop()
            server = await asyncio.start_server(self._talk, self.host, port, limit=64 << 20)
            self.port = server.sockets[0].getsockname()[1]
            self._end = asyncio.Event()
            ready.set()
            await self._end.wait()
            server.close()

        self._thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
        self._thread.start()
        assert ready.wait(10)
        return self

    def stop(self) -> None:
        """Take no more."""
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(10)

    def __enter__(self) -> Sink:
        return self if self.port else self.start()

    def __exit__(self, *_problem: object) -> None:
        self.stop()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open_now += 1
        self.open_most = max(self.open_most, self.open_now)
        try:
            await _Conversation(self, reader, writer).run()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the other side was killed, which is what we are for; or the test is over
        finally:
            self.open_now -= 1
            writer.close()

    def tries(self, stage: str, recipient: str) -> int:
        """How often this was asked before."""
        key = (stage, recipient)
        self._tries[key] = self._tries.get(key, 0) + 1
        return self._tries[key] - 1

    def keep(self, letter: Taken) -> None:
        """Have the letter, for good."""
        self.taken.append(letter)
        head = letter.raw.partition(b"\r\n\r\n")[0].decode("ascii", "replace")
        ids = [line.partition(":")[2].strip() for line in head.split("\r\n") if line.startswith("Message-ID:")]
        self.note({"to": letter.recipient, "id": ids}, surely=True)

    def note(self, fact: dict[str, Any], *, surely: bool = False) -> None:
        """Write a line that survives this process, ``surely`` the machine too."""
        if self.log is not None:
            descriptor = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(descriptor, json.dumps(fact).encode() + b"\n")
                if surely:
                    os.fsync(descriptor)
            finally:
                os.close(descriptor)


class _Conversation:
    def __init__(self, sink: Sink, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.sink, self.reader, self.writer = sink, reader, writer
        self.sender = self.recipient = ""
        self.private = self.known = self.refused = False

    async def say(self, line: str) -> None:
        self.writer.write(line.encode() + b"\r\n")
        await self.writer.drain()

    async def run(self) -> None:
        await self.say("220 sink.example ESMTP")
        while line := await self.reader.readline():
            said = line.decode("utf-8", "replace").rstrip("\r\n")
            self.sink.said.append(said)
            verb = said.partition(" ")[0].upper()
            if verb == "QUIT":
                await self.say("221 2.0.0 bye")
                return
            answer: Any = getattr(self, f"do_{verb.lower()}", None)
            if answer is None:
                await self.say("500 5.5.2 what?")
            elif await answer(said) is False:
                return

    async def do_ehlo(self, _said: str) -> None:
        extensions = ["sink.example", "SIZE 50000000", "ENHANCEDSTATUSCODES"]
        if self.sink.script.tls is not None and self.sink.script.offers_tls and not self.private:
            extensions.append("STARTTLS")
        if self.sink.script.password:
            extensions.append("AUTH PLAIN LOGIN")
        if self.sink.script.pipelining:
            extensions.append("PIPELINING")
        if self.sink.script.takes_utf8:
            extensions += ["8BITMIME", "SMTPUTF8"]
        for line in extensions[:-1]:
            await self.say(f"250-{line}")
        await self.say(f"250 {extensions[-1]}")

    async def do_starttls(self, _said: str) -> None:
        assert self.sink.script.tls is not None
        await self.say("220 2.0.0 go")
        await self.writer.start_tls(self.sink.script.tls)
        self.private = True

    async def do_auth(self, said: str) -> None:
        words = said.split(" ")
        right = len(words) == 3 and b64decode(words[2]).split(b"\0")[-1].decode() == self.sink.script.password
        self.known = right
        await self.say("235 2.7.0 welcome" if right else "535 5.7.8 no")

    async def do_rset(self, _said: str) -> None:
        self.sender = self.recipient = ""
        await self.say("250 2.0.0 ok")

    async def do_mail(self, said: str) -> bool:
        self.sender = said.partition("<")[2].partition(">")[0]
        if self.sink.script.password and not self.known:
            await self.say("530 5.7.0 who are you?")
            return True
        return await self._answer(self.sink.script.mail, "mail", self.sender, "250 2.1.0 ok")

    async def do_rcpt(self, said: str) -> bool:
        self.recipient = said.partition("<")[2].rpartition(">")[0]
        self.refused = False
        return await self._answer(self.sink.script.rcpt, "rcpt", self.recipient, "250 2.1.5 ok")

    async def do_data(self, _said: str) -> bool:
        if self.refused:
            await self.say("554 5.5.1 to nobody?")
            return True
        await self.say("354 go on")
        raw = await self.reader.readuntil(b"\r\n.\r\n")
        letter = Taken(self.sender, self.recipient, raw[:-3].replace(b"\r\n..", b"\r\n."))
        if self.sink.script.tells_dots is not None:
            self.sink.note({"dot": self.recipient})
            await asyncio.sleep(self.sink.script.tells_dots)
        scripted = self.sink.script.dot(self.recipient, self.sink.tries("dot", self.recipient))
        if scripted in {"", CUT_AFTER, SILENT} or scripted.startswith("2"):
            self.sink.keep(letter)
        if scripted in {CUT, CUT_AFTER, SILENT}:
            self.sink.note({"cut": self.recipient})
        if scripted == SILENT:
            await self.reader.read()
        if scripted in {CUT, CUT_AFTER, SILENT}:
            return False
        if self.sink.script.tells_dots is not None:
            self.sink.note({"answered": self.recipient})
        await self.say(scripted or "250 2.0.0 taken")
        return not scripted.startswith("421")

    async def _answer(self, script: Callable[[str, int], str], stage: str, whom: str, usual: str) -> bool:
        scripted = script(whom, self.sink.tries(stage, whom))
        if scripted == CUT:
            return False
        self.refused = self.refused or scripted[:1] in {"4", "5"}
        await self.say(scripted or usual)
        return not scripted.startswith("421")


def tangled(seed: int) -> Script:
    """A relay with bad manners: of a hundred letters it puts twenty off and refuses three for ever (``is_refused``), of
    the others it cuts three before the answer and two after taking them."""
    chance = random.Random(seed)

    def rcpt(recipient: str, _tries: int) -> str:
        if is_refused(recipient):
            return "550 5.7.1 not from you"
        return "451 4.3.2 later" if chance.random() < 0.2 else ""

    def dot(_recipient: str, _tries: int) -> str:
        drawn = chance.random()
        return CUT if drawn < 0.03 else CUT_AFTER if drawn < 0.05 else ""

    return Script(rcpt=rcpt, dot=dot)


def is_refused(recipient: str) -> bool:
    """Whom the relay with bad manners never takes letters for: three of a hundred."""
    return zlib.crc32(recipient.encode()) % 100 < 3


def tangled_mailing(seed: int) -> Script:
    """A relay that reads ahead and has bad manners with mailings: of a hundred letters it puts five off and refuses two
    for ever (``is_refused_mailing``), of the others it cuts one before the answer and one after taking it."""
    chance = random.Random(seed)

    def rcpt(recipient: str, _tries: int) -> str:
        if is_refused_mailing(recipient):
            return "550 5.7.1 not from you"
        return "451 4.3.2 later" if chance.random() < 0.05 else ""

    def dot(_recipient: str, _tries: int) -> str:
        drawn = chance.random()
        return CUT if drawn < 0.01 else CUT_AFTER if drawn < 0.02 else ""

    return Script(rcpt=rcpt, dot=dot, pipelining=True, tells_dots=0.01)


def is_refused_mailing(recipient: str) -> bool:
    """Whom that relay never takes letters for: two of a hundred."""
    return zlib.crc32(recipient.encode()) % 100 < 2


def main() -> None:
    """A process of its own: ready when it prints its port."""
    port, log = int(sys.argv[1]), Path(sys.argv[2])
    make = tangled_mailing if sys.argv[4:] == ["mailing"] else tangled
    script = make(int(sys.argv[3])) if len(sys.argv) > 3 else Script()
    sink = Sink(script, log).start(port)
    print(sink.port, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
