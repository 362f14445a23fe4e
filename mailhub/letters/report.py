"""Reports of failed delivery, read whole where they are standard (RFC 3464) and by their words where they are not."""

from __future__ import annotations

import re

from msgspec.structs import replace

from mailhub.letters import limits
from mailhub.letters.charsets import decode
from mailhub.letters.clean import one_line
from mailhub.letters.encoded_words import decode_header
from mailhub.letters.headers import Headers, read_headers
from mailhub.letters.references import parse_message_id
from mailhub.letters.refusals import classify, find_command, find_status, says_full
from mailhub.letters.sns import find_notification, notified_recipients
from mailhub.letters.values import Bounce, BouncedRecipient

_STATUS_TYPES = {"message/delivery-status", "message/global-delivery-status"}
_RETURNED_TYPES = {"message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers"}
_MAIL = re.compile(r"[^\s<>()\[\]\\,;:\"'`=@]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+", re.IGNORECASE)
_COPY = re.compile(
    r"^[ \t>]*(?:-{2,}[^\n]{0,20}(?:copy|original message|returned|below this line|message header|undelivered message)|"
    r"(?:the )?(?:original|header of the original|text of the original) (?:message|mail|"
    r"headers?)[^\n]{0,40}(?:follows|below|:[ \t]*$)|"
    r"(?:received|return-path|message-id):[ <])",
    re.IGNORECASE | re.MULTILINE,
)
#: What stands above the list of those who were not reached; above it may stand whom the letter was for.
_FOLLOWING = re.compile(
    r"did not reach the following|could not be delivered to|following (?:recipients?|address(?:es)?)",
    re.IGNORECASE,
)
#: Whom to write to for help.
_HELP = re.compile(r"(?:postmaster|abuse|support|help(?:desk)?|mailer-daemon|hostmaster)@", re.IGNORECASE)
_SENDER_LINE = re.compile(r"[\W_]*(?:(?:mail |header )?from|(?:original )?sender|reply-to|return-path):", re.IGNORECASE)
_ID = re.compile(r"^[ \t>]*message-id:[ \t]*(<[^<>\s]{1,500}>)", re.IGNORECASE | re.MULTILINE)
_FIELDS = re.compile(r"^(?:reporting-mta|final-recipient|original-recipient): ?\S", re.IGNORECASE | re.MULTILINE)
_TALKS = re.compile(rb"^<<< [45]\d\d|^final-recipient:", re.IGNORECASE | re.MULTILINE)
_INNER_BYTES = 6_000
_OWN_WORDS = 2_000
_DELIVERED = {"delivered", "relayed", "expanded"}
_RECIPIENTS = 200
_DIAGNOSTIC_CHARS = 500


def parse_bounce(headers: Headers, text: str, others: list[tuple[str, bytes]], own: set[str]) -> Bounce:
    """What a letter that is a report says. ``own`` holds addresses that are never the failed ones (its From and To)."""
    reports = [data for kind, data in others if kind in _STATUS_TYPES] or _written_out(text)
    told = [found for data in reports for found in parse_delivery_status(data, text)]
    notification = find_notification(text) if not told else None
    if notification is not None:
        told = list(notified_recipients(notification))
    recipients = [found for found in told if found.action not in _DELIVERED]
    inside = _returned(others)[:_INNER_BYTES]
    if not told:
        recipients = _from_words(headers, text, own, _returned(others))
    if any(one.reason == "unknown" for one in recipients) and _TALKS.search(inside):
        # A gateway that returns the report of another server and says nothing itself.
        recipients = [_told_inside(one, inside) for one in recipients]
    return Bounce(tuple(recipients[:_RECIPIENTS]), find_original_id(text, others))


def find_original_id(text: str, others: list[tuple[str, bytes]]) -> str | None:
    """The Message-ID of the letter that a report of any kind sends back: in the returned headers, else in its words."""
    return _original_id(text, _returned(others))


def _returned(others: list[tuple[str, bytes]]) -> bytes:
    return next((data for kind, data in others if kind in _RETURNED_TYPES), b"")


def parse_delivery_status(data: bytes, text: str) -> list[BouncedRecipient]:
    """Every recipient that a ``message/delivery-status`` part speaks of. RFC 3464 §2.3."""
    found: list[BouncedRecipient] = []
    groups = re.split(rb"\n[ \t]*\r?\n", data.strip() + b"\n")[: _RECIPIENTS + 5]
    for group in groups:
        fields, _ = read_headers(group.lstrip(b"\n") + b"\n", 0, len(group) + 1, [])
        address = _failed_address(fields)
        if address is None:
            continue
        action = _word(fields.find("action"))
        diagnostic = _text(fields.find("diagnostic-code"))
        status = find_status(_text(fields.find("status")) or "") or find_status(diagnostic or "")
        words = diagnostic or text[:4000]
        if status in {None, "5.0.0", "5.1.0", "4.0.0"} and diagnostic:
            status = find_status(diagnostic) or status
        command = find_command(_around(text, address) if len(groups) > 2 else text)
        kind, reason = classify(action, status, words, command)
        if reason == "unknown" and diagnostic:
            kind, reason = classify(action, status, text[:4000], command)
        if kind == "hard" and diagnostic and diagnostic.lower().startswith("x-unix"):
            kind, reason = "soft", "program"  # a program on the way failed, no server spoke
        if kind == "hard" and says_full(text[:_OWN_WORDS] if len(groups) < 4 else ""):
            kind, reason = "soft", "mailbox_full"  # a report that contradicts itself is no proof against an address
        found.append(BouncedRecipient(address, action, status, kind, reason, diagnostic))
    return found


