"""Whole copies of a database, made beside a working server and put back: the one place where the engines differ."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Protocol

from mailhub.upkeep.sqlite_copy import SqliteCopy


class Copy(Protocol):
    """A way of copying: ``make`` first, then look at what was copied."""

    suffix: str

    def make(self, target: Path) -> None: ...
    def counts(self, target: Path) -> dict[str, int]: ...
    def named(self, target: Path) -> Iterator[tuple[bytes, int]]: ...
    def put_back(self, copy: Path) -> None: ...
    def close(self) -> None: ...


@contextmanager
def open_copy(url: str) -> Iterator[Copy]:
    """The way of copying for this database."""
    sqlite = url.startswith("sqlite:///")
    way: Copy = SqliteCopy(url) if sqlite else import_module("mailhub.upkeep.postgres_copy").PostgresCopy(url)
    try:
        yield way
    finally:
        way.close()
