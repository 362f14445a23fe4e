"""What a service tells, in one shape, and what each has to say before it is believed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from core.errors import Forbidden, Invalid
from mailhub.letters.refusals import classify, find_status
from mailhub.letters.values import BouncedRecipient

What = Literal["bounce", "complaint"]
MOST = 1_000
"""Events of one call; services send a hundred at a time at most."""
_LONGEST, _SCANNED = 500, 100_000
# No more of an address than its signed part: what stands before it says nothing.
_MARK = re.compile(r"(?:\+[bp]-|(?<![a-z0-9])[bmp][.+])[a-z2-7]{16,400}@[a-z0-9.-]{1,253}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Call:
    """What came over HTTP: header names in lower case, and the body to the byte."""

    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that a service tells: ``marks`` are the addresses and Message-IDs of its event that may be ours."""

    what: What
    recipient: BouncedRecipient
    marks: tuple[str, ...]


def refuse() -> Forbidden:
    """One refusal for whatever proves nothing: who forges one learns no more than that."""
    return Forbidden("This call is not signed by the service that it claims to come from.")


def read_json(body: bytes) -> Any:
    """Raises Invalid."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise Invalid("This is no JSON.") from problem


def dig(found: Any, *path: str) -> Any:
    """What lies under these names, None where there is no such thing."""
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def words_of(found: Any) -> str:
    """A text of an event, '' for what is none."""
    return found[:_SCANNED] if isinstance(found, str) else str(found) if isinstance(found, int) else ""


def find_marks(*texts: Any) -> tuple[str, ...]:
    """Addresses and Message-IDs in these texts that have the look of ours; their signature is read later."""
    scanned = (words_of(text) for text in texts)
    return tuple(dict.fromkeys(match[0] for text in scanned for match in _MARK.finditer(text)))[:20]


def complained(address: Any) -> BouncedRecipient:
    """A recipient who called a letter junk."""
    return BouncedRecipient(words_of(address)[:320], None, None, "unknown", "", None)


def failed(
    address: Any, status: Any, words: Iterable[Any], *, nobody: bool = False, late: bool = False
) -> BouncedRecipient:
    """A recipient that could not be reached, classed as a report by letter is. ``nobody``: the service itself says that
    there is no such address; ``late``: that it goes on trying."""
    said = " ".join(filter(None, map(words_of, words))).strip()[:_LONGEST]
    code = find_status(words_of(status)) or find_status(said)
    kind, reason = classify("delayed" if late else None, code, said)
    if nobody and reason == "unknown":
        kind, reason = "hard", "unknown_user"
    action = "delayed" if late else "failed"
    return BouncedRecipient(words_of(address)[:320], action, code, kind, reason, said or None)
