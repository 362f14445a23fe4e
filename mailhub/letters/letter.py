"""The whole letter: bytes to ``ParsedLetter``. Never raises; what fails is named and the rest is kept."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from msgspec.structs import replace

from mailhub.letters import limits
from mailhub.letters.addresses import parse_addresses, parse_single_address
from mailhub.letters.body import Body, read_body
from mailhub.letters.charsets import decode
from mailhub.letters.clean import one_line
from mailhub.letters.date import parse_date
from mailhub.letters.encoded_words import decode_header
from mailhub.letters.excerpt import find_excerpt
from mailhub.letters.fingerprint import fingerprint
from mailhub.letters.headers import Headers
from mailhub.letters.invitation import parse_invitation
from mailhub.letters.kind import DELIVERY_STATUS, find_kind
from mailhub.letters.language import guess_language
from mailhub.letters.quotes import reply_text
from mailhub.letters.references import parse_ids, parse_message_id
from mailhub.letters.report import find_original_id, parse_bounce
from mailhub.letters.scanner import Scan, scan
from mailhub.letters.subject import parse_base_subject
from mailhub.letters.values import Address, Invitation, ParsedLetter

_T = TypeVar("_T")
_PASSED_ON = ("list-post", "list-owner", "list-subscribe", "list-help", "x-loop")
_CALENDARS = {"text/calendar", "application/ics"}
_MOST_CALENDARS = 3
_SPAM = re.compile(rb"^\s*(?:yes|true)\b", re.IGNORECASE)
_ONCE = frozenset(
    ["from", "sender", "reply-to", "to", "cc", "bcc", "message-id", "in-reply-to", "references", "subject", "date"]
)


def parse_letter(raw: bytes, *, envelope_from: str | None = None) -> ParsedLetter:
    """Understand a letter as far as it can be. Never raises and is linear in ``raw``; limits stand in ``limits``.

    ``envelope_from`` is the MAIL FROM of its transport ('' for the null sender), None where it is not known: then the
    Return-Path header is asked.
    """
    errors: list[str] = []
    scanned = _guarded(lambda: scan(raw), None, errors)
    letter = ParsedLetter()
    if scanned is not None:
        found = scanned
        headed = _guarded(lambda: _read_headers(found, envelope_from), letter, errors)
        letter = _guarded(lambda: _read_content(headed, raw, found), headed, errors)
    return replace(letter, error=f"The letter could not be read to its end: {errors[0]}.") if errors else letter


def _guarded(read: Callable[[], _T], otherwise: _T, errors: list[str]) -> _T:
    """One odd letter must never stop the others: what was read before stays, and the error is shown."""
    try:
        return read()
    except Exception as error:  # noqa: BLE001 - said above
        errors.append(type(error).__name__)
        return otherwise


def _read_headers(scanned: Scan, envelope_from: str | None) -> ParsedLetter:
    headers, defects = scanned.parts[0].headers, scanned.defects
    _name_doubles(headers, defects)
    subject = decode_header(headers.find("subject") or b"").strip()
    from_values = headers.all("from")
    trusted = parse_single_address(from_values[0]) if len(from_values) == 1 else None
    if trusted is None:
        defects.append("From is not exactly one address" if from_values else "there is no From")
    date_value = headers.find("date")
    date = parse_date(date_value)
    if date_value is not None and date is None:
        defects.append("the date makes no sense")
    return ParsedLetter(
        message_id=parse_message_id(headers.find("message-id")),
        in_reply_to=parse_ids(headers.all("in-reply-to")),
        references=parse_ids(headers.all("references")),
        date=date,
        subject=subject,
        base_subject=parse_base_subject(subject),
        from_=_addresses(headers, "from", defects),
        from_trusted=trusted,
        sender=_addresses(headers, "sender", defects),
        reply_to=_addresses(headers, "reply-to", defects),
        to=_addresses(headers, "to", defects),
        cc=_addresses(headers, "cc", defects),
        bcc=_addresses(headers, "bcc", defects),
        auto_submitted=_word(headers.find("auto-submitted")),
        precedence=_word(headers.find("precedence")),
        list_id=_bracketed(headers.find("list-id")),
        list_unsubscribe=_line(headers.find("list-unsubscribe")),
        passed_on=any(headers.count(name) for name in _PASSED_ON),
        spam_verdict=_spam_verdict(headers),
        received_count=headers.count("received"),
        return_path=_return_path(headers) if envelope_from is None else one_line(envelope_from),
        defects=_each_once(defects),
    )


def _read_content(letter: ParsedLetter, raw: bytes, scanned: Scan) -> ParsedLetter:
    headers, defects = scanned.parts[0].headers, scanned.defects
    body = read_body(raw, scanned)
    text = body.text or ""
    said = _tried(lambda: reply_text(text), text, "quotes", defects)
    types = {part.content_type.type for part in scanned.parts}
    kind = find_kind(headers, letter.subject, letter.from_, text, types, letter.auto_submitted, letter.return_path)
    bounce = None
    if kind == "bounce":
        own = {one.address.lower() for one in (*letter.from_, *letter.to, *letter.cc, *letter.sender)}
        bounce = _tried(lambda: parse_bounce(headers, text, body.others, own), None, "report", defects)
        if bounce is not None and not bounce.recipients and types & DELIVERY_STATUS:
            kind, bounce = "receipt", None  # it says that the letter was delivered
    returned = None
    if kind in {"bounce", "complaint", "receipt"}:
        returned = _tried(lambda: find_original_id(text, body.others), None, "report", defects)
    return replace(
        letter,
        text=body.text,
        html=body.html,
        reply_text=said if body.text is not None else None,
        excerpt=_tried(lambda: find_excerpt(said, text), "", "excerpt", defects),
        language=guess_language(said or text),
        attachments=tuple(body.attachments[: limits.ATTACHMENTS]),
        kind=kind,
        bounce=bounce,
        returned_id=returned,
        invitation=_tried(lambda: _invitation(body), None, "invitation", defects),
        fingerprint=fingerprint(headers, body.digests),
        defects=_each_once(defects),
    )


def _tried(read: Callable[[], _T], otherwise: _T, what: str, defects: list[str]) -> _T:
    """One reading whose failure costs only itself."""
    errors: list[str] = []
    found = _guarded(read, otherwise, errors)
    defects += [f"the {what} could not be read: {error}" for error in errors]
    return found


def _addresses(headers: Headers, name: str, defects: list[str]) -> tuple[Address, ...]:
    """All headers of one name are read as one list."""
    values = headers.all(name)
    if not values:
        return ()
    if len(values) == 1:
        return tuple(parse_addresses(values[0], defects))
    found = [one for value in values[:50] for one in parse_addresses(value, defects)]
    return tuple(found[: limits.ADDRESSES])


def _name_doubles(headers: Headers, defects: list[str]) -> None:
    """RFC 5322 §3.6: these stand at most once; a second one is shown by some programs instead of the first."""
    defects += [f"there is more than one {name} header" for name in headers.doubles() if name in _ONCE]


def _return_path(headers: Headers) -> str | None:
    value = headers.find("return-path")
    return None if value is None else one_line(value.decode("utf-8", "replace")).strip().strip("<>").strip()


def _word(value: bytes | None) -> str | None:
    return None if value is None else _first_word(value)


def _first_word(value: bytes) -> str | None:
    words = one_line(value[:200].decode("latin-1")).lower().replace(";", " ").split()
    return words[0] if words else None


def _line(value: bytes | None) -> str | None:
    return decode_header(value[:4000]) or None if value else None


def _bracketed(value: bytes | None) -> str | None:
    """List-Id without its phrase and brackets, in lower case. RFC 2919."""
    text = _line(value)
    if text is None:
        return None
    inside = text.rpartition("<")[2].partition(">")[0] if "<" in text else text
    return inside.strip().lower()[:255] or None


def _spam_verdict(headers: Headers) -> bool | None:
    """What a filter on the way decided; None where none spoke. Anybody can write these headers: a hint, no proof."""
    for name in ("x-spam-flag", "x-spam-status", "x-spam"):
        value = headers.find(name)
        if value is not None:
            return _SPAM.match(value) is not None
    return None


def _invitation(body: Body) -> Invitation | None:
    calendars = [data for kind, data in body.others if kind in _CALENDARS]
    read = (parse_invitation(decode(data, "utf-8").text) for data in calendars[:_MOST_CALENDARS])
    return next((one for one in read if one is not None), None)


def _each_once(defects: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(defects))
