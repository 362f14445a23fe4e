"""Letters that an account brought: what its server wrote on top counts, what a sender wrote below does not."""

from __future__ import annotations

import asyncio

import pytest

from mailhub.letters.letter import parse_letter
from mailhub.letters.proof import Evidence, find_evidence
from mailhub.letters.verdicts import Verdicts
from mailhub.mailboxes.providers import find_carrier
from mailhub.mailboxes.trust import Trust
from mailhub.routing.verdicts import Examiner
from tests.verdicts.signing import KEY_NAME, LETTER, key_record, sign
from tests.verdicts.zones import Dns

GOOD, EVIL = "8.8.4.4", "9.9.9.9"
ZONES = {
    "client.example": [{"TXT": f"v=spf1 ip4:{GOOD} -all"}],
    "_dmarc.client.example": [{"TXT": "v=DMARC1; p=reject"}],
    "evil.example": [{"TXT": f"v=spf1 ip4:{EVIL} -all"}],
    "mx1.host.example": [{"A": "1.1.1.1"}],
    KEY_NAME: [{"TXT": key_record()}],
}
HOST = Trust(("host.example", ".host.example"), frozenset({"host.example"}))
TOLD = Trust((".host.example",), frozenset({"host.example"}), strips=True)
PATH = "Return-Path: <anna@client.example>\r\n"
EVIL_PATH = "Return-Path: <eve@evil.example>\r\n"


def google() -> Trust:
    found = find_carrier("imap.gmail.com")
    assert found is not None
    return Trust(found.servers, frozenset({"google.com", "gmail.com"}), strips=True)


def microsoft() -> Trust:
    found = find_carrier("outlook.office365.com")
    assert found is not None
    return Trust(found.servers, frozenset({"outlook.com", "office365.com"}), found.networks, strips=True)


def took(ip: str, by: str = "mx1.host.example", helo: str = "mail.client.example", word: str = "ESMTPS") -> str:
    """As Postfix writes it."""
    return f"Received: from {helo} (unknown [{ip}])\r\n\tby {by} (Postfix) with {word} id 1; now\r\n"


def results(server: str, word: str = "pass") -> str:
    return f"Authentication-Results: {server}; dmarc={word} header.from=client.example\r\n"


async def find(raw: bytes) -> Evidence:
    return find_evidence(raw)


def judge(head: str, trust: Trust, letter: bytes = LETTER) -> Verdicts:
    raw = head.encode() + letter
    examiner = Examiner(find, ask=Dns(ZONES).ask, trusted_servers=["mx.smtp.example"])
    assert examiner.wants("imap", {"account": 1}, raw, trust)
    found = asyncio.run(examiner.examine(raw, parse_letter(raw), "imap", {"account": 1}, trust)).verdicts
    assert found is not None
    return found


def words(found: Verdicts) -> tuple[str, str]:
    return found.spf, found.dmarc


def test_the_host_that_our_server_saw_is_asked_about() -> None:
    assert words(judge(PATH + took(GOOD), HOST)) == ("pass", "pass")
    assert words(judge(EVIL_PATH + took(EVIL), HOST)) == ("pass", "fail")
    assert words(judge(PATH + took(EVIL), HOST)) == ("fail", "fail")
    assert judge(PATH + took(EVIL), HOST).denied
    assert words(judge(PATH + took(EVIL), HOST, sign())) == ("fail", "pass")


@pytest.mark.parametrize(
    "inside",
    [
        "Received: from mx1.host.example by store.host.example with LMTP id 2; now\r\n",
        "Received: from mx1.host.example ([127.0.0.1]) by store.host.example with LMTP id 2; now\r\n",
        "Received: from localhost (localhost [127.0.0.1]) by mx1.host.example (Postfix) with ESMTP id 3; now\r\n",
        "Received: from mx1.host.example (mx1.host.example [1.1.1.1]) by store.host.example with ESMTP; now\r\n",
        "Received: from mx1.host.example (10.1.2.3) by store.host.example with Microsoft SMTP Server; now\r\n",
    ],
)
def test_hops_inside_are_stepped_over(inside: str) -> None:
    assert words(judge(PATH + inside + took(EVIL), HOST)) == ("fail", "fail")
    assert words(judge(PATH + inside + inside + took(GOOD), HOST)) == ("pass", "pass")


@pytest.mark.parametrize("helo", ["mx1.host.example", "store.host.example", "[8.8.4.4]", "helo=[8.8.4.4]"])
def test_who_calls_himself_one_of_us_is_none(helo: str) -> None:
    """The letter brings a line of its own that would show a good host."""
    forged = took(GOOD)
    assert words(judge(PATH + took(EVIL, helo=helo) + forged, HOST)) == ("fail", "fail")
    exim = f"Received: from [{EVIL}] (helo={helo}) by mx1.host.example with esmtps (Exim 4.96); now\r\n"
    assert words(judge(PATH + exim + forged, HOST)) == ("fail", "fail")


