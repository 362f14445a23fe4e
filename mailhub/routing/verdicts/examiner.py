"""Which letters are asked about, and whose word is taken first: our own servers', else what can be proved here."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_network
from typing import Any

from mailhub.letters.addresses import parse_addr_spec
from mailhub.letters.proof import Evidence
from mailhub.letters.results import believe, believe_sealer, find_offered
from mailhub.letters.values import ParsedLetter
from mailhub.letters.verdicts import Verdicts
from mailhub.mailboxes.trust import Trust
from mailhub.routing.verdicts.border import find_border
from mailhub.routing.verdicts.client import cut_to_ours, find_client, is_public_peer, is_trusted
from mailhub.routing.verdicts.dns import Ask
from mailhub.routing.verdicts.inquiry import Envelope, inquire

Examine = Callable[[bytes], Awaitable[Evidence | None]]
Filter = Callable[[bytes, dict[str, Any]], Awaitable[bool | None]]
HEAD_BYTES = 64 * 1024
NOBODY = Trust()


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found out about a letter: who wrote it (None where there was nobody to ask), and whether it is junk."""

    verdicts: Verdicts | None
    junk: bool


class Examiner:
    """Says who really wrote a letter and whether it is junk, as far as that can be found out in a few seconds."""

    def __init__(
        self,
        examine: Examine,
        *,
        ask: Ask | None,
        trusted_servers: Sequence[str] = (),
        trusted_peers: Sequence[str] = (),
        junk_filter: Filter | None = None,
    ) -> None:
        """``examine`` finds the evidence in bytes, away from this event loop, or None when it cannot. Without ``ask``
        only servers that are trusted are believed: ``trusted_servers`` (authserv-ids) in what ``trusted_peers``, relays
        of our own, hand over; in what an account brought, those of its ``Trust``."""
        self._examine = examine
        self._ask = ask
        self._servers = frozenset(server.lower() for server in trusted_servers)
        self._peers = tuple(map(ip_network, trusted_peers))
        self._filter = junk_filter

    def wants(self, source: str, trace: dict[str, Any], raw: bytes, trust: Trust = NOBODY) -> bool:
        """Is there anything to ask about a letter of this source (``smtp``, ``imap``)? Never waits. ``trust`` is of
        its account.

        What comes from this machine or from a network of our own, with no sign of another one, is not asked about.
        """
        return self._filter is not None or self._wants_verdicts(source, trace, raw, trust)

    def _wants_verdicts(self, source: str, trace: dict[str, Any], raw: bytes, trust: Trust) -> bool:
        if self._is_from_ours(source, trace):
            head = raw[:HEAD_BYTES].lower()
            servers = trust.servers if source == "imap" else self._servers
            told = bool(servers) and b"authentication-results:" in head
            return told or (self._ask is not None and (source == "imap" or b"received:" in head))
        return self._ask is not None and is_public_peer(trace)

    def is_called_junk(self, source: str, trace: dict[str, Any], parsed: ParsedLetter) -> bool:
        """Did a filter of our own write on the letter that it is junk? Anybody else's word is not taken."""
        return parsed.spam_verdict is True and self._is_from_ours(source, trace)

    async def examine(
        self, raw: bytes, parsed: ParsedLetter, source: str, trace: dict[str, Any], trust: Trust = NOBODY
    ) -> Findings:
        """What can be found out within some seconds. Never raises for what a letter or another server does."""
        wanted = self._wants_verdicts(source, trace, raw, trust)
        asked = self._find_verdicts(raw, parsed, source, trace, trust) if wanted else None
        called = self.is_called_junk(source, trace, parsed)
        if asked is None:
            return Findings(None, called or await self._filters(raw, trace))
        if called or self._filter is None:
            return Findings(await asked, called)
        verdicts, junk = await asyncio.gather(asked, self._filters(raw, trace))
        return Findings(verdicts, junk)

    async def _filters(self, raw: bytes, trace: dict[str, Any]) -> bool:
        return self._filter is not None and await self._filter(raw, trace) is True

    def _is_from_ours(self, source: str, trace: dict[str, Any]) -> bool:
        return source == "imap" or is_trusted(trace, self._peers)

    async def _find_verdicts(
        self, raw: bytes, parsed: ParsedLetter, source: str, trace: dict[str, Any], trust: Trust
    ) -> Verdicts | None:
        evidence = await self._examine(raw)
        if evidence is None:
            return Verdicts()
        domain = (parsed.from_trusted or "").rpartition("@")[2]
        if source == "imap":
            return await self._of_account(evidence, domain, trust)
        believed = believe(cut_to_ours(trace, evidence.traces, self._peers), self._servers, domain)
        if believed is not None:
            return believed
        client = find_client(trace, evidence.traces, self._peers)
        if self._ask is None or client is None:
            return None
        mail_from = str(trace.get("mail_from") or "")
        envelope = Envelope(client, parse_addr_spec(mail_from) or mail_from)
        return self._forwarded(await inquire(self._ask, domain, evidence, envelope), evidence, domain)

    async def _of_account(self, evidence: Evidence, domain: str, trust: Trust) -> Verdicts | None:
        """A letter that an account brought: its server's word, else what can be proved here with what that server wrote
        down of the way."""
        border = await find_border(self._ask, evidence.traces, trust)
        lines = (*border.above, *border.below)
        believed = believe(lines if trust.strips else border.above, trust.servers, domain)
        if believed is not None or self._ask is None:
            return believed
        known = border.client is not None and border.mail_from is not None
        mail_from = border.mail_from or ""
        envelope = Envelope(border.client if known else None, parse_addr_spec(mail_from) or mail_from)
        found = self._forwarded(await inquire(self._ask, domain, evidence, envelope), evidence, domain)
        return replace(found, offered=find_offered(lines))

    def _forwarded(self, found: Verdicts, evidence: Evidence, domain: str) -> Verdicts:
        """A letter that a server we trust proved before it handed it on under its seal is proved."""
        if found.proved or found.arc != "pass":
            return found
        before = believe_sealer(evidence.chain.sealer, evidence.chain.results, self._servers, domain)
        if before is None or not before.proved:
            return found
        return replace(found, dmarc=before.dmarc, domain=before.domain, source=before.source)
