"""Which servers take the letters of a domain, asked of a DNS over a socket."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from mailhub.outbound.mx import Names, NoAnswerError, find_addresses, find_servers
from tests.outbound.direct_house import Zone
from tests.verdicts.test_resolver import Server


def test_the_dns_is_asked_once_and_what_it_says_is_told_apart() -> None:
    async def live() -> None:
        loop = asyncio.get_running_loop()
        transport, server = await loop.create_datagram_endpoint(Server, local_addr=("127.0.0.1", 0))
        names = Names(["127.0.0.1"], port=transport.get_extra_info("sockname")[1], seconds=1.0)
        try:
            assert await find_servers(names.ask, "client.example") == ["a.client.example", "b.client.example"]
            assert await find_servers(names.ask, "client.example") == ["a.client.example", "b.client.example"]
            assert server.asked.count("client.example.") == 1, "it is remembered as long as its TTL says"
            assert sorted(await names.ask("client.example", "TXT")) == ["other", "v=spf1 -all"]
            assert await find_addresses(names.ask, "alias.example") == ["192.0.2.1"]
            assert await names.ask("nobody.example", "MX") == []
            for silent in ("x.silent.example", "x.broken.example"):
                with pytest.raises(NoAnswerError):
                    await names.ask(silent, "MX")
        finally:
            transport.close()

    asyncio.run(live())


def test_servers_of_one_preference_share_the_load() -> None:
    zone = Zone().add("client.example", "MX", "10 a.example", "10 b.example", "5 first.example", "99 last.example")

    async def draw() -> list[list[str]]:
        return [await find_servers(zone.ask, "client.example") for _ in range(60)]

    drawn = asyncio.run(draw())
    assert {(one[0], one[3]) for one in drawn} == {("first.example", "last.example")}
    second = Counter(one[1] for one in drawn)
    assert set(second) == {"a.example", "b.example"}


def test_we_and_those_behind_us_are_left_out() -> None:
    zone = Zone().add("client.example", "MX", "10 far.example", "20 mail.firm.example", "30 back.example")
    assert asyncio.run(find_servers(zone.ask, "client.example", "mail.firm.example")) == ["far.example"]
