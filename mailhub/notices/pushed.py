"""A message to a browser that no page is open in, encrypted for it alone (RFC 8291), and what shows its service who
sends it (VAPID, RFC 8292). Pure: bytes in, bytes out."""

from __future__ import annotations

import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from core import clock
from core.errors import Invalid

LARGEST = 3993
"""So many bytes fit into the one record that every service takes (RFC 8291 4)."""
_RECORD, _SECRET, _POINT = 4096, 16, 65
_PROOF_SECONDS = 12 * 60 * 60  # RFC 8292 2: a day at most, and clocks differ


def read_point(public: bytes) -> EllipticCurvePublicKey:
    """The key of a browser. Raises Invalid for what is no point of the curve."""
    try:
        if len(public) != _POINT:
            raise ValueError("compressed, or cut short")
        return EllipticCurvePublicKey.from_encoded_point(SECP256R1(), public)
    except ValueError as error:
        raise Invalid("This is not the key of a browser.", field="public") from error


def write_point(key: EllipticCurvePrivateKey) -> bytes:
    """The public half as browsers have it: 65 bytes, not compressed."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def encrypt(
    data: bytes, public: bytes, secret: bytes, *, own: EllipticCurvePrivateKey | None = None, salt: bytes | None = None
) -> bytes:
    """The body for the browser with this key and this secret. ``own`` and ``salt`` are new for each message unless
    given. Raises Invalid for a key or a secret that is none, and for more than ``LARGEST`` bytes."""
    theirs = read_point(public)
    if len(secret) != _SECRET or len(data) > LARGEST:
        raise Invalid("This message cannot be encrypted for the browser.", field="secret")
    ours, salt = own or generate_private_key(SECP256R1()), salt or os.urandom(16)
    mine = write_point(ours)
    shared = _derive(secret, b"WebPush: info\0" + public + mine, ours.exchange(ECDH(), theirs), 32)
    key = _derive(salt, b"Content-Encoding: aes128gcm\0", shared, 16)
    nonce = _derive(salt, b"Content-Encoding: nonce\0", shared, 12)
    head = salt + _RECORD.to_bytes(4, "big") + bytes([len(mine)]) + mine
    return head + AESGCM(key).encrypt(nonce, data + b"\x02", None)  # RFC 8188 2: two ends the last record


def prove(key: EllipticCurvePrivateKey, address: str, contact: str) -> str:
    """The ``Authorization`` of a message to this address. ``contact`` is where its service finds us: a web or a mail
    address."""
    parts = urlsplit(address)
    claims = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": clock.now() // clock.SECOND + _PROOF_SECONDS,
        "sub": contact,
    }
    said = f"{_as_json({'typ': 'JWT', 'alg': 'ES256'})}.{_as_json(claims)}"
    r, s = decode_dss_signature(key.sign(said.encode(), ECDSA(SHA256())))
    signature = write_base64(r.to_bytes(32, "big") + s.to_bytes(32, "big"))  # RFC 7518 3.4
    return f"vapid t={said}.{signature}, k={write_base64(write_point(key))}"


def write_base64(data: bytes) -> str:
    """As browsers and tokens spell bytes: for addresses, without padding (RFC 4648 5)."""
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def read_base64(text: str) -> bytes:
    """What ``write_base64`` spelt. Raises Invalid."""
    try:
        return urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))
    except ValueError as error:
        raise Invalid("This is not the key of a browser.", field="public") from error


def _derive(salt: bytes, label: bytes, material: bytes, size: int) -> bytes:
    return HKDF(SHA256(), size, salt, label).derive(material)


def _as_json(value: object) -> str:
    return write_base64(json.dumps(value, separators=(",", ":")).encode())
