"""Our signature: others verify it with the record that we publish, and nothing can be changed or added below it."""

from __future__ import annotations

import dkim as other
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from core import clock
from core.errors import Conflict, Forbidden, Invalid
from core.secrets import Keys
from mailhub.letters.values import Address
from mailhub.outbound import dkim_keys
from mailhub.outbound.compose import Fields, compose
from mailhub.outbound.dkim import ALGORITHMS, Signer, from_domain, make_key, sign
from mailhub.outbound.dkim_keys import CHANGED, MISSING, find_fault
from tests.outbound.conftest import ANNA, Office

NOW = 1_795_000_000 * clock.SECOND
WRITERS = ("Ivan", "Іван Ткаченко", "Георги, „Помпи“ ООД", "Nguyễn Văn An", "田中 太郎", "", "x" * 90)
TEXTS = ("Hello.\n", "  two  blanks \t\n\n\n\n", "", "Дякуємо  за лист\n" * 50, "From here\n.\n..dots\n" + "y" * 3000)


def letter_of(name: str, text: str) -> bytes:
    people = tuple(Address(f"Особа {number}", f"p{number}@client.example") for number in range(12))
    return compose(Fields("m.abc@firm.example", NOW, Address(name, "sales@firm.example"), people, f"Про  {name}", text))


@pytest.fixture(scope="module")
def pair() -> dict[str, tuple[bytes, str]]:
    return {algorithm: make_key(algorithm) for algorithm in ALGORITHMS}


def verify(raw: bytes, record: str) -> bool:
    return bool(other.verify(raw, dnsfunc=lambda _name, **_more: record.encode()))


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
@pytest.mark.parametrize("name", WRITERS, ids=range(len(WRITERS)))
def test_another_program_verifies_it(pair: dict[str, tuple[bytes, str]], name: str, text: str) -> None:
    private, record = pair["rsa"]
    raw = letter_of(name, text)
    assert from_domain(raw) == "firm.example"
    signed = sign(raw, [Signer("firm.example", "s", "rsa", private)], NOW)
    assert signed.endswith(raw)
    assert verify(signed, record)
    assert all(len(line) <= 200 for line in signed.split(b"\r\n\r\n")[0].split(b"\r\n"))


def test_what_is_changed_or_added_breaks_it(pair: dict[str, tuple[bytes, str]]) -> None:
    private, record = pair["rsa"]
    signed = sign(letter_of("Ivan", "Pay 10 EUR.\n"), [Signer("firm.example", "s", "rsa", private)], NOW)
    assert verify(signed, record)
    assert not verify(signed.replace(b"10 EUR", b"99 EUR"), record)
    for added in (
        b"From: boss@firm.example\r\n",
        b"Subject: Urgent\r\n",
        b"Reply-To: evil@x.example\r\n",
        b"Cc: a@x.example\r\n",
    ):
        assert not verify(added + b"\r\n" + signed, record)


def test_ed25519_signs_the_hash(pair: dict[str, tuple[bytes, str]]) -> None:
    """dkimpy needs another library for it: RFC 8463 in a few lines here."""
    private, record = pair["ed25519"]
    raw = letter_of("Іван", "Дякуємо.\n")
    signed = sign(raw, [Signer("firm.example", "s", "ed25519", private)], NOW)
    assert b"a=ed25519-sha256" in signed
    one = other.DKIM(signed)
    seen: list[bytes] = []
    key = Ed25519PublicKey.from_public_bytes(dkim_keys._public(record))

    class Watched:
        def verify(self, digest: bytes, signature: bytes) -> bytes:
            try:
                key.verify(signature, digest)
            except InvalidSignature:
                return b""
            seen.append(digest)
            return digest

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(other, "load_pk_from_dns", lambda *_args, **_more: (Watched(), 256, b"ed25519", False))
        assert one.verify(dnsfunc=lambda *_args, **_more: record.encode())
    assert seen


def test_a_key_is_used_from_the_moment_its_record_was_found(office: Office) -> None:
    database, keys = office.world.database, Keys([b"k" * 32])
    made = database.write_now(dkim_keys.make_keys, keys, None, "Firm.example")
    assert [one.algorithm for one in made] == ["rsa", "ed25519"]
    with pytest.raises(Conflict):
        database.write_now(dkim_keys.make_keys, keys, None, "firm.example")
    first = made[0]
    record = first.record.encode()
    assert find_fault(first, []) == MISSING
    assert find_fault(first, [b"v=spf1 -all", made[1].record.encode()]) == CHANGED
    assert find_fault(first, [record.replace(b" ", b"")]) == ""
    database.write_now(dkim_keys.record_look, None, first.id, MISSING)
    assert database.read_now(dkim_keys.list_signers, keys, "firm.example") == []
    database.write_now(dkim_keys.record_look, None, first.id, "")
    (signer,) = database.read_now(dkim_keys.list_signers, keys, "firm.example")
    assert verify(sign(letter_of("Ivan", "Hello.\n"), [signer], NOW), first.record)
    database.write_now(dkim_keys.record_look, None, first.id, "no answer")
    assert len(database.read_now(dkim_keys.list_signers, keys, "firm.example")) == 1
    database.write_now(dkim_keys.remove_key, None, first.id)
    assert database.read_now(dkim_keys.list_signers, keys, "firm.example") == []


def test_only_administrators_see_keys_and_domains_are_domains(office: Office) -> None:
    database, keys = office.world.database, Keys([b"k" * 32])
    with pytest.raises(Forbidden):
        database.read_now(dkim_keys.list_keys, office.world.viewer("ivan"))
    for wrong in ("", "firm", "firm..example", "фірма.укр", "a b.example", "x" * 70 + ".example"):
        with pytest.raises(Invalid):
            database.write_now(dkim_keys.make_keys, keys, None, wrong)
    assert ANNA.address not in str(database.read_now(dkim_keys.list_domains))
