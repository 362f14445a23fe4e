"""Policies of transport (RFC 8461): what is read, what is refused, what is remembered when the other side is silent."""

from __future__ import annotations

import asyncio

import pytest

from core import clock
from core.database import Database
from core.errors import Invalid
from mailhub.outbound.sts import NO_POLICY, Policies, Policy, parse_policy
from tests.outbound.direct_house import Zone

GOOD = b"version: STSv1\nmode: enforce\nmx: mail.client.example\nmx: *.client.net\nmax_age: 604800\n"
FIRM = Policy("enforce", ("mail.client.example", "*.client.net"), 604_800)


def test_a_policy_is_read() -> None:
    assert parse_policy(GOOD) == FIRM
    assert parse_policy(GOOD.replace(b"\n", b"\r\n") + b"later: unknown\r\n") == FIRM
    assert parse_policy(b"version: STSv1\nmode: none\nmax_age: 9999999999").age == 31_557_600


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe\x00",
        GOOD.replace(b"STSv1", b"STSv2"),
        GOOD.replace(b"enforce", b"maybe"),
        GOOD.replace(b"max_age: 604800", b"max_age: soon"),
        GOOD.replace(b"max_age: 604800", b""),
        b"version: STSv1\nmode: enforce\nmax_age: 1\n",
        b"version: STSv1\nmode: enforce\nmx: *\nmax_age: 1\n",
        b"<html>version: STSv1</html>",
    ],
)
def test_what_is_no_policy_is_refused(body: bytes) -> None:
    with pytest.raises(Invalid):
        parse_policy(body)


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("mail.client.example", True), ("mx.client.net", True), ("a.b.client.net", False), ("client.net", False),
        ("mail.client.example.evil.example", False), ("evilclient.net", False),
    ],
)  # fmt: skip
def test_which_servers_it_allows(host: str, allowed: bool) -> None:
    assert FIRM.allows(host) is allowed


def test_a_promise_outlives_silence_and_is_fetched_once(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    zone = Zone().add("_mta-sts.client.example", "TXT", "v=STSv1; id=1;")

    async def live() -> None:
        policies = Policies(database, zone.ask, zone.fetch)
        assert await policies.find("client.example") == NO_POLICY, "it answers 404"
        assert await policies.find("client.example") == NO_POLICY
        assert len(zone.fetched) == 1, "who failed is left alone for a while"
        policies = Policies(database, zone.ask, zone.fetch)
        zone.pages["client.example"] = GOOD
        assert await policies.find("client.example") == FIRM
        assert await policies.find("client.example") == FIRM
        assert len(zone.fetched) == 2, "it is remembered"
        policies = Policies(database, zone.ask, zone.fetch)
        zone.silent.add("_mta-sts.client.example")
        assert await policies.find("client.example") == FIRM, "whoever silences the DNS takes nothing back"
        zone.silent.clear()
        zone.add("_mta-sts.client.example", "TXT", "v=STSv1; id=2")
        zone.pages["client.example"] = b"<html>"
        assert await policies.find("client.example") == FIRM, "nor who breaks the page"
        policies = Policies(database, zone.ask, zone.fetch)
        zone.pages["client.example"] = GOOD.replace(b"enforce", b"none")
        assert (await policies.find("client.example")).mode == "none"
        zone.add("_mta-sts.client.example", "TXT", "v=STSv1; id=3", "v=STSv1; id=4")
        fetched = len(zone.fetched)
        await policies.find("client.example")
        assert len(zone.fetched) == fetched, "two records are none"
        later = clock.now() + 8 * clock.DAY
        monkeypatch.setattr("mailhub.outbound.sts.clock.now", lambda: later)
        assert await policies.find("client.example") == NO_POLICY, "its age is over"

    asyncio.run(live())
