"""Authentication-Results: read as RFC 8601 says, believed of our own servers alone."""

from __future__ import annotations

import time

import pytest

from mailhub.letters.alignment import is_aligned, organisation
from mailhub.letters.proof import find_evidence
from mailhub.letters.results import believe, believe_sealer, parse_results
from mailhub.letters.verdicts import Verdicts

OURS = frozenset({"mx.provider.example"})
GOOD = "mx.provider.example; spf=pass smtp.mailfrom=anna@client.example; dkim=pass header.d=client.example; dmarc=pass"
FORGED = "Authentication-Results: mx.provider.example; dmarc=pass header.from=client.example\r\n"
RECEIVED = "Received: from a ([192.0.2.1]) by mx.provider.example; Wed, 18 Nov 2026 10:00:00 +0200\r\n"


def believed(*lines: str, domain: str = "client.example") -> Verdicts | None:
    raw = "".join(lines) + "From: Anna <anna@client.example>\r\nSubject: Pumps\r\n\r\nx\r\n"
    return believe(find_evidence(raw.encode()).traces, OURS, domain)


def line(value: str) -> str:
    return f"Authentication-Results: {value}\r\n"


def test_what_our_own_server_wrote_is_believed() -> None:
    found = believed(RECEIVED, line(GOOD), RECEIVED)
    assert found == Verdicts("pass", "pass", "pass", "unknown", "client.example", "mx.provider.example")
    assert found.proved
    assert not found.doubtful


@pytest.mark.parametrize(
    "lines",
    [
        [RECEIVED],
        [line("mx.other.example; dmarc=pass"), line(GOOD)],
        [line(""), line(GOOD)],
        [line("spf=pass smtp.mailfrom=client.example"), line(GOOD)],
        [line("mx.provider.example.evil.example; dmarc=pass header.from=client.example")],
        [line('"mx.other.example" (mx.provider.example;); dmarc=pass')],
        [line("(mx.provider.example; dmarc=pass) mx.other.example; dmarc=pass")],
    ],
)
def test_what_others_wrote_is_not(lines: list[str]) -> None:
    assert believed(*lines) is None


def test_a_forged_line_below_our_own_says_nothing() -> None:
    found = believed(line("mx.provider.example; dmarc=fail header.from=client.example"), RECEIVED, FORGED)
    assert found is not None
    assert found.denied
    assert found.domain == ""


def test_our_server_may_write_several_lines_before_the_next_received() -> None:
    found = believed(
        RECEIVED, line("mx.provider.example; dkim=pass header.i=@client.example"),
        line("mx.provider.example; spf=softfail smtp.mailfrom=x@y.example; dmarc=pass"), RECEIVED,
        line("mx.provider.example; arc=pass"),
    )  # fmt: skip
    assert found == Verdicts("softfail", "pass", "pass", "unknown", "client.example", "mx.provider.example")


def test_a_verdict_on_another_from_is_none_on_ours() -> None:
    found = believed(line("mx.provider.example; dmarc=pass header.from=evil.example"))
    assert found is not None
    assert (found.dmarc, found.domain) == ("unknown", "")


def test_what_passed_for_another_domain_proves_nothing_here() -> None:
    found = believed(
        line("mx.provider.example; spf=pass smtp.mailfrom=a@evil.example; dkim=pass header.d=evil.example")
    )
    assert found is not None
    assert not found.proved


@pytest.mark.parametrize(
    "found",
    [
        "dkim=pass header.d=evil.example header.s=x header.d=client.example",
        "dkim=pass header.i=@evil.example header.s=x header.d=client.example",
        "spf=pass smtp.mailfrom=thief@evil.example smtp.mailfrom=anna@client.example",
        'spf=pass smtp.mailfrom="x\\" smtp.mailfrom=anna@client.example \\""@evil.example',
    ],
)
def test_a_name_that_the_sender_chose_is_no_further_finding(found: str) -> None:
    """A selector, or the sender of an envelope, may hold a blank and what looks like a property behind it."""
    told = believed(line(f"mx.provider.example; {found}"))
    assert told is not None
    assert not told.proved


def test_comments_quotes_and_versions() -> None:
    server, results = parse_results(
        'mx.provider.example 1; dkim=pass (2048-bit; "x=fail" \\) more) header.i=@client.example header.b="a;b";'
        " spf / 1 = fail (see (nested; dmarc=pass)) smtp.mailfrom=a@b.example; nonsense; dmarc=Pass"
    )
    assert server == "mx.provider.example"
    assert [(one.method, one.word) for one in results] == [("dkim", "pass"), ("spf", "fail"), ("dmarc", "pass")]
    assert results[0].properties == {"header.i": "@client.example", "header.b": "a;b"}


def test_nothing_was_checked() -> None:
    found = believed(line("mx.provider.example; none"))
    assert found == Verdicts(source="mx.provider.example")


@pytest.mark.parametrize(
    "value", ["(" * 100_000, ";" * 100_000, '"' * 99_999, "a=b" * 30_000, "x; spf=" + "p" * 90_000]
)
def test_long_lines_are_read_in_one_go(value: str) -> None:
    began = time.process_time()
    believed(line(value))
    parse_results(value)
    assert time.process_time() - began < 1


def test_what_a_forwarder_found_before_it_sealed_the_letter() -> None:
    passed = " i=2; mx.provider.example; dkim=pass header.d=client.example; dmarc=pass".partition(";")[2]
    found = believe_sealer("provider.example", passed, OURS, "client.example")
    assert found is not None
    assert found.proved
    assert believe_sealer("evil.example", passed, OURS, "client.example") is None, "a seal of somebody else"
    assert believe_sealer("evil.example", passed.replace("provider", "evil"), OURS, "client.example") is None
    failed = believe_sealer("provider.example", passed.replace("pass", "fail"), OURS, "client.example")
    assert failed is not None
    assert not failed.proved


def test_organisations() -> None:
    assert organisation("mail.shop.client.co.uk") == "client.co.uk"
    assert is_aligned("bounce.client.co.uk", "shop.client.co.uk")
    assert not is_aligned("other.co.uk", "client.co.uk")
    assert not is_aligned("", "client.co.uk")
    assert not is_aligned("a.client.example", "client.example", strict=True)
