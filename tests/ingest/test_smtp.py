"""The conversation: commands in and out of order, who gets letters, what is answered."""

from __future__ import annotations

import asyncio
import base64
import logging
import re
import smtplib
import unicodedata

import pytest

from core.errors import Invalid, TooMuch, Unavailable
from mailhub.ingest.smtp import Limits, Recipient
from tests.ingest.smtp_support import HOST, LETTER, Client, MemoryOffice, attacks, calling, listening

EHLO = b"EHLO client.example"
MAIL = b"MAIL FROM:<a@client.example>"
RCPT = b"RCPT TO:<info@firm.example>"


def talk(*commands: bytes, office: MemoryOffice | None = None, limits: Limits | None = None) -> list[bytes]:
    """The replies to commands said one after another, without the greeting and line ends."""

    async def main() -> list[bytes]:
        async with listening(office or MemoryOffice(), limits) as listener, calling(listener) as client:
            return [(await client.ask(command)).removesuffix(b"\r\n") for command in commands]

    return asyncio.run(main())


def test_smtplib_delivers_a_letter():
    async def main() -> None:
        office = MemoryOffice()
        async with listening(office) as listener:

            def send() -> None:
                with smtplib.SMTP("127.0.0.1", listener.port, local_hostname="client.example") as server:
                    assert server.sendmail("a@client.example", ["info@firm.example"], "Subject: x\n\n.dot\n") == {}

            await asyncio.to_thread(send)
        (letter,) = office.letters
        assert letter.raw == b"Subject: x\r\n\r\n.dot\r\n"
        assert (letter.sender, letter.recipients) == ("a@client.example", (Recipient("info@firm.example", 1),))
        assert (letter.peer, letter.helo, letter.tls, letter.protocol) == ("127.0.0.1", "client.example", None, "ESMTP")
        assert letter.defects == ()
        assert listener.counters["letters"] == 1
        assert listener.counters["bytes"] == len(letter.raw)

    asyncio.run(main())


