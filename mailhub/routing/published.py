"""Whether the records of our own signatures stand in the DNS."""

from __future__ import annotations

from collections.abc import Sequence

import dns.resolver

from core.settings import Settings
from mailhub.outbound.dkim_keys import DkimKey, find_fault
from mailhub.routing.verdicts.dns import NoAnswerError
from mailhub.routing.verdicts.resolver import Resolver


async def look_up(settings: Settings, keys: Sequence[DkimKey]) -> dict[int, str]:
    """'' for each key whose record stands there, else why not, by its number."""
    try:
        resolver = Resolver(settings.verdicts.dns_servers)
    except dns.resolver.NoResolverConfiguration as problem:
        return {one.id: str(problem) for one in keys}
    found: dict[int, str] = {}
    try:
        for one in keys:
            try:
                found[one.id] = find_fault(one, await resolver.ask(one.name, "TXT"))
            except NoAnswerError as problem:
                found[one.id] = str(problem)
    finally:
        await resolver.close()
    return found
