"""What a language has to offer to the letters of the demo. Everything here is invented."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topic:
    """What a letter is about. ``bodies`` are filled with ``{item} {count} {number} {date} {city} {amount}``."""

    mailbox: str
    """The mailbox that such letters are written to, as its local part."""
    subject: str
    bodies: tuple[str, ...]
    attachment: str = ""
    """A kind of ``mailhub.demo.attachments``, or nothing."""


@dataclass(frozen=True, slots=True)
class Stranger:
    """Somebody who is no client yet."""

    name: str
    address: str
    mailbox: str
    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Newsletter:
    """A letter to many, with pictures that wait at the sender's."""

    name: str
    address: str
    subject: str
    lines: tuple[str, ...]
    button: str
    leave: str


@dataclass(frozen=True, slots=True)
class Words:
    """One language."""

    code: str
    hello: tuple[str, ...]
    """With ``{name}`` for the manager's first name."""
    hello_all: str
    """When the writer knows nobody in particular."""
    bye: tuple[str, ...]
    phone: str
    """With ``{nn}``, in a number that is never given out."""
    items: tuple[str, ...]
    topics: tuple[Topic, ...]
    follow_ups: tuple[str, ...]
    """What the same client writes later in the same thread, with nothing said by us in between."""
    colleague: str
    """How a colleague of the writer joins the thread."""
    wrote: str
    """How the mail programs of this language introduce a quotation: ``{date} {name} {address}``."""
    came: str
    """What the claims mailbox says to who begins a conversation."""
    labels: tuple[str, str, str, str]
    """From, sent, to, subject – as they stand over a quotation in Outlook."""
    away: tuple[str, str]
    """Subject and text of an automatic answer, with ``{date}``."""
    meeting: tuple[str, str, str]
    """Summary, text and place of an invitation."""
    newsletter: Newsletter
    strangers: tuple[Stranger, ...]
    junk: Stranger
