"""The chain of custody that forwarders seal onto a letter. RFC 8617 §5.2."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailhub.letters.proof.canonical import Field, relaxed_field
from mailhub.letters.proof.signature import Bodies, Signature, read_bare, read_body_signature, seal_over, without_b
from mailhub.letters.proof.tags import parse_tags

MOST_SETS = 50
RESULTS, MESSAGE, SEAL = "arc-authentication-results", "arc-message-signature", "arc-seal"
_INSTANCE = re.compile(r"[ \t\r\n]*i[ \t\r\n]*=[ \t\r\n]*([0-9]{1,3})[ \t\r\n]*;")


@dataclass(frozen=True, slots=True)
class Chain:
    """``verdict`` is ``none`` or ``fail`` where that is certain, '' where it depends on the keys: all ``signatures``
    must pass then. ``sealer`` is the domain of the last seal, ``results`` what that sealer wrote of the letter as it
    got it: an Authentication-Results value."""

    verdict: str = "none"
    signatures: tuple[Signature, ...] = ()
    results: str = ""
    sealer: str = ""


@dataclass(frozen=True, slots=True)
class _Set:
    results: Field
    message: Field
    message_tags: dict[str, str]
    seal: Field
    seal_tags: dict[str, str]


def read_chain(fields: list[Field], bodies: Bodies) -> Chain:
    """The chain of a letter, as far as it can be judged without keys."""
    found = [field for field in fields if field.name in (RESULTS, MESSAGE, SEAL)]
    if not found:
        return Chain()
    sets = _sets(found)
    if sets is None:
        return Chain("fail")
    for instance, one in enumerate(sets, 1):
        if one.seal_tags.get("cv", "").lower() != ("none" if instance == 1 else "pass") or "h" in one.seal_tags:
            return Chain("fail")
    last = sets[-1]
    names = [name.strip().lower() for name in last.message_tags.get("h", "").split(":")]
    if SEAL in names or "v" in last.message_tags:
        return Chain("fail")
    message = read_body_signature(last.message, last.message_tags, fields, bodies, "relaxed/relaxed")
    signatures = (message, *(_seal(sets[:count]) for count in range(len(sets), 0, -1)))
    if any(one.verdict for one in signatures):
        return Chain("fail")
    results = last.results.value.decode("latin-1").replace("\r\n", "").partition(";")[2]
    return Chain("", signatures, results, last.seal_tags["d"].lower())


def _sets(found: list[Field]) -> list[_Set] | None:
    """The sets by their instance; None when one is not whole, or they do not run from 1 without a gap."""
    by_place: dict[tuple[int, str], tuple[Field, dict[str, str]]] = {}
    for field in found:
        text = field.value.decode("latin-1")
        tags = {} if field.name == RESULTS else parse_tags(text)
        instance = _instance(text, tags)
        if tags is None or instance is None or (instance, field.name) in by_place:
            return None
        by_place[instance, field.name] = (field, tags)
    count = max(instance for instance, _ in by_place)
    if count > MOST_SETS or len(by_place) != 3 * count:
        return None
    sets = []
    for instance in range(1, count + 1):
        parts = [by_place.get((instance, name)) for name in (RESULTS, MESSAGE, SEAL)]
        if None in parts:
            return None
        results, message, seal = (part for part in parts if part is not None)
        sets.append(_Set(results[0], *message, *seal))
    return sets


def _instance(text: str, tags: dict[str, str] | None) -> int | None:
    """Which set a field belongs to. §4.2.1."""
    if tags:
        number = tags.get("i", "")
        return int(number) if number.isascii() and number.isdigit() and 0 < len(number) < 4 and int(number) else None
    match = _INSTANCE.match(text)
    return int(match[1]) if match and int(match[1]) else None


def _seal(sets: list[_Set]) -> Signature:
    """The newest seal of these sets: over all fields of all of them, always relaxed. §5.1.1."""
    signed = []
    for one in sets:
        parts = [one.results, one.message] + ([one.seal] if one is not sets[-1] else [])
        signed += [relaxed_field(field.name, field.value) for field in parts]
    return seal_over(read_bare(sets[-1].seal_tags), b"".join(signed) + without_b(sets[-1].seal))
