"""Reports of Amazon SES, which come as JSON in letters of its notification service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from mailhub.letters.refusals import classify, find_status
from mailhub.letters.values import Address, BouncedRecipient, Kind

_KINDS: dict[str, Kind] = {"Bounce": "bounce", "Complaint": "complaint", "Delivery": "receipt"}
_LONGEST = 200_000
_RECIPIENTS = 200


def is_notifier(senders: tuple[Address, ...]) -> bool:
    """Whether a letter says that it comes from the notification service."""
    return any(sender.address.lower().endswith("@sns.amazonaws.com") for sender in senders)


def find_notification(text: str) -> dict[str, Any] | None:
    """The notification of SES in a letter, or None where there is none to read."""
    if "notificationType" not in text[:_LONGEST]:
        return None
    said = _object(text.partition("\n\n--\n")[0])
    inner = said.get("Message")
    found = _object(inner) if isinstance(inner, str) else said
    return found if found.get("notificationType") in _KINDS else None


def notified_kind(notification: dict[str, Any]) -> Kind:
    """What kind of letter it is."""
    return _KINDS[notification["notificationType"]]


def notified_recipients(notification: dict[str, Any]) -> Iterator[BouncedRecipient]:
    """Every recipient that a notification of a bounce speaks of; what has another shape is left out."""
    bounce = notification.get("bounce")
    recipients = bounce.get("bouncedRecipients") if isinstance(bounce, dict) else None
    for one in recipients[:_RECIPIENTS] if isinstance(recipients, list) else []:
        address = one.get("emailAddress") if isinstance(one, dict) else None
        if not isinstance(address, str) or not address:
            continue
        words = str(one.get("diagnosticCode") or "")[:500]
        status = find_status(str(one.get("status") or "")) or find_status(words)
        kind, reason = classify(None, status, words)
        yield BouncedRecipient(
            address[:320], str(one.get("action") or "failed")[:40], status, kind, reason, words or None
        )


def _object(text: str) -> dict[str, Any]:
    # A mail server folds the one long line of JSON; a line end inside stands between no two words.
    try:
        found = msgspec.json.decode(text[:_LONGEST].replace("!\n ", "").replace("\n", ""))
    except msgspec.DecodeError:
        return {}
    return found if isinstance(found, dict) else {}
