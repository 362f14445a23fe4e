"""The words of rules about letters: which fields a letter has, and what they are of one letter.

The facts of a letter are asked one by one and only when a condition needs them, because a mailbox takes in many letters
and most rules ask one or two.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from core.clock import SECOND
from core.fulltext.folding import fold
from core.rules import Field, Vocabulary
from mailhub.letters.values import ParsedLetter
from mailhub.letters.verdicts import Verdicts
from mailhub.mailboxes.tag_rows import fold_tag

LANGUAGES_OF_LETTERS = {"en": "English", "uk": "Ukrainian", "ru": "Russian", "bg": "Bulgarian", "vi": "Vietnamese"}
KINDS_OF_LETTERS = {
    "letter": "a letter of a person",
    "auto_reply": "an automatic answer",
    "bounce": "a report that a letter did not arrive",
    "complaint": "a complaint about our letter",
    "invitation": "an invitation",
    "receipt": "a receipt for our letter",
}
PROOFS = {"proved": "proved", "unproved": "not proved", "doubtful": "doubtful", "unknown": "not asked about"}
PRIORITIES = {"urgent": "urgent", "normal": "not urgent"}
WEEKDAYS = {
    "1": "Monday",
    "2": "Tuesday",
    "3": "Wednesday",
    "4": "Thursday",
    "5": "Friday",
    "6": "Saturday",
    "7": "Sunday",
}
_WORD = re.compile(r"[^\W_]+")


def fold_words(text: str) -> str:
    """Words in the one spelling of the index, each behind a space: what somebody looks for begins where a word does,
    and the word may go on."""
    return " " + " ".join(_WORD.findall(fold(text)))


LETTERS = Vocabulary(
    "letters",
    [
        Field("from.domain", "text", "the sender's domain"),
        Field("from.address", "text", "the sender's address"),
        Field("from.name", "text", "the sender's name", fold=fold_words),
        Field("recipients", "list", "the recipients"),
        Field("subject", "text", "the subject", fold=fold_words),
        Field("text", "text", "what they wrote", fold=fold_words),
        Field("attached", "flag", "it has an attachment"),
        Field("attached.name", "text", "the name of an attachment", fold=fold_words),
        Field("size", "number", "the size", unit="kB"),
        Field("kind", "choice", "it", choices=KINDS_OF_LETTERS),
        Field("language", "choice", "the language", choices=LANGUAGES_OF_LETTERS),
        Field("begins", "flag", "it begins a conversation"),
        Field("tags", "list", "the tags of the thread", fold=fold_tag, of="tags"),
        Field("priority", "choice", "the thread", choices=PRIORITIES),
        Field("client.known", "flag", "the sender is a client"),
        Field("client.manager", "reference", "the client's responsible manager", of="users"),
        Field("proof", "choice", "that it comes from its sender", choices=PROOFS),
        Field("list", "text", "the mailing list"),
        Field("weekday", "choice", "the day it comes on", choices=WEEKDAYS),
        Field("hour", "number", "the hour it comes in"),
    ],
)
"""What is written is asked without quotes and signatures; hours and days are those of the company. Tags and priority
are those of the thread when the letter came to it, before any rule."""

Facts = Mapping[str, Callable[[], Any]]


def ask(facts: Facts) -> Callable[[str], Any]:
    """The facts as the evaluator asks them, each worked out once."""
    known: dict[str, Any] = {}

    def fact(key: str) -> Any:
        if key not in known:
            known[key] = facts[key]()
        return known[key]

    return fact


@dataclass(frozen=True, slots=True)
class Letter:
    """What of a letter its facts are made of, where it comes in and where it is looked at again."""

    from_: Sequence[tuple[str, str]]
    """Names and addresses."""
    recipients: Sequence[str]
    subject: str
    written: str
    attachments: Sequence[str]
    size: Callable[[], int]
    kind: str
    language: str | None
    list_id: str | None
    came_at: int
    verdicts: Verdicts | None


def letter_facts(letter: Letter, zone: ZoneInfo) -> Facts:
    """The facts that stand in the letter itself. Domains and addresses are those of its only sender."""
    address = letter.from_[0][1] if len(letter.from_) == 1 else None
    came = datetime.fromtimestamp(letter.came_at / SECOND, zone)
    return {
        "from.address": lambda: address,
        "from.domain": lambda: address.rpartition("@")[2] if address else None,
        "from.name": lambda: " ".join(name for name, _ in letter.from_),
        "recipients": lambda: letter.recipients,
        "subject": lambda: letter.subject,
        "text": lambda: letter.written,
        "attached": lambda: bool(letter.attachments),
        "attached.name": lambda: " ".join(letter.attachments),
        "size": lambda: letter.size() / 1000,
        "kind": lambda: letter.kind,
        "language": lambda: letter.language if letter.language in LANGUAGES_OF_LETTERS else None,
        "list": lambda: letter.list_id,
        "proof": lambda: _proof(letter.verdicts),
        "weekday": lambda: str(came.isoweekday()),
        "hour": lambda: came.hour,
    }


def of_parsed(
    parsed: ParsedLetter, size: Callable[[], int], trace: Mapping[str, Any], came_at: int, verdicts: Verdicts | None
) -> Letter:
    """A letter that comes in."""
    named = [one.address for one in (*parsed.to, *parsed.cc, *parsed.bcc)]
    return Letter(
        from_=[(one.name, one.address) for one in parsed.from_],
        recipients=[*named, *trace.get("rcpt_to", ())],
        subject=parsed.subject,
        written=parsed.reply_text or parsed.text or "",
        attachments=[one.filename or "" for one in parsed.attachments if not one.inline],
        size=size,
        kind=parsed.kind,
        language=parsed.language,
        list_id=parsed.list_id,
        came_at=came_at,
        verdicts=verdicts,
    )


def _proof(verdicts: Verdicts | None) -> str:
    if verdicts is None:
        return "unknown"
    return "doubtful" if verdicts.doubtful else "proved" if verdicts.proved else "unproved"
