"""A post office in memory and a client that says raw bytes, for the tests of the listener."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from mailhub.ingest.smtp import Limits, Listener, Recipient, Transaction

CORPORA = Path(__file__).resolve().parents[2].parent / "shared" / "corpora"
HOST = "mx.firm.example"
LETTER = b"From: <buyer@client.example>\r\nSubject: order\r\n\r\ntext\r\n"


def attacks(name: str) -> dict:
    """The table of that name; the test is skipped where there is none."""
    path = CORPORA / "attacks" / name
    if not path.exists():
        pytest.skip(f"{name} is not here")
    return json.loads(path.read_text())


class MemoryOffice:
    """Knows ``mailboxes`` with plus tags and without case, and keeps letters. ``trouble`` is raised instead."""

    def __init__(self, *mailboxes: str) -> None:
        self.mailboxes = {address: number for number, address in enumerate(mailboxes or ["info@firm.example"], 1)}
        self.letters: list[Transaction] = []
        self.asked: list[str] = []
        self.room = True
        self.trouble: Exception | None = None
        self.gate: asyncio.Event | None = None

    async def find_recipient(self, address: str, sender: str) -> Recipient | None:
        self.asked.append(address)
        if self.trouble is not None and self.gate is None:
            raise self.trouble
        local, _, domain = address.partition("@")
        if local == "postmaster":
            local, domain = "postmaster", "firm.example"
        known = f"{local.partition('+')[0].lower()}@{domain}"
        number = 99 if local == "postmaster" else self.mailboxes.get(known)
        return None if number is None else Recipient(known, number)

    async def accept(self, transaction: Transaction) -> str:
        if self.gate is not None:
            await self.gate.wait()
        if self.trouble is not None:
            raise self.trouble
        self.letters.append(transaction)
        return f"L{len(self.letters)}"

    def has_room(self, size: int) -> bool:
        return self.room


class Client:
    """One connection; whole replies come back as bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def reply(self) -> bytes:
        """One reply, all lines; empty at the end of the connection."""
        lines = b""
        while True:
            try:
                line = await asyncio.wait_for(self.reader.readline(), 20)
            except ConnectionError:
                return lines
            lines += line
            if len(line) < 4 or line[3:4] != b"-":
                return lines

    async def ask(self, command: bytes) -> bytes:
        self.send(command + b"\r\n")
        return await self.reply()

    async def begin(self, rcpt: bytes = b"TO:<info@firm.example>", mail: bytes = b"FROM:<a@client.example>") -> None:
        """As far as the 354."""
        for command in (b"EHLO client.example", b"MAIL " + mail, b"RCPT " + rcpt, b"DATA"):
            answer = await self.ask(command)
            assert answer[:1] in b"23", (command, answer)

    async def rest(self) -> bytes:
        """All that still comes, to the end or to a reset."""
        said = b""
        with contextlib.suppress(ConnectionError):
            while block := await asyncio.wait_for(self.reader.read(1000), 20):
                said += block
        return said

    async def starttls(self) -> None:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        await self.writer.start_tls(context)

    def close(self) -> None:
        self.writer.close()


@asynccontextmanager
async def listening(
    office: MemoryOffice, limits: Limits | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Listener]:
    listener = Listener(office, HOST, limits=limits, tls=tls)
    await listener.start()
    try:
        yield listener
    finally:
        await listener.stop()


@asynccontextmanager
async def calling(listener: Listener, greeted: bool = True) -> AsyncIterator[Client]:
    client = Client(*await asyncio.open_connection("127.0.0.1", listener.port))
    try:
        if greeted:
            assert (await client.reply()).startswith(b"220 ")
        yield client
    finally:
        client.close()


async def deliver(client: Client) -> bytes:
    """A whole letter; the answer to it."""
    await client.begin()
    return await client.ask(LETTER + b".")
