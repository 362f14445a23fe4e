"""One letter asked about: what follows from SPF, DKIM and DMARC together, and that no answer is held against it."""

from __future__ import annotations

import asyncio
import time

import pytest

from mailhub.letters.letter import parse_letter
from mailhub.letters.proof import Evidence, find_evidence
from mailhub.letters.verdicts import Verdicts
from mailhub.routing.verdicts import Examiner
from mailhub.routing.verdicts.client import parse_received
from mailhub.routing.verdicts.dns import Kind
from mailhub.routing.verdicts.inquiry import Envelope, inquire
from tests.verdicts.signing import KEY_NAME, LETTER, key_record, sign
from tests.verdicts.zones import Dns, Zones

PEER = "8.8.4.4"  # a public address: the documentation's networks are asked about by nobody
SPF_PASS, SPF_FAIL = {"TXT": f"v=spf1 ip4:{PEER} -all"}, {"TXT": "v=spf1 -all"}
POLICY = {"_dmarc.client.example": [{"TXT": "v=DMARC1; p=reject"}]}
KEY = {KEY_NAME: [{"TXT": key_record()}]}


async def find(raw: bytes) -> Evidence | None:
    return find_evidence(raw)


def ask_about(raw: bytes, zones: Zones, mail_from: str = "anna@client.example", **options: str) -> Verdicts | None:
    """As a letter over SMTP from ``PEER``."""
    examiner = Examiner(
        find, ask=Dns(zones).ask, trusted_servers=["mx.provider.example"], trusted_peers=["127.0.0.0/8", "10.0.0.0/8"]
    )
    trace = {"peer": PEER, "helo": "mx.client.example", "mail_from": mail_from, **options}
    if not examiner.wants("smtp", trace, raw):
        return None
    return asyncio.run(examiner.examine(raw, parse_letter(raw), "smtp", trace)).verdicts


def words(found: Verdicts | None) -> tuple[str, str, str, str]:
    assert found is not None
    return found.spf, found.dkim, found.dmarc, found.domain


@pytest.mark.parametrize(
    ("raw", "zones", "mail_from", "expected"),
    [
        (LETTER, {}, "anna@client.example", ("none", "none", "none", "")),
        (LETTER, {"client.example": [SPF_PASS]}, "anna@client.example", ("pass", "none", "none", "client.example")),
        (LETTER, {"client.example": [SPF_FAIL], **POLICY}, "anna@client.example", ("fail", "none", "fail", "")),
        (LETTER, {"evil.example": [SPF_PASS], **POLICY}, "eve@evil.example", ("pass", "none", "fail", "")),
        (LETTER, {"b.client.example": [SPF_PASS], **POLICY}, "x@b.client.example",
         ("pass", "none", "pass", "b.client.example")),
        (LETTER, {"b.client.example": [SPF_PASS], "_dmarc.client.example": [{"TXT": "v=DMARC1; p=none; aspf=s"}]},
         "x@b.client.example", ("pass", "none", "fail", "")),
        (sign(), {**KEY, **POLICY}, "eve@evil.example", ("none", "pass", "pass", "client.example")),
        (sign(), {**KEY, **POLICY, "client.example": [SPF_FAIL]}, "anna@client.example",
         ("fail", "pass", "pass", "client.example")),
        (sign().replace(b"pumps", b"money"), {**KEY, **POLICY}, "", ("none", "fail", "fail", "")),
        (sign(domain="evil.example"), {"s1._domainkey.evil.example": [{"TXT": key_record()}], **POLICY},
         "eve@evil.example", ("none", "pass", "fail", "")),
        (LETTER, {"mx.client.example": [SPF_PASS], **POLICY}, "", ("pass", "none", "pass", "mx.client.example")),
    ],
)  # fmt: skip
def test_what_follows(raw: bytes, zones: Zones, mail_from: str, expected: tuple[str, ...]) -> None:
    assert words(ask_about(raw, zones, mail_from)) == expected


def test_two_froms_are_nobodys() -> None:
    raw = b"From: Eve <eve@evil.example>\r\n" + LETTER
    assert words(ask_about(raw, {"client.example": [SPF_PASS], **POLICY})) == ("pass", "none", "none", "")


def test_silence_of_name_servers_is_held_against_nobody() -> None:
    zones = {"client.example": ["TIMEOUT"], **POLICY}
    assert words(ask_about(LETTER, zones)) == ("temperror", "none", "temperror", "")
    zones = {"client.example": [SPF_FAIL], KEY_NAME: ["TIMEOUT"], **POLICY}
    found = ask_about(sign(), zones)
    assert words(found) == ("fail", "temperror", "temperror", "")
    assert found is not None
    assert not found.denied


def test_an_answer_that_never_comes_makes_nobody_wait_long() -> None:
    async def never(name: str, kind: Kind) -> tuple[bytes, ...]:
        await asyncio.sleep(60)
        return ()

    async def run() -> Verdicts:
        envelope = Envelope(parse_received(f"from mx ([{PEER}]) by us"), "anna@client.example")
        return await inquire(never, "client.example", find_evidence(sign()), envelope, seconds=0.2)

    began = time.monotonic()
    found = asyncio.run(run())
    assert time.monotonic() - began < 20
    assert (found.spf, found.dkim, found.dmarc, found.proved, found.doubtful) == (*["unknown"] * 3, False, False)


