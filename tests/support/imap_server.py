"""A small honest IMAP server with scripted lies laid over it, on a thread of its own.

The scripts are those of the table of lies: a list of ``{on, times?, send}``; the first that matches the command
(without its tag, upper case) is sent in place of the honest answer. ``GREETING`` and ``IDLE.WAIT`` are moments.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import random
import re
import ssl
import threading
import time
from dataclasses import dataclass, field
from typing import Any

CHUNK = 1 << 16


@dataclass
class Box:
    """A folder: letters, flags and labels by UID."""

    uidvalidity: int = 100
    uidnext: int = 1
    modseq: int = 1
    letters: dict[int, bytes] = field(default_factory=dict)
    flags: dict[int, set[str]] = field(default_factory=dict)
    changed: dict[int, int] = field(default_factory=dict)
    labels: dict[int, tuple[str, ...]] = field(default_factory=dict)

    def add(self, raw: bytes, *flags: str) -> int:
        """Lay a letter in; returns its UID."""
        uid = self.uidnext
        self.uidnext += 1
        self.letters[uid] = raw
        self.flag(uid, *flags)
        return uid

    def flag(self, uid: int, *flags: str) -> None:
        """Add flags."""
        self.modseq += 1
        self.changed[uid] = self.modseq
        self.flags.setdefault(uid, set()).update(flags)

    def expunge(self, uid: int) -> None:
        """Take a letter away."""
        self.modseq += 1
        del self.letters[uid]

    def renumber(self, uidvalidity: int) -> None:
        """Begin anew with other numbers, the letters as they are."""
        letters = list(self.letters.values())
        self.uidvalidity, self.uidnext = uidvalidity, 1
        self.letters, self.flags, self.changed = {}, {}, {}
        for raw in letters:
            self.add(raw)


class ImapServer:
    """``boxes`` by their names on the wire. ``lies`` may be changed at any time. ``heard`` are all commands with the
    moment they came, ``clear`` what came before TLS. ``marks`` are what LIST says of a folder."""

    def __init__(
        self, context: ssl.SSLContext, *, starttls: bool = False, password: str = "secret", idle: bool = True
    ) -> None:
        self.context = context
        self.starttls = starttls
        self.password = password
        words = "IMAP4rev1 UIDPLUS CONDSTORE LITERAL+" + (" IDLE" if idle else "")
        self.capability = words + (" STARTTLS LOGINDISABLED" if starttls else "")
        self.boxes: dict[str, Box] = {"INBOX": Box(), "Sent": Box(), "&BBAEQARFBFYEMg-": Box()}
        self.marks: dict[str, str] = {}
        self.lies: list[dict[str, Any]] = []
        self.heard: list[tuple[float, str]] = []
        self.clear: list[bytes] = []
        self.tags: set[str] = set()
        self.connections = 0
        self.open = 0
        self.port = 0
        self._used: dict[int, int] = {}
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="imap-server", daemon=True)
        self._thread.start()
        self._ready.wait(10)

    def stop(self) -> None:
        """End it with all its connections."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def lie(self, lies: list[dict[str, Any]]) -> None:
        """Other lies from now on."""
        self._used.clear()
        self.lies = lies

    def drop(self) -> None:
        """Cut all connections."""
        for writer in list(self._writers):
            self._loop.call_soon_threadsafe(writer.transport.abort)

    def count(self, word: str) -> int:
        """How many commands began so."""
        return sum(line.startswith(word) for _, line in list(self.heard))

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)

        async def begin() -> None:
            direct = None if self.starttls else self.context
            server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=direct, limit=1 << 26)
            self.port = server.sockets[0].getsockname()[1]
            self._ready.set()

        self._task = self._loop.create_task(begin())
        self._loop.run_forever()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        with contextlib.suppress(Exception):
            self._loop.run_until_complete(asyncio.sleep(0.05))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        self._writers.add(writer)
        conversation = _Conversation(self, reader, writer)
        try:
            await conversation.run()
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, TimeoutError):
            pass
        finally:
            self.open -= 1
            self._writers.discard(writer)
            writer.transport.abort()

    def find_lie(self, moment: str) -> list[Any] | None:
        """The script for this command, while it has times left."""
        for lie in self.lies:
            if re.match(lie["on"] if lie["on"] == moment else f"(?:{lie['on']})", moment):
                used = self._used.get(id(lie), 0)
                if "times" in lie and used >= lie["times"]:
                    continue
                self._used[id(lie)] = used + 1
                return list(lie["send"])
        return None


