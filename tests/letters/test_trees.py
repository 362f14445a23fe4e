"""The parts of letters, many broken on purpose, as another parser sees them: how they nest and their header fields."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

from mailhub.letters.scanner import scan

from .corpora import folder
from .test_corpora import Score

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


def test_part_trees() -> None:
    nesting, all_of_it = 0, Score("mime4j trees")
    for path in sorted(folder("mime-mime4j").glob("*.xml")):
        theirs, ours = their_tree(path), our_tree(path.with_suffix(".msg").read_bytes())
        nesting += shape(theirs) == shape(ours)
        all_of_it.add(theirs == ours, path.stem)
    print(f"mime4j nesting alone: {nesting}")
    all_of_it.settle()
