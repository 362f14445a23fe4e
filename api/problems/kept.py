"""Pieces of pages that were rendered before: the same row of a list is asked for all day."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from markupsafe import Markup

MOST_KEPT = 4096  # pieces of about 2 kB in each of two halves


class Kept:
    """``kept(macro, key, *rest)`` in a template: what the macro made of ``(key, *rest)`` last time, else it is asked.

    ``key`` holds, compared by value, all that the macro shows; ``rest`` is the same for equal keys. One is made for
    each language. Threads may share it: what two of them render at once is rendered twice and is the same.
    """

    def __init__(self) -> None:
        self._new: dict[Hashable, Markup] = {}
        self._old: dict[Hashable, Markup] = {}

    def __call__(self, macro: Callable[..., Markup], key: Hashable, *rest: Any) -> Markup:
        found = self._new.get(key)
        if found is None:
            found = self._old.get(key)
            if found is None:
                found = macro(key, *rest)
            if len(self._new) >= MOST_KEPT:
                self._new, self._old = {}, self._new
            self._new[key] = found
        return found
