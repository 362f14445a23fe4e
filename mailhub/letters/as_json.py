"""A parsed letter in the shape of ``mailhub parse --json``."""

from __future__ import annotations

from typing import Any

from core.clock import iso
from mailhub.letters.values import Address, Bounce, Invitation, ParsedLetter
from mailhub.letters.verdicts import Verdicts


def to_json(letter: ParsedLetter, file: str | None = None, verdicts: Verdicts | None = None) -> dict[str, Any]:
    """Plain values ready for JSON. Every key stands in every object; what is unknown is null or empty."""
    return {
        "file": file,
        "message_id": letter.message_id,
        "in_reply_to": list(letter.in_reply_to),
        "references": list(letter.references),
        "date": None if letter.date is None else iso(letter.date),
        "subject": letter.subject,
        "from": _addresses(letter.from_),
        "sender": _addresses(letter.sender),
        "reply_to": _addresses(letter.reply_to),
        "to": _addresses(letter.to),
        "cc": _addresses(letter.cc),
        "bcc": _addresses(letter.bcc),
        "text": letter.text,
        "html": letter.html,
        "reply_text": letter.reply_text,
        "attachments": [
            {
                "filename": one.filename,
                "content_type": one.content_type,
                "size": one.size,
                "sha256": one.sha256,
                "inline": one.inline,
                "content_id": one.content_id,
            }
            for one in letter.attachments
        ],
        "kind": letter.kind,
        "bounce": _bounce(letter.bounce),
        "invitation": invitation_data(letter.invitation),
        "authentication": _authentication(verdicts),
        "defects": list(letter.defects),
        "error": letter.error,
    }


def _addresses(addresses: tuple[Address, ...]) -> list[dict[str, str]]:
    return [{"name": one.name, "address": one.address} for one in addresses]


def _authentication(verdicts: Verdicts | None) -> dict[str, str] | None:
    if verdicts is None:
        return None
    return {"spf": verdicts.spf, "dkim": verdicts.dkim, "dmarc": verdicts.dmarc, "arc": verdicts.arc}


def _bounce(bounce: Bounce | None) -> dict[str, Any] | None:
    if bounce is None:
        return None
    return {
        "recipients": [
            {
                "address": one.address,
                "action": one.action,
                "status": one.status,
                "class": one.bounce_class,
                "reason": one.reason,
                "diagnostic": one.diagnostic,
            }
            for one in bounce.recipients
        ],
        "original_message_id": bounce.original_message_id,
    }


def invitation_data(invitation: Invitation | None) -> dict[str, Any] | None:
    """The calendar object of a letter as plain data."""
    if invitation is None:
        return None
    return {
        "method": invitation.method,
        "uid": invitation.uid,
        "summary": invitation.summary,
        "start": invitation.start,
        "end": invitation.end,
        "organizer": invitation.organizer,
        "attendees": list(invitation.attendees),
        "answers": list(invitation.answers),
        "sequence": invitation.sequence,
        "stamp": invitation.stamp,
        "recurrence": invitation.recurrence,
        "place": invitation.place,
        "comment": invitation.comment,
        "rule": invitation.rule,
        "maker": invitation.maker,
    }
