"""How JSON columns are written: by msgspec, four times as fast, and letters stay letters instead of ``\\u0434``."""

from __future__ import annotations

import json
from typing import Any

import msgspec


def to_json(value: Any) -> str:
    """The text of a JSON column. Half a surrogate pair, which UTF-8 cannot say, is escaped by the standard library."""
    try:
        return msgspec.json.encode(value).decode()
    except UnicodeEncodeError:
        return json.dumps(value)
