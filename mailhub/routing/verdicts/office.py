"""The examiner of a house, made from its settings, with what it holds open."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import dns.resolver

from core.log import get_log
from core.settings import Verdicts as VerdictSettings
from mailhub.letters.alignment import organisation
from mailhub.routing.verdicts.dns import NoAnswerError
from mailhub.routing.verdicts.examiner import Examine, Examiner
from mailhub.routing.verdicts.resolver import Resolver
from mailhub.routing.verdicts.rspamd import Rspamd

MX_SECONDS = 2.0
log = get_log(__name__)


class VerdictOffice:
    """Opened with the house, closed with it."""

    def __init__(self, settings: VerdictSettings, examine: Examine, trusted_peers: Sequence[str]) -> None:
        """``examine`` and ``trusted_peers`` as of ``Examiner``. Opens nothing before the first letter."""
        organisation("example.com")  # the list behind it takes a moment to read: now, not with the first letter
        self._resolver = _make_resolver(settings)
        self._rspamd = Rspamd(settings.rspamd) if settings.rspamd else None
        self.examiner = Examiner(
            examine,
            ask=self._resolver.ask if self._resolver else None,
            trusted_servers=settings.trusted_servers,
            trusted_peers=trusted_peers,
            junk_filter=self._rspamd.is_junk if self._rspamd else None,
        )

    async def list_exchangers(self, domain: str) -> tuple[str, ...]:
        """Who takes the mail of a domain, the preferred first; nobody when that is not told within a moment."""
        if self._resolver is None:
            return ()
        try:
            async with asyncio.timeout(MX_SECONDS):
                found = await self._resolver.ask(domain, "MX")
        except (NoAnswerError, TimeoutError):
            return ()
        return tuple(name.decode("ascii", "replace") for name in found)

    async def close(self) -> None:
        """Give up what is under way."""
        if self._resolver is not None:
            await self._resolver.close()
        if self._rspamd is not None:
            await self._rspamd.close()


def _make_resolver(settings: VerdictSettings) -> Resolver | None:
    if not settings.check:
        return None
    try:
        return Resolver(settings.dns_servers)
    except dns.resolver.NoResolverConfiguration:
        log.warning("nobody is asked who wrote a letter: this machine names no DNS server; set verdicts.dns_servers")
        return None
