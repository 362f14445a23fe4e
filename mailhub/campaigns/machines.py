"""Which openings and clicks are those of machines: mail servers follow every link of a letter before its reader has
seen it. Each gets the evidence that speaks against a person; none means that nothing does. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Literal

from core import clock
from mailhub.campaigns.links import HONEY

Kind = Literal["open", "click"]
Evidence = Literal["head", "agent", "network", "fast", "honey", "all_links"]
EVIDENCE: tuple[Evidence, ...] = ("head", "agent", "network", "fast", "honey", "all_links")
FAST = 10 * clock.SECOND
"""Nobody has read a letter so soon after the server took it."""
TOGETHER = 10 * clock.SECOND
MOST_LINKS = 3
"""So many different links in so short a time are not read but fetched."""
NEAR_HONEY = 60 * clock.SECOND
_MACHINE = re.compile(
    r"bot\b|bot/|crawl|spider|scan|preview|proofpoint|barracuda|mimecast|trendmicro|symantec|fortinet|sophos|"
    r"curl|wget|python|java/|libwww|go-http|okhttp|headless|phantomjs|monitor|validator|checker|urlcheck|"
    r"facebookexternalhit|whatsapp|telegram|skypeuripreview|slack|nutch|httpclient|axios|node-fetch",
    re.IGNORECASE,
)
_BARE = frozenset({"", "mozilla/4.0", "mozilla/5.0"})
"""What programs that fetch beforehand say of themselves; a browser says more."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One opening or click as it came in: ``who`` is the same for what one reader or one machine did."""

    who: str
    kind: Kind
    link: int
    at: int


class Machines:
    """Knows the signs by which one request is a machine's."""

    def __init__(self, networks: Iterable[str] = ()) -> None:
        """``networks`` are those that a company knows to be of scanners."""
        self._networks = [ip_network(one) for one in networks]

    def judge(self, *, method: str, agent: str, peer: str, link: int | None, since: int | None) -> list[Evidence]:
        """What speaks against a person in one request: its method and agent, the address it came from, the place of the
        link (None for an opening), and how long ago its letter was taken (None when that is not known)."""
        found: list[Evidence] = []
        if method == "HEAD":
            found.append("head")
        if agent.strip().lower() in _BARE or _MACHINE.search(agent):
            found.append("agent")
        if self._is_listed(peer):
            found.append("network")
        if since is not None and since < FAST:
            found.append("fast")
        if link == HONEY:
            found.append("honey")
        return found

    def _is_listed(self, peer: str) -> bool:
        try:
            address = ip_address(peer.partition("/")[0])
        except ValueError:
            return False
        return any(address.version == one.version and address in one for one in self._networks)


def judge_together(seen: Sequence[Seen]) -> list[list[Evidence]]:
    """What speaks against a person in several of them, for each in their order: the hidden link was followed beside
    it, or so many links were at once."""
    found: list[list[Evidence]] = [[] for _ in seen]
    by_who: dict[str, list[int]] = {}
    for place, one in enumerate(seen):
        by_who.setdefault(one.who, []).append(place)
    for places in by_who.values():
        places.sort(key=lambda place: seen[place].at)
        traps = [seen[place].at for place in places if seen[place].kind == "click" and seen[place].link == HONEY]
        clicks = [place for place in places if seen[place].kind == "click"]
        many = _at_once([seen[place] for place in clicks])
        for place in places:
            if any(abs(seen[place].at - at) <= NEAR_HONEY for at in traps):
                found[place].append("honey")
        for number, place in enumerate(clicks):
            if number in many:
                found[place].append("all_links")
    return found


def _at_once(clicks: Sequence[Seen]) -> set[int]:
    """Those among clicks in the order of time that stand in a window with ``MOST_LINKS`` different links."""
    flagged: set[int] = set()
    first = 0
    for last, one in enumerate(clicks):
        while one.at - clicks[first].at > TOGETHER:
            first += 1
        if len({each.link for each in clicks[first : last + 1]}) >= MOST_LINKS:
            flagged.update(range(first, last + 1))
    return flagged
