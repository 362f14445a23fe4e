"""Codes that a telephone shows (TOTP, RFC 6238): six digits, SHA-1, thirty seconds, as every authenticator program
understands them. Pure; who may try how often is said elsewhere."""

from __future__ import annotations

import hmac
import secrets
from base64 import b32encode
from urllib.parse import quote, urlencode

from core import clock

STEP_SECONDS = 30
DIGITS = 6
SLACK = 1
"""Codes of so many steps before and after this one are taken: clocks differ (RFC 6238 5.2)."""
SECRET_SIZE = 20


def new_totp_secret() -> bytes:
    """160 random bits (RFC 4226 4, R6)."""
    return secrets.token_bytes(SECRET_SIZE)


def code_at(secret: bytes, step: int) -> str:
    """The code of a step (RFC 4226 5.3)."""
    digest = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def step_at(now: int) -> int:
    """The step of a moment in microseconds."""
    return now // clock.SECOND // STEP_SECONDS


def find_step(secret: bytes, code: str, now: int, last_step: int) -> int | None:
    """The step whose code this is, later than the last one taken, so that no code is good twice; else None."""
    typed = "".join(code.split())
    if not (typed.isascii() and typed.isdigit() and len(typed) == DIGITS):
        return None
    here = step_at(now)
    found = [
        step for step in range(here - SLACK, here + SLACK + 1) if hmac.compare_digest(code_at(secret, step), typed)
    ]
    return next((step for step in found if step > last_step), None)


def spell_secret(secret: bytes) -> str:
    """The secret for whoever types it: base32 in fours."""
    plain = b32encode(secret).decode().rstrip("=")
    return " ".join(plain[at : at + 4] for at in range(0, len(plain), 4))


def totp_uri(secret: bytes, issuer: str, email: str) -> str:
    """What the picture says to the telephone (the key URI format that authenticator programs share)."""
    label = quote(f"{issuer}:{email}", safe="@")
    said = {
        "secret": b32encode(secret).decode().rstrip("="),
        "issuer": issuer,
        "digits": DIGITS,
        "period": STEP_SECONDS,
    }
    return f"otpauth://totp/{label}?{urlencode(said, quote_via=quote)}"
