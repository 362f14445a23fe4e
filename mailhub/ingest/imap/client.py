"""The commands that we say to a server, each within its deadline.

What somebody typed goes onto the wire as a quoted string or a counted literal and never as a command, see
``conversation.spell``. A session that raised Trouble is closed by its owner; nothing of a broken answer is used.
"""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mailhub.ingest.imap.answers import Fetched, parse_fetch, parse_number, parse_status, parse_values
from mailhub.ingest.imap.bounds import Bounds
from mailhub.ingest.imap.conversation import Conversation
from mailhub.ingest.imap.names import decode_name, find_role, is_usable
from mailhub.ingest.imap.trouble import Insecure, Lie, PasswordRefused, Refused, Trouble, refusal
from mailhub.ingest.imap.wire import Wire, connect
from mailhub.mailboxes.accounts import Auth, Security
from mailhub.mailboxes.oauth import xoauth2
from mailhub.mailboxes.placements import Listed

_TOLD = frozenset({"UIDVALIDITY", "UIDNEXT", "HIGHESTMODSEQ"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server is: the addresses that may be connected to, and the name that its certificate has to bear."""

    host: str
    addresses: tuple[str, ...]
    port: int
    security: Security


@dataclass(frozen=True, slots=True)
class Opened:
    """A folder as EXAMINE or STATUS tells of it; 0 where the server does not say."""

    exists: int
    uidvalidity: int
    uidnext: int
    modseq: int


class Client:
    """One connection. ``log_in`` first."""

    def __init__(self, wire: Wire, bounds: Bounds) -> None:
        self.bounds = bounds
        self.capabilities: frozenset[str] = frozenset()
        self._talk = Conversation(wire, bounds)

    @property
    def changed(self) -> bool:
        """Has the server told, unasked, that the open folder has changed?"""
        return self._talk.changed

    @classmethod
    async def connect(cls, place: Place, context: ssl.SSLContext, bounds: Bounds) -> Client:
        """Connect, hear the greeting, and go under TLS. Raises Trouble."""
        direct = context if place.security == "tls" else None
        wire = await connect(place.addresses, place.port, place.host, direct, bounds)
        client = cls(wire, bounds)
        try:
            async with client._talk.deadline(bounds.command):
                await client._greet()
                if place.security == "starttls":
                    await client._start_tls(context, place.host)
                await client._ask_capabilities()
        except BaseException:
            wire.close()
            raise
        return client

    async def log_in(self, user: str, secret: str, auth: Auth) -> None:
        """Sign in with a password or an access token, under TLS only. Raises PasswordRefused, Trouble; what the server
        says back never carries the secret."""
        if not self._talk.wire.secured:
            raise Insecure
        try:
            await self._sign_in(user, secret, auth)
        except Trouble as trouble:
            trouble.fields["said"] = without_secret(trouble.fields.get("said", ""), user, secret)
            raise
        async with self._talk.deadline(self.bounds.command):
            await self._ask_capabilities()

    async def _sign_in(self, user: str, secret: str, auth: Auth) -> None:
        if auth == "xoauth2":
            await self._authenticate("XOAUTH2", _coded(xoauth2(user, secret)))
        elif "AUTH=PLAIN" in self.capabilities:
            await self._authenticate("PLAIN", _coded(f"\0{user}\0{secret}"))
        elif "LOGINDISABLED" in self.capabilities:
            raise PasswordRefused("LOGINDISABLED")
        else:
            await self._talk.say("LOGIN", user.encode(), secret.encode(), at_log_in=True)

    async def list_folders(self) -> list[Listed]:
        """All folders that can be opened. Names that cannot be said back are left out; the rest counts. Raises Lie.

        Drafts are not to be followed, nor a folder that shows all letters once more. Only Gmail's is (with junk and
        trash, which it leaves out): labels say there which letters are ours, and its other folders are views of it.
        """
        found: dict[str, Listed] = {}
        gathering: set[str] = set()

        def heard(name: bytes, pieces: list[bytes]) -> None:
            if name == b"LIST":
                listed, gathers = _parse_listed(pieces)
                if len(found) >= self.bounds.folders:
                    raise Lie("more folders than anybody has")
                if listed is not None:
                    found.setdefault(listed.wire, listed)
                    gathering.update([listed.wire] if gathers else [])

        await self._talk.say("LIST", '""', '"*"', heard=heard)
        if gathering and self._has_labels:
            return [
                replace(one, followed=one.wire in gathering or one.role in ("junk", "trash")) for one in found.values()
            ]
        return [replace(one, followed=one.role != "drafts" and one.wire not in gathering) for one in found.values()]

    async def examine(self, wire: str) -> Opened:
        """Open a folder for reading: nothing there changes by it. Raises Refused, Lie without UIDVALIDITY."""
        return await self._open("EXAMINE", wire)

    async def status(self, wire: str) -> Opened:
        """Look at a folder without opening it. Raises Refused."""
        modseq = " HIGHESTMODSEQ" if "CONDSTORE" in self.capabilities else ""
        told: dict[str, int] = {}

        def heard(name: bytes, pieces: list[bytes]) -> None:
            if name == b"STATUS":
                values = parse_values(pieces)
                counts = values[-1] if values else None
                if isinstance(counts, list):
                    pairs = iter(counts)
                    told.update({_word(key): parse_number(value) for key, value in zip(pairs, pairs, strict=False)})

        await self._talk.say("STATUS", wire.encode("latin-1"), f"(MESSAGES UIDNEXT UIDVALIDITY{modseq})", heard=heard)
        names = ("MESSAGES", "UIDVALIDITY", "UIDNEXT", "HIGHESTMODSEQ")
        return Opened(*(told.get(name, 0) for name in names))

    async def list_letters(self, first: int, last: int | None, *, whole: bool, since: int = 0) -> list[Fetched]:
        """Letters of the open folder with UIDs of a range (to the end without ``last``), each once, in order.

        ``whole`` asks for sizes and dates beside flags; ``since`` only for those whose flags changed after that
        MODSEQ. Raises Lie for a UID told twice over with something else.
        """
        changed = f" (CHANGEDSINCE {since})" if since else ""
        found = await self._fetch(f"{first}:{last or '*'}", self._facts(whole=whole) + changed, 0)
        return [found[uid] for uid in sorted(found) if first <= uid <= (last or uid)]

    async def list_some(self, uids: Sequence[int], *, whole: bool) -> list[Fetched]:
        """As ``list_letters`` for these alone, as far as they are there."""
        found = await self._fetch(",".join(map(str, uids)), self._facts(whole=whole), 0)
        return [found[uid] for uid in uids if uid in found]

    async def fetch_slices(self, uids: Sequence[int], origin: int, expected: int) -> dict[int, Fetched]:
        """A slice of each letter, ``bounds.slice`` bytes from ``origin``; those that the server leaves out are
        missing. ``expected`` bytes tell how long it may take. Raises Lie."""
        asked = ",".join(map(str, uids))
        found = await self._fetch(asked, f"(UID BODY.PEEK[]<{origin}.{self.bounds.slice}>)", expected)
        return {uid: found[uid] for uid in uids if uid in found and found[uid].body is not None}

    async def idle(self, seconds: float, bell: asyncio.Event) -> None:
        """Wait until something changes in the open folder, ``bell`` rings or the time is over (RFC 2177); without
        IDLE at the server just wait. Raises Lost when the server is gone."""
        if "IDLE" not in self.capabilities:
            await _either(seconds, bell.wait())
            return
        tag = self._talk.next_tag()
        self._talk.wire.send(f"{tag} IDLE\r\n".encode())
        async with self._talk.deadline(self.bounds.command):
            while not (line := await self._talk.wire.line()).startswith(b"+"):
                self._talk.hear(tag, [line], None)
        if not self._talk.wire.has_data():
            await _either(seconds, bell.wait(), self._talk.wire.more())
        self._talk.wire.send(b"DONE\r\n")
        async with self._talk.deadline(self.bounds.command):
            await self._talk.finish(tag, None, at_log_in=False)

    async def log_out(self) -> None:
        """Say goodbye, as far as the server listens, and close."""
        try:
            async with asyncio.timeout(2):
                self._talk.wire.send(f"{self._talk.next_tag()} LOGOUT\r\n".encode())
                while True:
                    await self._talk.wire.line()
        except (Trouble, TimeoutError):
            pass  # there is nothing left to lose
        finally:
            self.close()

    def close(self) -> None:
        """Away with the connection."""
        self._talk.wire.close()

    async def _greet(self) -> None:
        line = await self._talk.wire.line()
        greeting = parse_status(line[2:]) if line.startswith(b"* ") else None
        if greeting is None:
            raise Lie("a greeting that is none")
        if greeting.word == "BYE":
            raise refusal("UNAVAILABLE", greeting.said, at_log_in=False, answered="BYE")
        if greeting.word != "OK":
            raise Insecure("The server takes us for somebody already signed in. Nothing was sent to it.")

    async def _start_tls(self, context: ssl.SSLContext, host: str) -> None:
        tag = self._talk.next_tag()
        self._talk.wire.send(f"{tag} STARTTLS\r\n".encode())
        try:
            await self._talk.finish(tag, None, at_log_in=False)
        except Refused as refused:
            raise Insecure from refused
        await self._talk.wire.secure(context, host)

    async def _ask_capabilities(self) -> None:
        told: list[str] = []

        def heard(name: bytes, pieces: list[bytes]) -> None:
            if name == b"CAPABILITY":
                told.extend(pieces[0].decode("ascii", "replace").upper().split())

        await self._talk.say("CAPABILITY", heard=heard)
        self.capabilities = frozenset(told)

    async def _authenticate(self, mechanism: str, coded: bytes) -> None:
        tag = self._talk.next_tag()
        start = f"{tag} AUTHENTICATE {mechanism}".encode()
        async with self._talk.deadline(self.bounds.command):
            if "SASL-IR" in self.capabilities:
                self._talk.wire.send(start + b" " + coded + b"\r\n")
            else:
                self._talk.wire.send(start + b"\r\n")
                await self._talk.continuation(tag, at_log_in=True)
                self._talk.wire.send(coded + b"\r\n")
            # A refusal of XOAUTH2 comes as a question that wants an empty answer before it is said.
            await self._talk.finish(tag, None, at_log_in=True, on_question=b"\r\n")

    async def _open(self, command: str, wire: str) -> Opened:
        told: dict[str, int] = {}

        def heard(name: bytes, pieces: list[bytes]) -> None:
            status = parse_status(b"OK " + pieces[0]) if name == b"OK" else None
            if status is not None and status.code in _TOLD:
                told[status.code] = parse_number(status.argument.encode())

        self._talk.exists = 0
        condstore = ["(CONDSTORE)"] if "CONDSTORE" in self.capabilities else []
        await self._talk.say(command, wire.encode("latin-1"), *condstore, heard=heard)
        self._talk.changed = False
        if not told.get("UIDVALIDITY"):
            raise Lie("a folder without UIDVALIDITY")
        return Opened(self._talk.exists, told["UIDVALIDITY"], told.get("UIDNEXT", 0), told.get("HIGHESTMODSEQ", 0))

    @property
    def _has_labels(self) -> bool:
        return "X-GM-EXT-1" in self.capabilities

    def _facts(self, *, whole: bool) -> str:
        if not whole:
            return "(UID FLAGS)"
        labels = " X-GM-LABELS" if self._has_labels else ""
        return f"(UID RFC822.SIZE FLAGS INTERNALDATE{labels})"

    async def _fetch(self, uids: str, what: str, expected: int) -> dict[int, Fetched]:
        found: dict[int, Fetched] = {}

        def heard(name: bytes, pieces: list[bytes]) -> None:
            if name != b"FETCH":
                return
            one = parse_fetch(pieces)
            if one.uid is None:
                return  # news of a letter that nobody asked about
            before = found.setdefault(one.uid, one)
            if before is not one:
                _join(before, one)

        seconds = self.bounds.command + expected / self.bounds.slowest
        await self._talk.say("UID", "FETCH", uids, what, heard=heard, seconds=seconds)
        return found


def _join(before: Fetched, one: Fetched) -> None:
    """Take over what a further answer tells of a letter; the news of flags that a server adds is no contradiction."""
    if one.body is not None:
        if before.body is not None:
            raise Lie("the same letter twice")
        before.body, before.origin = one.body, one.origin
    before.flags = one.flags if one.flags is not None else before.flags
    before.size = one.size if one.size is not None else before.size
    before.date = one.date if one.date is not None else before.date


def _parse_listed(pieces: list[bytes]) -> tuple[Listed | None, bool]:
    """A folder out of LIST, or None for one that cannot be opened or named, and whether it shows all letters. Raises
    Lie."""
    if not all(map(is_usable, pieces[::2])):
        return None, False  # a name with NUL, say: the other folders count
    values = parse_values(pieces)
    if len(values) < 3 or not isinstance(values[0], list) or not isinstance(values[2], bytes):
        raise Lie("a folder that cannot be read")
    flags = tuple(_word(flag) for flag in values[0])
    if {"\\NOSELECT", "\\NONEXISTENT"} & set(flags) or not is_usable(values[2]):
        return None, False
    wire, delimiter = values[2], values[1] if isinstance(values[1], bytes) else b""
    name = decode_name(wire)
    role = find_role(flags, name, delimiter.decode("latin-1"))
    return Listed(wire.decode("latin-1"), name, role), "\\ALL" in flags


def _coded(words: str) -> bytes:
    return base64.b64encode(words.encode())


def without_secret(said: str, user: str, secret: str) -> str:
    """What a server said, without what it repeats of ours, be that cut short."""
    ours = [secret, _coded(f"\0{user}\0{secret}").decode(), _coded(xoauth2(user, secret)).decode()]
    words = said.replace(secret, "…").split(" ")
    return " ".join("…" if len(word) > 5 and any(word in one for one in ours) else word for word in words)


def _word(value: object) -> str:
    return value.decode("latin-1").upper() if isinstance(value, bytes) else ""


async def _either(seconds: float, *ways: Coroutine[Any, Any, object]) -> None:
    """Wait until one of these ends, or for so long."""
    tasks = [asyncio.ensure_future(way) for way in ways]
    try:
        done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