def test_ehlo_offers_what_is_kept_and_nothing_else():
    (said,) = talk(EHLO)
    offered = [line[4:].decode() for line in said.split(b"\r\n")]
    assert offered == [HOST, "PIPELINING", "SIZE 52428800", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"]


def test_a_pipelined_session_is_answered_in_order():
    """RFC 2920: one packet, and a refused recipient in the middle."""

    async def main() -> None:
        office = MemoryOffice()
        async with listening(office) as listener, calling(listener) as client:
            unknown = b"RCPT TO:<nobody@firm.example>"
            client.send(b"\r\n".join([EHLO, MAIL, RCPT, unknown, b"RSET", MAIL, unknown, RCPT, b"DATA", b""]))
            codes = [(await client.reply())[:9] for _ in range(9)]
            assert [code[:3] for code in codes] == [
                b"250",
                b"250",
                b"250",
                b"550",
                b"250",
                b"250",
                b"550",
                b"250",
                b"354",
            ]
            assert codes[3] == b"550 5.1.1"
            client.send(LETTER + b".\r\nQUIT\r\n")
            assert await client.reply() == b"250 2.0.0 The letter is safe, queued as L1\r\n"
            assert (await client.reply()).startswith(b"221 2.0.0 ")
            assert await client.rest() == b""
        assert [letter.raw for letter in office.letters] == [LETTER]

    asyncio.run(main())


def test_a_client_that_closes_its_half_early_still_hears_the_answer():
    async def main() -> None:
        office = MemoryOffice()
        async with listening(office) as listener, calling(listener) as client:
            client.send(b"\r\n".join([EHLO, MAIL, RCPT, b"DATA", LETTER + b".", b"QUIT", b""]))
            client.writer.write_eof()
            assert b"queued as L1" in await client.rest()
        assert len(office.letters) == 1

    asyncio.run(main())


def test_commands_need_those_before_them():
    assert [answer[:9] for answer in talk(MAIL, RCPT, b"DATA", EHLO, b"DATA", RCPT, MAIL, MAIL, b"DATA")] == [
        b"503 5.5.1", b"503 5.5.1", b"503 5.5.1", b"250-mx.fi", b"503 5.5.1", b"503 5.5.1",
        b"250 2.1.0", b"503 5.5.1", b"554 5.5.1",
    ]  # fmt: skip
    assert [answer[:9] for answer in talk(EHLO, MAIL, b"RSET", RCPT, MAIL, EHLO, RCPT)][3::3] == [b"503 5.5.1"] * 2


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (b"VRFY info@firm.example", b"252 2.1.5"),
        (b"VRFY nobody", b"252 2.1.5"),
        (b"EXPN all", b"502 5.5.1"),
        (b"AUTH PLAIN AGEAYg==", b"502 5.5.1"),
        (b"STARTTLS", b"502 5.5.1"),
        (b"HELP", b"214 2.0.0"),
        (b"NOOP ignored", b"250 2.0.0"),
        (b"BDAT 5 LAST", b"500 5.5.1"),
        (b"XCLIENT ADDR=127.0.0.1", b"500 5.5.1"),
        (b"", b"500 5.5.1"),
        (b"EHLO", b"501 5.5.4"),
        (b"NOOP \xff", b"501 5.5.2"),
        (b"MAIL FROM:<a@client.example>\nNOOP", b"501 5.5.2"),
        (b"MAIL FROM:a@client.example", b"501 5.1.3"),
        (b"MAIL TO:<a@client.example>", b"501 5.5.4"),
        (b"MAIL FROM:<root>", b"501 5.1.7"),
        (b"MAIL FROM:<a@b..c>", b"501 5.1.7"),
        (b"MAIL FROM:<>", b"250 2.1.0"),
        (b"MAIL FROM: <a@client.example>", b"250 2.1.0"),
        (b'MAIL FROM:<"odd one"@client.example>', b"250 2.1.0"),
        (b"MAIL FROM:<bounce+a=b!c%d@client.example>", b"250 2.1.0"),
        (b"MAIL FROM:<@relay.example:a@client.example>", b"250 2.1.0"),
        (b"MAIL FROM:<a@[192.0.2.1]>", b"250 2.1.0"),
        (b"MAIL FROM:<a@client.example> BODY=8BITMIME SIZE=100", b"250 2.1.0"),
        (b"MAIL FROM:<a@client.example> BODY=BINARYMIME", b"501 5.5.4"),
        (b"MAIL FROM:<a@client.example> SIZE=-1", b"501 5.5.4"),
        (b"MAIL FROM:<a@client.example> SIZE=" + b"9" * 400, b"501 5.5.4"),
        (b"MAIL FROM:<a@client.example> SIZE=52428801", b"552 5.3.4"),
        (b"MAIL FROM:<a@client.example> RET=HDRS", b"555 5.5.4"),
        ("MAIL FROM:<я@client.example>".encode(), b"553 5.6.7"),
        ("MAIL FROM:<я@пошта.example> SMTPUTF8".encode(), b"250 2.1.0"),
    ],
)  # fmt: skip
def test_a_command_alone(command: bytes, code: bytes):
    assert talk(EHLO, command)[1].startswith(code)


def test_help_and_greeting_do_not_say_what_runs_here():
    async def main() -> bytes:
        async with listening(MemoryOffice()) as listener, calling(listener, greeted=False) as client:
            return await client.reply() + await client.ask(b"HELP") + await client.ask(EHLO)

    assert not re.search(rb"python|aiosmtpd|mailhub|\d+\.\d+\.\d+-", asyncio.run(main()), re.IGNORECASE)


