"""Mailgun: its signature (HMAC-SHA256 over timestamp and token, in hex) covers no word of what is told. So each token
is taken once, and only as long as the service still repeats a call."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from core import clock
from mailhub.outbound.services.told import Call, Told, complained, dig, failed, find_marks, read_json, refuse, words_of

LASTS = 12 * clock.HOUR
"""Calls are repeated for eight hours."""
_AHEAD = 5 * clock.MINUTE


def prove(call: Call, secret: str) -> dict[str, Any]:
    """The call, once it is signed with the key of the account and not too old. Raises Forbidden, Invalid."""
    said = read_json(call.body)
    at, token = words_of(dig(said, "signature", "timestamp")), words_of(dig(said, "signature", "token"))
    given = words_of(dig(said, "signature", "signature"))
    due = hmac.digest(secret.encode(), f"{at}{token}".encode("utf-8", "replace"), hashlib.sha256).hex()
    if not hmac.compare_digest(due.encode(), given.lower().encode("utf-8", "replace")):
        raise refuse()
    if not (at.isascii() and at.isdigit() and len(at) < 12 and token):
        raise refuse()
    if not -_AHEAD <= clock.now() - int(at) * clock.SECOND <= LASTS:
        raise refuse()
    found: dict[str, Any] = said
    return found


def token_of(said: dict[str, Any]) -> str:
    """By what a call is known that was taken before."""
    return hashlib.sha256(words_of(dig(said, "signature", "token")).encode("utf-8", "replace")).hexdigest()


def read(said: dict[str, Any]) -> list[Told]:
    """What a proved call tells: failures for good, and complaints; nothing for all else."""
    event = dig(said, "event-data")
    what, address = dig(event, "event"), dig(event, "recipient")
    headers = dig(event, "message", "headers")
    marks = find_marks(dig(event, "envelope", "sender"), dig(headers, "message-id"), dig(headers, "from"))
    if what == "complained":
        return [Told("complaint", complained(address), marks)]
    if what != "failed":
        return []
    status = dig(event, "delivery-status")
    words = (dig(status, "code"), dig(status, "message") or dig(status, "description"))
    late = dig(event, "severity") != "permanent"
    return [Told("bounce", failed(address, dig(status, "enhanced-code"), words, late=late), marks)]
