"""Asking about one letter: everything at once, within a few seconds, and nothing is held against it for silence."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeVar

from core.log import get_log
from mailhub.letters.alignment import find_aligned, judge_dmarc
from mailhub.letters.proof import Evidence, Signature
from mailhub.letters.results import best
from mailhub.letters.verdicts import UNKNOWN, Verdicts
from mailhub.routing.verdicts.client import Client
from mailhub.routing.verdicts.dmarc import find_policy
from mailhub.routing.verdicts.dns import Ask, NoAnswerError, is_name
from mailhub.routing.verdicts.keys import judge
from mailhub.routing.verdicts.spf import check_host

SECONDS = 5.0
MOST_KEYS = 20
_UNSURE = frozenset({UNKNOWN, "temperror"})
_T = TypeVar("_T")
log = get_log(__name__)


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the transport knew: the host (None where it is not known), and MAIL FROM ('' for the null sender)."""

    client: Client | None
    mail_from: str


async def inquire(
    ask: Ask, domain: str, evidence: Evidence, envelope: Envelope, *, seconds: float = SECONDS
) -> Verdicts:
    """The verdicts on a letter whose From is of ``domain`` ('' when it is not one address). Never raises for what the
    network or the letter does; what is not known after ``seconds`` is ``unknown``."""
    client = envelope.client
    spf_asked = client is not None and is_name(_sender_domain(client, envelope))
    signed = [*evidence.signatures, *evidence.chain.signatures]
    names = list(dict.fromkeys(one.key_name for one in signed if not one.verdict))[:MOST_KEYS]
    async with asyncio.TaskGroup() as group:
        spf = group.create_task(_within(seconds, _ask_spf(ask, envelope))) if spf_asked else None
        policy = group.create_task(_within(seconds, find_policy(ask, domain))) if is_name(domain) else None
        keys = {name: group.create_task(_within(seconds, ask(name, "TXT"))) for name in names}
    found = {name: task.result() for name, task in keys.items()}
    judged = await asyncio.to_thread(_judge_all, signed, found) if signed else []
    dkim, arc = judged[: len(evidence.signatures)], judged[len(evidence.signatures) :]
    spf_word = spf.result() if spf else ("none" if client else UNKNOWN)
    by_spf = _sender_domain(client, envelope) if client and spf_word == "pass" else ""
    by_dkim = [one.domain for one, word in zip(evidence.signatures, dkim, strict=True) if word == "pass"]
    policy_found = policy.result() if policy else None
    if isinstance(policy_found, str):
        aligned, dmarc = find_aligned(domain, by_spf, by_dkim), policy_found
    else:
        aligned = find_aligned(domain, by_spf, by_dkim, policy_found)
        certain = not _UNSURE & {spf_word, *dkim}
        dmarc = judge_dmarc(domain, aligned, policy_found, certain=certain)
    return Verdicts(spf_word, best(dkim), dmarc, evidence.chain.verdict or _chained(arc), aligned)


async def _within(seconds: float, asked: Awaitable[_T]) -> _T | str:
    """The answer, or the word for why there is none."""
    try:
        async with asyncio.timeout(seconds):
            return await asked
    except TimeoutError:
        return UNKNOWN
    except NoAnswerError:
        return "temperror"
    except Exception as problem:
        log.error("a question about a sender failed", exc_info=problem)
        return UNKNOWN


async def _ask_spf(ask: Ask, envelope: Envelope) -> str:
    assert envelope.client is not None
    return await check_host(ask, envelope.client.ip, envelope.mail_from, envelope.client.helo)


def _judge_all(signed: list[Signature], found: dict[str, tuple[bytes, ...] | str]) -> list[str]:
    now = int(time.time())
    words = []
    for one in signed:
        records = found.get(one.key_name, "policy") if not one.verdict else ()
        words.append(records if isinstance(records, str) else judge(one, records, now))
    return words


def _chained(words: list[str]) -> str:
    """A chain holds when every signature of it does."""
    if _UNSURE & set(words):
        return UNKNOWN
    return "pass" if all(word == "pass" for word in words) else "fail"


def _sender_domain(client: Client, envelope: Envelope) -> str:
    return (envelope.mail_from.rpartition("@")[2] or client.helo).lower().removesuffix(".")
