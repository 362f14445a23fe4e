"""All that a letter says of its way and its sender, for whoever judges it."""

from __future__ import annotations

from dataclasses import dataclass, field

from mailhub.letters.headers import unfold
from mailhub.letters.proof.arc import Chain, read_chain
from mailhub.letters.proof.canonical import split_letter
from mailhub.letters.proof.signature import Bodies, Signature, read_signature

MOST_SIGNATURES = 8
MOST_TRACES = 60
_WRITTEN_ON_TOP = frozenset({"received", "return-path", "authentication-results"})


@dataclass(frozen=True, slots=True)
class Trace:
    """A line that some server wrote on top of the letter: ``received``, ``return-path`` or ``authentication-results``,
    unfolded."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """``signatures`` are of DKIM, the topmost first, at most ``MOST_SIGNATURES``; ``traces`` the newest first."""

    signatures: tuple[Signature, ...] = ()
    chain: Chain = field(default_factory=Chain)
    traces: tuple[Trace, ...] = ()


def find_evidence(raw: bytes) -> Evidence:
    """Read it off the bytes of a letter, without asking anybody. Linear in ``raw``; believes nothing."""
    fields, body = split_letter(raw)
    bodies = Bodies(body)
    signed = [one for one in fields if one.name == "dkim-signature"][:MOST_SIGNATURES]
    traces = [
        Trace(one.name, unfold(one.value[:4000]).decode("utf-8", "replace"))
        for one in fields
        if one.name in _WRITTEN_ON_TOP
    ]
    return Evidence(
        tuple(read_signature(one, fields, bodies) for one in signed),
        read_chain(fields, bodies),
        tuple(traces[:MOST_TRACES]),
    )
