"""Texts with fields: what was made to attack them runs nowhere and takes no time; honest ones are filled."""

from __future__ import annotations

import time
from typing import Any

from core.errors import Invalid
from mailhub.templating import fill_template
from tests.letters.corpora import table

KNOWN = {"name": "Ann", "city": "Sofia", "emails": ["ann@client.example"], "items": [1, 2, 3]}


def test_the_table_of_attacks() -> None:
    cases = table("templates_ssti")["cases"]
    assert len(cases) > 40
    for case in cases:
        judge(case)


def judge(case: dict[str, Any]) -> None:
    """One attack, or one honest text."""
    expected = case["expect"]
    began = time.process_time()
    try:
        text = fill_template(case["template"], KNOWN | (case.get("values") or {}), escapes=case["where"] != "text").text
    except Invalid:
        text = None
    assert time.process_time() - began < expected.get("max_s", 1)
    if expected["result"] == "text":
        assert text == expected["text"]
    elif text is not None:
        assert not [piece for piece in expected["not_in_output"] if piece in text]
        assert len(text) < expected.get("max_kb", 256) * 1024


def test_what_nobody_knows_is_shown() -> None:
    filled = fill_template(
        "Dear {{ contact.name }} of {{ client.name }}, {{ more }}",
        {"contact": {"name": "Anna"}, "client": {"name": ""}},
        escapes=True,
    )
    assert filled.text == "Dear Anna of [client.name], [more]"
    assert filled.missing == ("client.name", "more")
