"""ARC: as the authors of its suite expect."""

from __future__ import annotations

import asyncio
from collections import Counter

import yaml

from mailhub.letters.letter import parse_letter
from mailhub.letters.proof import Evidence, find_evidence
from mailhub.letters.verdicts import Verdicts
from mailhub.routing.verdicts import Examiner
from mailhub.routing.verdicts.keys import judge
from tests.letters.corpora import folder
from tests.verdicts.zones import Dns

NOW = 1_500_000_000


def chain_of(raw: bytes, records: dict[str, str]) -> str:
    """``none``, ``pass`` or ``fail``."""
    chain = find_evidence(raw).chain
    if chain.verdict:
        return chain.verdict
    keys = {name: (text.encode(),) for name, text in records.items()}
    words = [judge(one, keys.get(one.key_name, ()), NOW) for one in chain.signatures]
    return "pass" if set(words) == {"pass"} else "fail"


def test_the_validation_suite() -> None:
    path = folder("arc") / "arc-draft-validation-tests.yml"
    right, total = Counter[str](), Counter[str]()
    wrong = []
    for scenario in yaml.safe_load_all(path.read_text(encoding="utf-8")):
        title = " ".join(scenario["description"].split())
        for name, case in scenario["tests"].items():
            # An empty "cv" is a chain that says itself that it failed before: nothing to seal any more.
            expected = (case["cv"] or "fail").lower()
            found = chain_of(case["message"].replace("\n", "\r\n").encode(), scenario.get("txt-records") or {})
            total[title] += 1
            right[title] += found == expected
            wrong += [] if found == expected else [f"{name}: {found}, expected {expected}"]
    for title, count in total.items():
        print(f"{title}: {right[title]} of {count}")
    print(f"{path.name}: {right.total()} of {total.total()}")
    assert not wrong
    assert total.total() > 160


def test_fifty_one_seals_are_too_many() -> None:
    sets = "".join(
        f"ARC-Seal: i={n}; a=rsa-sha256; cv={'none' if n == 1 else 'pass'}; d=x.example; s=s; b=AAAA\r\n"
        f"ARC-Message-Signature: i={n}; a=rsa-sha256; d=x.example; s=s; h=from; bh=AAAA; b=AAAA\r\n"
        f"ARC-Authentication-Results: i={n}; x.example; none\r\n"
        for n in range(1, 52)
    )
    assert find_evidence(f"{sets}From: a@b.example\r\n\r\nx\r\n".encode()).chain.verdict == "fail"


def test_a_trusted_forwarder_proves_what_it_broke() -> None:
    """A letter of the suite through a list: SPF and DKIM say nothing any more, the seal of the list does."""
    scenario = next(yaml.safe_load_all((folder("arc") / "arc-draft-validation-tests.yml").read_text(encoding="utf-8")))
    raw = scenario["tests"]["cv_pass_i1_1"]["message"].replace("\n", "\r\n").encode()
    keys = {name: [{"TXT": text}] for name, text in scenario["txt-records"].items()}
    dns = Dns({**keys, "_dmarc.example.org": [{"TXT": "v=DMARC1; p=reject"}]})

    async def find(whole: bytes) -> Evidence:
        return find_evidence(whole)

    def ask(letter: bytes, trusted: list[str]) -> Verdicts | None:
        examiner = Examiner(find, ask=dns.ask, trusted_servers=trusted)
        trace = {"peer": "8.8.4.4", "helo": "lists.example.org", "mail_from": "bounce@lists.example.com"}
        return asyncio.run(examiner.examine(letter, parse_letter(letter), "smtp", trace)).verdicts

    found = ask(raw, ["lists.example.org"])
    assert found is not None
    assert (found.arc, found.dmarc, found.proved, found.source) == ("pass", "pass", True, "lists.example.org")
    spoilt = raw.replace(b"gang", b"gone")
    covered = b"Subject: another one on top\r\n" + raw
    ours = ["lists.example.org"]
    for letter, trusted in ((raw, []), (raw, ["lists.example.com"]), (spoilt, ours), (covered, ours)):
        found = ask(letter, trusted)
        assert found is not None
        assert (found.dmarc, found.source) == ("fail", "here")
