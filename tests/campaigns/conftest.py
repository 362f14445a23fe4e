"""A house that sends mailings."""

from __future__ import annotations

import pytest

from core.database import Database
from core.secrets import Keys
from mailhub.outbound.identity import Stamp
from tests.campaigns.house import Marketing
from tests.support.world import World


@pytest.fixture
def house(database: Database) -> Marketing:
    stamp = Stamp(Keys([b"k" * 32]), 1, "verp", "bounce.firm.example")
    world = World(database, stamp=stamp)
    world.box("news")
    world.grant("ivan", "news", "answer", "manage")
    return Marketing(world, stamp)
