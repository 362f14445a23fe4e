"""The few errors of the house. Each carries a code for programs and a sentence for people.

The reception maps them to HTTP (``api/problems``), the listener to SMTP replies (``mailhub/ingest/smtp``).
Anything else that reaches a border is a bug and is answered with 500 or 451.

The sentence is an English message id with ``%(name)s`` fields, so that the border can say it in the reader's language.
"""

from __future__ import annotations

from typing import ClassVar


class HouseError(Exception):
    """An error that a person or a program can do something about.

    ``sentence`` is a message id; ``fields`` fill its ``%(name)s`` holes; ``str(error)`` is the filled English sentence.
    """

    code: ClassVar[str] = "error"

    def __init__(self, sentence: str, /, **fields: object) -> None:
        super().__init__(sentence, fields)
        self.sentence = sentence
        self.fields = fields

    def __str__(self) -> str:
        return self.sentence % self.fields if self.fields else self.sentence


class NotFound(HouseError):
    """There is no such thing, or the asker may not know that there is: the two are told apart nowhere."""

    code = "not-found"


class Forbidden(HouseError):
    """The asker may see the thing but not do this with it."""

    code = "forbidden"


class Conflict(HouseError):
    """The state has moved on since the asker looked; look again and decide."""

    code = "conflict"


class Invalid(HouseError):
    """The input cannot be used; the sentence says what to change. ``field`` names the input where there is one."""

    code = "invalid"


class TooMuch(HouseError):
    """A limit is reached: size, rate or number. ``fields`` may carry ``retry_after`` in seconds."""

    code = "too-much"


class Unavailable(HouseError):
    """The house cannot do this now (disk full, database away); trying again later is right and nothing was lost."""

    code = "unavailable"
