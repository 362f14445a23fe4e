"""Asking an rspamd of our own whether a letter is junk. https://rspamd.com/doc/architecture/protocol.html"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from core.errors import HouseError
from core.fetch import Fetcher, Guard, resolve_by_system
from core.log import get_log

ANYWHERE = ("0.0.0.0/0", "::/0")
LARGEST_ANSWER = 1 << 20
SECONDS = 5.0
_REASONS = 5
_JUNK = frozenset({"add header", "rewrite subject", "reject"})
log = get_log(__name__)


class _Answer(msgspec.Struct):
    action: str = ""
    score: float = 0.0
    symbols: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Weighed:
    """What it says of a letter: whether that is junk to it, how many points it has, and what weighs most."""

    junk: bool
    score: float
    reasons: tuple[str, ...]


_answers = msgspec.json.Decoder(_Answer)


class Rspamd:
    """One rspamd, at the address that the administrator wrote down: this address and no other is asked."""

    def __init__(self, url: str, fetcher: Fetcher | None = None) -> None:
        self._url = f"{url.rstrip('/')}/checkv2"
        # The place is named by the administrator alone, so it may be inside; a post follows no redirects.
        self._fetcher = fetcher or Fetcher(Guard(resolve_by_system, own=ANYWHERE))

    async def is_junk(self, raw: bytes, trace: dict[str, Any]) -> bool | None:
        """What it says of a letter and its envelope, None when it does not answer in time or makes no sense."""
        answer = await self._ask(raw, {
            **_header("IP", trace.get("peer")),
            **_header("Helo", trace.get("helo")),
            **_header("From", trace.get("mail_from")),
            **_header("Rcpt", next(iter(trace.get("rcpt_to") or ()), None)),
        })  # fmt: skip
        return None if answer is None else answer.action in _JUNK

    async def weigh(self, raw: bytes) -> Weighed | None:
        """What it says of a letter that is ours and has not left, None as in ``is_junk``."""
        answer = await self._ask(raw, {})
        if answer is None:
            return None
        heavy = sorted(((_points(said), name) for name, said in answer.symbols.items()), reverse=True)
        reasons = tuple(name[:60] for points, name in heavy if points > 0)[:_REASONS]
        return Weighed(answer.action in _JUNK, answer.score, reasons)

    async def _ask(self, raw: bytes, envelope: dict[str, str]) -> _Answer | None:
        headers = {"Content-Type": "application/octet-stream", "Flags": "no_log", **envelope}
        try:
            answer = await self._fetcher.post_bytes(self._url, raw, headers, max_size=LARGEST_ANSWER, deadline=SECONDS)
            if answer.status != 200:
                log.warning("rspamd gave no answer", status=answer.status)
                return None
            return _answers.decode(answer.body)
        except (HouseError, msgspec.MsgspecError) as problem:
            log.warning("rspamd gave no answer", reason=str(problem))
            return None

    async def close(self) -> None:
        """Close what is still open."""
        await self._fetcher.close()


def _points(said: Any) -> float:
    found = said.get("score") if isinstance(said, dict) else None
    return float(found) if isinstance(found, int | float) else 0.0


def _header(name: str, value: object) -> dict[str, str]:
    """A header, left out where the value cannot stand in one."""
    text = str(value or "")
    return {name: text} if text.isascii() and text.isprintable() and text else {}
