"""ARC: as the authors of its suite expect."""

from __future__ import annotations

from collections import Counter

import yaml

from mailhub.letters.proof import find_evidence
from mailhub.routing.verdicts.keys import judge
from tests.letters.corpora import folder

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
