"""Signatures made beside from digests alone: another program verifies the letter they stand above."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import dkim as other
import pytest
import uvloop
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from mailhub.campaigns.compiled import Frame, Personal, Source, compile_letter
from mailhub.campaigns.compiled.digests import Digester, signature_field
from mailhub.campaigns.signers.office import SignerOffice, SignersGoneError
from mailhub.campaigns.signers.work import open_key
from mailhub.letters.values import Address
from mailhub.outbound import dkim_keys
from mailhub.outbound.dkim import ALGORITHMS, Algorithm, Signer, make_key

NAMES = ("Анна Ткаченко", "Ivan", "", "田中 太郎" * 9, "x y  z", 'a "b" c', "Nguyễn Văn An")
Pair = dict[Algorithm, tuple[bytes, str]]


@pytest.fixture(scope="module")
def pair() -> Pair:
    return {algorithm: make_key(algorithm) for algorithm in ALGORITHMS}


def signers(pair: Pair) -> list[Signer]:
    return [Signer("firm.example", f"s{one[0]}", one, pair[one][0]) for one in ALGORITHMS]


def signed(key: Signer, name: str, html: str = "<p>{{ name }}</p>", **frame: Any) -> bytes:
    source = Source("Про {{ name }}  і більше", "{{ name }}", html)
    letter = compile_letter(source, Frame(Address("Фірма", "n@firm.example"), "b", **frame))
    to = Personal(
        Address(name, "anna@client.example"), "p.a@firm.example", "Sun, 22 Nov 2026 15:00:00 +0000",
        ("https://f.example/u/a", "mailto:u@f.example"),
    )  # fmt: skip
    filled = letter.fill({"name": name or "-"}, to)
    digest, written = Digester(letter.head, key.domain, key.selector, key.algorithm).digest(filled, 1_795_000_000)
    filled.signatures.append(signature_field(written, open_key(key.private)[0](digest)))
    return filled.raw()


def holds(raw: bytes, pair: Pair, algorithm: Algorithm, monkeypatch: pytest.MonkeyPatch) -> bool:
    """What dkimpy says; for Ed25519, for which it needs another library, with the check of RFC 8463 in a line."""
    record = pair[algorithm][1]
    if algorithm == "rsa":
        return bool(other.verify(raw, dnsfunc=lambda _name, **_more: record.encode()))
    key = Ed25519PublicKey.from_public_bytes(dkim_keys._public(record))
    seen: list[bytes] = []

    class Watched:
        def verify(self, digest: bytes, signature: bytes) -> bytes:
            try:
                key.verify(signature, digest)
            except InvalidSignature:
                return b""
            seen.append(digest)
            return digest

    monkeypatch.setattr(other, "load_pk_from_dns", lambda *_args, **_more: (Watched(), 256, b"ed25519", False))
    try:
        other.DKIM(raw).verify(dnsfunc=lambda *_args, **_more: record.encode())
    except other.ValidationError:
        return False
    return bool(seen)


@pytest.mark.parametrize("place", [0, 1])
def test_another_program_verifies_it(pair: Pair, place: int, monkeypatch: pytest.MonkeyPatch) -> None:
    key = signers(pair)[place]
    for name in NAMES:
        for more in ({}, {"reply_to": Address("Продажі", "s@firm.example"), "list_id": "m1.firm.example"}):
            raw = signed(key, name, **more)
            assert holds(raw, pair, key.algorithm, monkeypatch)
    assert holds(signed(key, "a", html=""), pair, key.algorithm, monkeypatch)


def test_what_is_changed_or_added_breaks_it(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = signed(signers(pair)[0], "Ivan", list_id="m1.firm.example")
    assert holds(raw, pair, "rsa", monkeypatch)
    for old, new in (
        (b"To: Ivan", b"To: Evil"),
        (b"u/a>", b"u/b>"),
        (b"=One-Click", b"=Two-Click"),
        (b"<m1.", b"<m2."),
        (b"15:00:00", b"15:00:01"),
        (b"p.a@", b"p.b@"),
    ):
        assert raw.count(old) == 1
        assert not holds(raw.replace(old, new), pair, "rsa", monkeypatch)
    for added in (
        b"From: boss@firm.example\r\n",
        b"Subject: Urgent\r\n",
        b"Reply-To: e@x.example\r\n",
        b"Cc: a@x.example\r\n",
    ):
        assert not holds(added + raw, pair, "rsa", monkeypatch)


async def ask(pair: Pair) -> None:
    keys = signers(pair)
    office = SignerOffice(keys, 2)
    await office.start()
    try:
        digests = [bytes([number]) * 32 for number in range(70)]
        for place, key in enumerate(keys):
            sign = open_key(key.private)[0]
            assert await office.sign(place, digests) == [sign(digest) for digest in digests]
        asked = asyncio.gather(*(office.sign(0, digests) for _ in range(4)), return_exceptions=True)
        await asyncio.sleep(0)
        for channel in office._channels:
            channel._process.kill()
        ends = await asked
        assert all(isinstance(one, list | SignersGoneError) for one in ends)
        assert any(isinstance(one, SignersGoneError) for one in ends)
        assert await office.sign(0, digests[:1]) == [open_key(keys[0].private)[0](digests[0])]  # by new ones
    finally:
        await office.stop()


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_signers_answer_in_order_and_come_back_when_they_are_killed(pair: Pair, run: Callable[..., None]) -> None:
    run(ask(pair))


def test_many_who_ask_at_once_start_no_more_signers_than_are_wanted(pair: Pair) -> None:
    """Each of the first letters of a mailing started processes of its own, which nobody ended."""

    async def play() -> None:
        office, opened = SignerOffice(signers(pair), 2), 0
        really = office._open

        async def count() -> Any:
            nonlocal opened
            opened += 1
            return await really()

        office._open = count  # type: ignore[method-assign]
        place = ALGORITHMS.index("rsa")
        await asyncio.gather(office.start(), *(office.sign(place, [bytes(32)]) for _ in range(6)))
        assert opened == len(office._channels) == 2
        await office.stop()

    uvloop.run(play())
