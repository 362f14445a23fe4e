"""The border of an account's server: which lines on top of a letter are its own, and who handed the letter to it.

Whatever a sender writes stands below what the servers on the way put on top (RFC 5321 §4.4). From the top down, lines
``by`` a server of the account that took the letter from another one of them are inside; the first that took it from
somebody else is the border. Whether a host is one of them is asked of the DNS and never believed of a name alone. Where
the lines cannot be read with certainty the border is unknown, and so is the client: nothing is held against a letter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_network

from core.fetch.guard import is_public
from mailhub.letters.proof import Trace
from mailhub.mailboxes.trust import Trust
from mailhub.routing.verdicts.client import Client, Hop, find_next, parse_hop
from mailhub.routing.verdicts.dns import Ask, NoAnswerError, is_name

MOST_HOPS = 12
MOST_NAMES = 2


@dataclass(frozen=True, slots=True)
class Border:
    """``above`` are lines that nobody outside can have written; ``below`` those directly under the border, written
    there by a filter of the server, or by the sender. ``client`` and ``mail_from`` (the envelope's, '' for the null
    sender) are None where they are not known."""

    above: tuple[Trace, ...] = ()
    below: tuple[Trace, ...] = ()
    client: Client | None = None
    mail_from: str | None = None


async def find_border(ask: Ask | None, traces: Sequence[Trace], trust: Trust) -> Border:
    """Where the lines of the account's servers end. Without ``ask`` hosts inside are known by their address alone.
    Never raises for what the network does."""
    hops = 0
    for place, line in enumerate(traces):
        if line.name != "received":
            continue
        above = tuple(traces[:place])
        hop, hops = parse_hop(line.value), hops + 1
        if hops > MOST_HOPS or not _is_by(hop, trust):
            return Border(above)
        try:
            if await _is_inside(ask, hop, trust):
                continue
        except NoAnswerError:
            return Border(above)
        below = tuple(traces[place + 1 : find_next(traces, place)])
        if hop.is_signed_in or hop.client is None:
            return Border(above, below)
        return Border(above, below, hop.client, _return_path(above))
    return Border()


def _is_by(hop: Hop, trust: Trust) -> bool:
    """Did a server of the account write this line? Some providers name theirs by number on the way inside."""
    return trust.has(hop.by) or (trust.strips and not hop.told and ":" in hop.by)


async def _is_inside(ask: Ask | None, hop: Hop, trust: Trust) -> bool:
    """Did the letter come from another server of the account? Raises NoAnswerError."""
    if hop.client is None:
        return not hop.told or hop.protocol == "LMTP"  # RFC 2033 §5: never from outside
    ip = hop.client.ip
    if not is_public(ip) or any(ip in ip_network(network) for network in trust.networks):
        return True
    if ask is None or hop.is_signed_in:
        return False
    for name in [name for name in hop.names if is_name(name) and trust.has(name)][:MOST_NAMES]:
        if str(ip).encode() in await ask(name, "A" if ip.version == 4 else "AAAA"):
            return True
    return False


def _return_path(above: Sequence[Trace]) -> str | None:
    found = next((line.value.strip() for line in above if line.name == "return-path"), None)
    return None if found is None else found.strip("<>").strip()
