"""What is known of a letter once it is parsed: plain frozen values that pickle well and hold no NUL and no
surrogate."""

from __future__ import annotations

from typing import Literal

import msgspec

Kind = Literal["letter", "bounce", "auto_reply", "complaint", "invitation", "receipt"]
BounceClass = Literal["hard", "soft", "policy", "unknown"]


class Address(msgspec.Struct, frozen=True, gc=False):
    """A mailbox as it stands in a header: ``name`` decoded (may be empty), ``address`` as written."""

    name: str
    address: str


class Attachment(msgspec.Struct, frozen=True, gc=False):
    """A file in a letter: ``raw[offset:offset + length]`` is its body still in transfer ``encoding``, or that of the
    ``winmail.dat`` around it: then ``encoding`` ends with the file's number (``base64/tnef/0``).

    ``size`` and ``sha256`` (hex) are of the decoded bytes. ``filename`` is safe to show and to save, or None where the
    letter names none. ``inline`` says that the letter shows it inside its text; ``content_id`` stands without brackets.
    """

    filename: str | None
    content_type: str
    size: int
    sha256: str
    inline: bool
    content_id: str | None
    offset: int
    length: int
    encoding: str


class BouncedRecipient(msgspec.Struct, frozen=True, gc=False):
    """One recipient of a report. ``action`` and ``status`` are of RFC 3464; ``reason`` is a word of ours."""

    address: str
    action: str | None
    status: str | None
    bounce_class: BounceClass
    reason: str
    diagnostic: str | None


class Bounce(msgspec.Struct, frozen=True, gc=False):
    """What a report says. ``original_message_id`` is claimed by whoever wrote the report: believe a signed token
    only."""

    recipients: tuple[BouncedRecipient, ...]
    original_message_id: str | None


class Invitation(msgspec.Struct, frozen=True, gc=False):
    """The calendar object of a letter. ``start`` and ``end``, ``stamp`` (DTSTAMP) and ``recurrence`` (RECURRENCE-ID:
    which time of a series is meant) are moments as ``invitation`` writes them. ``answers`` are the PARTSTAT of each of
    ``attendees`` in lower case, '' for none; ``maker`` is the program that wrote it."""

    method: str | None
    uid: str | None
    summary: str | None
    start: str | None
    end: str | None
    organizer: str | None
    attendees: tuple[str, ...]
    answers: tuple[str, ...] = ()
    sequence: int | None = None
    stamp: str | None = None
    recurrence: str | None = None
    place: str | None = None
    comment: str | None = None
    rule: str | None = None
    maker: str = ""


class ParsedLetter(msgspec.Struct, frozen=True, gc=False):
    """A letter understood as far as possible. Ids stand without angle brackets; ``date`` is microseconds since the
    epoch.

    ``from_trusted`` is the sender's address in one form for comparing, and None unless there is exactly one From
    header that holds exactly one mailbox by the strict grammar (CVE-2023-27043).
    ``returned_id`` is the Message-ID that a report of any kind (bounce, complaint, receipt) sends back, as claimed.
    ``passed_on``: a list or a program says that it handed the letter on (RFC 2369, X-Loop).
    ``error`` is a sentence when something failed unexpectedly; the other fields then hold what could be read.
    """

    message_id: str | None = None
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    date: int | None = None
    subject: str = ""
    base_subject: str = ""
    from_: tuple[Address, ...] = ()
    from_trusted: str | None = None
    sender: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    text: str | None = None
    html: str | None = None
    reply_text: str | None = None
    excerpt: str = ""
    language: str | None = None
    attachments: tuple[Attachment, ...] = ()
    kind: Kind = "letter"
    bounce: Bounce | None = None
    returned_id: str | None = None
    invitation: Invitation | None = None
    fingerprint: str = ""
    auto_submitted: str | None = None
    precedence: str | None = None
    list_id: str | None = None
    list_unsubscribe: str | None = None
    passed_on: bool = False
    spam_verdict: bool | None = None
    received_count: int = 0
    return_path: str | None = None
    defects: tuple[str, ...] = ()
    error: str | None = None
