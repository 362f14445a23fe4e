"""What a relay's answer means. The enhanced code decides where there is one (RFC 3463, RFC 5248), else the first digit
(RFC 5321 §4.2). And when to try again (§4.5.4.1)."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from typing import Literal

from core import clock

Stage = Literal["connect", "mail", "rcpt", "data", "dot"]
Verdict = Literal["sent", "later", "refused", "gone"]
_STATUS = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:[\s:]|$)")
_GONE = frozenset({"5.1.1", "5.1.10", "5.2.1"})
_OUR_SENDING = frozenset({"5.7.26", "5.7.515"})  # not the letter: the domain does not trust our sending at all
_OUR_LOGIN = frozenset({530, 534, 535, 538})

WAITS = (10 * clock.MINUTE, 30 * clock.MINUTE, clock.HOUR, 2 * clock.HOUR, 4 * clock.HOUR)
JITTER = 0.25
GIVE_UP = 5 * clock.DAY
LATE = 4 * clock.HOUR
PAUSE = clock.HOUR


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: ``code`` 0 where none came, ``status`` the enhanced code or '', ``text`` one line without it."""

    stage: Stage
    code: int
    status: str
    text: str


def read_reply(stage: Stage, code: int, message: str) -> Reply:
    """An answer as the connection gave it."""
    text = " ".join(message.split())
    found = _STATUS.match(text)
    status = found[1] if found else ""
    said = " ".join(line.strip().removeprefix(status).strip() for line in message.splitlines())
    printable = "".join(char for char in said if char.isprintable()).strip()
    return Reply(stage, code, status, printable[:500])


def judge(reply: Reply) -> Verdict:
    """``gone`` is a refusal that says the address does not exist: only that is held against the address."""
    if 200 <= reply.code < 400:
        return "sent"
    if not 500 <= reply.code < 600:
        return "later"
    if reply.stage == "mail" and reply.code in _OUR_LOGIN:
        return "later"
    if reply.code == 552 and reply.stage == "rcpt" and reply.status in {"", "5.5.3"}:
        return "later"  # too many recipients for one go: RFC 5321 §4.5.3.1.10
    return "gone" if reply.status in _GONE and reply.stage in {"rcpt", "dot"} else "refused"


def pauses_domain(reply: Reply) -> bool:
    """True when nothing more should go to that domain for a while: it slows us down, or does not trust us."""
    return reply.status in _OUR_SENDING or (400 <= reply.code < 500 and reply.status.startswith("4.7."))


def next_try(attempts: int, now: int, *, chance: float | None = None) -> int:
    """When to try again after so many attempts. ``chance`` (0 to 1) instead of a random one, for tests."""
    wait = WAITS[min(max(attempts, 1), len(WAITS)) - 1]
    drawn = random.random() if chance is None else chance  # noqa: S311 - spreads tries, keeps no secret
    return now + int(wait * (1 - JITTER + 2 * JITTER * drawn))
