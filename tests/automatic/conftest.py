"""A house whose rules write by themselves, with a clock that a test sets."""

from __future__ import annotations

import pytest

from core.database import Database
from tests.automatic.house import Automatics, make_house


@pytest.fixture
def house(database: Database, monkeypatch: pytest.MonkeyPatch) -> Automatics:
    return make_house(database, monkeypatch)
