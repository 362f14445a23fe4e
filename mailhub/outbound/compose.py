"""From the fields of a letter to its bytes. Pure: no database, no clock.

7-bit but for addresses that are written in other letters (RFC 6532), CRLF always, no line over 998 bytes, no Bcc, every
header one logical line; what comes out is looked at once more byte by byte before anybody may send it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

from core import clock
from core.errors import Invalid, TooMuch
from mailhub.letters.values import Address
from mailhub.outbound.headers import (
    LONGEST_LINE,
    address_field,
    ids_field,
    is_plain_id,
    text_field,
    word_field,
)
from mailhub.outbound.parts import Calendar, File, body_of

MOST_HEADER_BYTES = 64 * 1024
MOST_REFERENCES = 20
LONGEST_REFERENCE = 250
_LONGEST_SUBJECT = 900
_NAMES = (
    b"From|Sender|Reply-To|To|Cc|Subject|Date|Message-ID|In-Reply-To|References|MIME-Version|Auto-Submitted|"
    b"X-Auto-Response-Suppress|List-Id|List-Unsubscribe|List-Unsubscribe-Post|Feedback-ID|Content-Type|Content-Transfer-Encoding|Content-Disposition"
)
_PEOPLE = b"From|Reply-To|To|Cc"
_FIELD = re.compile(
    rb"(?:(?:%s):(?: [ -~]*)?(?:\r\n [ -~]+)*|(?:%s):(?: [ -~\x80-\xff]*)?(?:\r\n [ -~\x80-\xff]+)*)\r\n"
    % (_NAMES, _PEOPLE)
)
_BODY = re.compile(rb"(?:[\t -~]{0,%d}+\r\n)*+" % LONGEST_LINE)


@dataclass(frozen=True, slots=True)
class Fields:
    """All that a letter says. Ids stand without brackets; ``date`` is an instant; ``references`` oldest first.

    ``automatic`` is the value of Auto-Submitted (RFC 3834 §5): ``auto-replied`` or ``auto-generated``.
    ``leave`` is the address at which one POST ends it (RFC 8058), ``list_id`` the name of the list (RFC 2919),
    ``feedback_id`` that by which a large provider counts complaints. ``html`` is a whole document, empty for a letter
    of text alone; ``text`` says the same to who reads no HTML, ``calendar`` to their calendar.
    """

    message_id: str
    date: int
    from_: Address
    to: tuple[Address, ...]
    subject: str
    text: str
    html: str = ""
    cc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    files: tuple[File, ...] = ()
    automatic: str | None = None
    leave: str = ""
    list_id: str = ""
    feedback_id: str = ""
    calendar: Calendar | None = None


def compose(fields: Fields) -> bytes:
    """The bytes of the letter. Raises Invalid for an address that is none, TooMuch for headers beyond all measure."""
    boundary = fields.message_id.partition("@")[0][-40:]
    body = body_of(fields.text, fields.html, fields.files, boundary, fields.calendar)
    raw = _head(fields) + b"MIME-Version: 1.0\r\n" + body
    _look_once_more(raw)
    return raw


def answer_subject(subject: str) -> str:
    """The subject of an answer: ``Re: `` and what was there, not doubled and not endless."""
    line = subject.strip()[:_LONGEST_SUBJECT]
    return line if re.match(r"re\s*:", line, re.IGNORECASE) else f"Re: {line}"


def forward_subject(subject: str) -> str:
    """The subject of a letter that is handed on."""
    line = subject.strip()[:_LONGEST_SUBJECT]
    return line if re.match(r"fwd?\s*:", line, re.IGNORECASE) else f"Fwd: {line}"


def answer_references(references: tuple[str, ...], answered: str | None) -> tuple[str, ...]:
    """The References of an answer: those of the letter answered, then its own id. RFC 5322 §3.6.4. The first and the
    latest are kept, and none that is too long to be folded well."""
    ids = list(dict.fromkeys([*references, *([answered] if answered else [])]))
    kept = [one for one in ids if len(one) <= LONGEST_REFERENCE and is_plain_id(one)]
    return tuple(kept if len(kept) <= MOST_REFERENCES else [kept[0], *kept[1 - MOST_REFERENCES :]])


def _head(fields: Fields) -> bytes:
    lines = [
        address_field("From", [fields.from_]),
        address_field("To", fields.to) if fields.to else b"",
        address_field("Cc", fields.cc) if fields.cc else b"",
        address_field("Reply-To", fields.reply_to) if fields.reply_to else b"",
        text_field("Subject", fields.subject),
        word_field("Date", _date(fields.date)),
        ids_field("Message-ID", [fields.message_id]),
        ids_field("In-Reply-To", [fields.in_reply_to] if fields.in_reply_to else []),
        ids_field("References", fields.references),
    ]
    if fields.automatic is not None:
        lines.append(word_field("Auto-Submitted", fields.automatic))
        lines.append(b"X-Auto-Response-Suppress: All\r\n")  # what Exchange reads instead of RFC 3834
    if fields.leave:
        lines.append(word_field("List-Unsubscribe", f"<{fields.leave}>"))
        lines.append(word_field("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
    lines.append(word_field("List-Id", f"<{fields.list_id}>") if fields.list_id else b"")
    lines.append(word_field("Feedback-ID", fields.feedback_id) if fields.feedback_id else b"")
    return b"".join(lines)


def _date(instant: int) -> str:
    seconds = instant // clock.SECOND
    return format_datetime(datetime.fromtimestamp(seconds, UTC))


def _look_once_more(raw: bytes) -> None:
    """The last gate: whatever went wrong above, no value becomes a header, no line too long, nothing 8-bit."""
    head, _, body = raw.partition(b"\r\n\r\n")
    if len(head) > MOST_HEADER_BYTES:
        raise TooMuch("The recipients and the subject of this letter are too long together.")
    position = 0
    block = head + b"\r\n"
    while position < len(block):
        match = _FIELD.match(block, position)
        if match is None:
            raise Invalid("A value of this letter would become a header of its own.")
        position = match.end()
    if any(len(line) > LONGEST_LINE for line in block.split(b"\r\n")) or not _BODY.fullmatch(body):
        raise Invalid("This letter cannot be written down in lines that mail servers take.")
