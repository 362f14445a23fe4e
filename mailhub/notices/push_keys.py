"""The key with which the house proves to the services of browsers who it is: made once, its private half sealed.

Browsers are bound to its public half when their person lets them be told: with another key each would have to be asked
anew."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from sqlalchemy import select

from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Unavailable
from core.secrets import Keys
from mailhub.mailboxes.notice_tables import push_key
from mailhub.notices.pushed import write_point

_PURPOSE = "push-key"


def ensure_push_key(tx: WriteTx, keys: Keys) -> bytes:
    """The public half; the key is made where there is none yet."""
    tx.lock_key(_PURPOSE)
    known = find_public_key(tx)
    if known is not None:
        return known
    made = generate_private_key(SECP256R1())
    private = made.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    public = write_point(made)
    tx.insert(push_key, private=keys.seal(_PURPOSE, private), public=public, created_at=clock.now())
    return public


def find_public_key(tx: ReadTx) -> bytes | None:
    """The public half, what browsers are given; None before there is a key."""
    found = tx.value(select(push_key.c.public).order_by(push_key.c.id).limit(1))
    return None if found is None else bytes(found)


def get_push_key(tx: ReadTx, keys: Keys) -> EllipticCurvePrivateKey:
    """The whole key. Raises Unavailable where the key file is another than the one it was sealed with."""
    sealed = tx.value(select(push_key.c.private).order_by(push_key.c.id).limit(1))
    if sealed is None:
        raise Unavailable("The server has no key for the services of browsers yet.")
    key = load_der_private_key(keys.open(_PURPOSE, bytes(sealed)), None)
    if not isinstance(key, EllipticCurvePrivateKey):
        raise Unavailable("The key for the services of browsers is of another kind.")
    return key
