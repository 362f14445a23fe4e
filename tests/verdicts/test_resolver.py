"""The DNS over a socket: remembered as long as it says and no longer than we like, and bounded in every way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from mailhub.routing.verdicts.dns import NoAnswerError
from mailhub.routing.verdicts.resolver import Memory, Resolver

ZONE = {
    ("client.example.", "TXT"): (300, ['"v=spf1 " "-all"', '"other"']),
    ("client.example.", "MX"): (300, ["20 b.client.example.", "10 a.client.example."]),
    ("client.example.", "A"): (300, ["192.0.2.1"]),
    ("alias.example.", "CNAME"): (300, ["client.example."]),
    ("short.example.", "A"): (0, ["192.0.2.2"]),
    ("long.example.", "A"): (2_000_000_000, ["192.0.2.3"]),
    ("empty.example.", "A"): (300, []),
}


class Server(asyncio.DatagramProtocol):
    """Answers from ``ZONE``; names below ``silent.example`` never, below ``broken.example`` with SERVFAIL."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        question = query.question[0]
        name = question.name.to_text().lower()
        self.asked.append(name)
        if name.endswith("silent.example."):
            return
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        if query.flags & dns.flags.AD and name.startswith(("client.", "nobody.")):
            answer.flags |= dns.flags.AD
        kinds = {kind for known, kind in ZONE if known == name}
        if name.endswith("broken.example."):
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif not kinds:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        else:
            kind = "CNAME" if "CNAME" in kinds else dns.rdatatype.to_text(question.rdtype)
            ttl, records = ZONE.get((name, kind), (0, []))
            if records:
                answer.answer.append(dns.rrset.from_text(name, ttl, "IN", kind, *records))
            if kind == "CNAME":
                ttl, records = ZONE["client.example.", "A"]
                answer.answer.append(dns.rrset.from_text("client.example.", ttl, "IN", "A", *records))
        self._transport.sendto(answer.to_wire(), address)  # type: ignore[attr-defined]


@asynccontextmanager
async def served(seconds: float = 1.0) -> AsyncIterator[tuple[Resolver, Server]]:
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(Server, local_addr=("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    resolver = Resolver(["127.0.0.1"], port=port, seconds=seconds)
    try:
        yield resolver, server
    finally:
        await resolver.close()
        transport.close()


def test_what_records_look_like() -> None:
    async def run() -> None:
        async with served() as (resolver, _):
            assert set(await resolver.ask("Client.Example", "TXT")) == {b"v=spf1 -all", b"other"}
            assert await resolver.ask("client.example", "MX") == (b"a.client.example.", b"b.client.example.")
            assert await resolver.ask("client.example", "A") == (b"192.0.2.1",)
            assert await resolver.ask("alias.example", "A") == (b"192.0.2.1",)
            assert await resolver.ask("client.example", "AAAA") == ()
            assert await resolver.ask("nowhere.example", "TXT") == ()

    asyncio.run(run())


@pytest.mark.parametrize("name", ["", ".", "a..b", "x" * 64 + ".example", ".".join(["x" * 60] * 5), "client.example "])
def test_what_is_no_name_has_no_records(name: str) -> None:
    async def run() -> None:
        async with served() as (resolver, server):
            assert await resolver.ask(name, "TXT") == ()
            assert len(server.asked) <= 1

    asyncio.run(run())


def test_each_question_is_asked_once() -> None:
    async def run() -> None:
        async with served() as (resolver, server):
            found = await asyncio.gather(*(resolver.ask("client.example", "A") for _ in range(50)))
            assert set(found) == {(b"192.0.2.1",)}
            await resolver.ask("CLIENT.example.", "A")
            await resolver.ask("short.example", "A")
            await resolver.ask("short.example", "A")
            await resolver.ask("nowhere.example", "A")
            await resolver.ask("nowhere.example", "A")
            assert len(server.asked) == 3

    asyncio.run(run())


def test_who_gives_up_does_not_spoil_it_for_the_others() -> None:
    async def run() -> None:
        async with served() as (resolver, _):
            first = asyncio.create_task(resolver.ask("client.example", "A"))
            second = asyncio.create_task(resolver.ask("client.example", "A"))
            await asyncio.sleep(0)
            first.cancel()
            assert await second == (b"192.0.2.1",)

    asyncio.run(run())


def test_silence_and_failure_are_no_answers_and_are_remembered_for_a_moment() -> None:
    async def run() -> None:
        async with served(seconds=0.3) as (resolver, server):
            for name in ("silent.example", "broken.example"):
                began = time.monotonic()
                with pytest.raises(NoAnswerError):
                    await resolver.ask(name, "TXT")
                assert time.monotonic() - began < 3
                asked = len(server.asked)
                with pytest.raises(NoAnswerError):
                    await resolver.ask(name, "TXT")
                assert len(server.asked) == asked

    asyncio.run(run())


def test_whose_names_hang_keeps_nobody_else_waiting() -> None:
    async def run() -> None:
        async with served(seconds=2) as (resolver, _):
            hanging = [asyncio.create_task(resolver.ask(f"{n}.silent.example", "TXT")) for n in range(500)]
            await asyncio.sleep(0.1)
            began = time.monotonic()
            assert await resolver.ask("client.example", "A") == (b"192.0.2.1",)
            assert time.monotonic() - began < 1
            assert not all(task.done() for task in hanging), "it came before theirs"
            problems = await asyncio.gather(*hanging, return_exceptions=True)
            assert all(isinstance(problem, NoAnswerError) for problem in problems)

    asyncio.run(run())


def test_nobody_waits_for_servers_that_are_away() -> None:
    async def run() -> None:
        async with served(seconds=0.3) as (resolver, server):
            names = [f"silent.example{n}.silent.example" for n in range(16)]
            for part in (names, [f"{n}.other.silent.example" for n in range(16)]):
                await asyncio.gather(*(resolver.ask(name, "TXT") for name in part), return_exceptions=True)
            asked, began = len(server.asked), time.monotonic()
            for number in range(100):
                with pytest.raises(NoAnswerError):
                    await resolver.ask(f"{number}.client.example", "TXT")
            assert time.monotonic() - began < 0.2
            assert len(server.asked) == asked
            resolver._away_until = 0.0  # the moment is over
            assert await resolver.ask("client.example", "A") == (b"192.0.2.1",)
            assert await resolver.ask("client.example", "AAAA") == ()

    asyncio.run(run())


def test_the_memory_holds_so_much_and_no_more() -> None:
    memory = Memory(100_000)
    for number in range(5_000):
        memory.keep((f"{number}.example", "TXT"), (b"x" * 500,), 300)
    assert memory.bytes <= 100_000
    assert memory.find(("0.example", "TXT")) is None
    assert memory.find(("4999.example", "TXT")) is not None
    memory.keep(("giant.example", "TXT"), (b"x" * 200_000,), 300)
    assert memory.bytes <= 100_000


def test_answers_grow_old() -> None:
    memory = Memory(100_000)
    memory.keep(("a.example", "TXT"), (b"x",), -1)
    assert memory.find(("a.example", "TXT")) is None
    assert memory.bytes == 0
