"""Postmark signs nothing: its calls are known by an address that nobody guesses, and by the user and password
(RFC 7617) that stand in it where an administrator gave some."""

from __future__ import annotations

import base64
import hmac
from typing import Any

from mailhub.outbound.services.told import Call, Told, complained, dig, failed, find_marks, read_json, refuse, words_of

_NOBODY = frozenset({"HardBounce", "BadEmailAddress"})
_LATE = frozenset({"Transient"})
_BOUNCES = _NOBODY | _LATE | {
    "SoftBounce", "DnsError", "SpamNotification", "Unknown", "Blocked", "ManuallyDeactivated", "DMARCPolicy",
    "VirusNotification",
}  # fmt: skip


def prove(call: Call, secret: str) -> dict[str, Any]:
    """The call, once its password is right; '' asks for none. Raises Forbidden, Invalid."""
    due = "Basic " + base64.b64encode(secret.encode()).decode()
    given = call.headers.get("authorization", "")
    if secret and not hmac.compare_digest(due.encode(), given.encode("utf-8", "replace")):
        raise refuse()
    said = read_json(call.body)
    if not isinstance(said, dict):
        raise refuse()
    return said


def read(said: dict[str, Any]) -> list[Told]:
    """What it tells. A letter of ours is known by the metadata ``mailhub`` that it left with, or by what was sent
    back, where the service was asked to pass that on."""
    what, address = words_of(dig(said, "Type")), dig(said, "Email")
    marks = find_marks(dig(said, "Metadata", "mailhub"), dig(said, "Content"), dig(said, "From"))
    if what == "SpamComplaint" or dig(said, "RecordType") == "SpamComplaint":
        return [Told("complaint", complained(address), marks)]
    if what not in _BOUNCES:
        return []
    words = (dig(said, "Details") or dig(said, "Description"),)
    return [Told("bounce", failed(address, None, words, nobody=what in _NOBODY, late=what in _LATE), marks)]
