"""How mail programs quote in our languages, and what looks like it and is the writer's own."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from mailhub.letters.plain import html_to_text
from mailhub.letters.quotes import reply_text

CASES = json.loads(Path(__file__).with_suffix(".json").with_stem("manners_of_quoting").read_text(encoding="utf-8"))


def folded(text: str) -> str:
    return re.sub(r"\s*\n\s*", "\n", text).strip()


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in CASES])
def test_the_own_words_are_found(case: dict[str, Any]) -> None:
    text = case["body"] if case["type"] == "plain" else html_to_text(case["body"])
    assert folded(reply_text(text)) == folded(case["own"])
