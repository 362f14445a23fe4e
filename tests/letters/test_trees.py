"""The parts of letters, many broken on purpose, as another parser sees them: how they nest and their header fields."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

from mailhub.letters.scanner import scan

from .corpora import folder

_TAG = re.compile(r"<(/?)(message|header|field|multipart|preamble|body-part|body|epilogue)>")
_FIELD = re.compile(r"^([!-9;-~]+)[ \t]*:", re.MULTILINE)

#: The names of the header fields, sorted, and the trees of the parts; None for a leaf.
Tree = tuple[list[str], list[Any] | None]


def their_tree(path: Path) -> Tree:
    """The tree in the XML of the collection. A letter inside a letter is a leaf: it is one file to us."""
    pieces = _TAG.split(path.read_text(encoding="utf-8", errors="replace"))
    tags = list(zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True))
    return _read(tags, 0)[0]


def _read(tags: list[tuple[str, str, str]], at: int) -> tuple[Tree, int]:
    """The message or body-part that opens at ``at``, and the place behind it."""
    names: list[str] = []
    parts: list[Any] | None = None
    opened = tags[at][1]
    at += 1
    while tags[at][:2] != ("/", opened):
        closing, tag, text = tags[at]
        at += 1
        if closing:
            continue
        if tag == "field":
            names += [one.lower() for one in _FIELD.findall(html.unescape(text).strip())[:1]]
        elif tag == "multipart":
            parts = []
        elif tag in {"message", "body-part"}:
            part, at = _read(tags, at - 1)
            if tag == "body-part" and parts is not None:
                parts.append(part)
    return (sorted(names), parts), at + 1


def our_tree(raw: bytes) -> Tree:
    """The same of our scanner."""
    parts = scan(raw).parts

    def tree(place: int) -> Tree:
        part = parts[place]
        below = [tree(other) for other, one in enumerate(parts) if one.parent == place]
        return sorted(part.headers.names()), below if part.is_multipart else None

    return tree(0)


def shape(tree: Tree) -> Any:
    """How the parts nest."""
    return None if tree[1] is None else [shape(one) for one in tree[1]]


#: Where we read otherwise on purpose, and why.
OTHERWISE = {
    "badbound": "its boundary stands nowhere: what is there is shown as text, not lost as an empty multipart",
    "missing-boundary": "the same",
    "missing-inner-boundary": "the same, one floor below",
    "obsolete": "behind a line that is no header the body begins, unless a well-known header follows",
    "malformedHeader-nocrlfcrlf": "the same",
    "weird-boundary": "blanks at the end of a boundary are not part of it (RFC 2046 section 5.1.1)",
    "very-long-boundary": "the same",
    "very-very-long-boundary": "the same",
}


def test_part_trees() -> None:
    same = {"nesting": 0, "nesting and fields": 0}
    otherwise = set()
    paths = sorted(folder("mime-mime4j").glob("*.xml"))
    for path in paths:
        theirs, ours = their_tree(path), our_tree(path.with_suffix(".msg").read_bytes())
        is_shape, is_all = shape(theirs) == shape(ours), theirs == ours
        same["nesting"] += is_shape
        same["nesting and fields"] += is_all
        if not is_all:
            otherwise.add(path.stem)
    print(f"mime4j trees, of {len(paths)}: {same}")
    assert len(paths) == 80
    assert otherwise == set(OTHERWISE)
