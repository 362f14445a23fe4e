"""Hostile markup of our own beside the shared table: what is tried on readers of mail, by kind (hostile_html.json).

``{{MARK}}`` is a call that tells it ran, ``{{CANARY}}`` the beginning of an address that must not be asked for.
"""

from __future__ import annotations

import json
from html import unescape
from pathlib import Path

from tests.letters import corpora

MARK, CANARY = "{{MARK}}", "{{CANARY}}"
KINDS: dict[str, list[str]] = json.loads(Path(__file__).with_suffix(".json").read_text())
OURS = [one for vectors in KINDS.values() for one in vectors]


def shared() -> list[str]:
    """Those of the shared table; none where it is absent."""
    if not corpora.ROOT.exists():
        return []
    return [case["html"] for case in corpora.table("html_mail")["cases"]]


def armed(vector: str, number: int, canary: str) -> str:
    """A vector that says who it is when it runs or loads."""
    return vector.replace(MARK, f"hit({number})").replace(CANARY, canary)


def is_refresh(vector: str) -> bool:
    """Whether it asks the browser to go elsewhere after a while: no policy keeps a page from that, the sandbox of a
    letter does."""
    return "refresh" in unescape(vector).lower()
