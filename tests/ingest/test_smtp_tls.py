"""STARTTLS: nothing said in the clear counts afterwards. The certificate made by ourselves."""

from __future__ import annotations

import asyncio
import os
import ssl
import stat
from pathlib import Path

import pytest
import time_machine
import uvloop
from cryptography import x509

from mailhub.ingest.smtp import Limits, Listener, self_signed, server_context
from tests.ingest.smtp_support import HOST, LETTER, Client, MemoryOffice, calling, listening

EHLO = b"EHLO client.example"
RCPT = b"RCPT TO:<info@firm.example>"


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    return server_context(*self_signed(HOST, tmp_path_factory.mktemp("tls")))


@pytest.fixture(params=[asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest):
    return request.param


def test_a_letter_comes_over_starttls(tls: ssl.SSLContext, run):
    async def main() -> None:
        office = MemoryOffice()
        async with listening(office, tls=tls) as listener, calling(listener) as client:
            assert b"STARTTLS" in await client.ask(EHLO)
            assert (await client.ask(b"STARTTLS")).startswith(b"220 ")
            await client.starttls()
            assert b"STARTTLS" not in await client.ask(EHLO)
            assert (await client.ask(b"STARTTLS")).startswith(b"503 5.5.1 ")
            await client.begin()
            big = b"".join(b"line %d\r\n" % number for number in range(300_000))
            client.send(big)
            assert (await client.ask(b".")).startswith(b"250 ")
            assert listener.counters["tls_sessions"] == 1
        (letter,) = office.letters
        assert letter.raw == big
        assert letter.protocol == "ESMTPS"
        assert letter.tls is not None
        assert letter.tls.startswith("TLSv1.")

    run(main())


def test_what_was_said_in_the_clear_is_forgotten(tls: ssl.SSLContext, run):
    async def main() -> None:
        async with listening(MemoryOffice(), tls=tls) as listener, calling(listener) as client:
            for command in (EHLO, b"MAIL FROM:<a@client.example>", RCPT, b"STARTTLS"):
                await client.ask(command)
            await client.starttls()
            assert (await client.ask(b"MAIL FROM:<a@client.example>")).startswith(b"503 5.5.1 Say EHLO")
            await client.ask(EHLO)
            assert (await client.ask(RCPT)).startswith(b"503 5.5.1 Say MAIL")

    run(main())


def test_commands_slipped_in_before_the_handshake_are_dropped(tls: ssl.SSLContext, run):
    """CVE-2011-0411: a man in the middle adds commands to the packet with STARTTLS."""

    async def main() -> None:
        office = MemoryOffice()
        async with listening(office, tls=tls) as listener, calling(listener) as client:
            await client.ask(EHLO)
            client.send(b"\r\n".join([b"STARTTLS", EHLO, b"MAIL FROM:<evil@client.example>", RCPT, b"DATA", LETTER]))
            assert (await client.reply()).startswith(b"220 ")
            await client.starttls()
            assert await client.ask(b"NOOP") == b"250 2.0.0 Here\r\n"
            assert (await client.ask(RCPT)).startswith(b"503 ")
        assert office.letters == []
        assert office.asked == []

    run(main())


def test_a_port_may_speak_tls_at_once(tls: ssl.SSLContext, run):
    async def main() -> None:
        office = MemoryOffice()
        listener = Listener(office, HOST, tls=tls, tls_at_once=True)
        await listener.start()
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        client = Client(*await asyncio.open_connection("127.0.0.1", listener.port, ssl=context))
        assert (await client.reply()).startswith(b"220 ")
        assert b"STARTTLS" not in await client.ask(EHLO)
        await client.begin()
        assert (await client.ask(LETTER + b".")).startswith(b"250 ")
        client.close()
        await listener.stop()
        assert office.letters[0].protocol == "ESMTPS"

    run(main())


def test_a_handshake_that_fails_or_never_ends_closes_the_connection(tls: ssl.SSLContext, run):
    async def main() -> None:
        async with listening(MemoryOffice(), Limits(handshake_seconds=0.3), tls) as listener:
            for sent in (b"NOOP\r\nNOOP\r\n", b""):
                async with calling(listener) as client:
                    await client.ask(EHLO)
                    await client.ask(b"STARTTLS")
                    client.send(sent)
                    assert b"250" not in await asyncio.wait_for(client.rest(), 10)
            await asyncio.sleep(0.05)
            assert listener.counters["tls_failures"] == 2
            assert not listener.sessions

    run(main())


def test_a_letter_comes_in_the_clear_in_either_loop(run):
    async def main() -> None:
        office = MemoryOffice()
        async with listening(office) as listener:
            async with calling(listener) as client:
                await client.begin()
                client.send(b"a\n.\r\n")
                assert (await client.reply()).startswith(b"550 5.6.11 ")
                assert await client.rest() == b""
            async with calling(listener) as client:
                await client.begin()
                big = b"x" * 3_000_000 + b"\r\n"
                client.send(big)
                assert (await client.ask(b".")).startswith(b"250 ")
                assert (await client.ask(b"QUIT")).startswith(b"221 ")
                assert await client.rest() == b""
        assert [letter.raw for letter in office.letters] == [big]

    run(main())


def test_a_certificate_is_made_once_and_kept_to_oneself(tmp_path: Path):
    certificate, key = self_signed(HOST, tmp_path / "tls")
    before = certificate.read_bytes(), key.read_bytes()
    assert self_signed(HOST, tmp_path / "tls") == (certificate, key)
    assert (certificate.read_bytes(), key.read_bytes()) == before
    assert [stat.S_IMODE(path.stat().st_mode) for path in (certificate, key)] == [0o600, 0o600]
    assert sorted(os.listdir(tmp_path / "tls")) == ["smtp-cert.pem", "smtp-key.pem"]
    names = x509.load_pem_x509_certificate(before[0]).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert names.value.get_values_for_type(x509.DNSName) == [HOST]


def test_a_certificate_is_made_anew_in_time_for_another_host_or_when_broken(tmp_path: Path):
    with time_machine.travel("2026-01-01", tick=False):
        certificate, key = self_signed(HOST, tmp_path)
        first = certificate.read_bytes()
    with time_machine.travel("2026-12-31", tick=False):
        self_signed(HOST, tmp_path)
        assert certificate.read_bytes() == first
    with time_machine.travel("2027-01-20", tick=False):
        self_signed(HOST, tmp_path)
        second = certificate.read_bytes()
        assert second != first
        self_signed("other.example", tmp_path)
        third = certificate.read_bytes()
        assert third != second
        key.write_text("broken")
        server_context(*self_signed("other.example", tmp_path))
        assert certificate.read_bytes() != third
