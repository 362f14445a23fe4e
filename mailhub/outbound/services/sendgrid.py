"""SendGrid signs timestamp and body with a key of its own (ECDSA P-256 over SHA-256); its public half is what an
administrator pastes, base64 of the DER."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from core import clock
from core.errors import Invalid
from mailhub.outbound.services.told import (
    MOST,
    Call,
    Told,
    complained,
    dig,
    failed,
    find_marks,
    read_json,
    refuse,
    words_of,
)

SIGNATURE = "x-twilio-email-event-webhook-signature"
TIMESTAMP = "x-twilio-email-event-webhook-timestamp"
LASTS = 26 * clock.HOUR
"""Calls are repeated for a day."""
_AHEAD = 5 * clock.MINUTE
_NOBODY = frozenset({"bounced address", "invalid"})


def read_key(text: str) -> EllipticCurvePublicKey:
    """The public key. Raises Invalid."""
    try:
        key = load_der_public_key(base64.b64decode(text.strip(), validate=True))
    except (ValueError, binascii.Error) as problem:
        raise Invalid("This is not the verification key of the service.", field="secret") from problem
    if not isinstance(key, EllipticCurvePublicKey):
        raise Invalid("This is not the verification key of the service.", field="secret")
    return key


def prove(call: Call, secret: str) -> list[Any]:
    """The events, once their signature is right and not too old. Raises Forbidden, Invalid."""
    at = call.headers.get(TIMESTAMP, "")
    try:
        given = base64.b64decode(call.headers.get(SIGNATURE, ""), validate=True)
        read_key(secret).verify(given, at.encode("utf-8", "replace") + call.body, ECDSA(SHA256()))
    except (InvalidSignature, binascii.Error, ValueError) as problem:
        raise refuse() from problem
    if not (at.isascii() and at.isdigit() and len(at) < 12):
        raise refuse()
    if not -_AHEAD <= clock.now() - int(at) * clock.SECOND <= LASTS:
        raise refuse()
    said = read_json(call.body)
    return said[:MOST] if isinstance(said, list) else []


def read(events: list[Any]) -> list[Told]:
    """What they tell: letters that came back or never left, and complaints; nothing for all else."""
    return [told for event in events if (told := _one(event)) is not None]


def _one(event: Any) -> Told | None:
    what, address = dig(event, "event"), dig(event, "email")
    marks = find_marks(dig(event, "smtp-id"))
    if what == "spamreport":
        return Told("complaint", complained(address), marks)
    if what not in {"bounce", "dropped"}:
        return None
    reason = words_of(dig(event, "reason"))
    nobody = what == "dropped" and reason.strip().lower() in _NOBODY
    return Told("bounce", failed(address, dig(event, "status"), (reason,), nobody=nobody), marks)