def test_no_form_of_recipient_is_relayed():
    table = attacks("smtp_relay.json")
    ours = [unicodedata.normalize("NFC", mailbox).lower() for mailbox in table["given"]["mailboxes"]]

    async def main() -> None:
        for case in table["cases"]:
            office = MemoryOffice(*ours)
            raw = base64.b64decode(case["bytes_b64"]) if "bytes_b64" in case else case["rcpt"].encode()
            utf8 = b"" if raw.isascii() else b" SMTPUTF8"
            async with listening(office) as listener, calling(listener) as client:
                await client.ask(EHLO)
                assert (await client.ask(b"MAIL FROM:<stranger@outside.example>" + utf8)).startswith(b"250 ")
                said = await client.ask(b"RCPT " + raw)
                accepted = said.startswith(b"25")
                expect = case["expect"]
                assert int(said[:3]) in expect["codes"], (case["id"], said)
                assert re.match(rb"[245]\d\d [245]\.\d+\.\d+ ", said), said
                client.send(b"DATA\r\n")
                assert (await client.reply()).startswith(b"354" if accepted else b"554 "), case["id"]
                if accepted:
                    assert (await client.ask(LETTER + b".")).startswith(b"250 ")
                    (letter,) = office.letters
                    assert [recipient.address for recipient in letter.recipients] == [expect["to"]], case["id"]
                else:
                    assert expect["verdict"] != "accept", case["id"]
                    assert office.letters == []
                if case["class"] not in ("own", "postmaster", "foreign", "unknown_user", "idn"):
                    assert office.asked == [], case["id"]

    asyncio.run(main())


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("<postmaster>", f"postmaster@{HOST}"),
        ("<POSTMASTER>", f"postmaster@{HOST}"),
        ("<PostMaster@Firm.Example>", "postmaster@firm.example"),
        ("<Info+Tag@FIRM.example>", "Info+Tag@firm.example"),
        ("<info@пошта.example>", "info@xn--80a1acn3a.example"),
        ("<и\u0306@firm.example>", "й@firm.example"),
    ],
)
def test_the_office_is_asked_by_one_form(path: str, asked: str):
    office = MemoryOffice()
    talk(EHLO, b"MAIL FROM:<> SMTPUTF8", f"RCPT TO:{path}".encode(), office=office)
    assert office.asked == [asked]


def test_over_long_addresses_are_refused_before_anybody_is_asked():
    office = MemoryOffice()
    local, domain = b"RCPT TO:<" + b"a" * 65 + b"@firm.example>", b"RCPT TO:<a@" + b"b." * 130 + b"example>"
    assert [said[:9] for said in talk(EHLO, MAIL, local, domain, office=office)[2:]] == [b"501 5.1.3"] * 2
    assert office.asked == []


def test_an_address_beyond_ascii_needs_smtputf8():
    assert talk(EHLO, MAIL, "RCPT TO:<відділ@firm.example>".encode())[2].startswith(b"553 5.6.7 ")


def test_the_same_recipient_twice_gets_one_letter():
    async def main() -> None:
        office = MemoryOffice()
        async with listening(office) as listener, calling(listener) as client:
            for command in (EHLO, MAIL, RCPT, b"RCPT TO:<INFO@firm.example>", b"DATA"):
                await client.ask(command)
            assert (await client.ask(LETTER + b".")).startswith(b"250 ")
        assert office.letters[0].recipients == (Recipient("info@firm.example", 1),)

    asyncio.run(main())


@pytest.mark.parametrize(
    ("helo", "mail", "protocol"),
    [
        (b"HELO c.example", b"FROM:<a@c.example>", "SMTP"),
        (b"EHLO c.example", b"FROM:<a@c.example>", "ESMTP"),
        (b"EHLO c.example", b"FROM:<a@c.example> SMTPUTF8", "UTF8SMTP"),
    ],
)
def test_how_the_letter_came_is_told(helo: bytes, mail: bytes, protocol: str):
    office = MemoryOffice()
    talk(helo, b"MAIL " + mail, RCPT, b"DATA", LETTER + b".", office=office)
    assert office.letters[0].protocol == protocol


