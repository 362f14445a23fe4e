"""A messy table is tried, brought in and taken back over real kills of the server. The long form, in every shape, is
``python -m bench.soak import``."""

from __future__ import annotations

import random
from pathlib import Path

from tests.faults.tables import bring_over_kills
from tests.support.engines import only


@only("sqlite")
def test_a_table_is_brought_in_and_taken_back_over_kills(database_url: str, tmp_path: Path) -> None:
    tally = bring_over_kills(tmp_path, database_url, "windows-1251", 300, (0, 1, 0), random.randrange(1 << 32))
    assert tally.is_sound, tally
    assert tally.kills == 1
