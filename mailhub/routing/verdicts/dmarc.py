"""What a domain publishes about letters in its name. RFC 7489 §6.6.3."""

from __future__ import annotations

from mailhub.letters.alignment import Policy, organisation, parse_policy
from mailhub.routing.verdicts.dns import Ask


async def find_policy(ask: Ask, domain: str) -> Policy | None:
    """The policy of the domain of From, else of its organisation; None for none, or several. Raises NoAnswerError."""
    for name in dict.fromkeys([domain, organisation(domain)]):
        records = await ask(f"_dmarc.{name}", "TXT")
        found = [policy for record in records if (policy := parse_policy(record)) is not None]
        if found:
            return found[0] if len(found) == 1 else None
    return None