@pytest.mark.parametrize(
    "head",
    [
        took(EVIL),  # whose return path nobody wrote down
        PATH + took(EVIL, by="mx.elsewhere.example"),  # fetched from a third server, or laid there by hand
        PATH + took(EVIL, word="ESMTPSA"),  # a colleague who writes from home
        PATH + "Received: from mail.client.example by mx1.host.example with ESMTP; now\r\n",
        "",
    ],
)
def test_what_is_not_certain_is_held_against_nobody(head: str) -> None:
    found = judge(head, HOST)
    assert found.spf == "unknown"
    assert not found.denied
    assert not found.proved
    assert judge(head, HOST, sign()).proved


def test_a_return_path_below_the_border_is_the_senders_word() -> None:
    assert words(judge(took(GOOD) + PATH, HOST)) == ("unknown", "temperror")


def test_of_a_server_that_nobody_vouched_for_only_lines_out_of_reach_are_believed() -> None:
    """What stands below the border may be the sender's: many servers remove nothing."""
    below = judge(PATH + took(EVIL) + results("mx1.host.example"), HOST)
    assert (below.dmarc, below.source, below.offered) == ("fail", "here", "mx1.host.example")
    above = judge(results("mx1.host.example") + PATH + took(EVIL), HOST)
    assert (above.dmarc, above.source) == ("pass", "mx1.host.example")
    told = judge(PATH + took(EVIL) + results("mx1.host.example"), TOLD)
    assert (told.dmarc, told.source) == ("pass", "mx1.host.example")


@pytest.mark.parametrize("trust", [HOST, TOLD])
def test_forged_results_are_believed_nowhere(trust: Trust) -> None:
    received = took(EVIL)
    for head in (
        PATH + received + took(GOOD) + results("mx1.host.example"),  # behind a line of the sender's own
        results("mx.other.example") + PATH + received,
        results("mx.smtp.example") + PATH + received,  # trusted over SMTP, and not here
        PATH + received + results("mx1.host.example.evil.example"),
        PATH + received + results("evilhost.example"),
        PATH + received + results(".host.example"),
        PATH + received + "Authentication-Results: dmarc=pass header.from=client.example\r\n",
    ):
        assert judge(head, trust).denied, head


def test_a_second_line_under_the_servers_name_adds_only_what_was_not_told() -> None:
    found = judge(PATH + took(EVIL) + results("mx1.host.example", "fail") + results("mx1.host.example"), TOLD)
    assert found.denied


def test_google() -> None:
    head = (
        "Delivered-To: sales@firm.example\r\nReceived: by 2002:a05:6a10:1::1 with SMTP id x; now\r\n"
        "X-Received: by 2002:a17:906:1::2 with SMTP id y; now\r\n{path}"
        "Received: from mail.client.example (mail.client.example. [{ip}])\r\n"
        "        by mx.google.com with ESMTPS id z; now\r\n{results}"
    )
    told = judge(head.format(path=PATH, ip=GOOD, results=results("mx.google.com")), google())
    assert (told.dmarc, told.source) == ("pass", "mx.google.com")
    silent = judge(head.format(path=PATH, ip=EVIL, results=""), google())
    assert words(silent) == ("fail", "fail")
    forged = judge(head.format(path=PATH, ip=EVIL, results=took(GOOD) + results("mx.google.com")), google())
    assert forged.denied


def test_microsoft_names_nobody_in_its_lines() -> None:
    inside = (
        "Received: from AM0PR01.eurprd01.prod.outlook.com (2603:10a6:208:1::5)\r\n"
        " by AM9PR01.eurprd01.prod.outlook.com with HTTPS; now\r\n"
        "Received: from DB1.eur01.prod.protection.outlook.com (2603:10a6:4:1::7)\r\n"
        " by AM0PR01.eurprd01.prod.outlook.com with Microsoft SMTP Server (version=TLS1_3) id 15.20; now\r\n"
    )
    line = "Authentication-Results: spf=pass smtp.mailfrom=client.example; dmarc={} header.from=client.example\r\n"
    border = "Received: from mail.client.example (9.9.9.9) by DB1.mail.protection.outlook.com (10.1.1.1); now\r\n"
    told = judge(inside + line.format("pass") + border, microsoft())
    assert (told.dmarc, told.source) == ("pass", "-")
    assert judge(inside + line.format("fail") + border + line.format("pass"), microsoft()).denied
    assert judge(inside + PATH + border + took(GOOD) + line.format("pass"), microsoft()).denied
    assert judge(PATH + took(EVIL) + line.format("pass"), HOST).denied, "elsewhere a line without a name is nobody's"
