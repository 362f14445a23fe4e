"""LMTP: one answer a recipient."""

from __future__ import annotations

import asyncio
import shutil
import smtplib

import pytest

from core.errors import TooMuch
from mailhub.ingest.smtp import Limits, Listener, LmtpSession, Transaction
from tests.ingest.smtp_support import HOST, LETTER, MemoryOffice, calling


class PartlyFullOffice(MemoryOffice):
    """The mailbox of ``full@`` is full."""

    async def accept(self, transaction: Transaction) -> str:
        if transaction.recipients[0].address.startswith("full@"):
            raise TooMuch("The mailbox is full", retry_after=60)
        return await super().accept(transaction)


def test_each_recipient_has_an_answer():
    async def main() -> None:
        office = PartlyFullOffice("one@firm.example", "full@firm.example", "two@firm.example")
        listener = Listener(office, HOST, conversation=LmtpSession, limits=Limits(max_size=1000))
        await listener.start()
        async with calling(listener) as client:
            assert (await client.ask(b"EHLO client.example")).startswith(b"500 5.5.1 ")
            assert (await client.ask(b"HELO client.example")).startswith(b"500 5.5.1 ")
            for letter, codes in ((LETTER, [b"250", b"452", b"250", b"250"]), (b"x" * 1500 + b"\r\n", [b"552"] * 4)):
                for command in (b"LHLO client.example", b"MAIL FROM:<a@client.example>"):
                    assert (await client.ask(command)).startswith(b"250")
                for name in (b"one", b"full", b"nobody", b"two", b"TWO"):
                    said = await client.ask(b"RCPT TO:<%b@firm.example>" % name)
                    assert said.startswith(b"550 5.1.1 " if name == b"nobody" else b"250 2.1.5 ")
                assert (await client.ask(b"DATA")).startswith(b"354 ")
                client.send(letter + b".\r\n")
                assert [(await client.reply())[:3] for _ in range(4)] == codes
            assert (await client.ask(b"QUIT")).startswith(b"221 ")
        await listener.stop()
        told = [recipient.address for letter in office.letters for recipient in letter.recipients]
        assert told == ["one@firm.example", "two@firm.example", "two@firm.example"]
        assert {letter.protocol for letter in office.letters} == {"LMTP"}

    asyncio.run(main())


def test_real_lmtp_clients_deliver():
    program = shutil.which("smtp-source", path="/usr/sbin:/usr/bin")
    if program is None:
        pytest.skip("smtp-source is not installed: it comes with Postfix")

    async def main() -> None:
        office = MemoryOffice("info@firm.example")
        listener = Listener(office, HOST, conversation=LmtpSession)
        await listener.start()

        def send() -> None:
            with smtplib.LMTP("127.0.0.1", listener.port, local_hostname="client.example") as server:
                assert server.sendmail("a@client.example", ["info@firm.example"], "Subject: x\n\ntext\n") == {}

        await asyncio.to_thread(send)
        command = [program, "-L", "-s", "3", "-m", "20", "-t", "info@firm.example", f"127.0.0.1:{listener.port}"]
        process = await asyncio.create_subprocess_exec(*command)
        assert await asyncio.wait_for(process.wait(), 20) == 0
        await listener.stop()
        assert len(office.letters) == 21

    asyncio.run(main())
