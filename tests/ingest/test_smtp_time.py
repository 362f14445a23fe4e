"""How long a conversation may take, what slow clients do to others, and how the listener comes to its end."""

from __future__ import annotations

import asyncio
import socket

import pytest

from mailhub.ingest.smtp import Limits, reception
from tests.ingest.smtp_support import LETTER, Client, MemoryOffice, calling, deliver, listening


async def closed_after(client: Client, packets: list[bytes], pause: float) -> tuple[bytes, float]:
    """Sends packets slowly; what was said at the end and when."""
    loop = asyncio.get_running_loop()
    begin = loop.time()

    async def drip() -> None:
        for packet in packets:
            client.send(packet)
            await asyncio.sleep(pause)

    task = asyncio.create_task(drip())
    said = await client.rest()
    task.cancel()
    return said, loop.time() - begin


@pytest.mark.parametrize(
    ("limits", "in_data", "packets", "pause"),
    [
        (Limits(command_seconds=0.4), False, [], 1.0),
        (Limits(command_seconds=0.4), False, [b"N"] * 100, 0.05),
        (Limits(block_seconds=0.4), True, [], 1.0),
        (Limits(data_grace=0.4, data_rate=1000), True, [b"x\r\n"] * 100, 0.05),
        (Limits(session_seconds=0.4), False, [b"NOOP\r\n"] * 90, 0.05),
        (Limits(session_seconds=0.4), True, [b"x" * 1000] * 90, 0.05),
    ],
)
def test_who_takes_too_long_is_cut_off(limits: Limits, in_data: bool, packets: list[bytes], pause: float):
    async def main() -> None:
        office = MemoryOffice()
        async with listening(office, limits) as listener, calling(listener) as client:
            if in_data:
                await client.begin()
            said, spent = await closed_after(client, packets, pause)
            assert said.splitlines()[-1].startswith(b"421 4.4.2 "), said
            assert 0.3 < spent < 4
            assert listener.counters["timeouts"] == 1
            await asyncio.sleep(0)
            assert listener.budget.has(listener.limits.memory)
        assert office.letters == []

    asyncio.run(main())


def test_a_steady_client_is_not_cut_off():
    async def main() -> None:
        limits = Limits(command_seconds=0.4, block_seconds=0.4, data_grace=0.3, data_rate=100)
        async with listening(MemoryOffice(), limits) as listener, calling(listener) as client:
            for _ in range(4):
                assert (await client.ask(b"NOOP")).startswith(b"250 ")
                await asyncio.sleep(0.2)
            await client.begin()
            for _ in range(4):
                client.send(b"x" * 98 + b"\r\n")
                await asyncio.sleep(0.2)
            assert (await client.ask(b".")).startswith(b"250 ")

    asyncio.run(main())


def test_a_client_that_never_reads_is_cut_off(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reception, "_CLOSE_SECONDS", 0.3)
    limits = Limits(session_seconds=0.5, junk_commands=10_000_000, command_seconds=0.5)

    async def main() -> None:
        async with listening(MemoryOffice(), limits) as listener:
            with socket.socket() as deaf:
                deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                deaf.setblocking(False)
                loop = asyncio.get_running_loop()
                await loop.sock_connect(deaf, ("127.0.0.1", listener.port))

                async def shout() -> None:
                    while True:
                        await loop.sock_sendall(deaf, b"HELP\r\n" * 10_000)

                with pytest.raises((ConnectionError, TimeoutError)):
                    await asyncio.wait_for(shout(), 15)
            await asyncio.sleep(0.1)
            assert not listener.sessions

    asyncio.run(main())


def test_a_hundred_slow_clients_do_not_delay_an_honest_one():
    async def main() -> None:
        async with listening(MemoryOffice()) as listener:
            loop = asyncio.get_running_loop()
            slow = [Client(*await asyncio.open_connection("127.0.0.1", listener.port)) for _ in range(100)]
            for number, client in enumerate(slow):
                await client.reply()
                if number % 2:
                    await client.begin()

            async def drip(client: Client) -> None:
                while True:
                    client.send(b"x")
                    await asyncio.sleep(0.05)

            drips = [asyncio.create_task(drip(client)) for client in slow]
            spent = []
            for _ in range(20):
                begin = loop.time()
                async with calling(listener) as honest:
                    assert (await deliver(honest)).startswith(b"250 ")
                spent.append(loop.time() - begin)
            for task in drips:
                task.cancel()
            for client in slow:
                client.close()
            assert max(spent) < 0.5

    asyncio.run(main())


# The end of the listener.


def test_stopping_lets_a_letter_finish_and_sends_the_idle_away():
    async def main() -> None:
        office = MemoryOffice()
        office.gate = asyncio.Event()
        async with (
            listening(office) as listener,
            calling(listener) as idle,
            calling(listener) as filing,
            calling(listener) as sending,
        ):
            await filing.begin()
            filing.send(LETTER + b".\r\n")
            await sending.begin()
            sending.send(LETTER)
            await asyncio.sleep(0.05)
            stopping = asyncio.create_task(listener.stop())
            begin = asyncio.get_running_loop().time()
            assert (await idle.reply()).startswith(b"421 4.3.2 ")
            assert await idle.rest() == b""
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection("127.0.0.1", listener.port)
            office.gate.set()
            sending.send(b".\r\n")
            for client in (filing, sending):
                assert (await client.reply()).startswith(b"250 ")
                assert (await client.reply()).startswith(b"421 4.3.2 ")
                assert await client.rest() == b""
                client.close()
            idle.close()
            await stopping
            assert asyncio.get_running_loop().time() - begin < 2
        assert len(office.letters) == 2

    asyncio.run(main())


def test_stopping_does_not_wait_for_ever():
    async def main() -> None:
        office = MemoryOffice()
        async with listening(office, Limits(drain_seconds=0.3)) as listener, calling(listener) as client:
            await client.begin()
            begin = asyncio.get_running_loop().time()
            await listener.stop()
            assert 0.2 < asyncio.get_running_loop().time() - begin < 3
            assert await client.rest() in (b"", b"421 4.3.2 mx.firm.example is going down\r\n")
        assert office.letters == []

    asyncio.run(main())
