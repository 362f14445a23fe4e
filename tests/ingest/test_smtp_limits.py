"""What one client may cost: size, memory, number and rate."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailhub.ingest.smtp import Limits
from mailhub.ingest.smtp.quotas import Budget, Peers
from tests.ingest.smtp_support import LETTER, MemoryOffice, calling, deliver, listening

EHLO = b"EHLO client.example"
MAIL = b"MAIL FROM:<a@client.example>"
RCPT = b"RCPT TO:<info@firm.example>"
FREE: tuple[str, ...] = ()
"""No peer is trusted, not even loopback."""


# Size and memory.


def test_a_letter_over_the_size_is_read_to_its_end_and_refused():
    async def main() -> None:
        office = MemoryOffice()
        async with listening(office, Limits(max_size=1000)) as listener, calling(listener) as client:
            await client.begin()
            assert (await client.ask(b"x" * 997 + b"\r\n\r\n.")).startswith(b"552 5.3.4 ")  # 1001 bytes
            await client.begin()
            assert (await client.ask(b"x" * 998 + b"\r\n.")).startswith(b"250 ")  # 1000 bytes
            assert listener.counters["too_big"] == 1
            assert listener.budget.has(listener.limits.memory)
        assert [len(letter.raw) for letter in office.letters] == [1000]

    asyncio.run(main())


def test_a_letter_twice_over_the_size_ends_the_connection():
    async def main() -> None:
        async with listening(MemoryOffice(), Limits(max_size=1000)) as listener, calling(listener) as client:
            await client.begin()
            client.send(b"x" * 3000)
            assert (await client.reply()).startswith(b"552 5.3.4 ")
            assert await client.rest() == b""

    asyncio.run(main())


def test_all_sessions_together_have_one_memory():
    async def main() -> None:
        office = MemoryOffice()
        office.gate = asyncio.Event()
        limits = Limits(memory=1000)
        async with listening(office, limits) as listener, calling(listener) as one, calling(listener) as two:
            await one.begin()
            one.send(b"x" * 698 + b"\r\n.\r\n")
            await two.begin()
            assert (await two.ask(b"x" * 698 + b"\r\n.")).startswith(b"452 4.3.1 ")
            assert (await two.ask(MAIL + b" SIZE=700")).startswith(b"452 4.3.1 ")
            office.gate.set()
            assert (await one.reply()).startswith(b"250 ")
            await two.begin()
            assert (await two.ask(b"x" * 698 + b"\r\n.")).startswith(b"250 ")
            assert listener.budget.has(1000)

    asyncio.run(main())


def test_no_room_on_the_disk_is_said_before_the_letter():
    async def main() -> None:
        office = MemoryOffice()
        office.room = False
        async with listening(office) as listener, calling(listener) as client:
            await client.ask(EHLO)
            assert (await client.ask(MAIL)).startswith(b"452 4.3.1 ")
            office.room = True
            assert (await client.ask(MAIL)).startswith(b"250 ")

    asyncio.run(main())


@pytest.fixture
def server() -> Iterator[tuple[int, int]]:
    """Port and process id."""
    command = [sys.executable, str(Path(__file__).parent / "smtp_server.py")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield int(process.stdout.readline()), process.pid
        process.stdin.close()


def memory(pid: int, line: str) -> int:
    """``VmRSS`` now or ``VmHWM`` at its highest, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition(f"{line}:")[2].split()[0]) * 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
@pytest.mark.parametrize("line", [b"x" * 1_000_000, b"." * 1_000_000, b"\r" * 1_000_000])
def test_an_unterminated_line_of_300_megabytes_takes_no_memory(server: tuple[int, int], line: bytes):
    port, pid = server
    with socket.create_connection(("127.0.0.1", port), 20) as client:
        replies = client.makefile("rb")
        replies.readline()
        for command in (EHLO.replace(b"EHLO", b"HELO"), MAIL, RCPT, b"DATA"):
            client.sendall(command + b"\r\n")
            replies.readline()
        client.sendall(line)
        time.sleep(0.2)
        before, sent = memory(pid, "VmHWM"), 0
        try:
            for _ in range(300):
                client.sendall(line)
                sent += len(line)
        except ConnectionError:
            pass  # hung up at twice the size
        assert memory(pid, "VmHWM") - before < 20_000_000
        assert sent > 50_000_000


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_an_unterminated_command_is_cut_off(server: tuple[int, int]):
    port, pid = server
    before = memory(pid, "VmRSS")
    with socket.create_connection(("127.0.0.1", port), 20) as client:
        client.recv(1000)
        with pytest.raises(ConnectionError):
            client.sendall(b"x" * 300_000_000)
    assert memory(pid, "VmHWM") - before < 20_000_000


# Numbers.


def test_a_hundred_recipients_and_then_the_next_letter():
    mailboxes = [f"m{number}@firm.example" for number in range(120)]

    async def main() -> None:
        office = MemoryOffice(*mailboxes)
        async with listening(office) as listener, calling(listener) as client:
            await client.ask(EHLO)
            await client.ask(MAIL)
            said = [await client.ask(b"RCPT TO:<%b>" % mailbox.encode()) for mailbox in mailboxes]
            assert [line[:9] for line in said] == [b"250 2.1.5"] * 100 + [b"452 4.5.3"] * 20
            assert (await client.ask(b"DATA")).startswith(b"354 ")
            assert (await client.ask(LETTER + b".")).startswith(b"250 ")
        assert len(office.letters[0].recipients) == 100

    asyncio.run(main())


