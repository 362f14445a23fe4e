"""LMTP: one answer a recipient."""

from __future__ import annotations

import asyncio
import shutil
import smtplib
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import TooMuch
from core.settings import Lmtp
from mailhub.ingest.smtp import Limits, Listener, LmtpSession, Transaction
from mailhub.mailboxes.boxes import add_mailbox
from tests.ingest.smtp_support import HOST, LETTER, Client, MemoryOffice, calling
from tests.support.house import eventually, running_house, settings_for
from tests.support.postfix import Postfix


class PartlyFullOffice(MemoryOffice):
    """The mailbox of ``full@`` is full until it is ``cleared``."""

    cleared = False
    refused = 0

    async def accept(self, transaction: Transaction) -> str:
        if not self.cleared and transaction.recipients[0].address.startswith("full@"):
            self.refused += 1
            raise TooMuch("The mailbox is full", retry_after=60)
        return await super().accept(transaction)


def test_each_recipient_has_an_answer():
    async def main() -> None:
        office = PartlyFullOffice("one@firm.example", "full@firm.example", "two@firm.example")
        listener = Listener(office, HOST, conversation=LmtpSession, limits=Limits(max_size=1000))
        await listener.start()
        async with calling(listener, greeted=False) as client:
            assert await client.reply() == b"220 mx.firm.example LMTP\r\n"
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
            for command in (b"LHLO client.example", b"MAIL FROM:<a@client.example>"):
                assert (await client.ask(command)).startswith(b"250")
            assert (await client.ask(b"RCPT TO:<nobody@firm.example>")).startswith(b"550 ")
            assert (await client.ask(b"DATA")).startswith(b"503 "), "RFC 2033 4.2"
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


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short, for the path of a socket, and open to Postfix's user."""
    path = Path(tempfile.mkdtemp(prefix="mailhub-lmtp-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def test_postfix_keeps_only_what_was_refused(folder: Path):
    async def main() -> None:
        office = PartlyFullOffice("one@firm.example", "full@firm.example", "two@firm.example")
        listener = Listener(office, HOST, path=folder / "lmtp", conversation=LmtpSession)
        await listener.start()
        relay = await asyncio.to_thread(Postfix, lmtp=folder / "lmtp")
        try:
            recipients = ["one@firm.example", "full@firm.example", "two@firm.example"]

            def send() -> None:
                with smtplib.SMTP("127.0.0.1", relay.port, local_hostname="client.example") as server:
                    assert server.sendmail("a@client.example", recipients, "Subject: x\n\ntext\n") == {}

            await asyncio.to_thread(send)
            await until(lambda: len(office.letters) == 2 and office.refused >= 2)
            assert relay.count_sent() == 2
            office.cleared = True
            await until(lambda: relay.count_sent() == 3 and relay.count_waiting() == 0)
        finally:
            await asyncio.to_thread(relay.stop)
            await listener.stop()
        told = [letter.recipients[0].address for letter in office.letters]
        assert told == ["one@firm.example", "two@firm.example", "full@firm.example"]
        assert {(letter.peer, letter.helo) for letter in office.letters} == {("unix", "relay.client.example")}
        assert not (folder / "lmtp").exists(), "the socket goes with its listener"

    asyncio.run(main())


def test_a_socket_left_behind_is_taken_over_and_one_in_use_is_not(folder: Path):
    async def main() -> None:
        path = folder / "lmtp"
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(path))
        first = Listener(MemoryOffice(), HOST, path=path, conversation=LmtpSession)
        await first.start()
        second = Listener(MemoryOffice(), HOST, path=path, conversation=LmtpSession)
        with pytest.raises(OSError, match="Another process"):
            await second.start()
        client = Client(*await asyncio.open_unix_connection(str(path)))
        assert (await client.reply()).startswith(b"220 ")
        client.close()
        await first.stop()

    asyncio.run(main())


def test_a_house_has_the_door_that_its_settings_name(database_url: str, tmp_path: Path, folder: Path):
    settings = replace(settings_for(database_url, tmp_path), lmtp=Lmtp(str(folder / "lmtp")))
    with running_house(settings) as house:
        house.database.write_now(add_mailbox, "sales@firm.example", "Sales", "public")
        with smtplib.LMTP(str(folder / "lmtp"), local_hostname="mta.firm.example") as server:
            refused = server.sendmail("a@client.example", ["sales@firm.example", "no@firm.example"], LETTER.decode())
        assert {address: code for address, (code, _) in refused.items()} == {"no@firm.example": 550}
        counted = "SELECT count(*) FROM message WHERE trace->>'protocol' = 'LMTP'"
        eventually(lambda: house.database.read_now(lambda tx: tx.sql(counted).scalar_one()) == 1)


async def until(holds, seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - what is waited for is in another process
            await asyncio.sleep(0.1)
