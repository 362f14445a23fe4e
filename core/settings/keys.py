"""How a key of the settings is written down: a field of a dataclass with its meaning beside it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from core.settings.checks import Check


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a key beside its type. ``expects`` is what ``check`` asks, in the words of a sentence that
    begins with "It must be"."""

    means: str
    default_text: str = ""
    expects: str = ""
    check: Check | None = None


def key(
    default: Any,
    means: str,
    *,
    default_text: str = "",
    expects: str = "",
    check: Check | None = None,
    shown: bool = True,
) -> Any:
    """One key. ``shown=False`` keeps a value that may hold a password out of ``repr``."""
    about = About(means, default_text, expects, check)
    return field(default=default, repr=shown, metadata={"about": about})
