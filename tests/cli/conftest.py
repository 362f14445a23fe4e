from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.support import Place


@pytest.fixture
def place(database_url: str, tmp_path: Path) -> Place:
    """A migrated database with one mailbox, on each engine."""
    place = Place(tmp_path, database_url)
    place.run("mailbox", "add", "sales@firm.example", "--name", "Sales", "--kind", "public")
    return place


@pytest.fixture
def empty(tmp_path: Path) -> Place:
    """A folder with nothing in it yet, and SQLite."""
    return Place(tmp_path)
