"""Seals open for their purpose only, tokens verify or are nothing, and a key file that others may read is refused."""

import hmac
import os
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid, Unavailable
from core.secrets import Keys, TokenFields, _derive, hash_secret, load_keys, new_secret

OLD, NEW = b"o" * 32, b"n" * 32
KEYS = Keys([NEW])
FIELDS = st.lists(st.one_of(st.integers(0, 2**64), st.binary(max_size=40)), max_size=6)


def test_a_seal_opens_for_its_purpose_only():
    sealed = KEYS.seal("account-password:7", b"hunter2")
    assert KEYS.open("account-password:7", sealed) == b"hunter2"
    assert b"hunter2" not in sealed
    assert KEYS.seal("account-password:7", b"hunter2") != sealed
    with pytest.raises(Unavailable):
        KEYS.open("account-password:8", sealed)


def test_every_changed_bit_and_every_cut_is_noticed():
    sealed = KEYS.seal("x", b"secret")
    for at in range(len(sealed)):
        changed = bytearray(sealed)
        changed[at] ^= 1
        for broken in (bytes(changed), sealed[:at]):
            with pytest.raises(Unavailable):
                KEYS.open("x", broken)


def test_older_keys_still_open_and_verify():
    sealed, token = Keys([OLD]).seal("x", b"s"), Keys([OLD]).sign_token("t", [1], 0)
    assert Keys([NEW, OLD]).open("x", sealed) == b"s"
    assert Keys([NEW, OLD]).read_token("t", token) == TokenFields(0, (1,))
    assert Keys([NEW]).read_token("t", token) is None
    with pytest.raises(Unavailable):
        Keys([NEW]).open("x", sealed)
    assert Keys([NEW]).open("x", Keys([NEW, OLD]).seal("x", b"s")) == b"s"


@given(FIELDS, st.integers(0, 2**40))
def test_a_token_brings_its_fields_back(fields, epoch):
    token = KEYS.sign_token("click", fields, epoch)
    assert set(token) <= set("abcdefghijklmnopqrstuvwxyz234567")
    assert KEYS.read_token("click", token) == (epoch, tuple(fields))
    assert KEYS.read_token("click", token.upper()) == (epoch, tuple(fields))
    assert KEYS.read_token("unsubscribe", token) is None
    assert Keys([OLD]).read_token("click", token) is None


def test_a_return_path_token_fits_a_local_part():
    # RFC 5321 4.5.3.1.1: a local part has at most 64 octets.
    assert len(KEYS.sign_token("return", [10**12], 3)) <= 40


def test_any_changed_character_makes_a_token_nothing():
    token = KEYS.sign_token("click", [12345, b"ab"], 1)
    for at, old in enumerate(token):
        for new in "abcdefghijklmnopqrstuvwxyz234567":
            if new != old:
                assert KEYS.read_token("click", token[:at] + new + token[at + 1 :]) is None
    for text in (token[:-1], token + "a", token + "=", token[1:], " " + token, token * 20):
        assert KEYS.read_token("click", text) is None


@given(st.text(max_size=80))
def test_foreign_text_is_nothing(text):
    assert KEYS.read_token("click", text) is None


def test_negative_numbers_are_refused():
    with pytest.raises(ValueError, match="not negative"):
        KEYS.sign_token("click", [-1], 0)


def test_a_missing_key_file_is_made_private(tmp_path):
    path = tmp_path / "deep" / "secret.key"
    before = os.umask(0)
    try:
        keys = load_keys(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(bytes.fromhex(path.read_text().strip())) == 32
    assert load_keys(path).open("x", keys.seal("x", b"s")) == b"s"
    assert list(path.parent.iterdir()) == [path]


def test_two_processes_that_start_together_get_one_key(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        every = list(pool.map(lambda _: load_keys(tmp_path / "secret.key"), range(8)))
    token = every[0].sign_token("t", [1], 0)
    assert all(keys.read_token("t", token) for keys in every)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_key_file_that_others_may_read_is_refused(tmp_path, mode):
    path = tmp_path / "secret.key"
    load_keys(path)
    path.chmod(mode)
    with pytest.raises(Invalid, match="chmod 600"):
        load_keys(path)


@pytest.mark.parametrize("content", ["", "abcd", "zz" * 32, "ab" * 31, "é" * 32])
def test_a_spoilt_key_file_is_refused(tmp_path, content):
    path = tmp_path / "secret.key"
    path.write_text(content, encoding="utf-8")
    path.chmod(0o600)
    with pytest.raises(Invalid, match="64 hex digits"):
        load_keys(path)


def test_secrets_are_new_each_time_and_their_hash_is_stable():
    first = new_secret()
    assert first != new_secret()
    assert len(first) >= 43
    assert hash_secret(first) == hash_secret(first) != hash_secret(new_secret())
    assert len(hash_secret(first)) == 32


def test_a_digest_is_hmac() -> None:
    keys = Keys([bytes(range(32)), b"x" * 32])
    for data in (b"", b"a", b"b" * 63, b"c" * 64, b"d" * 200):
        wanted = tuple(hmac.digest(_derive(one, "token p"), data, "sha256") for one in (bytes(range(32)), b"x" * 32))
        assert keys.digests("p", data) == wanted
