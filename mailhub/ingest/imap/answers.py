"""What a server says, read strictly: pure functions from the pieces of an answer to values.

An answer is a line, or several joined by literals: its *pieces* are text, literal, text, literal, …, text. Nothing here
recurses, and whatever does not follow the grammar is a Lie.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from core import clock
from mailhub.ingest.imap.trouble import Lie

Value = bytes | None | list["Value"]

DEEPEST = 10
LARGEST_NUMBER = (1 << 32) - 1
_TOKEN = re.compile(rb' *(?:([()])|"((?:[^"\\\x00\r\n]|\\["\\])*)"|([^ ()"\x00-\x1f\x7f]+))')
_ESCAPED = re.compile(rb"\\(.)")
_STATUS = re.compile(
    rb"(OK|NO|BAD|BYE|PREAUTH)(?: (?:\[([A-Z0-9-]+)(?: ([^\]]*))?\] ?)?(.*))?$", re.IGNORECASE | re.DOTALL
)
_DATE = re.compile(rb" ?(\d{1,2})-([A-Z][a-z]{2})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)$")
_MONTHS = (b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec")
_BODY = re.compile(rb"BODY\[\](?:<(\d{1,10})>)?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Status:
    """OK, NO, BAD, BYE or PREAUTH, with the code in brackets and the text for people."""

    word: str
    code: str
    argument: str
    said: str


@dataclass(slots=True)
class Fetched:
    """What was told of one letter. ``date`` is INTERNALDATE; ``body`` begins at ``origin``, None where the server
    says that it is the whole letter."""

    uid: int | None = None
    flags: tuple[str, ...] | None = None
    size: int | None = None
    date: int | None = None
    labels: tuple[str, ...] = ()
    body: bytes | None = None
    origin: int | None = None


def parse_status(text: bytes) -> Status | None:
    """A status answer behind its tag or star, or None for any other. A bare ``OK`` is one too."""
    found = _STATUS.match(text)
    if found is None:
        return None
    word, code, argument, said = (part or b"" for part in found.groups())
    return Status(word.decode().upper(), code.decode().upper(), _text(argument), _text(said))


def parse_values(pieces: list[bytes]) -> list[Value]:
    """The values of an answer, nested as its brackets are. Raises Lie."""
    top: list[Value] = []
    stack: list[list[Value]] = [top]
    for place, piece in enumerate(pieces):
        if place % 2:
            stack[-1].append(piece)
        else:
            _parse_text(piece.rstrip(b" "), stack)
    if len(stack) != 1:
        raise Lie("brackets without end")
    return top


def _parse_text(text: bytes, stack: list[list[Value]]) -> None:
    at = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise Lie("an answer that cannot be read")
        bracket, quoted, atom = token.groups()
        if bracket == b"(":
            if len(stack) >= DEEPEST:
                raise Lie("brackets in brackets without end")
            inner: list[Value] = []
            stack[-1].append(inner)
            stack.append(inner)
        elif bracket == b")":
            if len(stack) == 1:
                raise Lie("a bracket that was not opened")
            stack.pop()
        elif quoted is not None:
            stack[-1].append(_ESCAPED.sub(rb"\1", quoted) if b"\\" in quoted else quoted)
        else:
            stack[-1].append(None if atom.upper() == b"NIL" else atom)
        at = token.end()


def parse_fetch(pieces: list[bytes]) -> Fetched:
    """The answer to FETCH behind the word: ``(UID 4 FLAGS (\\Seen) …)``. What nobody asked for is left out, however
    it looks inside. Raises Lie."""
    values = parse_values(pieces)
    if len(values) != 1 or not isinstance(values[0], list) or len(values[0]) % 2:
        raise Lie("a FETCH without a list")
    fetched = Fetched()
    items = iter(values[0])
    for name, value in zip(items, items, strict=True):
        if not isinstance(name, bytes):
            raise Lie("a FETCH without names")
        _take(fetched, name.upper(), value)
    return fetched


def _take(fetched: Fetched, name: bytes, value: Value) -> None:
    if name == b"UID":
        fetched.uid = parse_number(value)
        if not 0 < fetched.uid <= LARGEST_NUMBER:
            raise Lie("a UID that is none")
    elif name == b"FLAGS":
        # \\Recent tells of the session, not of the letter.
        fetched.flags = tuple(sorted(flag for flag in _words(value) if flag.lower() != "\\recent"))
    elif name == b"RFC822.SIZE":
        fetched.size = parse_number(value)
    elif name == b"INTERNALDATE":
        fetched.date = parse_date(value) if isinstance(value, bytes) else None
    elif name == b"X-GM-LABELS":
        fetched.labels = _words(value)
    elif found := _BODY.match(name):
        if not isinstance(value, bytes | None):
            raise Lie("a letter that is a list")
        fetched.body = value
        fetched.origin = int(found[1]) if found[1] else None


def parse_number(value: Value) -> int:
    """A number of up to 63 bits. Raises Lie."""
    if not isinstance(value, bytes) or not value.isdigit() or len(value) > 19 or int(value) >= 1 << 63:
        raise Lie("a number that is none")
    return int(value)


def parse_date(value: bytes) -> int | None:
    """INTERNALDATE as an instant, None where it cannot be read."""
    found = _DATE.match(value)
    if found is None or found[2] not in _MONTHS:
        return None
    day, year, hour, minute, second, zone_hours, zone_minutes = (int(found[place]) for place in (1, 3, 4, 5, 6, 8, 9))
    offset = timedelta(hours=zone_hours, minutes=zone_minutes)
    try:
        zone = timezone(-offset if found[7] == b"-" else offset)
        moment = datetime(year, _MONTHS.index(found[2]) + 1, day, hour, minute, second, tzinfo=zone)
        return clock.from_datetime(moment.astimezone(UTC))
    except (ValueError, OverflowError):
        return None


def _words(value: Value) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(word, bytes) for word in value):
        raise Lie("flags that are no list")
    return tuple(word.decode("utf-8", "replace") for word in value if isinstance(word, bytes))


def _text(said: bytes) -> str:
    return said.decode("utf-8", "replace")
