"""Asking a policy about a host. RFC 7208 §4, §5, with its limits on how much may be asked (§4.6.4)."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from mailhub.routing.verdicts.dns import Ask, Kind, NoAnswerError, is_name
from mailhub.routing.verdicts.spf.macros import Facts, expand
from mailhub.routing.verdicts.spf.record import Mechanism, Policy, PolicyError, is_policy, parse_policy

MOST_LOOKUPS = 10
MOST_VOID = 2
MOST_NAMES = 10
_INCLUDED = {"pass": True, "fail": False, "softfail": False, "neutral": False}


async def check_host(ask: Ask, ip: IPv4Address | IPv6Address, sender: str, helo: str) -> str:
    """May the host at ``ip``, which calls itself ``helo``, send with the envelope sender ``sender`` ('' for null)?

    Returns a word of RFC 7208 §2.6. The null sender is asked about as ``postmaster`` of the HELO name.
    """
    local, _, domain = (sender or f"postmaster@{helo}").rpartition("@")
    domain = domain.removesuffix(".")
    host = ip.ipv4_mapped if isinstance(ip, IPv6Address) and ip.ipv4_mapped else ip
    evaluation = _Evaluation(ask, host, f"{local or 'postmaster'}@{domain}", helo)
    try:
        return await evaluation.check(domain)
    except NoAnswerError:
        return "temperror"
    except PolicyError:
        return "permerror"


class _Evaluation:
    """One question with all that it leads to, and how much of the limits is used."""

    def __init__(self, ask: Ask, ip: IPv4Address | IPv6Address, sender: str, helo: str) -> None:
        self._ask = ask
        self._ip = ip
        self._address_kind: Kind = "A" if ip.version == 4 else "AAAA"
        self._facts = Facts(ip, sender, helo, self._find_validated)
        self._lookups = 0
        self._voids = 0

    async def check(self, domain: str) -> str:
        """§4.3 to §4.7. Raises PolicyError and NoAnswerError."""
        if not is_name(domain) or "." not in domain or domain.endswith("]"):
            return "none"
        policy = await self._find_policy(domain)
        if policy is None:
            return "none"
        for mechanism in policy.mechanisms:
            if await self._matches(mechanism, domain):
                return mechanism.result
        if not policy.redirect:
            return "neutral"
        self._count()
        result = await self.check(await expand(policy.redirect, domain, self._facts))
        if result == "none":
            raise PolicyError
        return result

    async def _find_policy(self, domain: str) -> Policy | None:
        records = [record for record in await self._ask(domain, "TXT") if is_policy(record)]
        if len(records) > 1:
            raise PolicyError
        return parse_policy(records[0]) if records else None

    async def _matches(self, mechanism: Mechanism, domain: str) -> bool:
        if mechanism.name == "all":
            return True
        if mechanism.network is not None:
            return self._ip.version == mechanism.network.version and self._ip in mechanism.network
        self._count()
        target = await expand(mechanism.domain, domain, self._facts) if mechanism.domain else domain
        if mechanism.name == "include":
            result = await self.check(target)
            if result not in _INCLUDED:
                raise PolicyError
            return _INCLUDED[result]
        if mechanism.name == "exists":
            return bool(await self._look(target, "A"))
        if mechanism.name == "ptr":
            return any(_is_within(name, target) for name in await self._validated_names())
        names = [target] if mechanism.name == "a" else await self._exchangers(target)
        for name in names:
            if any(self._is_near(address, mechanism) for address in await self._look(name, self._address_kind)):
                return True
        return False

    async def _exchangers(self, target: str) -> list[str]:
        names = [name.decode("ascii", "replace") for name in await self._look(target, "MX")]
        if len(names) > MOST_NAMES:
            raise PolicyError
        return [name for name in names if name.strip(".")]

    def _is_near(self, address: bytes, mechanism: Mechanism) -> bool:
        prefix = mechanism.v4 if self._ip.version == 4 else mechanism.v6
        return self._ip in ip_network(f"{address.decode()}/{prefix}", strict=False)

    async def _validated_names(self) -> list[str]:
        """The names of the host that lead back to it; what cannot be asked is left out. §5.5."""
        found: list[str] = []
        try:
            names = await self._ask(self._ip.reverse_pointer, "PTR")
        except NoAnswerError:
            return found
        for raw in names[:MOST_NAMES]:
            name = raw.decode("ascii", "replace").removesuffix(".").lower()
            try:
                addresses = await self._ask(name, self._address_kind) if is_name(name) else ()
            except NoAnswerError:
                continue
            if any(ip_address(address.decode()) == self._ip for address in addresses):
                found.append(name)
        return found

    async def _find_validated(self, domain: str) -> str:
        """``%{p}``: the domain itself, else one below it, else any; ``unknown`` without one. §7.3."""
        names = await self._validated_names()
        within = [name for name in names if _is_within(name, domain)]
        if domain.lower() in within:
            return domain
        return (within or names or ["unknown"])[0]

    async def _look(self, name: str, kind: Kind) -> tuple[bytes, ...]:
        """Ask, and count answers without anything in them."""
        records = await self._ask(name, kind) if is_name(name) else ()
        if not records:
            self._voids += 1
            if self._voids > MOST_VOID:
                raise PolicyError
        return records

    def _count(self) -> None:
        self._lookups += 1
        if self._lookups > MOST_LOOKUPS:
            raise PolicyError


def _is_within(name: str, domain: str) -> bool:
    name, domain = name.lower(), domain.lower().removesuffix(".")
    return name == domain or name.endswith(f".{domain}")
