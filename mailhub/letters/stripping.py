"""A letter without its files: what stands in place of them is nothing, everything else is byte for byte as it came."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def strip_files(raw: bytes, parts: Sequence[dict[str, Any]]) -> tuple[bytes, list[dict[str, Any]]] | None:
    """The bytes without the contents of the attachments that are no pictures of the text, and the parts as they lie in
    them; a part that was emptied says ``stripped``. None when there is nothing to take out."""
    files = [part for part in parts if not part["inline"] and part["length"] and _lies_in(raw, part)]
    gone = sorted((part["offset"], part["length"]) for part in files)
    if not gone:
        return None
    kept, at = [], 0
    for offset, length in gone:
        if offset < at:
            return None  # parts that lie in each other: nothing is taken out of what is not understood
        kept.append(raw[at:offset])
        at = offset + length
    kept.append(raw[at:])
    moved = []
    for part in parts:
        before = sum(length for offset, length in gone if offset < part["offset"])
        emptied = {"length": 0, "size": 0, "stripped": True} if part in files else {}
        moved.append({**part, "offset": part["offset"] - before, **emptied})
    return b"".join(kept), moved


def _lies_in(raw: bytes, part: dict[str, Any]) -> bool:
    return bool(0 <= part["offset"] <= part["offset"] + part["length"] <= len(raw))
