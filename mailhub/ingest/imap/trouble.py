"""What goes wrong with a server, and what is done about it: try again, wait as asked, or ask a person.

Each trouble carries the sentence that people see. What a server says is quoted in it, cut short and without control
characters; it never contains what we sent.
"""

from __future__ import annotations

import re
from typing import ClassVar

from mailhub.mailboxes.accounts import State

# RFC 5530 and what large providers say: these are no verdict on a password.
_WAITS = frozenset({"UNAVAILABLE", "INUSE", "LIMIT", "OVERQUOTA", "THROTTLED", "SERVERBUG"})
_BACKOFF = re.compile(r"Suggested Backoff Time: (\d{1,9}) milliseconds", re.IGNORECASE)
_THROTTLED = re.compile(r"throttle|too many|bandwidth limits|try again later|temporar", re.IGNORECASE)


class Trouble(Exception):
    """A session with a server cannot go on. ``stop`` leaves the account to a person."""

    state: ClassVar[State] = "retry"
    stop: ClassVar[bool] = False
    sentence = "The server cannot be reached. It is tried again."

    def __init__(self, sentence: str = "", /, **fields: str) -> None:
        super().__init__(sentence or self.sentence, fields)
        self.sentence = sentence or self.sentence
        self.fields = fields

    def __str__(self) -> str:
        return " ".join([self.sentence % self.fields, *filter(None, [self.fields.get("what")])])


class Lost(Trouble):
    """The connection broke, could not be made or was silent for too long."""


class Lie(Trouble):
    """The server says what it may not say. Nothing of this answer is believed; ``what`` is for the log."""

    sentence = "The server gives answers that make no sense. It is tried again."

    def __init__(self, what: str) -> None:
        super().__init__(what=what)


class Insecure(Trouble):
    """The connection cannot be encrypted. Neither password nor letters go over it."""

    sentence = "The server offers no safe connection. Nothing was sent to it."


class Refused(Trouble):
    """The server refuses a command."""

    sentence = "The server refuses: %(said)s"

    def __init__(self, said: str) -> None:
        super().__init__(said=said)


class Throttled(Trouble):
    """The server asks for a pause of ``seconds``; None where it names no time."""

    state = "wait"
    sentence = "The server asks for a pause: %(said)s"

    def __init__(self, said: str, seconds: float | None) -> None:
        super().__init__(said=said)
        self.seconds = seconds


class PasswordRefused(Trouble):
    """The server does not accept the name or the password."""

    sentence = "The server refuses the password: %(said)s"

    def __init__(self, said: str) -> None:
        super().__init__(said=said)


class AskPerson(Trouble):
    """Only a person can help."""

    state = "ask_person"
    stop = True


def refusal(code: str, said: str, *, at_log_in: bool, answered: str) -> Trouble:
    """What a NO or BAD means. ``code`` is the word in brackets, ``answered`` is NO or BAD."""
    said = clean(said)
    backoff = _BACKOFF.search(said)
    if backoff is not None:
        return Throttled(said, int(backoff[1]) / 1000)
    if code in _WAITS or (code != "AUTHENTICATIONFAILED" and _THROTTLED.search(said)):
        return Throttled(said, None)
    if at_log_in and answered == "NO":
        return PasswordRefused(said)
    return Refused(said)


def clean(said: str) -> str:
    """What a server said, fit for a page: one short line."""
    return "".join(sign for sign in said if sign.isprintable())[:200].strip()
