"""DKIM: letters signed by another implementation, tampered with, and signatures that prove less than they seem to."""

from __future__ import annotations

import base64
import time

import pytest

from mailhub.letters.proof import find_evidence
from mailhub.letters.proof.canonical import relaxed_body, simple_body
from mailhub.routing.verdicts.keys import judge
from tests.verdicts.signing import KEY_NAME, LETTER, key_record, sign

# RFC 8463, Appendix A: one letter with a signature of each kind, and the keys that belong to them.
SAMPLE = """\
DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
""".replace("\n", "\r\n").encode()
SAMPLE_KEYS = {
    "brisbane._domainkey.football.example.com": "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
    "test._domainkey.football.example.com": (
        "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J"
        "16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTI"
        "KT+l/K4w3QIDAQAB"
    ),
}


def verdicts(raw: bytes, records: dict[str, str] | None = None, now: float | None = None) -> list[str]:
    """The outcome of each signature, the topmost first."""
    keys = {KEY_NAME: key_record()} if records is None else records
    found = {name: (text.encode(),) for name, text in keys.items()}
    at = int(time.time() if now is None else now)
    return [judge(one, found.get(one.key_name, ()), at) for one in find_evidence(raw).signatures]


def test_the_letter_of_rfc_8463() -> None:
    assert verdicts(SAMPLE, SAMPLE_KEYS) == ["pass", "pass"]
    assert verdicts(SAMPLE.replace(b"hungry", b"angry"), SAMPLE_KEYS) == ["fail", "fail"]
    assert verdicts(SAMPLE.replace(b"dinner", b"supper"), SAMPLE_KEYS) == ["fail", "fail"]