def _failed_address(fields: Headers) -> str | None:
    """The address that we wrote to, where the report still knows it (RFC 3464 §2.3.1), else that at which it ended."""
    written = _typed_address(fields.find("original-recipient"))
    if written is not None and _MAIL.fullmatch(written):
        return written
    return _typed_address(fields.find("final-recipient")) or written


def _written_out(text: str) -> list[bytes]:
    """The fields of a status report that stand in the text of a letter instead of a part of their own."""
    match = _FIELDS.search(text[: limits.LOOK_CHARS])
    return [text[match.start() : match.start() + 20_000].encode("utf-8", "replace")] if match else []


def _told_inside(recipient: BouncedRecipient, returned: bytes) -> BouncedRecipient:
    if recipient.reason != "unknown":
        return recipient
    words = decode(returned, None).text
    kind, reason = classify(recipient.action, find_status(words), words, find_command(words))
    return replace(recipient, status=find_status(words), bounce_class=kind, reason=reason)


def _from_words(headers: Headers, text: str, own: set[str], returned: bytes) -> list[BouncedRecipient]:
    """Recipients of a report that no machine can read: from headers that some servers add, else from its words."""
    copy = _COPY.search(text)
    told = text[: copy.start() if copy else limits.LOOK_CHARS][:20_000]
    named = [match[0] for value in headers.all("x-failed-recipients") for match in _MAIL.finditer(_text(value) or "")]
    addresses = named or [found for found in _addresses(_list_of_failed(told)) if found.lower() not in own]
    if not addresses:
        # A gateway that says nothing itself and attaches the report of another server.
        passed_on = _written_out(decode(returned[:_INNER_BYTES], None).text)
        if passed_on and (found := parse_delivery_status(passed_on[0], text)):
            return found
        inner, _ = read_headers(returned, 0, len(returned), [])
        claimed = _text(inner.find("to")) or ""
        below = text[copy.start() :][:4000] if copy else ""
        match = _MAIL.search(claimed) or re.search(
            r"^to:.{0,200}?(" + _MAIL.pattern + ")", below, re.IGNORECASE | re.MULTILINE
        )
        addresses = [match[match.lastindex or 0]] if match else []
    out: list[BouncedRecipient] = []
    for address in dict.fromkeys(addresses[:_RECIPIENTS]):
        words = _around(told, address) if len(addresses) > 1 else told[:6000]
        status = find_status(words)
        kind, reason = classify(None, status, words, find_command(words))
        if reason == "unknown" and words != told:
            kind, reason = classify(None, status, told[:6000], find_command(told))
        action = "delayed" if reason == "delayed" else "failed"
        out.append(
            BouncedRecipient(address, action, status, kind, reason, one_line(words.strip())[:_DIAGNOSTIC_CHARS] or None)
        )
    return out


def _list_of_failed(told: str) -> str:
    following = _FOLLOWING.search(told)
    return told[following.start() :] if following is not None and _MAIL.search(told, following.end()) else told


def _addresses(told: str) -> list[str]:
    """The addresses a report speaks of: those in brackets or at the head of a line first, else all."""
    lines = [line.strip() for line in told.split("\n") if not _SENDER_LINE.match(line)]
    leading = [match[0] for line in lines if (match := _MAIL.match(line.lstrip("<•*- ")))]
    found = leading or [match[0] for line in lines for match in _MAIL.finditer(line)]
    failed = list(dict.fromkeys(address.rstrip(".").removeprefix("mailto:") for address in found))
    return [address for address in failed if not _HELP.match(address)] or failed


def _around(told: str, address: str) -> str:
    """What is said of one recipient among others: its own line of a transcript, else what follows its name."""
    own_line = re.search(rf"^[45]\d\d[ -]<?{re.escape(address)}>?\.\.\.[^\n]+", told, re.MULTILINE)
    if own_line is not None:
        return own_line[0]
    at = told.find(address)
    following = _MAIL.search(told, at + len(address))
    return told[max(at - 20, 0) : min(following.start() if following else at + 500, at + 500)]


def _original_id(text: str, returned: bytes) -> str | None:
    if returned:
        inner, _ = read_headers(returned, 0, len(returned), [])
        found = parse_message_id(inner.find("message-id"))
        if found is not None:
            return found
    match = _ID.search(text[: limits.LOOK_CHARS])
    return parse_message_id(match[1].encode("utf-8", "replace")) if match else None


def _typed_address(value: bytes | None) -> str | None:
    """``rfc822; ann@client.example`` and its bare and bracketed forms."""
    text = _text(value)
    if text is None:
        return None
    address = text.rpartition(";")[2].strip().strip("<>").strip()
    return address[:320] or None


def _text(value: bytes | None) -> str | None:
    if value is None:
        return None
    shown = decode_header(value) if b"=?" in value else one_line(decode(value, None).text)
    return shown[: 4 * _DIAGNOSTIC_CHARS].strip() or None


def _word(value: bytes | None) -> str | None:
    text = _text(value)
    return text.split()[0].lower() if text else None
