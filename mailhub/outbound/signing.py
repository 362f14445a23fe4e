"""Signs letters as they leave, with the keys in use of the domain in their From."""

from __future__ import annotations

import time
from collections import OrderedDict

from core import clock
from core.database import Database
from core.secrets import Keys
from mailhub.outbound.dkim import Signer, from_domain, sign
from mailhub.outbound.dkim_keys import list_signers

REMEMBERED = 30.0
"""Seconds: other processes change keys too."""
MOST_DOMAINS = 500


class Signing:
    """One for a process. A letter of a domain without keys leaves as it is."""

    def __init__(self, database: Database, keys: Keys) -> None:
        self._database = database
        self._keys = keys
        self._known: OrderedDict[str, tuple[float, list[Signer]]] = OrderedDict()

    async def sign(self, raw: bytes) -> bytes:
        """The letter with its signatures. Raises Unavailable when the keys cannot be opened: it waits then."""
        signers = await self.find(from_domain(raw))
        return sign(raw, signers, clock.now()) if signers else raw

    def forget(self) -> None:
        """Keys have changed."""
        self._known.clear()

    async def find(self, domain: str) -> list[Signer]:
        """The keys in use of a domain. Raises Unavailable when they cannot be opened."""
        known = self._known.get(domain)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        found = await self._database.read(list_signers, self._keys, domain)
        self._known[domain] = (time.monotonic() + REMEMBERED, found)
        while len(self._known) > MOST_DOMAINS:
            self._known.popitem(last=False)
        return found
