"""MTA-STS (RFC 8461): a domain says over HTTPS which servers take its letters, and that they prove their names."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import delete, select

from core import clock
from core.database import Database, ReadTx, WriteTx
from core.errors import HouseError, Invalid
from core.fetch import Fetcher
from core.log import get_log
from mailhub.outbound.mx import Ask, NoAnswerError
from mailhub.outbound.tables import sts_policy

Mode = Literal["enforce", "testing", "none"]
Fetch = Callable[[str], Awaitable[bytes]]
MOST_BYTES = 64 << 10
SECONDS = 30.0
LONGEST_AGE = 31_557_600
FETCHED_AGAIN = clock.DAY
FAILED_SECONDS = 300.0
MOST_FAILED = 10_000
_MODES: tuple[Mode, ...] = ("enforce", "testing", "none")
_ID = re.compile(r"v=STSv1\s*;(?:.*;)?\s*id=([A-Za-z0-9]{1,32})\s*(?:;|$)")
_PATTERN = re.compile(r"(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")
log = get_log(__name__)


@dataclass(frozen=True, slots=True)
class Policy:
    """What a domain wants. ``age`` is in seconds."""

    mode: Mode
    servers: tuple[str, ...]
    age: int

    def allows(self, host: str) -> bool:
        """Is the server one of those named? A star stands for exactly one label (RFC 8461 §4.1)."""
        behind = host.partition(".")[2]
        return any(one == host or (one.startswith("*.") and behind == one[2:]) for one in self.servers)


NO_POLICY = Policy("none", (), 0)


def parse_policy(body: bytes) -> Policy:
    """Read a policy. Raises Invalid for what is none (RFC 8461 §3.2)."""
    said: dict[str, list[str]] = {}
    for line in body.decode("utf-8", "replace").splitlines():
        name, colon, value = line.partition(":")
        if colon:
            said.setdefault(name.strip().lower(), []).append(value.strip().lower())
    mode = next((one for one in _MODES if said.get("mode", [])[:1] == [one]), None)
    age = (said.get("max_age") or [""])[0]
    servers = tuple(one for one in said.get("mx", []) if _PATTERN.fullmatch(one))
    right = said.get("version", [])[:1] == ["stsv1"] and re.fullmatch(r"[0-9]{1,10}", age, re.ASCII)
    if not right or mode is None or (mode != "none" and not servers):
        raise Invalid("This is no policy for the transport of mail (RFC 8461).")
    return Policy(mode, servers, min(int(age), LONGEST_AGE))


def fetch_with(fetcher: Fetcher) -> Fetch:
    """Get a policy over HTTPS: its certificate is verified, nothing is followed, size and time are bounded."""

    async def fetch(url: str) -> bytes:
        found = await fetcher.fetch(url, accept=("text/plain",), max_size=MOST_BYTES, deadline=SECONDS, redirects=0)
        return found.body

    return fetch


class Policies:
    """The policies of domains: remembered in the database until their age is over, so that nobody who can silence the
    DNS or the web server for a while takes a promise back."""

    def __init__(self, database: Database, ask: Ask, fetch: Fetch) -> None:
        self._database = database
        self._ask = ask
        self._fetch = fetch
        self._failed: dict[str, float] = {}

    async def find(self, domain: str) -> Policy:
        """What holds for letters to this domain now; ``NO_POLICY`` without any."""
        known = await self._database.read(find_policy, domain)
        named = await self._find_id(domain)
        if named is not None and self._may_fetch(domain):
            fresh = known is not None and known.name == named and known.fetched_at > clock.now() - FETCHED_AGAIN
            if not fresh:
                found = await self._get(domain)
                if found is not None:
                    await self._database.work(record_policy, domain, named, found)
                    return found
        return NO_POLICY if known is None else known.policy

    async def _find_id(self, domain: str) -> str | None:
        """The name of the policy now; None where there is no record, more than one, or no answer."""
        try:
            records = [one for one in await self._ask(f"_mta-sts.{domain}", "TXT") if one.startswith("v=STSv1")]
        except NoAnswerError:
            return None
        named = _ID.match(records[0]) if len(records) == 1 else None
        return None if named is None else named[1]

    async def _get(self, domain: str) -> Policy | None:
        try:
            return parse_policy(await self._fetch(f"https://mta-sts.{domain}/.well-known/mta-sts.txt"))
        except HouseError as problem:
            log.warning("a policy of transport cannot be had", domain=domain, reason=str(problem))
            if len(self._failed) >= MOST_FAILED:
                self._failed.clear()
            self._failed[domain] = time.monotonic() + FAILED_SECONDS
            return None

    def _may_fetch(self, domain: str) -> bool:
        return self._failed.get(domain, 0.0) < time.monotonic()


@dataclass(frozen=True, slots=True)
class Known:
    """A policy that is remembered, the name that its record gave it, and when it was fetched."""

    name: str
    fetched_at: int
    policy: Policy


def find_policy(tx: ReadTx, domain: str) -> Known | None:
    """The policy that was fetched last, while its age lasts; None without one."""
    row = tx.row(select(sts_policy).where(sts_policy.c.domain == domain, sts_policy.c.ends_at > clock.now()))
    if row is None:
        return None
    mode: Mode = next(one for one in _MODES if one == row.mode)
    return Known(row.name, row.fetched_at, Policy(mode, tuple(row.servers), row.age))


def record_policy(tx: WriteTx, domain: str, name: str, policy: Policy) -> None:
    """Remember a policy instead of the one before."""
    now = clock.now()
    tx.lock_key("sts", domain)
    tx.execute(delete(sts_policy).where(sts_policy.c.domain == domain))
    tx.execute(
        sts_policy.insert().values(
            domain=domain,
            name=name,
            mode=policy.mode,
            servers=list(policy.servers),
            age=policy.age,
            fetched_at=now,
            ends_at=now + policy.age * clock.SECOND,
        )
    )