class _Conversation:
    def __init__(self, server: ImapServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.server, self.reader, self.writer = server, reader, writer
        self.secured = not server.starttls
        self.box: Box | None = None
        self.tag, self.previous = "*", "*"
        self.signed_in = False
        self.seen = 0

    async def run(self) -> None:
        if not await self.tell("GREETING", "* OK ready\r\n"):
            return
        while line := await self.line():
            self.previous, (self.tag, _, command) = self.tag, line.partition(" ")
            self.server.tags.add(self.tag)
            self.server.heard.append((time.monotonic(), command))
            if not await self.answer(command):
                return

    async def line(self) -> str:
        """A command with its literals, or nothing at the end."""
        whole = b""
        while True:
            part = await self.reader.readline()
            if not self.secured:
                self.server.clear.append(part)
            whole += part
            found = re.search(rb"\{(\d+)(\+?)\}\r\n$", part)
            if not found:
                return whole.decode("utf-8", "surrogateescape").rstrip("\r\n")
            if not found[2]:
                await self.put("+ go on\r\n")
            whole += await self.reader.readexactly(int(found[1]))

    async def put(self, text: str | bytes) -> None:
        self.writer.write(text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape"))
        await self.writer.drain()

    async def tell(self, moment: str, honest: str | bytes) -> bool:
        """The honest answer, or the lie; False when the connection is over."""
        script = self.server.find_lie(moment)
        if script is None:
            await self.put(honest)
            return True
        for piece in script:
            if isinstance(piece, dict) and "honest" in piece:
                await self.put(honest)
            elif not await self.play(piece):
                return False
        return True

    async def play(self, piece: Any) -> bool:
        if isinstance(piece, str):
            await self.put(self.fill(piece))
        elif "b64" in piece:
            await self.put(base64.b64decode(piece["b64"]))
        elif "repeat" in piece:
            what = piece["repeat"]
            unit = base64.b64decode(what["b64"]) if isinstance(what, dict) else what.encode()
            for at in range(0, piece["times"], step := max(1, CHUNK // len(unit))):
                await self.put(unit * min(step, piece["times"] - at))
        elif "sleep" in piece:
            await asyncio.sleep(piece["sleep"])
        elif "drip" in piece:
            for sign in piece["drip"].encode():
                await self.put(bytes([sign]))
                await asyncio.sleep(piece["every"])
        elif "close" in piece or "rst" in piece:
            return False
        return True

    def fill(self, text: str) -> str:
        holes = {"{tag}": self.tag, "{tag_lower}": self.tag.lower(), "{prevtag}": self.previous}
        for hole, value in {**holes, "{random}": str(random.randrange(1000, 1 << 31))}.items():
            text = text.replace(hole, value)
        return text

    async def answer(self, command: str) -> bool:
        word = command.upper().split(" ")[0]
        if word == "STARTTLS":
            return await self.start_tls(command)
        if word == "IDLE":
            return await self.idle(command)
        if word == "LOGOUT":
            await self.put(f"* BYE\r\n{self.tag} OK done\r\n")
            return False
        return await self.tell(command.upper(), self.honest(command))

    async def start_tls(self, command: str) -> bool:
        script = self.server.find_lie(command.upper())
        if script is not None:
            for piece in script:
                if not (isinstance(piece, dict) and "honest" in piece) and not await self.play(piece):
                    return False
            if not any("{tag} OK" in piece for piece in script if isinstance(piece, str)):
                return True
        else:
            await self.put(f"{self.tag} OK begin\r\n")
        await self.writer.start_tls(self.server.context)
        self.secured = True
        return True

    async def idle(self, command: str) -> bool:
        if not await self.tell(command.upper(), "+ idling\r\n"):
            return False
        waiting = asyncio.ensure_future(self.reader.readline())
        began, lied = time.monotonic(), False
        while not waiting.done():
            await asyncio.wait([waiting], timeout=0.02)
            if self.box is not None and self.box.modseq != self.seen:
                self.seen = self.box.modseq
                await self.put(f"* {len(self.box.letters)} EXISTS\r\n")
            if not lied and time.monotonic() - began > 0.1:
                lied = True
                script = self.server.find_lie("IDLE.WAIT")
                for piece in script or []:
                    if not await self.play(piece):
                        return False
        if not waiting.result():
            return False
        await self.put(f"{self.tag} OK done\r\n")
        return True

    def honest(self, command: str) -> bytes:
        words = command.split(" ")
        word = words[0].upper()
        method = getattr(self, f"do_{word.lower()}", None)
        if method is None:
            return f"{self.tag} BAD unknown\r\n".encode()
        free = word in ("CAPABILITY", "NOOP", "LOGIN")
        if not free and not self.signed_in:
            return f"{self.tag} NO sign in first\r\n".encode()
        return method(command)

    def done(self, untagged: str | bytes = b"", text: str = "OK done") -> bytes:
        body = untagged if isinstance(untagged, bytes) else untagged.encode("utf-8", "surrogateescape")
        return body + f"{self.tag} {text}\r\n".encode()

    def do_capability(self, command: str) -> bytes:
        words = self.server.capability
        return self.done(f"* CAPABILITY {words.replace(' STARTTLS LOGINDISABLED', '') if self.secured else words}\r\n")

    def do_noop(self, command: str) -> bytes:
        return self.done()

    def do_login(self, command: str) -> bytes:
        if f'"{self.server.password}"' not in command:
            return self.done(text="NO [AUTHENTICATIONFAILED] wrong")
        self.signed_in = True
        return self.done()

    def do_list(self, command: str) -> bytes:
        marks = self.server.marks
        return self.done("".join(f'* LIST ({marks.get(name, "")}) "/" "{name}"\r\n' for name in self.server.boxes))

    def find_box(self, command: str) -> Box | None:
        found = re.search(r'"((?:[^"\\]|\\.)*)"', command)
        return self.server.boxes.get(found[1]) if found else None

    def do_examine(self, command: str) -> bytes:
        box = self.box = self.find_box(command)
        if box is None:
            return self.done(text="NO no such folder")
        self.seen = box.modseq
        return self.done(
            f"* {len(box.letters)} EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY {box.uidvalidity}] v\r\n"
            f"* OK [UIDNEXT {box.uidnext}] n\r\n* OK [HIGHESTMODSEQ {box.modseq}] m\r\n",
            "OK [READ-ONLY] done",
        )

    def do_status(self, command: str) -> bytes:
        box = self.find_box(command)
        if box is None:
            return self.done(text="NO no such folder")
        name = re.search(r'"((?:[^"\\]|\\.)*)"', command)
        assert name
        return self.done(
            f'* STATUS "{name[1]}" (MESSAGES {len(box.letters)} UIDNEXT {box.uidnext} '
            f"UIDVALIDITY {box.uidvalidity} HIGHESTMODSEQ {box.modseq})\r\n"
        )

    def do_uid(self, command: str) -> bytes:
        _, word, uids, rest = command.split(" ", 3)
        if word.upper() != "FETCH" or self.box is None:
            return self.done(text="BAD unknown")
        since = re.search(r"CHANGEDSINCE (\d+)", rest)
        body = bytearray()
        for number, uid in enumerate(sorted(self.box.letters), 1):
            if self.chosen(uids, uid) and (not since or self.box.changed.get(uid, 0) > int(since[1])):
                body += b"* %d FETCH (%s)\r\n" % (number, b" ".join(self.facts(uid, rest)))
        return self.done(bytes(body))

    def facts(self, uid: int, asked: str) -> list[bytes]:
        assert self.box is not None
        raw = self.box.letters[uid]
        facts = [b"UID %d" % uid]
        if "FLAGS" in asked:
            facts.append(b"FLAGS (%s)" % " ".join(sorted(self.box.flags.get(uid, ()))).encode())
        if "RFC822.SIZE" in asked:
            facts.append(b"RFC822.SIZE %d" % len(raw))
        if "INTERNALDATE" in asked:
            facts.append(b'INTERNALDATE "20-Nov-2026 10:00:00 +0000"')
        if "X-GM-LABELS" in asked:
            labels = " ".join(f'"{label}"' for label in self.box.labels.get(uid, ()))
            facts.append(f"X-GM-LABELS ({labels})".encode())
        part = re.search(r"BODY\.PEEK\[\]<(\d+)\.(\d+)>", asked)
        if part:
            piece = raw[int(part[1]) : int(part[1]) + int(part[2])]
            facts.append(b"BODY[]<%d> {%d}\r\n%s" % (int(part[1]), len(piece), piece))
        return facts

    def chosen(self, uids: str, uid: int) -> bool:
        assert self.box is not None
        highest = max(self.box.letters, default=0)
        for part in uids.split(","):
            first, _, last = part.partition(":")
            low = highest if first == "*" else int(first)
            high = low if not last else highest if last == "*" else int(last)
            if min(low, high) <= uid <= max(low, high):
                return True
        return False
