"""Sealing what must stay secret, signing what leaves the house, and the key file behind both.

The key file holds one 32-byte key a line in hex, the newest first: new seals and tokens use the first, older lines
keep what they made readable. Every use has a key of its own (HKDF, RFC 5869), so that nothing made for one purpose
can pass for another.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
import stat
import tempfile
from base64 import b32decode, b32encode
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from core.errors import Invalid, Unavailable

KEY_SIZE = 32
_ID_SIZE, _NONCE_SIZE, _MAC_SIZE = 4, 12, 12
_SEAL_FORMAT = b"\x01"
_LONGEST_TOKEN = 512


class TokenFields(NamedTuple):
    """What a token carried: the epoch of the ledger it was signed under, and the fields in their order."""

    epoch: int
    fields: tuple[int | bytes, ...]


class Keys:
    """The keys of this house, newest first. Safe to share between threads."""

    def __init__(self, masters: Sequence[bytes]) -> None:
        if not masters or any(len(master) != KEY_SIZE for master in masters):
            raise ValueError("keys are 32 bytes each, at least one")
        self._masters = tuple(masters)
        self._seals = {_derive(master, "id")[:_ID_SIZE]: AESGCM(_derive(master, "seal")) for master in masters}
        self._signers: dict[str, tuple[_Mac, ...]] = {}

    def seal(self, purpose: str, data: bytes) -> bytes:
        """Encrypt and authenticate (AES-256-GCM). Put the row it belongs to into the purpose, ``account-password:7``
        say, and a seal copied to another row does not open."""
        key_id, cipher = next(iter(self._seals.items()))
        nonce = os.urandom(_NONCE_SIZE)
        head = _SEAL_FORMAT + key_id
        return head + nonce + cipher.encrypt(nonce, data, head + purpose.encode())

    def open(self, purpose: str, sealed: bytes) -> bytes:
        """What ``seal`` was given. Raises ``Unavailable`` when the key is not here, the purpose is another or a bit
        has changed: the seal itself is not lost, the right key file opens it."""
        head, nonce, body = sealed[:5], sealed[5:17], sealed[17:]
        cipher = self._seals.get(head[1:]) if head[:1] == _SEAL_FORMAT else None
        if cipher is None:
            raise Unavailable("This secret was sealed with a key that is not in the key file. Put the old file back.")
        try:
            return cipher.decrypt(nonce, body, head + purpose.encode())
        except (InvalidTag, ValueError) as error:
            raise Unavailable("This secret cannot be opened: it is damaged or belongs somewhere else.") from error

    def sign_token(self, purpose: str, fields: Sequence[int | bytes], epoch: int) -> str:
        """A short token for addresses, Message-IDs and links: ``a-z2-7`` only, since some mail servers lower-case
        local parts and DNS has no case. Readable by anybody, made by nobody else. Integers are not negative;
        purposes are constants of the code."""
        body = _pack(epoch, fields)
        return _to_text(body + self._signing(purpose)[0].of(body)[:_MAC_SIZE])

    def read_token(self, purpose: str, text: str) -> TokenFields | None:
        """The fields of a token that this house signed for this purpose, else None. Takes any text in any case.
        Whether the epoch is still good is for the caller to say."""
        if len(text) > _LONGEST_TOKEN:
            return None
        raw = _from_text(text)
        body, mac = raw[:-_MAC_SIZE], raw[-_MAC_SIZE:]
        # Every key is tried, so that the time taken says nothing about which one signed.
        genuine = [hmac.compare_digest(key.of(body)[:_MAC_SIZE], mac) for key in self._signing(purpose)]
        return _unpack(body) if any(genuine) else None

    def digests(self, purpose: str, data: bytes) -> tuple[bytes, ...]:
        """The data's keyed hash under every key, the newest first: for what must be found again but not read. Write
        the first, look for all."""
        return tuple([key.of(data) for key in self._signing(purpose)])

    def digests_of(self, purpose: str, many: Sequence[bytes]) -> list[list[bytes]]:
        """``digests`` of many data: for each key, the newest first, the keyed hashes of all of them in their order."""
        return [[key.of(data) for data in many] for key in self._signing(purpose)]

    def _signing(self, purpose: str) -> tuple[_Mac, ...]:
        keys = self._signers.get(purpose)
        if keys is None:
            derived = [_derive(master, f"token {purpose}") for master in self._masters]
            keys = self._signers[purpose] = tuple([_Mac(key) for key in derived])
        return keys


class _Mac:
    """HMAC-SHA256 (RFC 2104) under one key whose two blocks are hashed beforehand: the library's ``hmac.digest`` begins
    anew each time, which is several times what a token takes."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        block = key.ljust(hashlib.sha256().block_size, b"\0")
        self._inner = hashlib.sha256(bytes([byte ^ 0x36 for byte in block]))
        self._outer = hashlib.sha256(bytes([byte ^ 0x5C for byte in block]))

    def of(self, data: bytes) -> bytes:
        """All 32 bytes of it."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(data)
        outer.update(inner.digest())
        return outer.digest()


def load_keys(path: Path) -> Keys:
    """Read the key file, making it first (mode 0600, on disk before return) where there is none.

    Raises ``Invalid`` when others than its owner may read it or it does not hold keys: a key that leaked or was cut
    short must not go unnoticed.
    """
    if not path.exists():
        _create_key_file(path)
    with path.open("rb") as file:
        if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
            raise Invalid("Others may read the key file %(path)s. Run: chmod 600 %(path)s", path=str(path))
        lines = file.read().split()
    try:
        return Keys([bytes.fromhex(line.decode("ascii")) for line in lines])
    except ValueError as error:
        raise Invalid(
            "The key file %(path)s must hold one key of 64 hex digits a line. Put the right file back.", path=str(path)
        ) from error


def new_secret() -> str:
    """256 random bits as URL-safe text: a session, an API token, a password reset."""
    return secrets.token_urlsafe(32)


def hash_secret(secret: str) -> bytes:
    """How a ``new_secret`` stands in the database. No salt and no stretching: 256 random bits cannot be guessed."""
    return hashlib.sha256(secret.encode()).digest()


def _create_key_file(path: Path) -> None:
    """All or nothing, and the first of two processes wins: written aside, then linked to its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, aside = tempfile.mkstemp(prefix=".key-", dir=path.parent)  # 0600 from its birth
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(os.urandom(KEY_SIZE).hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(aside, path)
    finally:
        os.unlink(aside)  # noqa: PTH108
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _derive(master: bytes, label: str) -> bytes:
    return HKDFExpand(SHA256(), KEY_SIZE, f"mailhub {label}".encode()).derive(master)


def _to_text(raw: bytes) -> str:
    return b32encode(raw).rstrip(b"=").decode("ascii").lower()


def _from_text(text: str) -> bytes:
    """The bytes of a token text, none at all when it is not spelt as ``_to_text`` spells."""
    try:
        raw = b32decode(text.upper() + "=" * (-len(text) % 8))
    except ValueError:
        return b""
    return raw if _to_text(raw) == text.lower() else b""


# A token's body is a row of numbers, seven bits a byte: the epoch, then per field its value doubled for an integer,
# or its length doubled plus one for bytes, which follow.


def _pack(epoch: int, fields: Sequence[int | bytes]) -> bytes:
    body = bytearray(_number(epoch))
    for field in fields:
        if isinstance(field, bytes):
            body += _number(len(field) << 1 | 1) + field
        else:
            body += _number(field << 1)
    return bytes(body)


def _unpack(body: bytes) -> TokenFields:
    """Only ever given what ``_pack`` wrote: the signature was checked."""
    epoch, at = _read_number(body, 0)
    fields: list[int | bytes] = []
    while at < len(body):
        value, at = _read_number(body, at)
        if value & 1:
            fields.append(body[at : at + (value >> 1)])
            at += value >> 1
        else:
            fields.append(value >> 1)
    return TokenFields(epoch, tuple(fields))


def _number(value: int) -> bytes:
    if value < 0:
        raise ValueError("numbers in a token are not negative")
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _read_number(body: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while body[at] & 0x80:
        value |= (body[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
    return value | body[at] << shift, at + 1