def test_errors_slow_down_and_then_end_the_connection():
    limits = Limits(soft_errors=3, hard_errors=6, error_delay=0.3)

    async def main() -> None:
        async with listening(MemoryOffice(), limits) as listener, calling(listener) as client:
            loop = asyncio.get_running_loop()
            spent = []
            for _ in range(6):
                begin = loop.time()
                assert (await client.ask(b"WHAT")).startswith(b"500 5.5.1 ")
                spent.append(loop.time() - begin)
            assert max(spent[:3]) < 0.3 <= min(spent[3:])
            assert (await client.reply()).startswith(b"421 4.7.0 ")
            assert await client.rest() == b""

    asyncio.run(main())


def test_commands_that_lead_to_nothing_are_counted():
    async def main() -> None:
        async with listening(MemoryOffice(), Limits(junk_commands=5)) as listener, calling(listener) as client:
            for _ in range(3):
                assert (await client.ask(b"NOOP")).startswith(b"250 ")
            assert (await deliver(client)).startswith(b"250 ")  # sets the count back
            for _ in range(5):
                assert (await client.ask(b"RSET")).startswith(b"250 ")
            assert (await client.ask(b"NOOP")).startswith(b"421 4.7.0 ")
            assert await client.rest() == b""
            assert listener.counters["junk"] == 1

    asyncio.run(main())


def test_a_command_line_has_a_length():
    async def main() -> None:
        async with listening(MemoryOffice(), Limits(command_line=512)) as listener, calling(listener) as client:
            assert (await client.ask(b"NOOP " + b"x" * 505)).startswith(b"250 ")
            assert (await client.ask(b"NOOP " + b"x" * 506)).startswith(b"500 5.5.6 ")
            assert (await client.ask(b"NOOP " + b"x" * 30_000)).startswith(b"500 5.5.6 ")
            assert (await client.ask(b"NOOP")).startswith(b"250 ")

    asyncio.run(main())


@pytest.mark.parametrize("limits", [Limits(connections=3), Limits(connections_per_peer=3, trusted=FREE)])
def test_connections_have_a_number(limits: Limits):
    async def main() -> None:
        async with listening(MemoryOffice(), limits) as listener:
            guests = calling(listener), calling(listener), calling(listener)
            async with guests[0], guests[1], guests[2], calling(listener, greeted=False) as fourth:
                assert (await fourth.reply()).startswith(b"421 4.7.0 ")
                assert await fourth.rest() == b""
            await asyncio.sleep(0.05)
            async with calling(listener) as next_one:
                assert (await deliver(next_one)).startswith(b"250 ")
            assert listener.counters["refused_connections"] == 1

    asyncio.run(main())


def test_connections_and_letters_have_a_rate():
    async def main() -> None:
        limits = Limits(connections_per_minute=3, letters_per_minute=2, trusted=FREE)
        async with listening(MemoryOffice(), limits) as listener:
            for _ in range(2):
                async with calling(listener):
                    pass
            async with calling(listener) as client:
                assert (await deliver(client)).startswith(b"250 ")
                assert (await deliver(client)).startswith(b"250 ")
                assert (await client.ask(MAIL)).startswith(b"451 4.7.1 ")
            async with calling(listener, greeted=False) as client:
                assert (await client.reply()).startswith(b"421 4.7.0 ")

    asyncio.run(main())


def test_loopback_is_free_of_caps_unless_told():
    async def main() -> None:
        limits = Limits(connections_per_peer=1, connections_per_minute=1, letters_per_minute=1)
        async with listening(MemoryOffice(), limits) as listener, calling(listener), calling(listener) as client:
            assert (await deliver(client)).startswith(b"250 ")
            assert (await deliver(client)).startswith(b"250 ")

    asyncio.run(main())


def test_one_ipv6_network_is_one_peer_and_rates_recover():
    peers = Peers(Limits(connections_per_peer=2, connections_per_minute=60, letters_per_minute=60))
    assert peers.connect("2001:db8::1", 0.0)
    assert peers.connect("2001:db8::2", 0.0)
    assert not peers.connect("2001:db8::3", 0.0)
    assert peers.connect("2001:db8:0:1::1", 0.0)
    assert peers.connect("::ffff:127.0.0.1", 0.0)
    peers.leave("2001:db8::1")
    assert peers.connect("2001:db8::3", 0.0)
    assert [peers.letter("2001:db8::2", 0.0) for _ in range(61)] == [True] * 60 + [False]
    assert peers.letter("2001:db8::2", 1.5)
    peers.leave("2001:db8:0:1::1")
    peers.forget(100.0)
    assert list(peers._peers) == ["2001:db8::/64"]


def test_a_budget_gives_all_or_nothing():
    budget = Budget(10)
    assert budget.take(7)
    assert not budget.take(4)
    assert budget.take(3)
    budget.give(7)
    assert budget.has(7)
    assert not budget.has(8)


# Strangers.


@pytest.mark.parametrize(
    "hello",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\nMAIL FROM:<a@b.example>\r\n",
        b"CONNECT mx.example:25 HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x00\x01\x02\r\n",
        b"<xml>\r\n",
    ],
)
def test_what_is_not_smtp_is_closed_at_once(hello: bytes):
    async def main() -> None:
        async with listening(MemoryOffice()) as listener, calling(listener) as client:
            client.send(hello)
            said = await asyncio.wait_for(client.rest(), 1.8)
            assert said.startswith(b"554 5.5.0 ")
            assert said.count(b"\r\n") == 1
            assert listener.counters["strangers"] == 1

    asyncio.run(main())
