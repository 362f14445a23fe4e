"""Where the shared collections of letters lie, and how their recipes are read. Tests are skipped where they are
absent."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2].parent / "shared" / "corpora"


def folder(name: str) -> Path:
    """A folder of the collections; the test that asks is skipped with one line where it is absent."""
    path = ROOT / name
    if not path.exists():
        pytest.skip(f"the shared corpora are not here: {name}")
    return path


def table(name: str) -> Any:
    """One of the attack tables."""
    return json.loads((folder("attacks") / f"{name}.json").read_text(encoding="utf-8"))


def expand(recipe: Any, i: int = 0, r: int = 0) -> bytes:
    """The bytes of a recipe of mime_bombs."""
    if isinstance(recipe, str):
        text = recipe.replace("{i}", str(i)).replace("{j}", str(i + 1)).replace("{r}", str(r))
        return text.encode("utf-8", "surrogateescape")
    if isinstance(recipe, list):
        return b"".join(expand(piece, i, r) for piece in recipe)
    if "b64" in recipe:
        return base64.b64decode(recipe["b64"])
    times = recipe["times"]
    return b"".join(expand(recipe["repeat"], at, times - 1 - at) for at in range(times))
