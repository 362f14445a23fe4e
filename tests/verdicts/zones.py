"""A DNS of zones written down, for tests: it answers at once and never leaves this process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mailhub.routing.verdicts import Ask, NoAnswerError
from mailhub.routing.verdicts.dns import Kind

Zones = Mapping[str, Sequence[Any]]


class Dns:
    """Answers from zones in the notation of the openspf suite, and counts what it was asked.

    A name has a list of records ``{"TXT": "v=spf1 -all"}``; the word ``TIMEOUT`` in it means that what stands there
    not is never answered. ``SPF`` records count as TXT where the name has no TXT of its own.
    """

    def __init__(self, zones: Zones) -> None:
        self._zones: dict[str, dict[str, list[Any]]] = {}
        self.asked: list[tuple[str, Kind]] = []
        for name, records in zones.items():
            kinds = self._zones.setdefault(name.lower().rstrip("."), {})
            for record in records:
                for kind, value in (record if isinstance(record, Mapping) else {record: None}).items():
                    kinds.setdefault(kind, []).append(value)
            kinds.setdefault("TXT", kinds.get("SPF", []))

    async def ask(self, name: str, kind: Kind) -> tuple[bytes, ...]:
        """See ``mailhub.routing.verdicts.dns.Ask``."""
        self.asked.append((name, kind))
        return self._find(name, kind, 0)

    def _find(self, name: str, kind: Kind, depth: int) -> tuple[bytes, ...]:
        kinds = self._zones.get(name.lower().rstrip("."))
        if kinds is None or depth > 8:
            return ()
        if "CNAME" in kinds:
            return self._find(kinds["CNAME"][0], kind, depth + 1)
        values = [value for value in kinds.get(kind, []) if value != "NONE"]
        if not values and "TIMEOUT" in kinds:
            raise NoAnswerError(name)
        if kind == "MX":
            values = [host for _, host in sorted(values)]
        return tuple(_as_bytes(value) for value in values)


def _as_bytes(value: Any) -> bytes:
    text = "".join(value) if isinstance(value, list) else value
    return text if isinstance(text, bytes) else str(text).encode()


def asks(zones: Zones) -> Ask:
    """Only the question, where nobody counts."""
    return Dns(zones).ask