@pytest.mark.parametrize("head", [b"simple", b"relaxed"])
@pytest.mark.parametrize("body", [b"simple", b"relaxed"])
@pytest.mark.parametrize("raw", [LETTER, LETTER.rstrip(), LETTER.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"])
def test_what_another_implementation_signed(head: bytes, body: bytes, raw: bytes) -> None:
    assert verdicts(sign(raw, canonicalize=(head, body))) == ["pass"]


@pytest.mark.parametrize(
    ("old", "new"), [(b"We need", b"We want"), (b"Subject: Pumps", b"Subject: Money"), (b"anna@", b"eve@")]
)
def test_a_change_on_the_way(old: bytes, new: bytes) -> None:
    assert verdicts(sign().replace(old, new)) == ["fail"]


def test_white_space_may_change_in_the_relaxed_form() -> None:
    raw = sign().replace(b"need  pumps. ", b"need pumps.").replace(b"Subject: Pumps", b"SUBJECT:\r\n  Pumps")
    assert verdicts(raw) == ["pass"]


def test_bytes_may_be_added_below_a_partly_signed_body_and_prove_nothing() -> None:
    whole = sign(length=True)
    assert verdicts(whole) == ["pass"]
    assert verdicts(whole + b"<h1>Pay here instead</h1>\r\n") == ["policy"]


@pytest.mark.parametrize(
    "line",
    [b"From: Eve <eve@evil.example>\r\n", b"Subject: Pay here\r\n", b"Reply-To: a@b.example\r\nReply-To: x@y.z\r\n"],
)
def test_a_second_field_above_the_signed_one_proves_nothing(line: bytes) -> None:
    assert verdicts(line + sign()) in (["policy"], ["fail"])


@pytest.mark.parametrize(("bits", "expected"), [(1024, "pass"), (2048, "pass"), (4096, "pass"), (8192, "policy")])
def test_sizes_of_keys(bits: int, expected: str) -> None:
    if bits <= 4096:
        assert verdicts(sign(bits=bits), {KEY_NAME: key_record(bits)}) == [expected]
        return
    record = key_record().partition("p=")[0] + "p=" + _giant_key(bits)
    began = time.process_time()
    assert verdicts(sign(), {KEY_NAME: record}) == [expected]
    assert time.process_time() - began < 1


def test_a_weak_key_proves_nothing() -> None:
    assert verdicts(sign(), {KEY_NAME: "p=" + _giant_key(512)})[0] in {"policy", "permerror"}


@pytest.mark.parametrize(
    "record",
    ["", "v=DKIM1; p=", "v=DKIM1", "v=DKIM2; p=AAAA", "p=AAAA", "p=****", "k=ed25519; p=AAAA", "p=AAAA; p=AAAA"],
)
def test_records_that_are_no_key(record: str) -> None:
    assert verdicts(sign(), {KEY_NAME: record}) == ["permerror"]


def test_what_a_key_is_for() -> None:
    assert verdicts(sign(), {KEY_NAME: key_record(more="h=sha1; ")}) == ["permerror"]
    assert verdicts(sign(), {KEY_NAME: key_record(more="s=tlsrpt; ")}) == ["permerror"]
    assert verdicts(sign(), {KEY_NAME: key_record(more="s=email; h=sha1:sha256; t=y; ")}) == ["pass"]


def test_times() -> None:
    now = time.time()
    assert verdicts(sign(), now=now - 7200) == ["neutral"]
    late = sign().replace(b"; h=", b"; x=1; h=", 1)
    assert verdicts(late) == ["neutral"]


@pytest.mark.parametrize(
    "signature",
    [
        "v=1",
        "v=2; a=rsa-sha256; d=client.example; s=s1; h=from; bh=AAAA; b=AAAA",
        "v=1; a=rsa-sha256; d=client.example; s=s1; h=subject; bh=AAAA; b=AAAA",
        "v=1; a=rsa-sha256; d=client.example; i=@evil.example; s=s1; h=from; bh=AAAA; b=AAAA",
        "v=1; a=rsa-sha256; d=com; s=s1; h=from; bh=AAAA; b=AAAA",
        "v=1; a=rsa-sha256; d=client.example; s=../../x; h=from; bh=AAAA; b=AAAA",
        "v=1; a=rsa-sha256; d=client.example; s=s1; h=from; bh=AAAA; b=AAAA; b=BBBB",
        "v=1; a=rsa-sha256; d=client.example; s=s1; h=from; l=-1; bh=AAAA; b=AAAA",
        "v=1; a=rsa-sha256; d=client.example; s=s1; h=from; x=99999999999999999999; t=" + "9" * 80,
        "",
        ";" * 50_000,
        "=" * 50_000,
    ],
)
def test_signatures_that_are_none(signature: str) -> None:
    assert verdicts(f"DKIM-Signature: {signature}\r\n".encode() + LETTER) == ["neutral"]


def test_the_old_hash_proves_nothing() -> None:
    raw = sign().replace(b"a=rsa-sha256", b"a=rsa-sha1", 1)
    assert verdicts(raw) == ["policy"]


def test_a_hundred_signatures_cost_as_much_as_eight() -> None:
    one = sign()
    many = one.partition(b"From: ")[0] * 100 + LETTER
    began = time.process_time()
    assert verdicts(many) == ["pass"] * 8
    assert time.process_time() - began < 1


@pytest.mark.parametrize("filling", [b" ", b"\r\n", b"\t \r\n", b"x", b"\r", b" \r\n\r\n x"])
def test_large_bodies_are_read_in_one_go(filling: bytes) -> None:
    small, large = filling * 100_000, filling * 800_000
    times = []
    for text in (small, large):
        began = time.process_time()
        relaxed_body(text)
        simple_body(text)
        times.append(time.process_time() - began)
    assert times[1] < 40 * times[0] + 0.05


def _giant_key(bits: int) -> str:
    """A public key of any size, never used to sign with."""

    def der(tag: int, body: bytes) -> bytes:
        size = len(body)
        head = (
            bytes([size])
            if size < 128
            else bytes([0x80 + (size.bit_length() + 7) // 8]) + size.to_bytes((size.bit_length() + 7) // 8, "big")
        )
        return bytes([tag]) + head + body

    modulus = b"\0" + ((1 << (bits - 1)) | 1).to_bytes(bits // 8, "big")
    sequence = der(0x30, der(2, modulus) + der(2, b"\x01\x00\x01"))
    algorithm = bytes.fromhex("300d06092a864886f70d0101010500")
    return base64.b64encode(der(0x30, algorithm + der(3, b"\0" + sequence))).decode()
