"""The words of rules about letters: which fields a letter has, and what they are of one letter.

The facts of a letter are asked one by one and only when a condition needs them, because a mailbox takes in many letters
and most rules ask one or two.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from core.fulltext.folding import fold
from core.rules import Field, Vocabulary

LANGUAGE_NAMES = {"en": "English", "uk": "Ukrainian", "ru": "Russian", "bg": "Bulgarian", "vi": "Vietnamese"}
KINDS = {
    "letter": "a letter of a person",
    "auto_reply": "an automatic answer",
    "bounce": "a report that a letter did not arrive",
    "complaint": "a complaint about our letter",
    "invitation": "an invitation",
    "receipt": "a receipt for our letter",
}
PROOFS = {"proved": "proved", "unproved": "not proved", "doubtful": "doubtful", "unknown": "not asked about"}
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
        Field("kind", "choice", "it", choices=KINDS),
        Field("language", "choice", "the language", choices=LANGUAGE_NAMES),
        Field("begins", "flag", "it begins a conversation"),
        Field("client.known", "flag", "the sender is a client"),
        Field("client.manager", "reference", "the client's responsible manager", of="users"),
        Field("proof", "choice", "that it comes from its sender", choices=PROOFS),
        Field("list", "text", "the mailing list"),
        Field("weekday", "choice", "the day it comes on", choices=WEEKDAYS),
        Field("hour", "number", "the hour it comes in"),
    ],
)
"""What is written is asked without quotes and signatures; hours and days are those of the company."""

Facts = Mapping[str, Callable[[], Any]]


def ask(facts: Facts) -> Callable[[str], Any]:
    """The facts as the evaluator asks them, each worked out once."""
    known: dict[str, Any] = {}

    def fact(key: str) -> Any:
        if key not in known:
            known[key] = facts[key]()
        return known[key]

    return fact
