"""Which letters are asked about, and whose word is taken first: our own servers', else what can be proved here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_network
from typing import Any

from core.log import get_log
from mailhub.letters.addresses import parse_addr_spec
from mailhub.letters.proof import Evidence
from mailhub.letters.results import believe
from mailhub.letters.values import ParsedLetter
from mailhub.letters.verdicts import Verdicts
from mailhub.routing.verdicts.client import find_client, is_public_peer, is_trusted
from mailhub.routing.verdicts.dns import Ask
from mailhub.routing.verdicts.inquiry import Envelope, inquire

Examine = Callable[[bytes], Awaitable[Evidence | None]]
HEAD_BYTES = 64 * 1024
log = get_log(__name__)


class Examiner:
    """Says who really wrote a letter, as far as that can be found out in a few seconds."""

    def __init__(
        self, examine: Examine, *, ask: Ask | None, trusted_servers: Sequence[str], trusted_peers: Sequence[str]
    ) -> None:
        """``examine`` finds the evidence in bytes, away from this event loop, or None when it cannot. Without ``ask``
        only ``trusted_servers`` (authserv-ids) are believed. ``trusted_peers`` are relays of our own."""
        self._examine = examine
        self._ask = ask
        self._servers = frozenset(server.lower() for server in trusted_servers)
        self._peers = tuple(map(ip_network, trusted_peers))

    def wants(self, source: str, trace: dict[str, Any], raw: bytes) -> bool:
        """Is there anything to ask about a letter of this source (``smtp``, ``lmtp``, ``imap``)? Never waits.

        What comes from this machine or from a network of our own, with no sign of another one, is not asked about.
        """
        if self._ask is None and not self._servers:
            return False
        head = raw[:HEAD_BYTES].lower()
        if source == "imap" or is_trusted(trace, self._peers):
            told = bool(self._servers) and b"authentication-results:" in head
            on_the_way = source == "imap" or b"received:" in head
            return told or (self._ask is not None and on_the_way)
        return self._ask is not None and is_public_peer(trace)

    async def examine(self, raw: bytes, parsed: ParsedLetter, source: str, trace: dict[str, Any]) -> Verdicts | None:
        """The verdicts, None where there was nobody to ask after all. Never raises for what a letter or a name server
        does, and answers within some seconds."""
        evidence = await self._examine(raw)
        if evidence is None:
            return Verdicts()
        domain = (parsed.from_trusted or "").rpartition("@")[2]
        ours = source == "imap" or is_trusted(trace, self._peers)
        if ours and (believed := believe(evidence.traces, self._servers, domain)) is not None:
            return believed
        client = None if source == "imap" else find_client(trace, evidence.traces, self._peers)
        if self._ask is None or (client is None and source != "imap"):
            return None
        mail_from = str(trace.get("mail_from") or "")
        return await inquire(self._ask, domain, evidence, Envelope(client, parse_addr_spec(mail_from) or mail_from))
