"""The two ways a command says no: go on otherwise, or goodbye."""

from __future__ import annotations


class RefusedError(Exception):
    """Answers the command with ``reply``: code, enhanced code (RFC 3463) and sentence, without CR LF."""

    def __init__(self, reply: str) -> None:
        super().__init__(reply)
        self.reply = reply.encode()


class FarewellError(RefusedError):
    """Answers likewise, and the conversation is over."""


TOO_BIG = "552 5.3.4 The letter is too big"
NO_ROOM = "452 4.3.1 There is no room for the letter now"
NOT_NOW = "451 4.3.0 This cannot be done now, try again later"
