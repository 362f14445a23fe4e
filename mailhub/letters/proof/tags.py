"""Lists of ``tag=value``, as they stand in signatures and in the records of keys. RFC 6376 §3.2."""

from __future__ import annotations

import base64
import re

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_BLANKS = re.compile(r"[ \t\r\n]+")


def parse_tags(text: str) -> dict[str, str] | None:
    """The tags by name, values without blanks around them; None for what is no such list or names a tag twice."""
    tags: dict[str, str] = {}
    specs = text.split(";")
    if not specs[-1].strip():
        specs.pop()
    for spec in specs:
        name, equals, value = spec.partition("=")
        name = name.strip(" \t\r\n")
        if not equals or not _NAME.fullmatch(name) or name in tags:
            return None
        tags[name] = value.strip(" \t\r\n")
    return tags


def find_bytes(tags: dict[str, str], name: str) -> bytes | None:
    """The value of a tag in base64 with folds in it; None where it is absent, empty or not base64."""
    text = _BLANKS.sub("", tags.get(name, ""))
    try:
        return base64.b64decode(text, validate=True) or None
    except ValueError:
        return None


def find_number(tags: dict[str, str], name: str) -> int | None:
    """The value of a tag as a whole number of at most 18 digits, None where it is absent. Raises ValueError."""
    if name not in tags:
        return None
    text = tags[name]
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise ValueError(name)
    return int(text)