def test_a_name_server_that_breaks_is_an_unknown() -> None:
    async def broken(name: str, kind: Kind) -> tuple[bytes, ...]:
        raise RuntimeError(name)

    envelope = Envelope(parse_received(f"from mx ([{PEER}]) by us"), "anna@client.example")
    found = asyncio.run(inquire(broken, "client.example", find_evidence(sign()), envelope))
    assert (found.spf, found.dkim, found.dmarc) == ("unknown", "unknown", "unknown")


def test_a_letter_makes_us_ask_so_much_and_no_more() -> None:
    """Eight signatures and a chain of fifty seals with a selector each, and a policy that asks without end."""
    signatures = "".join(
        f"DKIM-Signature: v=1; a=rsa-sha256; d=b.example; s=s{n}; h=from; b=AAAA; c=relaxed/relaxed; "
        "bh=frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=\r\n"
        for n in range(500)
    )
    zones: dict[str, list[dict[str, str]]] = {"client.example": [{"TXT": "v=spf1 include:client.example -all"}]}
    dns = Dns(zones)
    examiner = Examiner(find, ask=dns.ask, trusted_servers=[], trusted_peers=[])
    raw = signatures.encode() + LETTER
    trace = {"peer": PEER, "helo": "x", "mail_from": "anna@client.example"}
    asyncio.run(examiner.examine(raw, parse_letter(raw), "smtp", trace))
    assert len(dns.asked) < 40


@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "10.0.0.7", "192.168.1.4", "", "nonsense"])
def test_letters_of_our_own_machines_are_asked_about_by_nobody(peer: str) -> None:
    assert ask_about(LETTER, {"client.example": [SPF_FAIL], **POLICY}, peer=peer) is None


@pytest.mark.parametrize(
    "received",
    [
        f"from mx.client.example (mx.client.example [{PEER}])\r\n\tby relay.firm.example (Postfix) with ESMTPS id 1",
        f"from [{PEER}] (helo=mx.client.example)\r\n\tby relay.firm.example with esmtps (Exim 4.96)",
        f"from mx.client.example ([{PEER}]:4711) by relay.firm.example with SMTP",
        f"from mx.client.example (HELO mx.client.example) ([{PEER}])\r\n by relay.firm.example with SMTP",
        f"from mx.client.example (unknown [IPv6:::ffff:{PEER}]) by relay.firm.example",
    ],
)  # fmt: skip
def test_the_word_of_our_own_relay_counts(received: str) -> None:
    raw = f"Received: {received}; Wed, 18 Nov 2026 10:00:00 +0200\r\n".encode() + LETTER
    zones = {"client.example": [SPF_PASS], **POLICY}
    assert words(ask_about(raw, zones, peer="127.0.0.1")) == ("pass", "none", "pass", "client.example")
    inner = b"Received: from relay.firm.example ([10.0.0.7]) by scanner.firm.example; Wed, 18 Nov 2026 10:00\r\n"
    assert words(ask_about(inner + raw, zones, peer="127.0.0.1")) == ("pass", "none", "pass", "client.example")
    by_socket = ask_about(inner + raw, zones, peer="UNIX", protocol="LMTP")
    assert words(by_socket) == ("pass", "none", "pass", "client.example")


def test_a_received_line_that_a_stranger_wrote_counts_for_nothing() -> None:
    raw = f"Received: from mx.client.example ([{PEER}]) by relay.firm.example; x\r\n".encode() + LETTER
    zones = {"client.example": [SPF_PASS], **POLICY}
    assert words(ask_about(raw, zones, peer="9.9.9.9")) == ("fail", "none", "fail", "")


def test_the_results_of_our_provider_are_believed_from_our_relay_alone() -> None:
    good = b"Authentication-Results: mx.provider.example; dmarc=pass header.from=client.example\r\n"
    zones = {"client.example": [SPF_FAIL], **POLICY}
    assert words(ask_about(good + LETTER, zones, peer="10.0.0.7"))[2] == "pass"
    assert words(ask_about(good + LETTER, zones, peer="9.9.9.9"))[2] == "fail"


def test_a_letter_fetched_from_another_server_has_no_host_to_ask_about() -> None:
    examiner = Examiner(find, ask=Dns({**KEY, **POLICY}).ask, trusted_servers=[], trusted_peers=[])
    raw = b"Received: from a by b\r\n" + sign()
    assert examiner.wants("imap", {}, raw)
    found = asyncio.run(examiner.examine(raw, parse_letter(raw), "imap", {})).verdicts
    assert words(found) == ("unknown", "pass", "pass", "client.example")
    spoilt = raw.replace(b"pumps", b"money")
    found = asyncio.run(examiner.examine(spoilt, parse_letter(spoilt), "imap", {})).verdicts
    assert words(found) == ("unknown", "fail", "temperror", "")


def test_switched_off_nobody_is_asked() -> None:
    examiner = Examiner(find, ask=None, trusted_servers=[], trusted_peers=[])
    assert not examiner.wants("smtp", {"peer": PEER}, sign())
    assert not examiner.wants("imap", {}, sign())


def test_received_lines_of_the_world() -> None:
    found = parse_received("from mail-x.google.com (mail-x.google.com. [209.85.1.2]) by mx.example (8.14) id 1; date")
    assert found is not None
    assert (str(found.ip), found.helo) == ("209.85.1.2", "mail-x.google.com")
    for value in ("by 10.0.0.1 with HTTP; date", "from x by y", "from x ([999.1.1.1]) by y", "", "from " * 10_000):
        assert parse_received(value) is None