def test_a_name_that_would_break_a_header_is_made_harmless():
    office = MemoryOffice()
    talk("EHLO ев(il) <x>".encode(), MAIL, RCPT, b"DATA", LETTER + b".", office=office)
    assert re.fullmatch(r"[A-Za-z0-9.:_\[\]?-]+", office.letters[0].helo)


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (Unavailable("The disk is full"), b"451 4.3.0 "),
        (TooMuch("Slowly", retry_after=5), b"452 4.3.1 "),
        (TooMuch("The mailbox is full"), b"552 5.2.2 "),
        (Invalid("What?"), b"451 4.3.0 "),
        (RuntimeError("a bug"), b"451 4.3.0 "),
    ],
)
def test_no_250_when_the_office_could_not_keep_the_letter(
    trouble: Exception, code: bytes, caplog: pytest.LogCaptureFixture
):
    async def main() -> None:
        office = MemoryOffice()
        async with listening(office) as listener, calling(listener) as client:
            await client.begin()
            office.trouble = trouble
            assert (await client.ask(LETTER + b".")).startswith(code)
            office.trouble = None
            await client.begin()
            assert (await client.ask(LETTER + b".")).startswith(b"250 ")
        assert listener.counters["deferred"] == 1

    asyncio.run(main())
    assert ("a bug" in caplog.text) == isinstance(trouble, RuntimeError)


@pytest.mark.parametrize("trouble", [Unavailable("away"), RuntimeError("a bug")])
def test_a_recipient_that_cannot_be_looked_up_is_asked_to_come_again(trouble: Exception):
    office = MemoryOffice()
    office.trouble = trouble
    assert talk(EHLO, MAIL, RCPT, office=office)[2].startswith(b"451 4.3.0 ")


def test_250_waits_for_the_office():
    async def main() -> None:
        office = MemoryOffice()
        office.gate = asyncio.Event()
        async with listening(office) as listener, calling(listener) as client:
            await client.begin()
            client.send(LETTER + b".\r\n")
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(client.reader.readline(), 0.2)
            office.gate.set()
            assert (await client.reply()).startswith(b"250 ")

    asyncio.run(main())


def test_a_letter_being_filed_is_filed_though_the_client_has_gone():
    async def main() -> None:
        office = MemoryOffice()
        office.gate = asyncio.Event()
        async with listening(office) as listener:
            async with calling(listener) as client:
                await client.begin()
                client.send(LETTER + b".\r\n")
                await asyncio.sleep(0.1)
                client.writer.transport.abort()
            await asyncio.sleep(0.1)
            office.gate.set()
            await asyncio.sleep(0.1)
            assert len(office.letters) == 1
            assert not listener.sessions

    asyncio.run(main())


def test_a_letter_cut_off_is_no_letter():
    async def main() -> None:
        office = MemoryOffice()
        async with listening(office) as listener:
            for end in (b"", b".", b"\r\n.", b".\r"):
                async with calling(listener) as client:
                    await client.begin()
                    client.send(LETTER + end)
                    client.writer.write_eof()
                    assert await client.rest() == b""
            assert listener.budget.has(listener.limits.memory)
        assert office.letters == []

    asyncio.run(main())


def test_more_than_fifty_received_fields_are_a_loop():
    async def send(client: Client, count: int) -> bytes:
        await client.begin()
        return await client.ask(b"Received: from a\r\n\tby b\r\n" * count + b"\r\nReceived: in the text\r\n.")

    async def main() -> None:
        async with listening(MemoryOffice()) as listener, calling(listener) as client:
            assert (await send(client, 50)).startswith(b"250 ")
            assert (await send(client, 51)).startswith(b"554 5.4.6 ")

    asyncio.run(main())


def test_letters_of_8_bits_and_long_lines_pass_unchanged():
    raw = "Subject: привіт\r\n\r\n".encode() + b"x" * 5000 + b"\xff\xfe\r\n"
    office = MemoryOffice()
    assert talk(EHLO, MAIL, RCPT, b"DATA", raw + b".", office=office)[4].startswith(b"250 ")
    assert office.letters[0].raw == raw


def test_no_address_and_no_content_is_logged(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.NOTSET, logger="mail.log")

    async def main() -> None:
        async with listening(MemoryOffice()) as listener, calling(listener) as client:
            await client.begin()
            await client.ask(LETTER + b".")
            await client.ask(b"RCPT TO:<victim@elsewhere.example>")

    asyncio.run(main())
    assert "accepted L1" in caplog.text
    assert not re.search(r"@|buyer|client\.example|127\.0\.0\.1", caplog.text)
