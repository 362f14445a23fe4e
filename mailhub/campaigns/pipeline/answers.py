"""Answers of a server cut out of what comes over the wire (RFC 5321 §4.2.1), a piece of one or many at a time."""

from __future__ import annotations

from dataclasses import dataclass

LONGEST = 64 * 1024


class NonsenseError(Exception):
    """What came is no answer of a mail server."""


@dataclass(frozen=True, slots=True)
class Answer:
    """``text`` is as it came, lines joined by a line end, each without its code."""

    code: int
    text: bytes

    @property
    def message(self) -> str:
        """For people."""
        return self.text.decode("utf-8", "replace")


class Answers:
    """Feed it what comes."""

    def __init__(self) -> None:
        self._rest = b""
        self._lines: list[bytes] = []

    def feed(self, data: bytes) -> list[Answer]:
        """The answers that are whole by now. Raises NonsenseError."""
        lines = (self._rest + data if self._rest else data).split(b"\n")
        self._rest = lines.pop()
        found: list[Answer] = []
        for line in lines:
            code = line[:3]
            if not (len(code) == 3 and code.isdigit() and line[3:4] in {b" ", b"-", b"\r", b""}):
                raise NonsenseError(line[:100].decode("ascii", "replace").strip() or "an empty line")
            if line[3:4] == b"-":
                self._lines.append(line[4:].rstrip())
                continue
            text = line[4:].rstrip()
            if self._lines:
                text = b"\n".join([*self._lines, text])
                self._lines.clear()
            found.append(Answer(int(code), text))
        if len(self._rest) + sum(map(len, self._lines)) > LONGEST:
            raise NonsenseError("an answer without an end")
        return found
