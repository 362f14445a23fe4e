"""What an application needs to believe the services that letters leave by: the guarded way out to
their certificates."""

from __future__ import annotations

from core.fetch import Fetcher, Guard, resolve_by_system
from mailhub.outbound.services.amazon import Certificates


class Returning:
    """One per application; nothing is opened before the first call that asks for it."""

    def __init__(self, fetcher: Fetcher | None = None) -> None:
        self._fetcher = fetcher
        self._certificates: Certificates | None = None

    @property
    def certificates(self) -> Certificates:
        """Those that were fetched, and the way to more."""
        if self._certificates is None:
            self._fetcher = self._fetcher or Fetcher(Guard(resolve_by_system))
            self._certificates = Certificates(self._fetcher)
        return self._certificates

    async def close(self) -> None:
        """Close what is still open."""
        if self._fetcher is not None:
            await self._fetcher.close()
