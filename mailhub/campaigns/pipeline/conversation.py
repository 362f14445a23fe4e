"""One connection as a state of what was said and not yet answered. It takes letters by itself as long as there are any,
and tells the desk what became of each; nothing here waits for anything but the server.

What it promises: ``handing`` is asked right before the dot is written, in the same turn of the loop; a letter that was
taken is given back, answered or cut, exactly once.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from dataclasses import dataclass
from typing import Literal, Protocol

from mailhub.campaigns.pipeline.answers import Answer, Answers, NonsenseError
from mailhub.outbound.connection import ANSWER_SECONDS, COMMAND_SECONDS, NO_UTF8
from mailhub.outbound.replies import Reply, Stage, read_reply

MOST_LETTERS = 1000
_DOT = re.compile(rb"(?m)^\.")
_Step = Literal["mail", "rcpt", "data", "dot", "void", "rset", "quit"]


@dataclass(slots=True)
class Parcel:
    """A letter that may leave: ``raw`` has CRLF throughout and no line that begins with a dot."""

    id: int
    return_path: str
    recipient: str
    raw: bytes
    handed: bool = False
    refused: Reply | None = None


class Desk(Protocol):
    """Who has the letters. Everything is called in the loop and returns at once."""

    def take(self) -> Parcel | None:
        """The next letter that is marked; None while there is none."""

    def give_back(self, parcel: Parcel) -> None:
        """It was not handed over, and nobody is to blame."""

    def handing(self, parcel: Parcel) -> bool:
        """Its dot leaves now; False when it must not."""

    def answered(self, parcel: Parcel, reply: Reply) -> None:
        """What the server said to it."""

    def cut(self, parcel: Parcel, why: str) -> None:
        """The connection ended; ``parcel.handed`` says whether its dot had left."""

    def ended(self, conversation: Conversation, why: str, *, sent_away: bool) -> None:
        """The connection is no more; ``sent_away``: the server wants no letters now (421)."""


class Conversation(asyncio.Protocol):
    """Takes over a connection on which letters may be offered. ``wake`` when there may be letters."""

    def __init__(
        self, desk: Desk, *, pipelining: bool, sizes: bool, utf8: bool, head: bytes = b"", most: int = MOST_LETTERS
    ) -> None:
        """``sizes`` and ``utf8``: the server takes SIZE and SMTPUTF8; ``head`` stands before each letter."""
        self._desk = desk
        self._pipelining = pipelining
        self._sizes = sizes
        self._utf8 = utf8
        self._head = head
        self._left = most
        self._answers = Answers()
        self._steps: deque[tuple[_Step, Parcel | None]] = deque()
        self._waiting: deque[tuple[bytes, _Step, Parcel | None]] = deque()
        self._next: Parcel | None = None
        self._loop = asyncio.get_running_loop()
        self._heard = self._loop.time()
        self._ended = False
        self._away = False
        self._closing = False
        self._transport: asyncio.Transport

    def begin(self, transport: asyncio.Transport) -> None:
        """Everything was said that comes before letters."""
        self._transport = transport
        self.wake()

    @property
    def is_idle(self) -> bool:
        """True while nothing is in hand."""
        return not self._steps and not self._ended

    def wake(self) -> None:
        """Take a letter when none is in hand."""
        if not self._steps and not self._ended:
            self._offer_next()

    def stop(self) -> None:
        """Take no more letters; say goodbye when what is in hand is answered."""
        self._closing = True
        if not self._steps and not self._ended:
            self._say(b"QUIT\r\n", "quit", None)

    def abandon(self) -> None:
        """End it at once."""
        self._end("ended by us")

    def check(self, now: float) -> None:
        """End it when the server has been silent for too long. ``now`` is of the loop's clock."""
        if not self._steps:
            return
        patience = ANSWER_SECONDS if any(step == "dot" for step, _ in self._steps) else COMMAND_SECONDS
        if now - self._heard > patience:
            self._end("no answer came in time")

    def data_received(self, data: bytes) -> None:
        self._heard = self._loop.time()
        try:
            answers = self._answers.feed(data)
        except NonsenseError as nonsense:
            self._end(f"this is no answer: {nonsense}")
            return
        for answer in answers:
            if self._ended:
                return
            if answer.code == 421:
                self._sent_away(answer)
                return
            if not self._steps:
                self._end("an answer to nothing")
                return
            step, parcel = self._steps.popleft()
            self._heard_of(step, parcel, answer)
        if self._waiting and not self._steps and not self._ended:
            self._say(*self._waiting.popleft())

    def connection_lost(self, problem: Exception | None) -> None:
        self._end(" ".join(str(problem or "the connection was closed").split())[:200])

    def _heard_of(self, step: _Step, parcel: Parcel | None, answer: Answer) -> None:
        if parcel is None:
            if step == "quit":
                self._end("")
            return
        if step == "dot":
            self._desk.answered(parcel, read_reply("dot", answer.code, answer.message))
            if not self._steps:
                self._offer_next()
        elif step == "void":
            assert parcel.refused is not None
            self._desk.answered(parcel, parcel.refused)
            self._offer_next()
        elif step == "data":
            self._heard_of_data(parcel, answer)
        elif not 200 <= answer.code < 300 and parcel.refused is None:
            parcel.refused = _reply(step, answer)
            if not self._pipelining:
                self._waiting.clear()
                self._refuse(parcel)

    def _heard_of_data(self, parcel: Parcel, answer: Answer) -> None:
        if answer.code != 354:
            if parcel.refused is None:
                parcel.refused = _reply("data", answer)
            self._refuse(parcel)
        elif parcel.refused is not None:  # it takes a letter for nobody: give it none (RFC 2920 §3.1)
            self._say(b"\r\n.\r\n", "void", parcel)
        elif not self._desk.handing(parcel):
            self._desk.give_back(parcel)
            self._end("stopped")
        else:
            parcel.handed = True
            self._left -= 1
            following = self._take() if self._pipelining else None
            envelope = b"" if following is None else self._envelope(following)
            self._steps.append(("dot", parcel))
            self._transport.write(b"".join((self._head, parcel.raw, b".\r\n", envelope)))
            if following is not None:
                self._steps += (("mail", following), ("rcpt", following), ("data", following))

    def _refuse(self, parcel: Parcel) -> None:
        """The letter is not taken; the next begins anew."""
        assert parcel.refused is not None
        self._desk.answered(parcel, parcel.refused)
        if self._ended:
            return
        self._say(b"RSET\r\n", "rset", None)
        self._offer_next()

    def _offer_next(self) -> None:
        parcel = self._take()
        if parcel is None:
            if self._left <= 0 and not self._closing:
                self._closing = True
                self._say(b"QUIT\r\n", "quit", None)
            elif self._closing and not self._steps:
                self._say(b"QUIT\r\n", "quit", None)
            return
        if self._pipelining:
            self._transport.write(self._envelope(parcel))
            self._steps += (("mail", parcel), ("rcpt", parcel), ("data", parcel))
            return
        mail, rcpt, data = self._envelope(parcel).splitlines(keepends=True)
        self._waiting += ((mail, "mail", parcel), (rcpt, "rcpt", parcel), (data, "data", parcel))
        if not self._steps:
            self._say(*self._waiting.popleft())

    def _take(self) -> Parcel | None:
        """The next that this server can take."""
        while not self._closing and not self._ended and self._left > 0:
            parcel = self._desk.take()
            if parcel is None:
                return None
            if self._utf8 or (parcel.return_path.isascii() and parcel.recipient.isascii()):
                return parcel
            self._desk.answered(parcel, Reply("mail", 553, "5.6.7", NO_UTF8))
        return None

    def _envelope(self, parcel: Parcel) -> bytes:
        more = f" SIZE={len(self._head) + len(parcel.raw)}" if self._sizes else ""
        if not (parcel.return_path.isascii() and parcel.recipient.isascii()):
            more += " BODY=8BITMIME SMTPUTF8"
        return f"MAIL FROM:<{parcel.return_path}>{more}\r\nRCPT TO:<{parcel.recipient}>\r\nDATA\r\n".encode()

    def _say(self, line: bytes, step: _Step, parcel: Parcel | None) -> None:
        self._steps.append((step, parcel))
        self._transport.write(line)

    def _sent_away(self, answer: Answer) -> None:
        """It asks everybody to go: whoever it was said to is put off by that, the others are not to blame."""
        if self._steps:  # with nothing in hand it only tires of waiting
            self._away = True
            step, parcel = self._steps.popleft()
            if parcel is not None:
                self._drop(parcel)
                self._desk.answered(parcel, parcel.refused or _reply(step, answer))
        self._end(answer.message)

    def _drop(self, parcel: Parcel) -> None:
        """Whatever else was said for this letter is answered by nobody."""
        self._steps = deque(one for one in self._steps if one[1] is not parcel)
        self._waiting.clear()

    def _end(self, why: str) -> None:
        if self._ended:
            return
        self._ended = True
        self._transport.abort() if why else self._transport.close()
        told: set[int] = set()
        for parcel in (parcel for _, parcel in [*self._steps, *((step, one) for _, step, one in self._waiting)]):
            if parcel is None or id(parcel) in told:
                continue
            told.add(id(parcel))
            if parcel.refused is not None:
                self._desk.answered(parcel, parcel.refused)
            elif parcel.handed:
                self._desk.cut(parcel, why)
            else:
                self._desk.give_back(parcel)
        self._steps.clear()
        self._waiting.clear()
        self._desk.ended(self, why, sent_away=self._away)


def stuffed(raw: bytes) -> bytes:
    """A letter that others made, with its dots doubled and its last line ended."""
    return _DOT.sub(b"..", raw if raw.endswith(b"\r\n") else raw + b"\r\n")


def _reply(step: _Step, answer: Answer) -> Reply:
    stages: dict[_Step, Stage] = {"mail": "mail", "rcpt": "rcpt", "data": "data", "dot": "dot"}
    return read_reply(stages.get(step, "data"), answer.code, answer.message)
